"""Every accent can be read: as text of chips, and under the text of buttons."""

import re
from itertools import product

import pytest

from affiliate.web.accents import DARK_GROUNDS, LIGHT_GROUNDS, derive_shades
from tests.support.apps import ClientMaker
from tests.support.processes import ROOT

STEPS = ("00", "40", "80", "c0", "ff")
ACCENTS = [f"#{''.join(parts)}" for parts in product(STEPS, repeat=3)]
ACCENTS += ["#ffd400", "#FFD400", "#0b6e4f", "#fefefe", "#010101", "#777777", "#ff8800", "#1e90ff"]
STYLES = (ROOT / "static" / "site.css").read_text()


def luminance(color: str) -> float:
    """Return WCAG's relative luminance of a color."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return WCAG's contrast ratio of two colors."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def pair(style: str, name: str) -> tuple[str, str]:
    """Return a custom property's colors for light and dark pages, in six digits."""
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", style)
    assert found, name
    light, dark = (
        one if len(one) == 7 else "#" + "".join(c * 2 for c in one[1:]) for one in found.groups()
    )
    return light, dark


@pytest.mark.parametrize("accent", ACCENTS)
def test_chips_and_buttons_can_be_read_in_light_and_dark(accent: str) -> None:
    """At least 4.5 to 1: the shade on each ground, and the style sheet's text on the shade."""
    for at, shade in enumerate(derive_shades(accent)):
        for name in ("ground", "field", "on-strong"):
            assert contrast(shade, pair(STYLES, name)[at]) >= 4.5, (shade, name)


@pytest.mark.parametrize("accent", ["#0b6e4f", "#000000", "#aa3300", "#4b0082"])
def test_an_accent_that_can_be_read_stays_as_it_is_on_light_pages(accent: str) -> None:
    assert derive_shades(accent)[0] == accent


def test_the_grounds_are_those_of_the_style_sheet() -> None:
    light, dark = zip(*(pair(STYLES, name) for name in ("ground", "field")), strict=True)
    assert set(light) == set(LIGHT_GROUNDS)
    assert {*dark, pair(STYLES, "on-strong")[1]} == set(DARK_GROUNDS)
    assert "--strong: light-dark(var(--accent), var(--accent-dark))" in STYLES


def test_pages_have_the_shades_of_the_owners_accent(make_client: ClientMaker) -> None:
    """A bright yellow is darkened, so that white text can stand on it."""
    page = make_client(SITE_ACCENT="#ffd400").get("/?lang=en").text
    found = re.search(r'style="--accent: (#\w+); --accent-dark: (#\w+)"', page)
    assert found
    light, dark = found.groups()
    assert contrast(light, "#ffffff") >= 4.5
    assert contrast(dark, "#10100f") >= 4.5
