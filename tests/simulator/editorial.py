"""The separate editorial library: search by cursor, details, categories, changes.

Each call names the country where the item will be shown. For a country that is ``barred`` the
answer is 406, which the description declares without saying when.
"""

import base64
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.simulator.accounts import Grant
from tests.simulator.clock import Clock, stamp
from tests.simulator.library import (
    EDITORIAL_CATEGORIES,
    FIRST_EDITORIAL,
    HOST,
    MAKERS,
    Library,
    Media,
)
from tests.simulator.reading import SEARCH_ID, Reader
from tests.simulator.wire import Answer, Problem, Seen, invalid, reply

FEED = "2025-01-31-made-up-event"
FEED_ITEMS = 20


class Editorial:
    """The calls of the editorial library; ``barred`` holds countries to which nothing is sold."""

    def __init__(self, library: Library, clock: Clock) -> None:
        self._library = library
        self._clock = clock
        self.barred: set[str] = set()

    def search(self, media: Media) -> Reader:
        """Return a handler that finds media of ``category``, and only records the words."""

        def answer(seen: Seen, _: Grant | None) -> Answer:
            self._country(seen)
            wanted = seen.first("category")
            items = [MAKERS[media](number) for number in self._library.numbers(media)]
            fitting = [one for one in items if not wanted or {"name": wanted} in one["categories"]]
            body, first = _stretch(seen, fitting, 20, 1, 50)
            body |= {"search_id": SEARCH_ID, "total_count": len(fitting)}
            return reply(body | {"page": 1 + first // body["per_page"]})

        return answer

    def details(self, media: Media) -> Reader:
        def answer(seen: Seen, _: Grant | None, media_id: str) -> Answer:
            self._country(seen)
            found = self._library.find(media, media_id)
            if found is None:  # the description has no 404 for footage
                raise Problem(406 if media == "editorial_video" else 404, "Media not found")
            return reply(found)

        return answer

    def updated(self, seen: Seen, _: Grant | None) -> Answer:
        """List all pictures as added yesterday."""
        self._country(seen)
        when = stamp(self._clock.now() - timedelta(days=1))
        change = {"created_time": when, "updated_time": when, "updates": [seen.first("type")]}
        items = [
            MAKERS["editorial"](number) | change for number in self._library.numbers("editorial")
        ]
        body, _first = _stretch(seen, items, 500, 100, 500)
        return reply(body)

    def categories(self, _: Seen, __: Grant | None) -> Answer:
        return reply({"data": [{"name": name} for name in EDITORIAL_CATEGORIES]})

    def feeds(self, seen: Seen, _: Grant | None) -> Answer:
        """List the only live feed."""
        self._country(seen)
        page, per_page = seen.number("page", 1, 1), seen.number("per_page", 20, 1, 50)
        rows = [_feed(self._library.size)][(page - 1) * per_page :]
        return reply({"data": rows, "page": page, "per_page": per_page, "total_count": 1})

    def feed(self, seen: Seen, _: Grant | None, feed_id: str) -> Answer:
        self._country(seen)
        if feed_id != FEED:
            raise Problem(404 if "/images/" in seen.path else 406, "Livefeed not found")
        return reply(_feed(self._library.size))

    def feed_items(self, seen: Seen, grant: Grant | None, feed_id: str) -> Answer:
        self.feed(seen, grant, feed_id)
        items = [MAKERS["editorial"](number) for number in self._library.numbers("editorial")]
        return reply({"data": items[:FEED_ITEMS]})

    def _country(self, seen: Seen) -> None:
        country = seen.first("country")
        if not re.fullmatch("[A-Z]{3}", country):
            raise invalid("$.query.country", country)
        if country in self.barred:
            raise Problem(406, "Not available in this country")


def _feed(size: int) -> dict[str, Any]:
    cover = {"id": f"{FIRST_EDITORIAL}b", "url": f"{HOST}/feed.jpg", "width": 220, "height": 146}
    return {
        "cover_item": cover,
        "created_time": "2025-01-31T12:00:00.000Z",
        "id": FEED,
        "name": "Made-up event",
        "total_item_count": min(size, FEED_ITEMS),
    }


def _stretch(
    seen: Seen, rows: Sequence[Any], usual: int, least: int, most: int
) -> tuple[dict[str, Any], int]:
    """Return the part of a list at a cursor, with the cursors around, and its start."""
    per_page = seen.number("per_page", usual, least, most)
    cursor = seen.first("cursor")
    try:
        first = int(base64.urlsafe_b64decode(cursor)) if cursor else 0
    except ValueError as error:
        raise invalid("$.query.cursor", cursor) from error
    body = {"data": list(rows[first : first + per_page]), "per_page": per_page}
    if first + per_page < len(rows):
        body["next"] = _cursor(first + per_page)
    if first:
        body["prev"] = _cursor(max(0, first - per_page))
    return body, first


def _cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode()
