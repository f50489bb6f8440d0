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
from tests.simulator.clock import Clock, format_moment
from tests.simulator.library import (
    EDITORIAL_CATEGORIES,
    FIRST_EDITORIAL,
    HOST,
    MAKERS,
    Library,
    Media,
)
from tests.simulator.reading import SEARCH_ID, Reader
from tests.simulator.wire import Answer, Problem, SimulatorRequest, invalid, reply

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

        def answer(request: SimulatorRequest, _: Grant | None) -> Answer:
            self._check_country(request)
            wanted = request.first("category")
            items = [MAKERS[media](number) for number in self._library.numbers(media)]
            fitting = [one for one in items if not wanted or {"name": wanted} in one["categories"]]
            body, first = _slice_rows(request, fitting, 20, 1, 50)
            body |= {"search_id": SEARCH_ID, "total_count": len(fitting)}
            return reply(body | {"page": 1 + first // body["per_page"]})

        return answer

    def details(self, media: Media) -> Reader:
        def answer(request: SimulatorRequest, _: Grant | None, media_id: str) -> Answer:
            self._check_country(request)
            found = self._library.find(media, media_id)
            if found is None:  # the description has no 404 for footage
                raise Problem(406 if media == "editorial_video" else 404, "Media not found")
            return reply(found)

        return answer

    def updated(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        """List all pictures as added yesterday."""
        self._check_country(request)
        when = format_moment(self._clock.now() - timedelta(days=1))
        change = {"created_time": when, "updated_time": when, "updates": [request.first("type")]}
        items = [
            MAKERS["editorial"](number) | change for number in self._library.numbers("editorial")
        ]
        body, _first = _slice_rows(request, items, 500, 100, 500)
        return reply(body)

    def categories(self, _: SimulatorRequest, __: Grant | None) -> Answer:
        return reply({"data": [{"name": name} for name in EDITORIAL_CATEGORIES]})

    def feeds(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        """List the only live feed."""
        self._check_country(request)
        page, per_page = request.number("page", 1, 1), request.number("per_page", 20, 1, 50)
        rows = [_make_feed(self._library.size)][(page - 1) * per_page :]
        return reply({"data": rows, "page": page, "per_page": per_page, "total_count": 1})

    def feed(self, request: SimulatorRequest, _: Grant | None, feed_id: str) -> Answer:
        self._check_country(request)
        if feed_id != FEED:
            raise Problem(404 if "/images/" in request.path else 406, "Livefeed not found")
        return reply(_make_feed(self._library.size))

    def feed_items(self, request: SimulatorRequest, grant: Grant | None, feed_id: str) -> Answer:
        self.feed(request, grant, feed_id)
        items = [MAKERS["editorial"](number) for number in self._library.numbers("editorial")]
        return reply({"data": items[:FEED_ITEMS]})

    def _check_country(self, request: SimulatorRequest) -> None:
        country = request.first("country")
        if not re.fullmatch("[A-Z]{3}", country):
            raise invalid("$.query.country", country)
        if country in self.barred:
            raise Problem(406, "Not available in this country")


def _make_feed(size: int) -> dict[str, Any]:
    cover = {"id": f"{FIRST_EDITORIAL}b", "url": f"{HOST}/feed.jpg", "width": 220, "height": 146}
    return {
        "cover_item": cover,
        "created_time": "2025-01-31T12:00:00.000Z",
        "id": FEED,
        "name": "Made-up event",
        "total_item_count": min(size, FEED_ITEMS),
    }


def _slice_rows(
    request: SimulatorRequest, rows: Sequence[Any], usual: int, least: int, most: int
) -> tuple[dict[str, Any], int]:
    """Return the part of a list at a cursor, with the cursors around, and its start."""
    per_page = request.number("per_page", usual, least, most)
    cursor = request.first("cursor")
    try:
        first = int(base64.urlsafe_b64decode(cursor)) if cursor else 0
    except ValueError as error:
        raise invalid("$.query.cursor", cursor) from error
    body = {"data": list(rows[first : first + per_page]), "per_page": per_page}
    if first + per_page < len(rows):
        body["next"] = _make_cursor(first + per_page)
    if first:
        body["prev"] = _make_cursor(max(0, first - per_page))
    return body, first


def _make_cursor(number: int) -> str:
    return base64.urlsafe_b64encode(str(number).encode()).decode()
