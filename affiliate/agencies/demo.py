"""The demo catalogue: public-domain pictures that ship with the site, searched without a key.

It keeps the promises of every agency: chunks of one ranking, unsupported filters said, and
thumbnails whose files carry an id bar outside their declared size. `tools/make_catalog.py` makes
the pictures; words are found by SQLite's FTS5, stemmed, and by their beginnings when no whole
word matches.
"""

import sqlite3
import threading
import weakref
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from affiliate.agencies.base import Agency
from affiliate.model import Media, SearchQuery, SearchResult, Thumbnail
from affiliate.query import ORIENTATIONS, SORTS, TYPES
from affiliate.transport import Transport

CATALOG: Final = Path(__file__).with_name("demo_catalog.jsonl")
SIMILAR_COLOR: Final = 90.0
"""Largest distance of colors, in weighted RGB units (0 to 765), that still counts as similar."""
GRAY: Final = 24
"""Largest difference between a gray's channels, of 255."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the catalogue; sizes in pixels, colors in six hex digits."""

    id: str
    title: str
    keywords: tuple[str, ...]
    contributor: str
    type: str
    width: int
    height: int
    preview_width: int
    preview_height: int
    color: str
    colors: tuple[str, ...]
    categories: tuple[str, ...]
    added: str
    popularity: int
    license: str

    @property
    def orientation(self) -> str:
        if self.width == self.height:
            return "square"
        return "horizontal" if self.width > self.height else "vertical"


class Demo(Agency):
    """The pictures that ship with the site."""

    name = "demo"
    title = "Demo catalogue"
    expresses: ClassVar[Mapping[str, tuple[str, ...] | None]] = {
        "exclude": None,
        "type": TYPES,
        "orientation": ORIENTATIONS,
        "color": None,
        "category": None,
        "contributor": None,
        "sort": SORTS,
    }
    most = 240
    depth = 1_000

    def __init__(
        self,
        transport: Transport,
        *,
        url: str | None = None,
        credentials: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(transport, url=url, credentials=credentials)
        lines = CATALOG.read_bytes().splitlines()
        self.pictures = {
            p.id: p for p in (msgspec.json.decode(line, type=Picture) for line in lines)
        }
        self._index = _Index(self.pictures.values())

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        excluded = self._index.any_of(query.exclude)
        matches = self._index.all_of(query.q) if query.q else self.pictures
        pictures = (self.pictures[i] for i in matches if i not in excluded)
        found = [p for p in pictures if _passes(p, query)]
        _sort(found, query.sort)
        start = chunk * self.chunk_size
        items = found[start : start + self.chunk_size]
        return SearchResult(tuple(self.media(p) for p in items), len(found))

    def details(self, media_id: str) -> Media:
        picture = self.pictures.get(media_id)
        return self.media(picture) if picture else super().details(media_id)

    def media(self, picture: Picture) -> Media:
        """A picture as every agency's are described."""
        base = f"{self.url}/static/demo/{picture.id}"
        return Media(
            agency=self.name,
            id=picture.id,
            type=picture.type,
            title=picture.title,
            keywords=picture.keywords,
            page_url=f"{self.url}/image/demo/{picture.id}",
            contributor=picture.contributor,
            thumbnail=Thumbnail(f"{base}.webp", picture.width, picture.height),
            preview=Thumbnail(f"{base}-large.webp", picture.preview_width, picture.preview_height),
            color=picture.color,
        )


class _Index:
    """The catalogue's words: as stems, and as they are written, for beginnings of words."""

    def __init__(self, pictures: Iterable[Picture]) -> None:
        rows = [(p.id, p.title, " ".join(p.keywords), " ".join(p.categories)) for p in pictures]
        self._stems = _Table(rows, "porter unicode61 remove_diacritics 2")
        self._words = _Table(rows, "unicode61 remove_diacritics 2")  # "bicy" has another stem

    def all_of(self, words: str) -> list[str]:
        """The ids of pictures with all of the words, best first; beginnings if none has them."""
        quoted = [_quoted(w) for w in words.split()]
        return self._stems.match(" ".join(quoted)) or self._words.match(
            " ".join(f"{w} *" for w in quoted)
        )

    def any_of(self, words: str) -> frozenset[str]:
        """The ids of pictures with any of the words."""
        return frozenset(self._stems.match(" OR ".join(_quoted(w) for w in words.split())))


class _Table:
    """Full-text search in memory; one connection, one query at a time."""

    def __init__(self, rows: Iterable[tuple[str, ...]], tokenize: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self._db.execute(
            "CREATE VIRTUAL TABLE words USING fts5 (id UNINDEXED, title, keywords, categories,"
            f" tokenize = '{tokenize}', prefix = '2 3')"
        )
        self._db.executemany("INSERT INTO words VALUES (?, ?, ?, ?)", rows)

    def match(self, expression: str) -> list[str]:
        """The ids of the rows that an FTS5 expression finds, best first."""
        if not any(c.isalnum() for c in expression):
            return []  # FTS5 has no word to look for
        with self._lock:
            rows = self._db.execute(
                "SELECT id FROM words WHERE words MATCH ? ORDER BY bm25(words, 0, 8, 3, 1), id",
                (expression,),
            )
            return [row[0] for row in rows]


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _passes(picture: Picture, query: SearchQuery) -> bool:
    wanted = (
        (query.type, picture.type),
        (query.orientation, picture.orientation),
        (query.contributor and query.contributor.casefold(), picture.contributor.casefold()),
    )
    if any(asked is not None and asked != has for asked, has in wanted):
        return False
    if query.category and query.category.casefold() not in map(str.casefold, picture.categories):
        return False
    if query.color == "grayscale":
        return all(_is_gray(c) for c in picture.colors)
    return query.color is None or any(_similar(query.color, c) for c in picture.colors)


def _is_gray(color: str) -> bool:
    return max(_rgb(color)) - min(_rgb(color)) <= GRAY


def _similar(wanted: str, color: str) -> bool:
    far = [abs(a - b) for a, b in zip(_rgb(wanted), _rgb(color), strict=True)]
    # Weighted as the eye sees: https://www.compuphase.com/cmetric.htm, without its square root.
    distance: float = (2 * far[0] ** 2 + 4 * far[1] ** 2 + 3 * far[2] ** 2) ** 0.5
    return distance <= SIMILAR_COLOR


def _rgb(color: str) -> tuple[int, int, int]:
    value = int(color, 16)
    return value >> 16, value >> 8 & 255, value & 255


def _sort(found: list[Picture], sort: str) -> None:
    """Order in place; ``relevance`` is the order in which the index found them."""
    match sort:
        case "popular":
            found.sort(key=lambda p: -p.popularity)
        case "newest":
            found.sort(key=lambda p: p.added, reverse=True)
        case "oldest":
            found.sort(key=lambda p: p.added)
        case "random":
            found.sort(key=lambda p: zlib.crc32(p.id.encode()))
