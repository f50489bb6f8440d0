"""What a page elsewhere embeds: a search, and how it looks there.

The same words are the attributes of ``<affiliate-search>`` and the parameters of ``/embed``.
"""

import re
from typing import Final, Self
from urllib.parse import urlencode

import msgspec

from affiliate.errors import BadQuery
from affiliate.model import SearchQuery
from affiliate.query import (
    Parameters,
    drop_unread_language,
    one_of,
    read_site,
    single,
    whole,
)

ROWS: Final = {"grid": 2, "strip": 1, "image": 2, "search": 3}
"""The kinds, each with the rows of pictures that it has unless told."""
MOST_ROWS: Final = 6
MOST_PICTURES: Final = 48
THEMES: Final = ("light", "dark", "auto")

ROW: Final = 150
GAP: Final = 6
NOTE: Final = 36
BOX: Final = 50
SCROLLBAR: Final = 16
"""Heights in pixels, as ``static/embed.css`` has them: a row, the space between two, the
disclosure above all of them, the search box, and what a strip leaves for its scrollbar."""


class Embed(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One embed in its canonical form; ``query`` may say nothing where visitors type it.

    ``limit`` is the most pictures, ``site`` the host name that stands in links and reports,
    ``consent`` says that pictures load only after a click.
    """

    query: SearchQuery
    kind: str = "grid"
    rows: int = ROWS["grid"]
    limit: int | None = None
    theme: str | None = None
    accent: str | None = None
    site: str = ""
    consent: bool = False

    @classmethod
    def from_parameters(cls, asked: Parameters) -> Self:
        """Read decoded parameters; unknown and empty ones, and odd languages, are dropped.

        Raises:
            BadQuery: names the first parameter that can't be read, or ``q`` where nothing is
                searched for and nobody can type it.
        """
        asked = drop_unread_language(asked)
        kind = one_of(ROWS)("kind", single(asked, "kind") or "grid")
        rows, limit = single(asked, "rows"), single(asked, "limit")
        theme, accent = single(asked, "theme"), single(asked, "accent")
        consent = single(asked, "consent")
        return cls(
            query=_query(asked, typed=kind == "search"),
            kind=kind,
            rows=whole(1, MOST_ROWS)("rows", rows) if rows else ROWS[kind],
            limit=whole(1, MOST_PICTURES)("limit", limit) if limit else None,
            theme=one_of(THEMES)("theme", theme) if theme else None,
            accent=_accent(accent) if accent else None,
            site=read_site(asked),
            consent=consent is not None and bool(one_of(["click"])("consent", consent)),
        )

    @property
    def height(self) -> int:
        """Pixels that it takes, whatever is found."""
        rows = self.rows * (ROW + GAP) - GAP
        more = {"search": BOX, "strip": SCROLLBAR}
        return NOTE + rows + more.get(self.kind, 0)

    def pairs(self) -> list[tuple[str, str]]:
        """The parameters that differ from their defaults, in canonical order."""
        look = {
            "kind": self.kind if self.kind != "grid" else None,
            "rows": self.rows if self.rows != ROWS[self.kind] else None,
            "limit": self.limit,
            "theme": self.theme,
            "accent": self.accent,
            "site": self.site,
            "consent": "click" if self.consent else None,
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


def _query(asked: Parameters, *, typed: bool) -> SearchQuery:
    """The first page of the search; empty where visitors type it and nothing else is said."""
    said = any(single(asked, name) for name in ("q", "category", "contributor", "color"))
    if typed and not said:
        return SearchQuery.from_parameters({**asked, "q": ["-"]}).replace(q="", page=1)
    return SearchQuery.from_parameters(asked).replace(page=1)


def _accent(text: str) -> str:
    color = text.strip().removeprefix("#").casefold()
    if not re.fullmatch(r"[0-9a-f]{6}", color):
        raise BadQuery("accent", "Use six hexadecimal digits, such as ff8800.")
    return color
