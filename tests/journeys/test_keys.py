"""Arrow keys move among pictures, which are one stop of Tab, in each engine."""

import pytest

from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.window_pages import AT_REST, TILES, shows
from tests.support.windows import Window
from tests.support.words import new_words

NUMBER = """
    const all = [...document.querySelectorAll("main .tile .picture")];
    return all.indexOf(document.activeElement);
"""
"""Returns the number of the focused picture; -1 without one."""
WATCH = """
    addEventListener("keydown", ({ key }) => {
        const links = [...document.querySelectorAll("main .tile a")].filter(a => a.tabIndex >= 0);
        if (key === "Tab") window.stops = new Set(links.map(a => a.closest(".tile"))).size;
    });
"""
"""Counts, at each press of Tab, the tiles with links that Tab reaches."""
NEIGHBORS = """
    const [from, to] = [FROM, TO].map(at => {
        const tile = document.querySelectorAll("main .tile")[at];
        const { top, bottom, left, right } = tile.getBoundingClientRect();
        return { top, bottom, left, right };
    });
    return Math.abs(to.top - from.bottom) < 10 && to.left < from.right && to.right > from.left;
"""
"""Returns whether a tile is right below another."""
FOCUS = "document.querySelectorAll('main .tile .picture')[AT].focus()"


def press(window: Window, key: str) -> int:
    """Press a key; return the number of the picture with the focus."""
    window.type(key)
    return int(window.run(NUMBER))


@pytest.mark.parametrize(
    ("lang", "ahead", "back"), [("en", "Right", "Left"), ("ar", "Left", "Right")]
)
def test_arrows_move_among_pictures(
    window: Window, visited: SiteServer, lang: str, ahead: str, back: str
) -> None:
    """Each arrow leads to the neighbor at its side, in both directions of writing."""
    window.size(1440, 900)
    window.open(f"{visited.url}/search?q={new_words()}&lang={lang}")
    wait_until(lambda: window.run(TILES) >= 48)
    shows(window, AT_REST)
    window.run(FOCUS.replace("AT", "0"))
    window.type("Shift")  # the first key loads the script
    wait_until(lambda: press(window, f"Arrow{ahead}") > 0)
    window.run(FOCUS.replace("AT", "0"))
    assert press(window, f"Arrow{ahead}") == 1
    assert press(window, f"Arrow{ahead}") == 2
    assert press(window, f"Arrow{back}") == 1
    below = press(window, "ArrowDown")
    assert below > 2
    assert window.run(NEIGHBORS.replace("FROM", "1").replace("TO", str(below)))
    assert press(window, "ArrowUp") == 1
    assert press(window, "ArrowUp") == 1
    assert press(window, "Home") == 0
    assert press(window, "End") >= 47


def test_pictures_are_one_stop_of_tab(window: Window, visited: SiteServer) -> None:
    """Tab reaches the links of one tile alone, also once more pictures are appended."""
    window.size(1440, 900)
    window.open(f"{visited.url}/search?q={new_words()}&lang=en")
    wait_until(lambda: window.run(TILES) >= 48)
    shows(window, AT_REST)
    window.run(FOCUS.replace("AT", "0"))
    window.type("Shift")
    wait_until(lambda: press(window, "ArrowRight") > 0)
    wait_until(lambda: press(window, "End") > 47 or window.run(TILES) >= 96)
    wait_until(lambda: press(window, "End") >= 95)
    window.run(WATCH)
    window.type("Tab")
    assert window.run("return window.stops") == 1


def test_question_mark_lists_the_keys(window: Window, visited: SiteServer) -> None:
    """The sign opens a dialog, also as the first key; in the search box the sign is a letter."""
    window.size(1440, 900)
    window.open(f"{visited.url}/search?q={new_words()}&lang=en")
    shows(window, AT_REST)
    window.run("document.querySelector('#q').focus()")
    window.type("?")
    window.run("document.activeElement.blur()")
    assert window.run("return document.querySelector('#q').value.includes('?')")
    assert not window.run("return document.querySelector('#keys').open")
    window.type("?")
    shows(window, "return document.querySelector('#keys').open")
    window.type("Escape")
    shows(window, "return !document.querySelector('#keys').open")
