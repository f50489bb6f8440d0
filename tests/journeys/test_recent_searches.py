"""The search box offers recent searches in each engine, and clears them by one press."""

from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.window_pages import AT_REST, TILES, shows
from tests.support.windows import Window
from tests.support.words import new_words

TYPE = """
    const box = document.getElementById("q");
    box.focus();
    box.value = WORDS;
    box.dispatchEvent(new Event("input"));
"""
READY = "return !!document.getElementById('suggestions')"
OFFERED = """
    return [...document.querySelectorAll("#suggestions:not([hidden]) [role=option] bdi")]
        .map(option => option.textContent);
"""


def test_recent_searches_are_offered_and_cleared(window: Window, visited: SiteServer) -> None:
    """The words of a search are offered in the emptied box; the last option forgets them."""
    window.size(1440, 900)
    window.open(f"{visited.url}/?lang=en")
    wait_until(lambda: window.run("return !!document.getElementById('q')"))
    window.run("localStorage.removeItem('recent')")
    words = new_words()
    window.run(TYPE.replace("WORDS", repr(words)))
    wait_until(lambda: window.run(READY))
    window.type("Enter")
    wait_until(lambda: window.run("return location.pathname") == "/search")
    wait_until(lambda: window.run(TILES) >= 48)
    shows(window, AT_REST)
    window.run(TYPE.replace("WORDS", "''"))
    wait_until(lambda: words in window.run(OFFERED))
    window.type("ArrowUp")
    window.type("Enter")
    wait_until(lambda: window.run("return localStorage.recent ?? ''") == "")
    assert window.run(OFFERED) == []
    assert window.run("return location.pathname") == "/search"
