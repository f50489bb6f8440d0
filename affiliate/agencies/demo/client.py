"""The demo catalogue: pictures in the public domain that ship with the site, without a key.

The demo keeps the promises of every agency: chunks of one ranking, named unsupported filters, and
thumbnails whose files have an id bar outside their declared size. `tools/make_catalog.py` makes
the pictures. SQLite's FTS5 finds stemmed words, and beginnings of words when no whole word
matches. Similar pictures share keywords, categories and colors.
"""

import functools
import sqlite3
import threading
import weakref
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from affiliate.agencies.base import SUGGESTIONS, Agency
from affiliate.domain import decoding
from affiliate.domain.media import Media, SearchQuery, SearchResult, Thumbnail
from affiliate.domain.query import ORIENTATIONS, PANORAMA, SORTS, TYPES
from affiliate.domain.words import lower_text, split_terms

CATALOG: Final = Path(__file__).with_name("catalog.jsonl")
SIMILAR_COLOR: Final = 90.0
"""Largest distance of colors, in weighted RGB units (0 to 765), that still counts as similar."""
GRAY: Final = 24
"""Largest difference between a gray's channels, of 255."""
FARTHEST: Final = 765.0
"""The distance of black and white."""
CLOSE: Final = 0.75
"""The least similarity, of 1, of a catalogue's word that replaces an unknown word."""
CACHED_MATCHES: Final = 256
"""Expressions whose matches stay in memory, 10 kB each at most: tabs count the same words anew."""
PHRASE_GAP: Final = 2
"""The most words between two words of one keyword: "black and white"."""
MOST_UNKNOWN: Final = 5
"""The most unknown words to correct; each is compared with every word of the catalogue."""


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

    def has_orientation(self, orientation: str) -> bool:
        """Return whether the picture has an orientation; a panorama is horizontal, too."""
        if orientation == "panorama":
            return self.width >= PANORAMA * self.height
        if self.width == self.height:
            return orientation == "square"
        return orientation == ("horizontal" if self.width > self.height else "vertical")


class Demo(Agency):
    """The pictures that ship with the site."""

    name = "demo"
    title = "Demo catalogue"
    image_filters: ClassVar[Mapping[str, tuple[str, ...] | None]] = {
        "exclude": None,
        "type": TYPES,
        "orientation": ORIENTATIONS,
        "color": None,
        "category": None,
        "contributor": None,
        "no_ai": None,  # all are works of people
        "sort": SORTS,
    }
    max_per_call = 240
    depth = 1_000
    has_similar = True
    has_suggestions = True
    has_categories = True
    protocol = "none"
    source_quality = "ships with the site"
    is_free = True
    license_url = "https://creativecommons.org/publicdomain/mark/1.0/"

    def set_up(self) -> None:
        self.pictures, self._index = _read_catalog(CATALOG)

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        pictures = self._find(query)
        _sort_results(pictures, query.sort)
        corrected = self._correct(query) if query.q and not pictures else None
        start = chunk * self.chunk_size
        shown = pictures[start : start + self.chunk_size]
        items = tuple(self.to_media(p, query.media) for p in shown)
        return SearchResult(items, len(pictures), corrected)

    def list_ids_at_hand(self, query: SearchQuery) -> frozenset[str]:
        return frozenset(picture.id for picture in self._find(query))

    def _find(self, query: SearchQuery) -> list[Picture]:
        """Return the pictures of a search, by relevance."""
        excluded = self._index.find_any(query.exclude)
        matches = self._index.find_all(query.q) if query.q else self.pictures
        pictures = (self.pictures[i] for i in matches if i not in excluded)
        return [p for p in pictures if self.offers(p, query.media) and _passes_filters(p, query)]

    def _correct(self, query: SearchQuery) -> str | None:
        """Return the words with known words for unknown, if a search for these finds pictures."""
        words = lower_text(query.q, query.lang or "").split()
        unknown = {w for w in words if any(map(str.isalnum, w)) and not self._index.find_all(w)}
        if not 0 < len(unknown) <= MOST_UNKNOWN:
            return None
        near = {w: get_close_matches(w, self._index.words, 1, CLOSE) for w in unknown}
        corrected = " ".join(near[w][0] if near.get(w) else w for w in words)
        return corrected if self._find(query.replace(q=corrected)) else None

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        picture = self.pictures.get(media_id)
        if picture is None:
            return super().fetch_similar(media_id, query, chunk)
        others = (
            (_score_similarity(picture, p), p)
            for p in self.pictures.values()
            if p is not picture and self.offers(p)
        )
        ranking = sorted(((n, p) for n, p in others if n), key=lambda pair: (-pair[0], pair[1].id))
        start = chunk * self.similar_size
        items = tuple(self.to_media(p) for _, p in ranking[start : start + self.similar_size])
        return SearchResult(items, len(ranking))

    def offers(self, picture: Picture, media: str = "image") -> bool:
        """Return whether the agency has a picture of the catalogue, or a clip of the picture."""
        del picture
        return media == "image"

    def suggest_searches(self, words: str, lang: str) -> tuple[str, ...]:
        del lang  # the catalogue speaks English
        head, _, last = words.rpartition(" ")
        among = frozenset(self._index.find_all(head)) if head else self.pictures.keys()
        before = f"{head} " if head else ""
        counts = {
            before + keyword: len(among & ids)
            for keyword, ids in self._index.keywords.items()
            if keyword.startswith(last) and keyword not in head.split()
        }
        counts |= {k: len(ids) for k, ids in self._index.keywords.items() if k.startswith(words)}
        best = sorted(counts, key=lambda t: (-counts[t], t not in self._index.keywords, t))
        return tuple(t for t in best if counts[t] and t != words)[:SUGGESTIONS]

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        picture = self.pictures.get(media_id)
        if picture is None or not self.offers(picture, media):
            return super().fetch_details(media_id, media)
        return self.to_media(picture, media)

    def list_categories(self, lang: str, media: str = "image") -> tuple[str, ...]:
        del lang  # the catalogue speaks English
        pictures = self.pictures.values() if media == "image" else ()
        return tuple(sorted({name for picture in pictures for name in picture.categories}))

    def to_media(self, picture: Picture, media: str = "image") -> Media:
        """Convert a picture, or its clip, to the `Media` of all agencies."""
        base = f"{self.url}/static/demo/{picture.id}"
        small = Thumbnail(f"{base}.webp", picture.width, picture.height)
        large = Thumbnail(f"{base}-large.webp", picture.preview_width, picture.preview_height)
        return Media(
            agency=self.name,
            id=picture.id,
            media=media,
            type=picture.type,
            title=picture.title,
            keywords=picture.keywords,
            page_url=f"{self.url}/image/demo/{picture.id}",
            contributor=picture.contributor,
            thumbnail=small,
            preview=large,
            renditions=(small, large),
            color=picture.color,
            categories=picture.categories,
        )


class _Index:
    """The catalogue's words: as stems, and as written, for beginnings of words.

    Of a keyword of several words the last word counts alone: a "mountain bike" is a bike, and found
    as "mountain bike" too, but no mountain.
    ``keywords`` has the ids of pictures by keyword; ``words`` are the single words of the keywords.
    """

    def __init__(self, pictures: Iterable[Picture]) -> None:
        carriers = defaultdict(set)
        for picture in pictures:
            for keyword in (*picture.keywords, *picture.categories):
                carriers[keyword.casefold()].add(picture.id)
        self.keywords = dict(carriers)
        self.words = sorted({word for keyword in carriers for word in keyword.split()})
        rows = [_list_texts(picture) for picture in pictures]
        self._stems = _Table(rows, "porter unicode61 remove_diacritics 2")
        self._words = _Table(rows, "unicode61 remove_diacritics 2")  # "bicy" has another stem

    def find_all(self, words: str) -> tuple[str, ...]:
        """Return the ids of pictures with all words, best first.

        Words count as beginnings where no picture has all of them. Words between quotation marks
        stand side by side.
        """
        terms = [term for term in split_terms(words) if any(map(str.isalnum, term))]
        return self._stems.match(" AND ".join(_express_terms(terms))) or self._words.match(
            " AND ".join(_express_terms(terms, " *"))
        )

    def find_any(self, words: str) -> frozenset[str]:
        """Return the ids of pictures with any of the words."""
        groups = [group for term in split_terms(words) for group in _express_terms([term])]
        return frozenset(self._stems.match(" OR ".join(groups)))


@functools.lru_cache(maxsize=1)
def _read_catalog(path: Path) -> tuple[Mapping[str, Picture], _Index]:
    """Return the pictures by their ids, and the index of their words; read once in a process."""
    lines = path.read_bytes().splitlines()
    pictures = {p.id: p for p in (decoding.decode_json(line, Picture) for line in lines)}
    return pictures, _Index(pictures.values())


class _Table:
    """Full-text search in memory; one connection, one query at a time."""

    def __init__(self, rows: Iterable[tuple[str, ...]], tokenize: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self._db.execute(
            "CREATE VIRTUAL TABLE words USING fts5 (id UNINDEXED, title, keywords, categories,"
            f" phrases, tokenize = '{tokenize}', prefix = '2 3')"
        )
        self._db.executemany("INSERT INTO words VALUES (?, ?, ?, ?, ?)", rows)
        self.match = functools.lru_cache(CACHED_MATCHES)(self._match)

    def _match(self, expression: str) -> tuple[str, ...]:
        """Return the ids of the rows that an FTS5 expression finds, best first."""
        if not any(c.isalnum() for c in expression):
            return ()  # FTS5 has no word to look for
        with self._lock:
            rows = self._db.execute(
                "SELECT id FROM words WHERE words MATCH ? ORDER BY bm25(words, 0, 8, 3, 1, 3), id",
                (expression,),
            )
            return tuple(row[0] for row in rows)


def _list_texts(picture: Picture) -> tuple[str, ...]:
    """Return the id, title, last words of keywords, categories, and keywords of several words."""
    phrases = " ".join(keyword for keyword in picture.keywords if " " in keyword)
    heads = " ".join(keyword.rpartition(" ")[2] for keyword in picture.keywords)
    return picture.id, picture.title, heads, " ".join(picture.categories), phrases


def _express_terms(terms: Sequence[str], star: str = "") -> list[str]:
    """Return an FTS5 expression per term; a keyword of several words needs a term's neighbor."""
    words = [_quote_word(term) + star for term in terms]
    groups = []
    for i, (term, word) in enumerate(zip(terms, words, strict=True)):
        alone = word if " " in term else f"- phrases : {word}"
        beside = words[max(i - 1, 0) : i] + words[i + 1 : i + 2]
        near = (f"phrases : NEAR({word} {other}, {PHRASE_GAP})" for other in beside)
        groups.append(f"({' OR '.join([alone, *near])})")
    return groups


def _quote_word(word: str) -> str:
    return '"' + word.replace("\0", " ").replace('"', " ").strip() + '"'  # SQL text ends at a NUL


def _passes_filters(picture: Picture, query: SearchQuery) -> bool:
    comparisons = (
        (query.type, picture.type),
        (query.contributor and query.contributor.casefold(), picture.contributor.casefold()),
    )
    if any(expected is not None and expected != actual for expected, actual in comparisons):
        return False
    if query.orientation and not picture.has_orientation(query.orientation):
        return False
    if query.category and query.category.casefold() not in map(str.casefold, picture.categories):
        return False
    if query.color == "grayscale":
        return all(_is_gray(c) for c in picture.colors)
    return query.color is None or any(
        _measure_distance(query.color, c) <= SIMILAR_COLOR for c in picture.colors
    )


def _score_similarity(picture: Picture, other: Picture) -> float:
    """Return the similarity of two pictures; 0 without a common keyword or category."""
    shared = (
        _score_overlap(picture.keywords, other.keywords)
        + _score_overlap(picture.categories, other.categories) / 4
    )
    return shared and shared + (1 - _measure_distance(picture.color, other.color) / FARTHEST) / 4


def _score_overlap(words: Iterable[str], other_words: Iterable[str]) -> float:
    """Return the Jaccard index of two sets of words: common words by all words, 0 to 1."""
    a, b = set(map(str.casefold, words)), set(map(str.casefold, other_words))
    return len(a & b) / len(a | b) if a | b else 0


def _is_gray(color: str) -> bool:
    return max(_parse_rgb(color)) - min(_parse_rgb(color)) <= GRAY


def _measure_distance(color: str, other_color: str) -> float:
    """Return the distance of two colors in weighted RGB units: 0 to `FARTHEST`."""
    far = [abs(a - b) for a, b in zip(_parse_rgb(color), _parse_rgb(other_color), strict=True)]
    # Weighted as the eye sees: https://www.compuphase.com/cmetric.htm, without its square root.
    distance: float = (2 * far[0] ** 2 + 4 * far[1] ** 2 + 3 * far[2] ** 2) ** 0.5
    return distance


def _parse_rgb(color: str) -> tuple[int, int, int]:
    value = int(color, 16)
    return value >> 16, value >> 8 & 255, value & 255


def _sort_results(pictures: list[Picture], sort: str) -> None:
    """Sort pictures in place; ``relevance`` keeps the index's order, photographs first."""
    match sort:
        case "relevance":
            pictures.sort(key=lambda p: p.type != "photo")
        case "popular":
            pictures.sort(key=lambda p: -p.popularity)
        case "newest":
            pictures.sort(key=lambda p: p.added, reverse=True)
        case "oldest":
            pictures.sort(key=lambda p: p.added)
        case "random":
            pictures.sort(key=lambda p: zlib.crc32(p.id.encode()))
