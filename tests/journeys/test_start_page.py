"""The start page in Chromium, Firefox and WebKit: strips of pictures, and light or dark."""

from pathlib import Path

import pytest
import requests

from affiliate.web.site.pages import STRIP_ITEMS
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.windows import Window

STRIPS = """
    return [...document.querySelectorAll(".strips .tiles")].map((strip) => {
        const boxes = [...strip.children].map((tile) => tile.getBoundingClientRect());
        const odd = [...strip.children].filter((tile, i) => {
            const ratio = Number.parseFloat(getComputedStyle(tile).getPropertyValue("--ratio"));
            return Math.abs(boxes[i].width / boxes[i].height / ratio - 1) > .01;
        });
        return {
            count: boxes.length,
            rows: new Set(boxes.map(({ top }) => Math.round(top))).size,
            odd: odd.length,
            scrolls: strip.scrollWidth > strip.clientWidth,
        };
    });
"""
SIDEWAYS = "return document.documentElement.scrollWidth - innerWidth"
CHOOSE = """
    const menu = document.querySelector(".scheme select");
    menu.value = "{}";
    menu.dispatchEvent(new Event("change", {{ bubbles: true }}));
"""
LOOKS = """
    const menu = document.querySelector(".scheme select");
    return menu && [menu.value, getComputedStyle(document.body).backgroundColor];
"""
DARK, LIGHT = "rgb(22, 21, 20)", "rgb(251, 250, 248)"


@pytest.mark.parametrize("width", [375, 1440])
def test_strips_are_rows_of_whole_pictures(
    window: Window, visited: SiteServer, width: int, tmp_path: Path
) -> None:
    """Each strip is one row at any width, its tiles keep their ratio, the page stays in place."""
    for topic in ("mountain", "space", "sunset"):
        found = requests.get(f"{visited.url}/api/search?q={topic}&lang=en", timeout=30)
        assert found.json().get("items"), found.text
    window.size(width, 800)

    def has_strips() -> bool:  # a page that was rendered before the searches may be cached
        window.open(f"{visited.url}/?lang=en")
        return len(window.run(STRIPS)) >= 3

    wait_until(has_strips)
    strips = window.run(STRIPS)
    (tmp_path / "start.png").write_bytes(window.shot())
    wanted = {"count": STRIP_ITEMS, "rows": 1, "odd": 0, "scrolls": True}
    assert strips == [wanted] * len(strips)
    assert window.run(SIDEWAYS) <= 0


def test_the_scheme_that_a_visitor_chooses_stays(window: Window, visited: SiteServer) -> None:
    """The next page has the chosen scheme; the menu shows the choice."""
    window.open(f"{visited.url}/about?lang=en")
    for scheme, ground in (("dark", DARK), ("light", LIGHT)):
        window.run(CHOOSE.format(scheme))
        assert window.run(LOOKS)[1] == ground
        window.open(f"{visited.url}/search?q=cat&lang=en")
        wait_until(lambda: window.run(LOOKS) == [scheme, ground])  # noqa: B023 - waits at once
    window.run(CHOOSE.format(""))
    assert window.run('return localStorage.scheme || ""') == ""
