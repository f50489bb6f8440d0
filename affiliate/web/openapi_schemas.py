"""The JSON Schemas of the API's description: of what programs may ask, and of what is answered.

Answers are described by the structs that are encoded into them, parameters by the values that the
parser knows.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from affiliate.database.clicks import PLACES
from affiliate.domain import query
from affiliate.domain.language_tags import LONGEST_TAG
from affiliate.domain.media import (
    STATUSES,
    AgencyStatus,
    Failure,
    License,
    Media,
    SearchPage,
    SearchQuery,
    Seller,
    Sides,
    Size,
    Thumbnail,
)
from affiliate.domain.query import MAX_NAME, MAX_WORDS
from affiliate.errors import AgencyError, BudgetSpent
from affiliate.web.errors import Problem
from affiliate.web.readiness import Alive, Readiness

Schema = Mapping[str, Any]

COMPONENTS: Final = "#/components/schemas/"
STRUCTS: Final = (
    *(Alive, Readiness, Problem, SearchPage, SearchQuery, AgencyStatus, Failure),
    *(Media, License, Seller, Sides, Size, Thumbnail),
)
"""What answers are made of."""
WHOLE: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
FLAG: Final[Schema] = {"type": "integer", "enum": [0, 1]}
RANGE: Final[Schema] = {
    "type": "string",
    "pattern": "^([0-9]{1,4}|[0-9]{1,4}-[0-9]{0,4}|-[0-9]{1,4})$",
    "examples": ["10", "10-30", "10-", "-30"],
}
LANGUAGE: Final[Schema] = {
    "type": "string",
    "pattern": "^(\\*|[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*)$",
    "maxLength": LONGEST_TAG,
    "examples": ["en", "pt-BR", "zh-TW"],
}


def text(most: int, *examples: str) -> Schema:
    """Return the schema of plain text on one line, of at most so many characters."""
    more = {"examples": list(examples)} if examples else {}
    return {"type": "string", "maxLength": most, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$", **more}


def one_of(values: tuple[str, ...]) -> Schema:
    """Return the schema of a text that is one of some words; the parser takes them in any case."""
    return {"type": "string", "enum": list(values)}


SEARCH: Final[Mapping[str, tuple[str, Schema]]] = {
    "q": ("Words to search for.", text(MAX_WORDS, "red bicycle", '"tea pot" blue')),
    "exclude": ("Words that must not be in what is found.", text(MAX_WORDS, "car")),
    "media": ("Pictures or clips.", one_of(query.MEDIA)),
    "type": ("The kind of picture.", one_of(query.TYPES)),
    "orientation": ("Which side is the longer one.", one_of(query.ORIENTATIONS)),
    "color": (
        "The color that prevails, as six hexadecimal digits, or grayscale.",
        {"type": "string", "pattern": "^#?[0-9A-Fa-f]{6}$|^grayscale$", "examples": ["ff8800"]},
    ),
    "people": (
        "How many people are seen; 4 is four or more.",
        {"type": "integer", "minimum": 0, "maximum": 4},
    ),
    "age": ("The age of the people.", one_of(query.AGES)),
    "gender": ("The gender of the people.", one_of(query.GENDERS)),
    "ethnicity": ("The ethnicity of the people.", one_of(query.ETHNICITIES)),
    "category": ("A category, by the name that an agency has for it.", text(MAX_NAME)),
    "contributor": ("Whose works are wanted, as `contributor` of an item has it.", text(MAX_NAME)),
    "license": ("What the pictures may be used for.", one_of(query.LICENSES)),
    "released": ("1 for what the people in it have agreed to.", FLAG),
    "safe": ("0 to find what is not for everybody, too.", FLAG),
    "sort": ("What comes first.", one_of(query.SORTS)),
    "duration": ("Seconds of a clip: a number or a range.", RANGE),
    "resolution": ("The resolution of a clip.", one_of(query.RESOLUTIONS)),
    "aspect": ("The aspect ratio of a clip.", one_of(query.ASPECTS)),
    "fps": ("Frames of a clip in a second: a number or a range.", RANGE),
    "lang": ("Language of the words (BCP 47); the site's own without it.", LANGUAGE),
    "page": ("Page of 48 places, from 1.", WHOLE),
    "agency": (
        "The agencies to search; all that are on without it.",
        {"type": "array", "items": text(MAX_NAME, "shutterstock")},
    ),
}
"""The parameters of a search, each with what it says and its schema."""

KINDS: Final = ("off", "unsupported", BudgetSpent.kind)
"""Kinds of failures beside those of agencies' errors."""


def _kinds(kind: type[AgencyError] = AgencyError) -> Iterator[str]:
    """Yield the kinds of an error and of all its own."""
    yield kind.kind
    for own in kind.__subclasses__():
        yield from _kinds(own)


def _known_values() -> Mapping[tuple[str, str], Schema]:
    """Return what the types of fields leave open, by the names of struct and field."""
    types = [{"type": "string", "enum": list(query.TYPES)}, {"type": "null"}]
    asked = {("SearchQuery", name): schema for name, (_, schema) in SEARCH.items()}
    asked |= {("SearchQuery", name): {"type": "boolean"} for name in ("released", "safe")}
    return asked | {
        ("AgencyStatus", "status"): one_of(STATUSES),
        ("Failure", "kind"): one_of(tuple(sorted({*_kinds(), *KINDS}))),
        ("Media", "media"): one_of(query.MEDIA),
        ("Media", "type"): {"anyOf": types},
    }


CLICK_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9_-]{8,64}$"}
NAMED: Final = {
    "type": "string",
    "pattern": "^[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$",
    "maxLength": MAX_NAME,
}
CLICK: Final[Schema] = {
    "type": "object",
    "description": "A click on a picture, as the address of its `ping` has it, and its own id.",
    "properties": {
        "click_id": {**CLICK_ID, "description": "Made for this click; a second one is the same."},
        "agency": NAMED,
        "id": {**NAMED, "description": "The picture's, or `search` for a search at its agency."},
        "media": one_of(query.MEDIA),
        "words": text(MAX_WORDS),
        "position": {"type": "integer", "minimum": 1, "maximum": 999_999},
        "site": {"type": "string", "description": "Host name of the site that showed it."},
        "place": {"type": "string", "description": f"One of: {', '.join(PLACES)}."},
        "seal": {"type": "string", "description": "Proves that a page has shown the picture."},
    },
    "required": ["click_id", "agency", "id", "position"],
}
SUGGESTIONS: Final[Schema] = {
    "type": "array",
    "description": "The words as they were typed, and searches that begin so (OpenSearch 1.0).",
    "prefixItems": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "items": False,
    "minItems": 2,
}
OEMBED_TEXTS: Final = (
    *("title", "html", "url", "author_name", "author_url"),
    *("provider_name", "provider_url", "thumbnail_url"),
)
OEMBED_PIXELS: Final = ("width", "height", "thumbnail_width", "thumbnail_height")
OEMBED: Final[Schema] = {
    "type": "object",
    "description": "What an address is elsewhere (https://oembed.com): `rich` has `html`, an iframe"
    " of a search; `photo` has `url`, a picture; `link` neither.",
    "properties": {
        "version": {"const": "1.0"},
        "type": {"enum": ["rich", "photo", "link"]},
        **{name: {"type": "string"} for name in OEMBED_TEXTS},
        **{name: {"type": "integer", "minimum": 1} for name in OEMBED_PIXELS},
        "cache_age": {"type": "integer"},
        "credit": {"type": "string", "description": "What must be said beside the picture."},
        "disclosure": {"type": "string", "description": "That links earn, where they do."},
    },
    "required": ["version", "type", "provider_name", "provider_url", "cache_age"],
    "allOf": [
        {
            "if": {"properties": {"type": {"const": "rich"}}},
            "then": {"required": ["html", "width", "height"]},
        },
        {
            "if": {"properties": {"type": {"const": "photo"}}},
            "then": {"required": ["url", "width", "height"]},
        },
    ],
}


def components() -> dict[str, Schema]:
    """Return the schemas of all that is answered or sent, by name."""
    _, found = msgspec.json.schema_components(STRUCTS, ref_template=f"{COMPONENTS}{{name}}")
    structs, known = {kind.__name__: kind for kind in STRUCTS}, _known_values()
    for name, schema in found.items():
        _complete(schema, structs[name])
        for field in schema["properties"]:
            schema["properties"][field] = known.get((name, field), schema["properties"][field])
    return {**found, "Suggestions": SUGGESTIONS, "OEmbed": OEMBED, "Click": CLICK}


def _complete(schema: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """Say of a struct's schema what is always there, and what the docstring says."""
    schema["description"] = inspect.cleandoc(kind.__doc__ or "").replace("``", "`")
    if kind.__struct_config__.omit_defaults:
        return
    fields = msgspec.structs.fields(kind)
    schema["required"] = [one.name for one in fields if one.default is not msgspec.UNSET]
    for field in schema["properties"].values():
        field.pop("default", None)
