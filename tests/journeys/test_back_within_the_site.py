"""Back and Forward between pages of the site show the pages as they were left, without a request.

Each engine keeps pages for Back (bfcache), unless a page prevents that.
"""

import pytest

from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.window_pages import AT_REST, SEEN, TILES, shows
from tests.support.windows import Window
from tests.support.words import new_words

WATCH = "addEventListener('pageshow', event => { window.kept = event.persisted }); window.same = 1"
FOLLOW = "setTimeout(() => document.querySelectorAll('main .tile .similar')[AT].click())"
"""Follows a tile's link to the page of its picture."""
BOTTOM = "scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })"


def leave_for_picture(window: Window, at: int) -> str:
    """Go from the tiles to the page of a picture; return the path of that page."""
    shows(window, AT_REST)
    window.run(WATCH)
    window.run(FOLLOW.replace("AT", str(at)))
    path = shows(window, "return /^.image/.test(location.pathname) && location.pathname")
    shows(window, AT_REST)
    window.run(WATCH)
    return str(path)


def is_kept(window: Window, path: str) -> bool:
    """Wait until a page is shown again; return whether the page is the document that was left."""
    shows(window, f"return location.pathname === {path!r} && 'kept' in window")
    return bool(window.run("return window.kept && window.same === 1"))


@pytest.mark.parametrize("path", ["/search", "/topics/snow"])
def test_back_shows_the_tiles_and_forward_the_picture_as_they_were(
    window: Window, visited: SiteServer, path: str
) -> None:
    """The tiles that scrolling has appended are there, at their place, and none is loaded again."""
    window.size(1440, 900)
    window.open(f"{visited.url}{path}?q={new_words()}&lang=en")
    wait_until(lambda: window.run(TILES) >= 48)
    window.run(BOTTOM)
    wait_until(lambda: window.run(TILES) >= 96)
    window.run("scrollTo({ top: 1500, behavior: 'instant' })")
    shows(window, AT_REST)
    place, tiles = window.run(SEEN), window.run(TILES)
    picture = leave_for_picture(window, 60)
    window.back()
    assert is_kept(window, path)
    assert [window.run(SEEN), window.run(TILES)] == [place, tiles]
    window.run("setTimeout(() => history.forward())")
    assert is_kept(window, picture)
    assert window.run("return !!document.querySelector('main h1')")
