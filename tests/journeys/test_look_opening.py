"""Quick look opens with the picture of its tile in the first frame after the click."""

from tests.support.site_server import SiteServer
from tests.support.window_pages import shows
from tests.support.windows import Window
from tests.support.words import new_words

LOADED = """
    const first = [...document.querySelectorAll(".tile img")].slice(0, 5);
    return first.length === 5 && first.every(one => one.complete && one.naturalWidth);
"""
"""Returns whether the first pictures are loaded."""
FIRST_FRAME = """
    const link = document.querySelectorAll("main [data-look]")[4];
    const { src } = link.closest(".tile").querySelector("img");
    const isShown = () => {
        const picture = document.querySelector("dialog[open] figure img");
        return picture?.src === src && picture.complete && picture.naturalWidth > 0;
    };
    await new Promise(requestAnimationFrame);
    await new Promise(done => setTimeout(done));  // between two frames, where clicks come
    link.click();
    const atOnce = isShown();
    await new Promise(requestAnimationFrame);
    return [atOnce, isShown(), matchMedia("(prefers-reduced-motion: reduce)").matches];
"""
"""Clicks a title; returns whether the dialog has the picture at once and in the next frame."""


def test_quick_look_opens_in_the_frame_of_the_click(window: Window, visited: SiteServer) -> None:
    """The dialog is open with the tile's picture, loaded, before a frame is drawn, with motion."""
    window.open(f"{visited.url}/search?q={new_words()}&lang=en")
    window.size(1440, 900)
    shows(window, LOADED)
    assert window.run(FIRST_FRAME) == [True, True, False]
    assert window.run("return location.pathname").startswith("/image/")
