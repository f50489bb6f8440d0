"""The JSON Schemas of the API's description: of parameters, and of answers.

Schemas of answers come from the encoded structs, schemas of parameters from the values of the
query parser.
"""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from affiliate.agencies.base import PAGE_PLACES
from affiliate.database.clicks import CLICK_ID, PLACES
from affiliate.domain import query
from affiliate.domain.language_tags import MAX_TAG
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

COMPONENTS_PREFIX: Final = "#/components/schemas/"
ANSWER_STRUCTS: Final = (
    *(Alive, Readiness, Problem, SearchPage, SearchQuery, AgencyStatus, Failure),
    *(Media, License, Seller, Sides, Size, Thumbnail),
)
"""The structs of answers."""
WHOLE_SCHEMA: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": query.MAX_INTEGER}
FLAG_SCHEMA: Final[Schema] = {"type": "integer", "enum": [0, 1]}
RANGE_SCHEMA: Final[Schema] = {
    "type": "string",
    "pattern": "^([0-9]{1,4}|[0-9]{1,4}-[0-9]{0,4}|-[0-9]{1,4})$",
    "examples": ["10", "10-30", "10-", "-30"],
}
LANGUAGE_SCHEMA: Final[Schema] = {
    "type": "string",
    "pattern": "^(\\*|[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*)$",
    "maxLength": MAX_TAG,
    "examples": ["en", "pt-BR", "zh-TW"],
}


def text_schema(max_length: int, *examples: str) -> Schema:
    """Return the schema of plain text on a single line, of at most ``max_length`` characters."""
    optional = {"examples": list(examples)} if examples else {}
    return {
        "type": "string",
        "maxLength": max_length,
        "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]*$",
        **optional,
    }


def enum_schema(values: tuple[str, ...]) -> Schema:
    """Return the schema of a text from a list of values; the parser ignores their case."""
    return {"type": "string", "enum": list(values)}


SEARCH_PARAMETERS: Final[Mapping[str, tuple[str, Schema]]] = {
    "q": ("Words to search for.", text_schema(MAX_WORDS, "red bicycle", '"tea pot" blue')),
    "exclude": ("Words that must not be in what is found.", text_schema(MAX_WORDS, "car")),
    "media": ("Pictures or clips.", enum_schema(query.MEDIA)),
    "type": ("The kind of picture.", enum_schema(query.TYPES)),
    "orientation": (
        "Which side is the longer one; a panorama is at least twice as wide as high.",
        enum_schema(query.ORIENTATIONS),
    ),
    "color": (
        "The color that prevails, as six hexadecimal digits, or grayscale.",
        {"type": "string", "pattern": "^#?[0-9A-Fa-f]{6}$|^grayscale$", "examples": ["ff8800"]},
    ),
    "people": (
        "How many people are seen; 4 is four or more.",
        {"type": "integer", "minimum": 0, "maximum": query.MAX_PEOPLE},
    ),
    "min_width": ("The least width of a picture, in pixels.", enum_schema(query.MIN_WIDTHS)),
    "added": (
        "How long an agency has had it at most: 7, 30 or 365 days, today included.",
        enum_schema(tuple(query.ADDED)),
    ),
    "age": ("The age of the people.", enum_schema(query.AGES)),
    "gender": ("The gender of the people.", enum_schema(query.GENDERS)),
    "ethnicity": ("The ethnicity of the people.", enum_schema(query.ETHNICITIES)),
    "category": ("A category, by the name that an agency has for it.", text_schema(MAX_NAME)),
    "contributor": (
        "Whose works are wanted, as `contributor` of an item has it.",
        text_schema(MAX_NAME),
    ),
    "license": ("What the pictures may be used for.", enum_schema(query.LICENSES)),
    "released": ("1 for what the people in it have agreed to.", FLAG_SCHEMA),
    "no_ai": ("1 to leave out what generative AI has made.", FLAG_SCHEMA),
    "safe": ("0 to find what is not for everybody, too.", FLAG_SCHEMA),
    "sort": ("What comes first.", enum_schema(query.SORTS)),
    "duration": ("Seconds of a clip: a number or a range.", RANGE_SCHEMA),
    "resolution": ("The resolution of a clip.", enum_schema(query.RESOLUTIONS)),
    "aspect": ("The aspect ratio of a clip.", enum_schema(query.ASPECTS)),
    "fps": ("Frames of a clip in a second: a number or a range.", RANGE_SCHEMA),
    "lang": ("Language of the words (BCP 47); the site's own without it.", LANGUAGE_SCHEMA),
    "page": (f"Page of {PAGE_PLACES} places, from 1.", WHOLE_SCHEMA),
    "agency": (
        "The agencies to search; all that are on without it.",
        {"type": "array", "items": text_schema(MAX_NAME, "shutterstock")},
    ),
}
"""The parameters of a search, each with its meaning and its schema."""

EXTRA_FAILURE_KINDS: Final = ("off", "unsupported", BudgetSpent.kind)
"""Kinds of failures besides those of `AgencyError`."""


def _iterate_kinds(kind: type[AgencyError] = AgencyError) -> Iterator[str]:
    """Yield the kinds of an error and of all its subclasses."""
    yield kind.kind
    for subclass in kind.__subclasses__():
        yield from _iterate_kinds(subclass)


def _build_field_schemas() -> Mapping[tuple[str, str], Schema]:
    """Return schemas more exact than the types of fields, by the names of struct and field."""
    types = [{"type": "string", "enum": list(query.TYPES)}, {"type": "null"}]
    schemas = {("SearchQuery", name): schema for name, (_, schema) in SEARCH_PARAMETERS.items()}
    schemas |= {
        ("SearchQuery", name): {"type": "boolean"} for name in ("released", "no_ai", "safe")
    }
    return schemas | {
        ("AgencyStatus", "status"): enum_schema(STATUSES),
        ("Failure", "kind"): enum_schema(tuple(sorted({*_iterate_kinds(), *EXTRA_FAILURE_KINDS}))),
        ("Media", "media"): enum_schema(query.MEDIA),
        ("Media", "type"): {"anyOf": types},
    }


CLICK_ID_SCHEMA: Final = {"type": "string", "pattern": f"^{CLICK_ID}$"}
NAME_SCHEMA: Final = {
    "type": "string",
    "pattern": "^[^\\s\\x00-\\x1f\\x7f-\\x9f][^\\x00-\\x1f\\x7f-\\x9f]*$",
    "maxLength": MAX_NAME,
}
CLICK_SCHEMA: Final[Schema] = {
    "type": "object",
    "description": "A click on a picture, as the address of its `ping` has it, and its own id.",
    "properties": {
        "click_id": {
            **CLICK_ID_SCHEMA,
            "description": "Made for this click; a second one is the same.",
        },
        "agency": NAME_SCHEMA,
        "id": {
            **NAME_SCHEMA,
            "description": "The picture's, or `search` for a search at its agency.",
        },
        "media": enum_schema(query.MEDIA),
        "words": text_schema(MAX_WORDS),
        "position": {"type": "integer", "minimum": 1, "maximum": 10**query.POSITION_DIGITS - 1},
        "site": {"type": "string", "description": "Host name of the site that showed it."},
        "place": {"type": "string", "description": f"One of: {', '.join(PLACES)}."},
        "seal": {"type": "string", "description": "Proves that a page has shown the picture."},
    },
    "required": ["click_id", "agency", "id", "position"],
}
SUGGESTIONS_SCHEMA: Final[Schema] = {
    "type": "array",
    "description": "The words as they were typed, and searches that begin so (OpenSearch 1.0).",
    "prefixItems": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    "items": False,
    "minItems": 2,
}
OEMBED_TEXT_FIELDS: Final = (
    *("title", "html", "url", "author_name", "author_url"),
    *("provider_name", "provider_url", "thumbnail_url"),
)
OEMBED_PIXEL_FIELDS: Final = ("width", "height", "thumbnail_width", "thumbnail_height")
OEMBED_SCHEMA: Final[Schema] = {
    "type": "object",
    "description": "What an address is elsewhere (https://oembed.com): `rich` has `html`, an iframe"
    " of a search; `photo` has `url`, a picture; `link` neither.",
    "properties": {
        "version": {"const": "1.0"},
        "type": {"enum": ["rich", "photo", "link"]},
        **{name: {"type": "string"} for name in OEMBED_TEXT_FIELDS},
        **{name: {"type": "integer", "minimum": 1} for name in OEMBED_PIXEL_FIELDS},
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


def build_components() -> dict[str, Schema]:
    """Build the schemas of all answers and bodies, by name."""
    _, schemas = msgspec.json.schema_components(
        ANSWER_STRUCTS, ref_template=f"{COMPONENTS_PREFIX}{{name}}"
    )
    structs, fields = {kind.__name__: kind for kind in ANSWER_STRUCTS}, _build_field_schemas()
    for name, schema in schemas.items():
        _complete_schema(schema, structs[name])
        for field in schema["properties"]:
            schema["properties"][field] = fields.get((name, field), schema["properties"][field])
    return {
        **schemas,
        "Suggestions": SUGGESTIONS_SCHEMA,
        "OEmbed": OEMBED_SCHEMA,
        "Click": CLICK_SCHEMA,
    }


def _complete_schema(schema: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """Add the struct's docstring and its required fields to the struct's schema."""
    schema["description"] = inspect.cleandoc(kind.__doc__ or "").replace("``", "`")
    if kind.__struct_config__.omit_defaults:
        return
    fields = msgspec.structs.fields(kind)
    schema["required"] = [field.name for field in fields if field.default is not msgspec.UNSET]
    for field_schema in schema["properties"].values():
        field_schema.pop("default", None)
