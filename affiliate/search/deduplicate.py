"""Pictures that several agencies sell, recognized cautiously and shown once, with all sellers.

No agency says that other agencies sell its pictures. Two pictures count as the same only when
different agencies sell them, title and ratio are the same, and the contributors don't contradict:
where an agency names contributors by numbers, or not at all, the title must be so long that chance
is unlikely. Several pictures with one title at an agency are a series, which is never merged, as
nobody can tell its pictures apart. A wrong merge hides a picture; a missed merge only shows a
picture twice.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from affiliate.domain.media import Media

MAX_RATIO_DIFFERENCE: Final = 0.02
"""The largest difference between the ratios of two agencies' renditions of a picture."""
MIN_WORDS: Final = 4
"""Words of a title; with fewer words even pictures of one contributor are often different."""
DISTINCTIVE_WORDS: Final = 8
"""Words of a title that suffice where the contributors can't be compared."""
SIGN: Final = re.compile(r"[^\w\s]")
"""A character that is neither a blank nor a part of a word; combining marks match, too."""


def merge_duplicates(items: Sequence[Media]) -> tuple[Media, ...]:
    """Return the items of a page with duplicates merged into the first, which has all sellers.

    The order is the order of the items, so that a place earns by the link of its first item.
    """
    if len({item.agency for item in items}) <= 1:
        return tuple(items)  # no agency repeats its own pictures
    titles = [(item.media, _normalize_text(item.title)) for item in items]
    own = Counter((item.agency, title) for item, title in zip(items, titles, strict=True))
    series = {title for (_, title), count in own.items() if count > 1}
    tiles: list[list[Media]] = []
    by_title: dict[tuple[str, str], list[list[Media]]] = {}
    for item, title in zip(items, titles, strict=True):
        alike = [] if title in series else by_title.setdefault(title, [])
        tile = next((t for t in alike if all(_is_same_picture(media, item) for media in t)), None)
        if tile is None:
            tile = []
            alike.append(tile)
            tiles.append(tile)
        tile.append(item)
    return tuple(_merge_tile(tile) for tile in tiles)


def _merge_tile(tile: Sequence[Media]) -> Media:
    """Return the first item of a tile, with the sellers of all items."""
    sellers = tuple(seller for item in tile for seller in item.sellers)
    return msgspec.structs.replace(tile[0], sellers=sellers)


def _is_same_picture(media: Media, other: Media) -> bool:
    """Return whether two items with the same title are the same picture."""
    if media.agency == other.agency:
        return False
    if media.type and other.type and media.type != other.type:
        return False
    if abs(_ratio(media) / _ratio(other) - 1) > MAX_RATIO_DIFFERENCE:
        return False
    words = len(_normalize_text(media.title).split())
    names = (_normalize_contributor(media), _normalize_contributor(other))
    if all(names):
        return names[0] == names[1] and words >= MIN_WORDS
    return words >= DISTINCTIVE_WORDS


def _ratio(media: Media) -> float:
    return media.thumbnail.width / media.thumbnail.height


def _normalize_contributor(media: Media) -> str:
    """Return the contributor for comparison between agencies; empty where unknown or a number."""
    name = _normalize_text(media.contributor or "").replace(" ", "").replace("_", "")
    return "" if name.isdecimal() else name


def _normalize_text(text: str) -> str:
    """Return words without case, signs and spaces that agencies write differently.

    Combining marks are kept: Thai and Indic scripts write vowels with combining marks.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(SIGN.sub(_keep_mark, plain).split())


def _keep_mark(match: re.Match[str]) -> str:
    return match[0] if unicodedata.category(match[0]).startswith("M") else " "
