"""Tolerant readers of agencies' answers: renditions and sizes, numbers, JSON of errors."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from affiliate.domain import decoding
from affiliate.domain.media import Sides, Thumbnail, read_web_address

MAX_SIDE: Final = 10**6
"""Pixels; a larger number is not taken for the side of a picture."""

Wire = TypeVar("Wire")


def is_number(media_id: str) -> bool:
    """Return whether an id is a number in digits of ASCII, as agencies write numbers."""
    return media_id.isascii() and media_id.isdecimal()


def read_rendition(value: object) -> Thumbnail | None:
    """Return a ``{url, width, height}`` object as a `Thumbnail`; None where a part is unusable."""
    if not isinstance(value, dict):
        return None
    url = read_web_address(value.get("url"))
    sides = (value.get("width"), value.get("height"))
    width, height = (s if isinstance(s, int | float) and 0 < s < 1e5 else 0 for s in sides)  # noqa: PLR2004 - pixels
    return Thumbnail(url, width, height) if url and width and height else None


def find_first_rendition(assets: Mapping[str, Any], names: tuple[str, ...]) -> Thumbnail | None:
    """Return the first of the named renditions that can be shown."""
    return next((t for t in (read_rendition(assets.get(n)) for n in names) if t), None)


def select_densities(*renditions: Thumbnail | None) -> tuple[Thumbnail, ...]:
    """Return the renditions among which a screen may choose, the smallest first; none or several.

    An id bar lies beyond the declared size of its rendition, and the box has the ratio of the
    declared size (templates leave out renditions of other ratios).
    """
    by_width = {rendition.width: rendition for rendition in renditions if rendition}
    return tuple(by_width[width] for width in sorted(by_width)) if len(by_width) > 1 else ()


def fit_rendition(url: object, width: float, height: float, side: int) -> Thumbnail | None:
    """Return a rendition with the ratio of ``width`` and ``height``, ``side`` pixels long.

    None where the address or a side of the whole picture is invalid.
    """
    address = read_web_address(url)
    if not address or not (0 < width < MAX_SIDE and 0 < height < MAX_SIDE):
        return None
    scale = side / max(width, height)
    return Thumbnail(address, max(round(width * scale), 1), max(round(height * scale), 1))


def read_original_sides(width: object, height: object) -> Sides | None:
    """Return the sides of the whole picture; None where they are invalid."""
    sides = (int(read_number(width)), int(read_number(height)))
    return Sides(*sides) if min(sides) > 0 and max(sides) < MAX_SIDE else None


def read_number(value: object) -> float:
    """Return a number that an API may write as text, perhaps with a unit; 0 for anything else.

    No number that an agency gives is below zero.
    """
    if isinstance(value, bool):
        return 0.0
    match = re.fullmatch(r"\s*([0-9]{1,15}(?:\.[0-9]{1,9})?)\s*(?:px)?\s*", str(value))
    return float(match[1]) if match and isinstance(value, str | int | float) else 0.0


def read_credits(value: object) -> int | None:
    """Return a price in whole credits; None for anything else, as for no price."""
    number = read_number(value)
    return int(number) or None if number.is_integer() else None


def decode_or_none(body: bytes, shape: type[Wire]) -> Wire | None:
    """Return JSON in its wire shape, for a judge of answers; None for anything else."""
    try:
        return decoding.decode_json(body, shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
