"""In each engine quick look keeps its buttons in reach, shares, copies credits, stands offline."""

import pytest

from tests.support.site_server import SiteServer
from tests.support.window_pages import LOOK_AT_THIRD, LOOKS, open_look, shows
from tests.support.windows import Window
from tests.support.words import new_words

BUTTONS_IN_REACH = """
    const look = document.querySelector("dialog[open]");
    const inside = [];
    for (const top of [0, look.scrollHeight]) {
        look.scrollTo(0, top);
        await new Promise(requestAnimationFrame);
        const buy = look.querySelector(".buy").getBoundingClientRect();
        const links = [...look.querySelectorAll(".buy a")].map((a) => a.getBoundingClientRect());
        inside.push(Math.abs(buy.bottom - innerHeight) < 2
            && links.every((box) => box.height >= 24 && box.bottom <= innerHeight && box.top >= 0));
    }
    look.scrollTo(0, look.scrollHeight);  // rows that were laid out by now may have grown
    const parts = [...look.querySelectorAll("article > :not(.buy)")];
    const end = Math.max(...parts.map((part) => part.getBoundingClientRect().bottom));
    return [...inside, end <= look.querySelector(".buy").getBoundingClientRect().top + 1];
"""
"""Returns whether the buttons are at the bottom at both ends of scrolling, and cover nothing."""
CLIPBOARD = """
    window.copied = [];
    Object.defineProperty(navigator, "clipboard", { configurable: true, value: {
        writeText: async (text) => {
            if (FAILS) throw new Error("no permission");
            copied.push(text);
        },
    } });
    Object.defineProperty(navigator, "share", { configurable: true, value: SHARE });
"""
PRESS = """
    document.querySelector("dialog[open] SELECTOR").click();
    await new Promise((done) => setTimeout(done));
"""
SELECTED = """
    const { value, selectionStart, selectionEnd } = document.activeElement;
    return value?.slice(selectionStart, selectionEnd);
"""
SAID = "return document.querySelector('dialog[open] [role=status]').textContent"
PATH = "return document.querySelector('dialog[open] .share').dataset.path"
CUT_OFF = """
    const { open } = XMLHttpRequest.prototype;
    window.online = () => {
        XMLHttpRequest.prototype.open = open;
        dispatchEvent(new Event("online"));
    };
    XMLHttpRequest.prototype.open = function (method) { open.call(this, method, "blob:nothing") };
"""
NOTE = "return document.querySelector('dialog[open] .facts .note')?.textContent ?? ''"
KNOWN = """
    const look = document.querySelector("dialog[open]");
    const name = look.querySelector("h1").textContent;
    return [name === document.title, name.length > 0, look.querySelector(".facts").textContent];
"""


@pytest.mark.parametrize("size", [(375, 667), (667, 375)])
def test_buttons_stay_in_reach_on_a_phone(
    window: Window, visited: SiteServer, size: tuple[int, int]
) -> None:
    """The buttons of sellers stand at the bottom wherever one scrolls, upright and sideways."""
    window.size(*size)
    open_look(window, f"{visited.url}/search?q={new_words()}&lang=en")
    shows(window, "return document.querySelectorAll('dialog .similars .tile').length > 0")
    assert window.run(BUTTONS_IN_REACH) == [True, True, True]


def test_a_picture_is_shared_by_its_own_address(window: Window, visited: SiteServer) -> None:
    """By the system's menu where there is one, else copied, else in a selected field."""
    window.size(1440, 900)
    open_look(window, f"{visited.url}/search?q={new_words()}&lang=en")
    address = visited.url + window.run(PATH)
    assert address.endswith("?lang=en")
    share = "async ({ title, url }) => { copied.push(title, url) }"
    window.run(CLIPBOARD.replace("FAILS", "false").replace("SHARE", share))
    window.run(PRESS.replace("SELECTOR", ".share"))
    title = window.run("return document.querySelector('dialog h1').textContent")
    assert window.run("return copied") == [title, address]
    window.run(CLIPBOARD.replace("FAILS", "false").replace("SHARE", "undefined"))
    window.run(PRESS.replace("SELECTOR", ".share"))
    assert window.run("return copied") == [address]
    assert window.run(SAID) == "Copied"
    window.run(CLIPBOARD.replace("FAILS", "true").replace("SHARE", "undefined"))
    window.run(PRESS.replace("SELECTOR", ".share"))
    assert window.run(SELECTED) == address
    window.type("ArrowRight")  # moves in the field, not on to the next picture
    assert window.run(PATH) == address.removeprefix(visited.url)
    assert window.run("return Boolean(document.querySelector('dialog[open]'))")


def test_a_free_picture_brings_its_credit(window: Window, referring: SiteServer) -> None:
    """As text and as HTML; where the clipboard is closed, in a selected field."""
    open_look(window, f"{referring.url}/search?q=flower&lang=en&exclude={new_words()}")
    window.run(CLIPBOARD.replace("FAILS", "false").replace("SHARE", "undefined"))
    window.run(PRESS.replace("SELECTOR", ".copy"))
    window.run(PRESS.replace("SELECTOR", "[data-html]"))
    title = window.run("return document.querySelector('dialog h1').textContent")
    text, html = window.run("return copied")
    assert text.startswith(f'"{title}" by ')
    assert text.endswith(", Demo catalogue")
    assert title in html
    labels = "return [...document.querySelectorAll('dialog .copy')].map((one) => one.textContent)"
    assert window.run(labels) == ["Copy", "Copied"]
    window.run(CLIPBOARD.replace("FAILS", "true").replace("SHARE", "undefined"))
    window.run(PRESS.replace("SELECTOR", "[data-html]"))
    assert window.run(SELECTED) == html


def test_quick_look_stands_offline(window: Window, visited: SiteServer) -> None:
    """Title and seller of the tile stand; a note offers to try again, as does the connection."""
    window.open(f"{visited.url}/search?q={new_words()}&lang=en")
    shows(window, "return document.querySelectorAll('main [data-look]').length > 2")
    window.run(CUT_OFF)
    shows(window, LOOK_AT_THIRD)
    shows(window, f"return {NOTE.removeprefix('return ')} !== ''")
    assert window.run(NOTE) == "The details could not be loaded. Try again"
    is_title, has_title, facts = window.run(KNOWN)
    assert (is_title, has_title) == (True, True)
    assert "Shutterstock" in facts
    window.run("online()")
    shows(window, LOOKS)
    assert window.run(NOTE) == ""
