"""Pictures that several agencies sell, recognized cautiously and shown once, with all sellers.

No agency says that a picture is another's too. Two are taken for one only when different agencies
sell them, title and ratio are the same, and the contributors don't speak against it: where one
agency names theirs by a number, or not at all, the title must be so long that chance is unlikely.
Where an agency shows several pictures of a title, they are a series, of which nobody knows which is
which: none is folded. A wrong fold hides a picture; a missed one only shows it twice.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

import msgspec

from affiliate.domain.media import Media

MAX_RATIO_DIFFERENCE: Final = 0.02
"""How far the ratios of two agencies' renditions of one picture may be apart."""
MIN_WORDS: Final = 4
"""Words of a title, below which even pictures of one contributor are often different."""
DISTINCTIVE_WORDS: Final = 8
"""Words of a title that stand for themselves, where the contributors can't be compared."""


def merge_duplicates(items: Sequence[Media]) -> tuple[Media, ...]:
    """The items of a page, each double only where its first stands, which has all sellers.

    The order is that of the items; so the first's link is the one that its place earns by.
    """
    titles = [(item.media, _normalize_text(item.title)) for item in items]
    own = Counter((item.agency, title) for item, title in zip(items, titles, strict=True))
    series = {title for (_, title), count in own.items() if count > 1}
    tiles: list[list[Media]] = []
    by_title: dict[tuple[str, str], list[list[Media]]] = {}
    for item, title in zip(items, titles, strict=True):
        alike = [] if title in series else by_title.setdefault(title, [])
        tile = next((one for one in alike if all(_is_same_picture(m, item) for m in one)), None)
        if tile is None:
            tile = []
            alike.append(tile)
            tiles.append(tile)
        tile.append(item)
    return tuple(_merge_tile(tile) for tile in tiles)


def _merge_tile(tile: Sequence[Media]) -> Media:
    """The first of a tile, with the sellers of all."""
    sellers = tuple(seller for one in tile for seller in one.sellers)
    return msgspec.structs.replace(tile[0], sellers=sellers)


def _is_same_picture(one: Media, other: Media) -> bool:
    """Return whether two with the same title are one picture."""
    if one.agency == other.agency:
        return False
    if one.type and other.type and one.type != other.type:
        return False
    if abs(_ratio(one) / _ratio(other) - 1) > MAX_RATIO_DIFFERENCE:
        return False
    words = len(_normalize_text(one.title).split())
    names = (_normalize_contributor(one), _normalize_contributor(other))
    if all(names):
        return names[0] == names[1] and words >= MIN_WORDS
    return words >= DISTINCTIVE_WORDS


def _ratio(media: Media) -> float:
    return media.thumbnail.width / media.thumbnail.height


def _normalize_contributor(media: Media) -> str:
    """Return the maker, to be compared between agencies; empty where unknown or a number."""
    name = _normalize_text(media.contributor or "").replace(" ", "").replace("_", "")
    return "" if name.isdecimal() else name


def _normalize_text(text: str) -> str:
    """Return words without case, signs and spaces that agencies write differently.

    Combining marks are no signs: Thai and Indic scripts write vowels with them.
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = (sign if _is_word_character(sign) else " " for sign in plain)
    return " ".join("".join(kept).split())


def _is_word_character(sign: str) -> bool:
    return sign.isalnum() or sign == "_" or unicodedata.category(sign).startswith("M")
