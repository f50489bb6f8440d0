"""What a page elsewhere embeds: a search, and how it looks there.

The same words are the attributes of ``<affiliate-search>`` and the parameters of ``/embed``.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final, Self
from urllib.parse import urlencode

import msgspec

from affiliate.domain.media import SearchQuery
from affiliate.domain.picks import Pick, read_collection, read_picks, to_parameters
from affiliate.domain.query import (
    MAX_NAME,
    MAX_WORDS,
    Parameters,
    choice_parser,
    drop_unread_language,
    integer_parser,
    read_flag,
    read_parameters,
    read_single,
    read_site,
)
from affiliate.domain.words import cut_between_signs, to_shown
from affiliate.errors import BadQuery

ROWS: Final = {"grid": 2, "strip": 1, "image": 2, "search": 3}
"""The kinds, each with the rows of pictures that it has unless told."""
MOST_ROWS: Final = 6
MOST_PICTURES: Final = 48
THEMES: Final = ("light", "dark", "auto")
SIDES: Final = ("left", "center", "right")
TARGETS: Final = ("_blank", "_self")

BOUNDS: Final[Mapping[str, tuple[int, int]]] = {
    "rows": (1, MOST_ROWS),
    "limit": (1, MOST_PICTURES),
    "people": (0, 4),
    "page": (1, 999_999_999),
}
"""The least and the most of each parameter that is a whole number."""
LENGTHS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("q", "exclude", "fallback"), MAX_WORDS),
    **dict.fromkeys(("category", "contributor"), MAX_NAME),
}
"""The most characters of each parameter that is a text."""

ROW: Final = 150
GAP: Final = 6
NOTE: Final = 36
BOX: Final = 50
SCROLLBAR: Final = 16
"""Heights in pixels, as ``static/embed.css`` has them: a row, the space between two, the
disclosure above all of them, the search box, and what a strip leaves for its scrollbar."""


class Embed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One embed in its canonical form; ``query`` may say nothing where visitors type it.

    ``picks`` and ``collection`` are shown in place of a search, ``fallback`` are words to search
    for where nothing is found. ``limit`` is the most pictures, ``site`` the host name that stands
    in links and reports, ``consent`` says that pictures load only after a click, ``credit`` that
    their makers are always named, ``target`` whether links open a new tab.
    """

    query: SearchQuery
    kind: str = "grid"
    rows: int = ROWS["grid"]
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
    def from_parameters(cls, asked: Parameters) -> Self:
        """Read decoded parameters; unknown and empty ones, and odd languages, are dropped.

        Raises:
            BadQuery: names the first parameter that can't be read, or ``q`` where nothing is
                searched for and nobody can type it.
        """
        asked = drop_unread_language(asked)
        kind = choice_parser(ROWS)("kind", read_single(asked, "kind") or "grid")
        rows, limit = read_single(asked, "rows"), read_single(asked, "limit")
        accent, consent = read_single(asked, "accent"), read_single(asked, "consent")
        picks, collection = read_picks(asked), read_collection(asked)
        fallback, typed = _fallback(asked), kind == "search" or bool(picks or collection)
        if fallback and not typed and not _says_something(asked):
            asked = {**asked, "q": [fallback]}
        return cls(
            query=_query(asked, typed=typed),
            kind=kind,
            rows=integer_parser(1, MOST_ROWS)("rows", rows) if rows else ROWS[kind],
            limit=integer_parser(1, MOST_PICTURES)("limit", limit) if limit else None,
            theme=_choice(asked, "theme", THEMES),
            accent=_accent(accent) if accent else None,
            site=read_site(asked),
            consent=consent is not None and bool(choice_parser(["click"])("consent", consent)),
            picks=picks,
            collection=collection,
            fallback=fallback,
            credit=read_flag(asked, "credit"),
            align=_choice(asked, "align", SIDES),
            target=_choice(asked, "target", TARGETS),
        )

    def shows_something(self) -> bool:
        """Tell whether there are pictures before anybody types what to search for."""
        return self.query.has_criteria() or bool(self.picks or self.collection)

    @property
    def height(self) -> int:
        """Pixels that it takes, whatever is found."""
        rows = self.rows * (ROW + GAP) - GAP
        more = {"search": BOX, "strip": SCROLLBAR}
        return NOTE + rows + more.get(self.kind, 0)

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters that differ from their defaults, in canonical order."""
        look = {
            **to_parameters(self.picks, self.collection),
            "fallback": self.fallback,
            "kind": self.kind if self.kind != "grid" else None,
            "rows": self.rows if self.rows != ROWS[self.kind] else None,
            "limit": self.limit,
            "theme": self.theme,
            "accent": self.accent,
            "site": self.site,
            "consent": "click" if self.consent else None,
            "credit": int(self.credit),
            "align": self.align,
            "target": self.target,
        }
        return self.query.pairs() + [(name, str(value)) for name, value in look.items() if value]

    def canonical(self) -> str:
        """The one query string of this embed, ready to stand in an address."""
        return urlencode(self.pairs())

    def attributes(self) -> dict[str, str]:
        """The same as attributes of the element; agencies stand in one, with commas between."""
        found: dict[str, str] = {}
        for name, value in self.pairs():
            found[name] = f"{found[name]},{value}" if name in found else value
        if self.accent:
            found["accent"] = f"#{self.accent}"
        if self.consent:
            found["data-consent"] = found.pop("consent")
        return found


def read_leniently(raw: bytes) -> Parameters:
    """Return what can be read of a query string that stands on another site's page.

    Readers can't mend an address, so that pictures are worth more to them than an error. As with
    the attributes of the element, numbers out of range are bounded, the first of several values
    counts, any ``consent`` asks for a click, and what can't be read is as by default. Texts are
    cut, and blanks stand for their control characters.

    Raises:
        BadQuery: names ``q`` where nothing is searched for and nobody can type it.
    """
    found = drop_unread_language(read_parameters(raw, lenient=True))
    asked = {name: kept for name, values in found.items() if (kept := _settled(name, values))}
    while True:
        try:
            read_flag(asked, "wait")
            Embed.from_parameters(asked)
        except BadQuery as error:
            if error.field not in asked:
                raise
            del asked[error.field]
        else:
            return asked


def _settled(name: str, values: Iterable[str]) -> list[str]:
    """Return the values of a parameter that count, within their bounds."""
    said = [value for value in values if to_shown(value)]
    if name == "agency":
        return [one for one in said if len(one) <= MAX_NAME]
    if name == "site":
        return said
    if name == "consent":
        return ["click"] if said else []
    if name in LENGTHS:
        said = [_plain(value, LENGTHS[name]) for value in said]
    if name in BOUNDS:
        said = [_bounded(value, *BOUNDS[name]) for value in said[:1]]
    return [value for value in said if value][:1]


def _plain(text: str, most: int) -> str:
    """Return the beginning of a text, with blanks for characters that nobody can search for."""
    plain = (" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text[: 2 * most])
    return cut_between_signs("".join(plain).strip(), most)


def _bounded(text: str, low: int, high: int) -> str:
    """Return the number that a text begins with, within bounds; empty where it begins with none."""
    found = re.match(r"\s*([+-]?)([0-9]+)", text)
    if found is None:
        return ""
    size = int(found[2].lstrip("0")[:10] or 0)
    return str(min(max(-size if found[1] == "-" else size, low), high))


def _query(asked: Parameters, *, typed: bool) -> SearchQuery:
    """The first page of the search; empty where visitors type it and nothing else is said."""
    if typed and not _says_something(asked):
        return SearchQuery.from_parameters({**asked, "q": ["-"]}).replace(q="", page=1)
    return SearchQuery.from_parameters(asked).replace(page=1)


def _says_something(asked: Parameters) -> bool:
    return any(read_single(asked, name) for name in ("q", "category", "contributor", "color"))


def _choice(asked: Parameters, name: str, values: Iterable[str]) -> str | None:
    text = read_single(asked, name)
    return choice_parser(values)(name, text) if text else None


def _fallback(asked: Parameters) -> str:
    """Return the words to search for where nothing is found, read as words of a search are."""
    words = read_single(asked, "fallback")
    try:
        return SearchQuery.from_parameters({"q": [words]}).q if words else ""
    except BadQuery as error:
        raise BadQuery("fallback", error.template, **error.values) from None


def _accent(text: str) -> str:
    color = text.strip().removeprefix("#").casefold()
    if not re.fullmatch(r"[0-9a-f]{6}", color):
        raise BadQuery("accent", "Use six hexadecimal digits, such as ff8800.")
    return color
