"""Embeds can be read on whatever ground their hosts put them."""

import re
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator

from tests.support.embed_hosts import open_page
from tests.support.embed_page import element, find_pictures, script
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer

LEAST = 4.5
"""The contrast of text that WCAG 2.2 asks for, 1.4.3."""


class Ground(NamedTuple):
    """What a page declares, and the color that stands under its embed."""

    style: str
    color: str


GROUNDS = (
    Ground("body { background: #fff; color: #222 }", "#ffffff"),
    Ground("body { background: #14161a; color: #e8e6e3 }", "#14161a"),
    Ground("body { background: #28303d; color: #d1e4dd }", "#28303d"),
    Ground(":root { color-scheme: dark } body { background: #28303d; color: #fff }", "#28303d"),
    Ground("body { background: #fff } main { background: #123; color: #fed }", "#112233"),
    Ground("body { background: #fdf6e3; color: #586e75 }", "#fdf6e3"),
)


def luminance(color: str) -> float:
    """Return the relative luminance of ``rgb(...)`` or six hex digits."""
    digits = re.findall(r"[0-9a-f]{2}", color) if color[0] == "#" else re.findall(r"\d+", color)
    parts = [int(one, 16 if color[0] == "#" else 10) / 255 for one in digits[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(c * share for c, share in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colors: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def read_color(part: Locator, name: str = "color") -> str:
    found: str = part.evaluate("(e, name) => getComputedStyle(e)[name]", name)
    return found


def test_texts_can_be_read_on_every_ground(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Disclosure, box and border have the page's own color, with nothing that dims them."""
    page = reader.new_page()
    for ground in GROUNDS:
        embed = element(site, "q=flower kind=search rows=1")
        page.goto(host.page(f"<style>{ground.style}</style>{script(site)}<main>{embed}</main>"))
        find_pictures(page)
        frame = page.locator("affiliate-search section")
        for part in (".disclosure", "input", "button"):
            assert contrast(read_color(frame.locator(part).first), ground.color) >= LEAST, ground
        assert contrast(read_color(frame.locator("form"), "borderTopColor"), ground.color) >= LEAST
        dimmed = frame.locator(".disclosure").first.evaluate(
            "e => { for (; e; e = e.parentElement) if (getComputedStyle(e).opacity < 1) return 1 }"
        )
        assert not dimmed


@pytest.mark.parametrize("theme", ["", "&theme=light", "&theme=dark", "&theme=auto"])
def test_frames_bring_their_own_ground(
    browser: Browser, host: HostPages, site: SiteServer, theme: str
) -> None:
    """A frame can't know the color around it: text and ground are a pair in every theme."""
    context = browser.new_context(color_scheme="dark")
    frame = f'<iframe src="{site.url}/embed?q=cat{theme}" width="600" height="342"></iframe>'
    page = open_page(context, host.page(f"<body style='background: #28303d'>{frame}"))
    inside = page.frame_locator("iframe")
    inside.locator(".picture").first.wait_for()
    ground = read_color(inside.locator("body"), "backgroundColor")
    assert contrast(read_color(inside.locator(".disclosure").first), ground) >= LEAST
    assert ("dark" in theme or "auto" in theme) == (luminance(ground) < 0.5)
    context.close()
