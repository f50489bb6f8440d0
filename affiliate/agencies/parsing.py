"""What agencies write, read with care: renditions and their sizes, numbers, JSON of errors."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from affiliate.domain import decoding
from affiliate.domain.media import Sides, Thumbnail, web_address

MAX_SIDE: Final = 10**6
"""Pixels; a side above this is no side of a picture."""

Wire = TypeVar("Wire")


def is_number(media_id: str) -> bool:
    """Return whether an id is a number as agencies write it, in digits of ASCII."""
    return media_id.isascii() and media_id.isdecimal()


def read_rendition(value: object) -> Thumbnail | None:
    """Return a ``{url, width, height}`` object as a `Thumbnail`; None where it can't be shown."""
    if not isinstance(value, dict):
        return None
    url = web_address(value.get("url"))
    sides = (value.get("width"), value.get("height"))
    width, height = (s if isinstance(s, int | float) and 0 < s < 1e5 else 0 for s in sides)  # noqa: PLR2004 - pixels
    return Thumbnail(url, width, height) if url and width and height else None


def first_rendition(assets: Mapping[str, Any], names: tuple[str, ...]) -> Thumbnail | None:
    """Return the first of the named renditions that can be shown."""
    return next((t for t in (read_rendition(assets.get(n)) for n in names) if t), None)


def density_renditions(*found: Thumbnail | None) -> tuple[Thumbnail, ...]:
    """Return the renditions among which a screen may choose, the smallest first; none or several.

    Their id bars, where they have some, lie beyond the declared size of each, as the box has the
    ratio of the declared size (`page.renditions` leaves out other ratios).
    """
    by_width = {one.width: one for one in found if one}
    return tuple(by_width[width] for width in sorted(by_width)) if len(by_width) > 1 else ()


def fit_rendition(url: object, width: float, height: float, side: int) -> Thumbnail | None:
    """Return a rendition of a known ratio whose longer side has ``side`` pixels.

    None where the address or a side of the whole picture can't be.
    """
    found = web_address(url)
    if not found or not (0 < width < MAX_SIDE and 0 < height < MAX_SIDE):
        return None
    scale = side / max(width, height)
    return Thumbnail(found, max(round(width * scale), 1), max(round(height * scale), 1))


def original_sides(width: object, height: object) -> Sides | None:
    """Return the sides of the whole picture; None where they can't be."""
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


def decode_json(body: bytes, shape: type[Wire]) -> Wire | None:
    """JSON in its wire shape, for a judge of answers; None for anything else."""
    try:
        return decoding.decode_json(body, shape)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
