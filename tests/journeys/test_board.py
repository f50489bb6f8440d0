"""A board in Chromium, Firefox and WebKit: kept, ordered, shared, opened elsewhere, downloaded."""

import csv
import io

import requests

from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.window_pages import AT_REST, TILES, shows
from tests.support.windows import Window

POINT = """
    const tile = document.querySelectorAll("main .tile")[AT];
    tile.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, pointerType: "mouse" }));
    return !!tile.querySelector(".keep");
"""
"""Points at a tile; returns whether the tile has its button."""
KEEP = """
    const button = document.querySelectorAll("main .tile")[AT].querySelector(".keep");
    button.click();
    return button.ariaPressed === "true" && button.dataset.pick;
"""
COUNT = "return document.querySelector('.to-board').textContent"
CARDS = "return [...document.querySelectorAll('.card')].map(card => card.dataset.pick).join()"
BUTTONS = "return document.querySelectorAll('.card button:not([hidden])').length"
LATER = "document.querySelector('.card [data-do=later]').click()"
SHARE = """
    Object.defineProperty(navigator, "clipboard", {
        value: { writeText: async text => { window.copied = text; } },
    });
    document.querySelector("[data-do=share]").click();
    return window.copied;
"""
FILE = "return document.querySelector('[download]').href"


def test_a_board_is_kept_ordered_shared_and_downloaded(
    window: Window, referring: SiteServer
) -> None:
    """A colleague's browser, which has kept nothing, shows the same pictures in the same order."""
    window.size(1440, 900)
    window.open(f"{referring.url}/search?q=mountain&lang=en")
    wait_until(lambda: window.run(TILES) >= 12)
    shows(window, AT_REST)
    picks = []
    for at in (0, 2, 3):
        shows(window, POINT.replace("AT", str(at)))
        picks.append(window.run(KEEP.replace("AT", str(at))))
    assert window.run(COUNT) == "Board 3"
    window.open(f"{referring.url}/board?lang=en")
    wait_until(lambda: window.run(CARDS) == ",".join(picks))
    assert window.run(BUTTONS) == 9
    window.run(LATER)
    first, second, third = picks
    order = f"{second},{first},{third}"
    assert window.run(CARDS) == order
    address, file = window.run(SHARE), window.run(FILE)

    window.run("localStorage.clear()")
    window.open(address)
    assert window.run(CARDS) == order
    assert window.run(COUNT) == "Board "
    assert window.complaints() == []
    rows = list(
        csv.DictReader(io.StringIO(requests.get(file, timeout=30).content.decode("utf-8-sig")))
    )
    assert ",".join(f"{row['agency']}:{row['id']}" for row in rows) == order
    assert all("/click/camref:1abc/" in row["link"] for row in rows)
