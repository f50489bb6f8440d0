"""Legible shades of the owner's accent color, for text and for the ground of text.

Shades reach 4.5 to 1, the contrast that WCAG 2.2 requires of text in success criterion 1.4.3. WCAG
defines the formulas under "relative luminance" and "contrast ratio".
"""

import functools
from typing import Final

MIN_CONTRAST: Final = 4.5
"""Least contrast ratio of a text to its ground."""
LIGHT_GROUNDS: Final = ("#fbfaf8", "#ffffff")
DARK_GROUNDS: Final = ("#161514", "#1f1d1b", "#10100f")
"""Colors that a shade must contrast with: grounds in ``static/site.css``, and text on a shade."""
MIN_WHITE_PERCENT: Final = 55
"""Least percentage of white in the shade for dark pages, where a full color would glare."""

Color = tuple[int, int, int]


@functools.cache
def derive_shades(accent: str) -> tuple[str, str]:
    """Return two CSS colors of an accent (``#rrggbb``): for light pages, and for dark pages.

    The shades are the accent mixed with the least black or white that makes the shades legible.
    """
    light = _find_shade(accent, "#000000", LIGHT_GROUNDS, 0)
    dark = _find_shade(accent, "#ffffff", DARK_GROUNDS, MIN_WHITE_PERCENT)
    return light, dark


def contrast_ratio(color: str, ground: str) -> float:
    """Return the contrast ratio of two colors, from 1 to 21."""
    darker, lighter = sorted(
        (_relative_luminance(_parse_color(color)), _relative_luminance(_parse_color(ground)))
    )
    return (lighter + 0.05) / (darker + 0.05)


def _find_shade(accent: str, toward: str, grounds: tuple[str, ...], min_percent: int) -> str:
    """Return the first mix of an accent with ``toward`` that contrasts with all ``grounds``."""
    mixes = (_mix_colors(accent, toward, percent) for percent in range(min_percent, 101))
    return next(
        mix
        for mix in mixes
        if all(contrast_ratio(mix, ground) >= MIN_CONTRAST for ground in grounds)
    )


def _mix_colors(color: str, added: str, percent: int) -> str:
    """Return a color mixed with a percentage of the color ``added``."""
    pairs = zip(_parse_color(color), _parse_color(added), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * percent / 100):02x}" for a, b in pairs)


def _parse_color(color: str) -> Color:
    """Return red, green and blue from 0 to 255."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue


def _relative_luminance(color: Color) -> float:
    """Return the relative luminance, from 0 for black to 1 for white."""
    red, green, blue = (_linearize_channel(value / 255) for value in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linearize_channel(value: float) -> float:
    """Return a channel of an sRGB color in proportion to its light."""
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
