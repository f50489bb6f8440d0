"""Tiles and the footer where engines differ: bounded boxes, and the end of short pages."""

import pytest

from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.windows import Window

COUNT = "return document.querySelectorAll('main .tile').length"
UNCOVERED = """
    return [...document.querySelectorAll("main .tile")].filter((tile) => {
        const crop = tile.querySelector(".crop").getBoundingClientRect();
        const box = tile.getBoundingClientRect();
        const ratio = Number.parseFloat(getComputedStyle(tile).getPropertyValue("--ratio"));
        return crop.left > box.left + .5 || crop.right < box.right - .5
            || crop.top > box.top + .5 || crop.bottom < box.bottom - .5
            || Math.abs(crop.width / crop.height / ratio - 1) > .01;
    }).length;
"""
WIDEST = """
    const ratios = [...document.querySelectorAll("main .tile")]
        .map((tile) => tile.offsetWidth / tile.offsetHeight);
    return Math.max(...ratios);
"""
FOOT = """
    const foot = document.querySelector(".foot");
    return foot ? Math.abs(foot.getBoundingClientRect().bottom - innerHeight) : 1000;
"""


@pytest.mark.parametrize(("width", "most"), [(375, 2.2), (1440, 3)])
def test_crops_keep_their_ratio_and_cover_their_tiles(
    window: Window, visited: SiteServer, width: int, most: float
) -> None:
    """Panoramas too, whose tiles are less wide than they are."""
    window.size(width, 800)
    window.open(f"{visited.url}/search?q=sea&agency=shutterstock&lang=en&wait=1")
    wait_until(lambda: window.run(COUNT) > 20)
    wait_until(lambda: window.run(UNCOVERED) == 0)  # the page may follow its window late
    assert window.run(WIDEST) == pytest.approx(most, abs=0.05)


def test_short_pages_end_at_the_bottom(window: Window, visited: SiteServer) -> None:
    """The footer is where it is on a long page that is scrolled to its end."""
    for width in (375, 1440):
        window.size(width, 1000)
        window.open(f"{visited.url}/nowhere?lang=en")
        wait_until(lambda: window.run(FOOT) <= 1)
