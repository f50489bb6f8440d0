"""The options of an embed: a search, and its look on the embedding page.

The attributes of ``<affiliate-search>`` and the parameters of ``/embed`` have the same names.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Self
from urllib.parse import urlencode

import msgspec

from affiliate.agencies.base import PAGE_PLACES
from affiliate.domain.media import SearchQuery
from affiliate.domain.picks import Pick, read_collection, read_picks, to_parameters
from affiliate.domain.query import (
    HEX_COLOR,
    MAX_INTEGER,
    MAX_NAME,
    MAX_PEOPLE,
    MAX_WORDS,
    Parameters,
    drop_unread_language,
    make_choice_parser,
    make_integer_parser,
    normalize_color,
    read_flag,
    read_parameters,
    read_single,
    read_site,
)
from affiliate.domain.words import cut_between_signs, to_shown
from affiliate.errors import BadQuery

DEFAULT_ROWS: Final = {"grid": 2, "strip": 1, "image": 2, "search": 3}
"""The kinds of embeds, each with its rows of pictures by default."""
MAX_ROWS: Final = 6
MAX_PICTURES: Final = PAGE_PLACES
THEMES: Final = ("light", "dark", "auto")
SIDES: Final = ("left", "center", "right")
TARGETS: Final = ("_blank", "_self")

NUMBER_BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "rows": (1, MAX_ROWS),
    "limit": (1, MAX_PICTURES),
    "people": (0, MAX_PEOPLE),
    "page": (1, MAX_INTEGER),
}
"""The least and the greatest value of each integer parameter."""
MAX_LENGTHS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("q", "exclude", "fallback"), MAX_WORDS),
    **dict.fromkeys(("category", "contributor"), MAX_NAME),
}
"""The most characters of each text parameter."""

CRITERIA: Final = ("q", "category", "contributor", "color")
"""Parameters of which any makes a search."""
SUBJECTS: Final = (*CRITERIA, "ids", "collection")
"""Parameters of which any gives an embed its pictures."""

ROW_HEIGHT: Final = 150
ROW_GAP: Final = 6
DISCLOSURE_HEIGHT: Final = 36
SEARCH_BOX_HEIGHT: Final = 50
SCROLLBAR_HEIGHT: Final = 16
"""Heights in pixels, the same as in ``static/embed.css``: a row, the gap between two rows, the
disclosure above the rows, the search box, and the space of a strip for its scrollbar."""


class Embed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An embed in its canonical form; ``query`` may be empty where visitors type their own.

    ``picks`` and ``collection`` are shown in place of a search, ``fallback`` are words to search
    for where nothing is found. ``limit`` is the most pictures, ``site`` the host name in links and
    reports, ``consent`` says that pictures load only after a click, ``credit`` that their makers
    are always named, ``target`` whether links open a new tab.
    """

    query: SearchQuery
    kind: str = "grid"
    rows: int = DEFAULT_ROWS["grid"]
    limit: int | None = None
    theme: str | None = None
    accent: str | None = None
    site: str = ""
    consent: bool = False
    picks: tuple[Pick, ...] = ()
    collection: Pick | None = None
    fallback: str = ""
    credit: bool = False
    align: str | None = None
    target: str | None = None

    @classmethod
    def from_parameters(cls, parameters: Parameters) -> Self:
        """Read decoded parameters; drop unknown and empty parameters, and unreadable languages.

        Raises:
            BadQuery: names the first parameter that can't be read, or ``q`` where a search has no
                criteria and visitors can't type any.
        """
        parameters = drop_unread_language(parameters)
        kind = make_choice_parser(DEFAULT_ROWS)("kind", read_single(parameters, "kind") or "grid")
        rows, limit = read_single(parameters, "rows"), read_single(parameters, "limit")
        accent, consent = read_single(parameters, "accent"), read_single(parameters, "consent")
        picks, collection = read_picks(parameters), read_collection(parameters)
        fallback = _read_fallback(parameters)
        may_be_empty = kind == "search" or bool(picks or collection)
        if fallback and not may_be_empty and not _has_criteria(parameters):
            parameters = {**parameters, "q": [fallback]}
        return cls(
            query=_read_query(parameters, may_be_empty=may_be_empty),
            kind=kind,
            rows=make_integer_parser(1, MAX_ROWS)("rows", rows) if rows else DEFAULT_ROWS[kind],
            limit=make_integer_parser(1, MAX_PICTURES)("limit", limit) if limit else None,
            theme=_read_choice(parameters, "theme", THEMES),
            accent=_parse_accent(accent) if accent else None,
            site=read_site(parameters),
            consent=consent is not None and bool(make_choice_parser(["click"])("consent", consent)),
            picks=picks,
            collection=collection,
            fallback=fallback,
            credit=read_flag(parameters, "credit"),
            align=_read_choice(parameters, "align", SIDES),
            target=_read_choice(parameters, "target", TARGETS),
        )

    def shows_something(self) -> bool:
        """Return whether the embed has pictures before a visitor types a search."""
        return self.query.has_criteria() or bool(self.picks or self.collection)

    @property
    def height(self) -> int:
        """The embed's height in pixels, the same for every result."""
        rows = self.rows * (ROW_HEIGHT + ROW_GAP) - ROW_GAP
        extra = {"search": SEARCH_BOX_HEIGHT, "strip": SCROLLBAR_HEIGHT}
        return DISCLOSURE_HEIGHT + rows + extra.get(self.kind, 0)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the parameters that differ from their defaults, in canonical order."""
        look = {
            **to_parameters(self.picks, self.collection),
            "fallback": self.fallback,
            "kind": self.kind if self.kind != "grid" else None,
            "rows": self.rows if self.rows != DEFAULT_ROWS[self.kind] else None,
            "limit": self.limit,
            "theme": self.theme,
            "accent": self.accent,
            "site": self.site,
            "consent": "click" if self.consent else None,
            "credit": int(self.credit),
            "align": self.align,
            "target": self.target,
        }
        return self.query.to_pairs() + [(name, str(value)) for name, value in look.items() if value]

    def to_query_string(self) -> str:
        """Return the embed's canonical query string, encoded for an address."""
        return urlencode(self.pairs())

    def to_attributes(self) -> dict[str, str]:
        """Return the parameters as attributes of the element; commas separate several agencies."""
        attributes: dict[str, str] = {}
        for name, value in self.pairs():
            attributes[name] = f"{attributes[name]},{value}" if name in attributes else value
        if self.accent:
            attributes["accent"] = f"#{self.accent}"
        if self.consent:
            attributes["data-consent"] = attributes.pop("consent")
        return attributes


def read_leniently(raw: bytes) -> Parameters:
    """Return the readable parameters of a query string that stands on another site's page.

    Raises:
        BadQuery: as `clean_parameters`, or the query string is too long.
    """
    return clean_parameters(read_parameters(raw, lenient=True))


def clean_parameters(decoded: Parameters) -> Parameters:
    """Return the parameters that an embed can use.

    Readers of a blog can't correct an address, so that pictures are worth more than an error
    here. The rules are those of the element's attributes: numbers out of range are clamped, the
    first of several values counts, any ``consent`` asks for a click, and an unreadable value gives
    way to the default. Texts are cut, and blanks replace their control characters.

    Raises:
        BadQuery: names ``q`` where a search has no criteria and visitors can't type any.
    """
    given = drop_unread_language(decoded)
    parameters = {
        name: cleaned for name, values in given.items() if (cleaned := _clean_values(name, values))
    }
    while True:
        try:
            read_flag(parameters, "wait")
            Embed.from_parameters(parameters)
        except BadQuery as error:
            if error.field not in parameters:
                raise
            del parameters[error.field]
        else:
            return parameters


def _clean_values(name: str, values: Iterable[str]) -> list[str]:
    """Return the effective values of a parameter, within their bounds."""
    texts = [value for value in values if to_shown(value)]
    if name == "agency":
        return [agency for agency in texts if len(agency) <= MAX_NAME]
    if name == "site":
        return texts
    if name == "consent":
        return ["click"] if texts else []
    if name in MAX_LENGTHS:
        texts = [_clean_text(text, MAX_LENGTHS[name]) for text in texts]
    if name in NUMBER_BOUNDS:
        texts = [_clamp_number(text, *NUMBER_BOUNDS[name]) for text in texts[:1]]
    return [text for text in texts if text][:1]


def _clean_text(text: str, max_length: int) -> str:
    """Return the beginning of a text, with blanks for control characters and surrogates."""
    plain = (" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text[: 2 * max_length])
    return cut_between_signs("".join(plain).strip(), max_length)


def _clamp_number(text: str, low: int, high: int) -> str:
    """Return the number at the beginning of a text, clamped; empty where the text has none."""
    match = re.match(r"\s*([+-]?)([0-9]+)", text)
    if match is None:
        return ""
    size = int(match[2].lstrip("0")[:10] or 0)
    return str(min(max(-size if match[1] == "-" else size, low), high))


def _read_query(parameters: Parameters, *, may_be_empty: bool) -> SearchQuery:
    """Return the first page of the search; without criteria an empty query where allowed."""
    if may_be_empty and not _has_criteria(parameters):
        return SearchQuery.from_parameters({**parameters, "q": ["-"]}).replace(q="", page=1)
    return SearchQuery.from_parameters(parameters).replace(page=1)


def _has_criteria(parameters: Parameters) -> bool:
    return any(read_single(parameters, name) for name in CRITERIA)


def _read_choice(parameters: Parameters, name: str, values: Iterable[str]) -> str | None:
    text = read_single(parameters, name)
    return make_choice_parser(values)(name, text) if text else None


def _read_fallback(parameters: Parameters) -> str:
    """Return the words to search for where nothing is found, parsed like words of a search."""
    words = read_single(parameters, "fallback")
    try:
        return SearchQuery.from_parameters({"q": [words]}).q if words else ""
    except BadQuery as error:
        raise BadQuery("fallback", error.template, **error.values) from None


def _parse_accent(text: str) -> str:
    color = normalize_color(text)
    if not re.fullmatch(HEX_COLOR, color):
        raise BadQuery("accent", "Use six hexadecimal digits, such as ff8800.")
    return color
