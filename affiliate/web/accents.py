"""The owner's accent in shades that can be read, as text and as a ground of text.

Shades reach 4.5 to 1, the contrast that WCAG 2.2 asks of text in its success criterion 1.4.3; how
it is measured stands there under "relative luminance" and "contrast ratio".
"""

import functools
from typing import Final

MIN_CONTRAST: Final = 4.5
"""The least contrast of a text to its ground."""
LIGHT_GROUNDS: Final = ("#fbfaf8", "#ffffff")
DARK_GROUNDS: Final = ("#161514", "#1f1d1b", "#10100f")
"""Lists what a shade must be told from: the grounds of ``static/site.css``, and text on a shade."""
MIN_WHITE_PERCENT: Final = 55
"""Hundredths of white in the shade of dark pages, where a full color would glare."""

Color = tuple[int, int, int]


@functools.cache
def derive_shades(accent: str) -> tuple[str, str]:
    """Return an accent (``#rrggbb``) as two colors of CSS, for light pages and for dark ones.

    The shades are the accent with as little black or white as makes them readable.
    """
    light = _find_shade(accent, "#000000", LIGHT_GROUNDS, 0)
    dark = _find_shade(accent, "#ffffff", DARK_GROUNDS, MIN_WHITE_PERCENT)
    return light, dark


def contrast_ratio(one: str, other: str) -> float:
    """Return the contrast ratio of two colors, from 1 to 21."""
    darker, lighter = sorted(
        (_relative_luminance(_parse_color(one)), _relative_luminance(_parse_color(other)))
    )
    return (lighter + 0.05) / (darker + 0.05)


def _find_shade(accent: str, toward: str, others: tuple[str, ...], first: int) -> str:
    """Return a mix of an accent with black or white that can be told from all ``others``."""
    mixes = (_mix_colors(accent, toward, part) for part in range(first, 101))
    return next(
        mix for mix in mixes if all(contrast_ratio(mix, one) >= MIN_CONTRAST for one in others)
    )


def _mix_colors(one: str, other: str, part: int) -> str:
    """Return a color with so many hundredths of another."""
    pairs = zip(_parse_color(one), _parse_color(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * part / 100):02x}" for a, b in pairs)


def _parse_color(color: str) -> Color:
    """Return red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue


def _relative_luminance(color: Color) -> float:
    """Return the relative luminance, from 0 for black to 1 for white."""
    red, green, blue = (_linearize_channel(value / 255) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linearize_channel(value: float) -> float:
    """Return a part of a color of sRGB in proportion to its light."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
