"""Scripts about pages of the site, for a window of any engine, and the wait for their values."""

from typing import Any, Final

from tests.support.waiting import wait_until
from tests.support.windows import Window

TILES: Final = "return document.querySelectorAll('.tile .picture').length"
"""Counts the pictures of tiles."""
AT_REST: Final = """
    const loaded = () => performance.getEntriesByType("resource").length;
    const before = loaded();
    await new Promise(done => setTimeout(done, 300));
    return document.readyState === "complete" && loaded() === before;
"""
"""Returns whether nothing more is loaded: a page that still loads is not kept for Back."""
SEEN: Final = """
    const all = [...document.querySelectorAll(".tile .picture")]
        .map(one => [one.dataset.id, Math.round(one.getBoundingClientRect().top)]);
    return all.find(([, top]) => top > 60) ?? null;
"""
"""Returns the first picture that lies below the bar, and its place."""

LOOK_AT_THIRD: Final = """
    const link = document.querySelectorAll("main [data-look]")[2];
    link?.click();
    return Boolean(link);
"""
"""Opens quick look at the third picture; returns whether there is one."""
LOOKS: Final = "return Boolean(document.querySelector('dialog[open] .facts dl'))"
"""Returns whether quick look shows all details."""


def shows(window: Window, script: str) -> Any:
    """Return what a script returns, once that is something."""
    found: list[Any] = []

    def has_come() -> bool:
        found[:] = [window.run(script)]
        return bool(found[0])

    wait_until(has_come)
    return found[0]


def open_look(window: Window, address: str) -> None:
    """Open a page of results and quick look at the third picture, with all details."""
    window.open(address)
    shows(window, LOOK_AT_THIRD)
    shows(window, LOOKS)
