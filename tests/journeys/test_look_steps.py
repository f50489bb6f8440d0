"""In each engine quick look goes on by keys from any of its parts, and into pages to come."""

from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.window_pages import AT_REST, LOOKS, TILES, open_look, shows
from tests.support.windows import Window
from tests.support.words import new_words

PATH = "return location.pathname"
FOCUS = "document.querySelector('dialog[open] .facts .share').focus()"
IN_LOOK = "return document.getElementById('look').contains(document.activeElement)"
TO_THE_LAST = """
    const after = document.querySelector("#look .after");
    for (let steps = 0; !after.disabled && steps < 60; steps += 1) after.click();
    return document.querySelectorAll("main .tile .picture").length;
"""
"""Goes on as far as the button does; returns the number of pictures on the page."""
SLASH = """
    document.activeElement.blur();
    const values = { key: "/", bubbles: true, cancelable: true, MODIFIER: true };
    const isLeft = document.body.dispatchEvent(new KeyboardEvent("keydown", values));
    return [document.activeElement.id, isLeft];
"""


def test_keys_go_on_from_any_part(window: Window, visited: SiteServer) -> None:
    """The part with the focus goes with its picture; the focus stays in quick look."""
    window.size(1440, 900)
    open_look(window, f"{visited.url}/search?q={new_words()}&lang=en")
    paths = {window.run(PATH)}
    for _ in range(2):
        window.run(FOCUS)
        window.type("ArrowRight")
        assert window.run(IN_LOOK)
        shows(window, LOOKS)
        assert window.run(IN_LOOK)
        paths.add(window.run(PATH))
    assert len(paths) == 3


def test_quick_look_goes_on_into_pages_to_come(window: Window, visited: SiteServer) -> None:
    """The next page loads behind the dialog, as while scrolling, and the button leads on."""
    window.size(1440, 900)
    window.open(f"{visited.url}/search?q={new_words()}&lang=en")
    wait_until(lambda: window.run(TILES) >= 48)
    shows(window, AT_REST)
    window.run("document.querySelector('main [data-look]').click()")
    shows(window, LOOKS)
    wait_until(lambda: window.run(TO_THE_LAST) > 48)
    shows(window, "return !document.querySelector('#look .after').disabled")
    window.type("ArrowRight")
    path = shows(window, f"{LOOKS} && location.pathname")
    window.type("Escape")
    shows(window, "return !document.querySelector('dialog[open]')")
    shown = "return document.activeElement.closest('.tile')?.querySelector('.title').pathname"
    assert shows(window, shown) == path


def test_the_slash_of_any_keyboard_leads_to_the_box(window: Window, visited: SiteServer) -> None:
    """Many keyboards have the slash on a key with Shift; other modifiers belong to the browser."""
    window.open(f"{visited.url}/about?lang=en")
    shows(window, AT_REST)
    assert window.run(SLASH.replace("MODIFIER", "shiftKey")) == ["q", False]
    for other in ("ctrlKey", "altKey", "metaKey"):
        assert window.run(SLASH.replace("MODIFIER", other)) == ["", True]
