"""Shutterstock and its editorial library, as the simulator answers them, without its server."""

import json
from collections.abc import Mapping
from typing import ClassVar

from tests.dialects.dialect import FIRST, Dialect, Sent
from tests.dialects.serving import Answer, DialectRequest, answer_json, answer_text
from tests.simulator.accounts import CLIENT, Accounts
from tests.simulator.clock import Clock
from tests.simulator.editorial import Editorial
from tests.simulator.library import FIRST_EDITORIAL, FIRST_ID, Library
from tests.simulator.reading import Reading, echo
from tests.simulator.routes import ANYBODY, Route, Routes
from tests.simulator.table import editorial_calls, reading_calls
from tests.simulator.wire import Problem, SimulatorRequest, invalid

AGES = ("infants", "children", "teenagers", "20s", "30s", "40s", "50s", "60s", "older")
GENDERS = ("male", "female", "both")
ETHNICITIES = (
    *("african", "african_american", "black", "brazilian", "chinese", "caucasian", "east_asian"),
    *("hispanic", "japanese", "middle_eastern", "native_american", "pacific_islander"),
    *("south_asian", "southeast_asian", "other"),
)
RESOLUTIONS = ("4k", "high_definition", "standard_definition")


def keep_names(name: str, *values: str) -> dict[str, Sent]:
    """Return values that the API names as we do, in the parameter of that name."""
    return {one: {name: one} for one in values}


BOTH: Mapping[str, Mapping[str, Sent]] = {
    "exclude": {"rose": {"query": "flower NOT rose"}},
    "added": {
        "week": {"added_date_start": "2026-02-23"},
        "month": {"added_date_start": "2026-01-31"},
        "year": {"added_date_start": "2025-03-02"},
    },
    "people": keep_names("people_number", "0", "4"),
    "age": keep_names("people_age", *AGES),
    "gender": keep_names("people_gender", *GENDERS),
    "ethnicity": keep_names("people_ethnicity", *ETHNICITIES),
    "category": keep_names("category", "Nature"),
    "contributor": keep_names("contributor", "7"),
    "released": {"1": {"people_model_released": "true"}},
    "sort": keep_names("sort", "popular", "relevance", "newest", "random"),
}
"""What pictures and footage have in common."""
REPORTS: Mapping[str, Mapping[str, Sent]] = {
    "exclude": {"rose": {"query": "flower NOT rose"}},
    "category": keep_names("category", "Sport"),
    "license": {"editorial": {"country": "USA"}},
    "sort": {"relevance": {"sort": "relevant"}, **keep_names("sort", "newest", "oldest")},
}
"""What the editorial library has, where everything is editorial."""


def for_video(sends: Mapping[str, Mapping[str, Sent]]) -> dict[str, Mapping[str, Sent]]:
    """Return the expected parameters for footage."""
    return {f"video {name}": values for name, values in sends.items()}


class ShutterstockDialect(Dialect):
    """Pictures and footage; ``path`` stands beside the parameters that were sent."""

    name = "shutterstock"
    keys: ClassVar[Mapping[str, str]] = {"CLIENT_ID": CLIENT[0], "CLIENT_SECRET": CLIENT[1]}
    optional: ClassVar[tuple[str, ...]] = (
        *("added_date", "aspect", "categories", "description", "has_model_release"),
        *("image_type", "is_editorial", "keywords", "media_type"),
    )
    required: ClassVar[tuple[str, ...]] = ("id", "assets", "contributor")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        **BOTH,
        "type": keep_names("image_type", "photo", "illustration", "vector"),
        "orientation": {
            **keep_names("orientation", "horizontal", "vertical"),
            "square": {"aspect_ratio": "1"},
            "panorama": {"aspect_ratio_min": "2"},
        },
        "min_width": keep_names("width_from", "1000", "2000", "4000", "6000"),
        "color": keep_names("color", "ff8800", "grayscale"),
        "license": keep_names("license", "commercial", "editorial", "enhanced"),
        **for_video(BOTH),
        "video media": {"video": {"path": "/v2/videos/search"}},
        "video license": keep_names("license", "commercial", "editorial"),
        "video duration": {"10-30": {"duration_from": "10", "duration_to": "30"}},
        "video resolution": keep_names("resolution", *RESOLUTIONS),
        "video aspect": {
            "16:9": {"aspect_ratio": "169"},
            "4:3": {"aspect_ratio": "43"},
            "nonstandard": {"aspect_ratio": "nonstandard"},
        },
        "video fps": {"25": {"fps_from": "25", "fps_to": "25"}},
    }
    errors: ClassVar[Mapping[str, tuple[Answer, str]]] = {
        "a wrong key": (answer_json({"message": "Invalid access token"}, 401), "credentials"),
        "a missing scope": (answer_json({"message": "Insufficient scope"}, 403), "credentials"),
        "nothing there": (
            answer_json({"message": "Not Found", "code": "INTERNAL"}, 404),
            "not found",
        ),
        "a wrong value": (Answer(400, invalid("$.query.page", "0").answer.body), "refused"),
        "a malformed address": (
            answer_text("<html>Bad request</html>", 400, "text/html"),
            "refused",
        ),
        "too many calls": (answer_text("", 429), "quota"),
        "an outage": (answer_text("", 503), "down"),
    }
    sources = ("shutterstock/openapi-v2.json", "shutterstock/contract.md")
    examples: ClassVar[tuple[tuple[str, int], ...]] = (
        ("shutterstock/examples/get-images-search-200.json", 1),
        ("shutterstock/examples/get-images-id-similar-200.json", 1),
    )

    def __init__(self) -> None:
        clock = Clock()
        self.library = Library(self.total)
        self.accounts = Accounts(clock)
        self.routes = Routes(
            [
                Route("GET", "/v2/test", ANYBODY, echo),
                *reading_calls(Reading(self.library, clock)),
                *editorial_calls(Editorial(self.library, clock)),
            ]
        )

    def sent_parameters(self, request: DialectRequest) -> Sent:
        return {**request.params, "path": request.path}

    def answer(self, request: DialectRequest) -> Answer:
        self.library.size = self.total
        params = {name: [value] for name, value in request.params.items()}
        seen = SimulatorRequest(
            request.path, params, dict(request.headers), request.method, request.body
        )
        try:
            said = self.routes.answer(seen, self.accounts)
        except Problem as problem:
            said = problem.answer
        return Answer(said.status, self._without_absent(said.body), headers=said.headers)

    def _without_absent(self, body: bytes) -> bytes:
        """Remove fields that no item has from an answer."""
        value = json.loads(body)
        for one in value.get("data", []):
            for name in self.absent & set(one):
                del one[name]
        return json.dumps(value).encode()

    def make_id(self, number: int) -> str:
        return str(FIRST_ID - FIRST + number)


class EditorialDialect(ShutterstockDialect):
    """The editorial library, which a country opens."""

    name = "shutterstock-editorial"
    keys: ClassVar[Mapping[str, str]] = {**ShutterstockDialect.keys, "COUNTRY": "USA"}
    public = frozenset({"COUNTRY"})
    optional = ("aspect", "byline", "categories", "description", "keywords", "title")
    required = ("id", "assets")
    sends: ClassVar[Mapping[str, Mapping[str, Sent]]] = {
        **REPORTS,
        **for_video(REPORTS),
        "video media": {"video": {"path": "/v2/editorial/videos/search"}},
        "video resolution": keep_names("resolution", *RESOLUTIONS),
    }
    examples = ()

    def make_id(self, number: int) -> str:
        return f"{FIRST_EDITORIAL - FIRST + number}b"
