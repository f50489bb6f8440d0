"""Calls that any application may make: pictures and footage, searched and described."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from tests.simulator.accounts import Grant
from tests.simulator.clock import Clock, format_moment
from tests.simulator.library import CATEGORIES, FIRST_ID, FIRST_VIDEO, MAKERS, Library, Media
from tests.simulator.wire import Answer, Problem, SimulatorRequest, invalid, make_page, reply

SEARCH_ID = "00000000-0000-0000-0000-000000000000"
ALIKE = 100
"""How many similar items there are, the one asked about being the first."""
WITHHELD = ("keywords", "categories", "added_date", "image_type", "is_adult", "duration")
"""What ``view=minimal`` leaves out; details tell all."""

OBEYED = {f"{name}{end}" for name in ("duration", "fps") for end in ("", "_from", "_to")}
OBEYED |= {"resolution", "aspect_ratio", "license"}
"""Filters that a search follows."""

Reader = Callable[..., Answer]


class Reading:
    """Search and details. Each search finds the whole library, less what the filters exclude.

    The filters `OBEYED` are those for footage and ``license``; words and others are only recorded.
    """

    def __init__(self, library: Library, clock: Clock) -> None:
        self._library = library
        self._clock = clock

    def search(self, media: Media) -> Reader:
        def answer(request: SimulatorRequest, _: Grant | None) -> Answer:
            if OBEYED.isdisjoint(request.params):
                return self._make_page(request, media, self._library.numbers(media))
            fits = [n for n in self._library.numbers(media) if matches(request, MAKERS[media](n))]
            return self._make_page(request, media, fits)

        return answer

    def similar(self, media: Media) -> Reader:
        def answer(request: SimulatorRequest, _: Grant | None, media_id: str) -> Answer:
            self._find(media, media_id)
            first = int(media_id) - (FIRST_ID if media == "image" else FIRST_VIDEO)
            numbers = range(first, min(first + ALIKE, self._library.size))
            return self._make_page(request, media, numbers)

        return answer

    def details(self, media: Media) -> Reader:
        def answer(_: SimulatorRequest, __: Grant | None, media_id: str) -> Answer:
            return reply(self._find(media, media_id))

        return answer

    def list_by_ids(self, media: Media) -> Reader:
        """Return a handler of items by ids, in the requested order, without unknown ids."""

        def answer(request: SimulatorRequest, _: Grant | None) -> Answer:
            ids = request.params.get("id", [])
            if not 1 <= len(ids) <= 500 or any(not one.isalnum() for one in ids):
                raise invalid("$.query.id", ids)
            found = [one for one in (self._library.find(media, i) for i in ids) if one]
            return reply({"data": [_describe_view(request, one) for one in found]})

        return answer

    def categories(self, _: SimulatorRequest, __: Grant | None) -> Answer:
        return reply({"data": [{"id": i, "name": name} for i, name in CATEGORIES.items()]})

    def suggestions(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        words, limit = request.first("query"), request.number("limit", 10, 1, 25)
        if not words:
            raise invalid("$.query.query", words)
        return reply({"data": [f"{words} {number}" for number in range(limit)]})

    def keywords(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        """Return the words of a text as keywords."""
        return reply({"keywords": str(request.json().get("text", "")).split()})

    def updated(self, media: Media) -> Reader:
        """Return a handler that lists every item as edited yesterday, withdrawn ones as deleted."""

        def answer(request: SimulatorRequest, _: Grant | None) -> Answer:
            when = format_moment(self._clock.now() - timedelta(days=1))
            rows = []
            for number in self._library.numbers(media):
                one = MAKERS[media](number)
                gone = one["id"] in self._library.withdrawn
                change = ["deletion"] if gone else ["edit"]
                wanted = request.params.get("type") or change
                if set(wanted) & set(change):
                    rows.append({"id": one["id"], "updated_time": when, "updates": change})
            return reply(make_page(request, rows, 100, 2000))

        return answer

    def recommendations(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        most = request.number("max_items", 20, 1, 500)
        ids = [str(FIRST_ID + number) for number in range(min(most, self._library.size))]
        return reply({"data": [{"id": one} for one in ids]})

    def contributors(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        return reply({"data": [describe_contributor(one) for one in request.params.get("id", [])]})

    def contributor(self, _: SimulatorRequest, __: Grant | None, contributor_id: str) -> Answer:
        return reply(describe_contributor(contributor_id))

    def _find(self, media: Media, media_id: str) -> dict[str, Any]:
        found = self._library.find(media, media_id)
        if found is None:
            raise Problem(404, "Media not found")
        return found

    def _make_page(self, request: SimulatorRequest, media: Media, numbers: Sequence[int]) -> Answer:
        """Return a page of a search; a withdrawn item leaves a gap, as ranks stay."""
        body = make_page(request, numbers, 20, 500, 0)
        items = [MAKERS[media](number) for number in body["data"]]
        body["data"] = [
            _describe_view(request, one, "full")
            for one in items
            if one["id"] not in self._library.withdrawn
        ]
        body["search_id"] = SEARCH_ID
        return reply(body | ({"spellcheck_info": {}} if media == "image" else {}))


def describe_contributor(contributor_id: str) -> dict[str, Any]:
    """Return a contributor's profile."""
    return {
        "about": "Made up",
        "contributor_type": ["photographer"],
        "display_name": f"Contributor {contributor_id}",
        "equipment": [],
        "id": contributor_id,
        "location": "nowhere",
        "portfolio_url": f"https://www.shutterstock.com/g/{contributor_id}",
        "social_media": {},
        "styles": [],
        "subjects": [],
        "website": "",
    }


def echo(request: SimulatorRequest, _: Grant | None) -> Answer:
    """Answer `/v2/test` with the request's text."""
    return reply({"text": request.first("text", "ok")})


def validate(request: SimulatorRequest, _: Grant | None) -> Answer:
    """Answer `/v2/test/validate` with the request's content."""
    query: dict[str, Any] = {"id": request.number("id", -1, 0)}
    if "tag" in request.params:
        query["tag"] = request.params["tag"]
    return reply({"header": {"user-agent": request.headers["user-agent"]}, "query": query})


def matches(request: SimulatorRequest, item: dict[str, Any]) -> bool:
    """Tell whether an item passes the obeyed filters."""
    assets = item["assets"]
    rates = [asset["fps"] for asset in assets.values() if "fps" in asset]
    best = "4k" if "4k" in assets else "high_definition"
    shape = {"16:9": "169", "4:3": "43"}.get(item.get("aspect_ratio", ""), "nonstandard")
    sold_as = "editorial" if item["is_editorial"] else "commercial"
    wanted = request.params.get("license", [sold_as])
    return (
        _is_between(request, "duration", item.get("duration", 0))
        and _is_between(request, "fps", rates[0] if rates else 0)
        and request.first("resolution", best) == best
        and ("duration" not in item or request.first("aspect_ratio", shape) == shape)
        and (sold_as in wanted or "enhanced" in wanted)
    )


def _is_between(request: SimulatorRequest, name: str, value: float) -> bool:
    exact, least, most = (request.first(f"{name}{end}") for end in ("", "_from", "_to"))
    return (
        (not exact or float(exact) == value)
        and (not least or float(least) <= value)
        and (not most or value <= float(most))
    )


def _describe_view(
    request: SimulatorRequest, item: dict[str, Any], usual: str = "minimal"
) -> dict[str, Any]:
    if request.first("view", usual) == "full":
        return item
    return {key: value for key, value in item.items() if key not in WITHHELD}
