"""The crop: no tile shows its id bar, whatever size it is drawn at.

The bars are painted magenta on exact gray, so that any tint of them, however faint, is seen.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from jinja2 import Environment, FileSystemLoader
from PIL import Image
from playwright.sync_api import Browser, Page, Route

from affiliate.agencies.terms import Terms
from affiliate.domain.media import Media, Thumbnail
from tests.support.crop import EDGES, is_tinted, make_barred_picture, open_png
from tests.support.processes import ROOT
from tests.support.renditions import RENDITIONS
from tests.support.site_server import SiteServer
from tests.support.soak import SOAK

LOADED = "[...document.images].every(image => image.complete && image.naturalWidth)"
SIZES: tuple[tuple[float, float], ...] = (
    (390, 260),
    (173, 260),
    (260, 260),
    (462, 260),
    (444.99, 260),
    (260, 389.7),
    (1300, 260),
    (100, 260),
)
DENSE: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = (
    ((390, 260), (1000, 667)),
    ((173, 260), (667, 1000)),
    ((390, 260), (1000, 662)),
    ((390, 260), (994, 667)),
)
"""Boxes and larger files for dense screens, whose ratios are as far apart as `renditions` lets."""
LYING = [(box, file) for box, *larger in RENDITIONS.values() for file in (box, *larger)]
OF_AGENCIES = [*LYING, *(((h, w), (high, wide)) for (w, h), (wide, high) in LYING)]
"""The boxes and files of agencies, lying and upright."""
WIDTHS = [130 + 4.7 * i for i in range(58)]
"""To 400 and at every tenth of a pixel: the same fractions come again with smaller steps."""
SOME = WIDTHS[::5]
RATIOS = (1, 1.5, 2, 3) if SOAK else (1, 3)
SCREENS = (
    (375, 2600, (1.5, 2, 3)),
    (768, 1700, (1.5, 2)),
    (1440, 1500, (1, 1.5, 2)),
)
"""Widths of a phone, a tablet and a desk, each high enough for thirty tiles, and their ratios."""
COLUMNS = 96
FAST = {"optimizeForSpeed": True}
"""PNG all the same: packed less, so no pixel is lost."""
CELL = 20
"""The side of the window, in CSS pixels, through which a tile's lower right corner is seen."""
NO_OVERSCAN = ".crop img { inline-size: 100% !important; block-size: 100% !important }"
GRAY_GROUND = ".tile { --tint: #808080 !important } .tile::after { display: none !important }"


class Tile(NamedTuple):
    """One tile of the sweep."""

    width: float
    size: tuple[float, float]
    edge: str
    file: tuple[float, float]


# -- the site's own page


@pytest.mark.parametrize("edge", EDGES)
def test_results_show_no_bar(browser: Browser, site: SiteServer, edge: str) -> None:
    """On a phone, a tablet and a desk no tile of a results page shows any of its bar.

    Without the overscan some do: a bar that is there is seen.
    """
    with results(browser, site, edge) as page:
        found = {
            (width, ratio): bars
            for width, height, ratios in SCREENS
            for ratio in ratios
            if (bars := find_bars(page, width, height, ratio))
        }
        assert found == {}
        page.add_style_tag(content=NO_OVERSCAN)
        assert find_bars(page, 768, 1700, 1.5)


@contextmanager
def results(browser: Browser, site: SiteServer, edge: str) -> Iterator[Page]:
    """Yield the page for flowers, high enough for all its tiles, with bars in their pictures."""
    declared: dict[str, tuple[float, float]] = {}

    def fulfill(route: Route) -> None:
        width, height = declared[re.sub(r".*/|(-large)?\.webp", "", route.request.url)]
        route.fulfill(body=make_barred_picture(width, height, edge), content_type="image/png")

    context = browser.new_context(
        base_url=site.url,
        bypass_csp=True,  # for the tests' own style
        viewport={"width": 768, "height": 2600},
    )
    found = context.request.get("/api/search?q=flower").json()["items"]
    declared |= {i["id"]: (i["thumbnail"]["width"], i["thumbnail"]["height"]) for i in found}
    page = context.new_page()
    page.route("**/static/demo/*.webp", fulfill)
    page.goto("/search?q=flower")
    page.locator("[data-waiting]").wait_for(state="detached")
    page.add_style_tag(content=GRAY_GROUND)
    # One file for all ratios of the screen, as the route's are all the same.
    page.locator("img").evaluate_all(
        """all => all.forEach(image => {
            image.removeAttribute("srcset");
            Object.assign(image, {loading: "eager", decoding: "sync"});
        })"""
    )
    page.wait_for_function(LOADED)
    yield page
    context.close()


def find_bars(page: Page, width: int, height: int, ratio: float) -> list[str]:
    """Return the ids of the tiles on a screen that show a tint of their bars."""
    shot = draw(page, width, height, ratio)
    boxes: list[tuple[str, list[float]]] = page.locator(".tile").evaluate_all(
        """tiles => tiles.map(tile => {
            const {left, top, right, bottom} = tile.getBoundingClientRect();
            return [tile.querySelector("a").dataset.id, [left, top, right, bottom]];
        })"""
    )
    assert len(boxes) >= 10
    assert max(box[3] for _, box in boxes) * ratio < shot.height
    around = [(i, (b[0] - 1, b[1] - 1, b[2] + 1, b[3] + 1)) for i, b in boxes]
    return [i for i, box in around if is_tinted(shot.crop(tuple(round(v * ratio) for v in box)))]  # type: ignore[arg-type]


def draw(page: Page, width: int, height: int, ratio: float) -> Image.Image:
    """Resize the page to a screen of that size and density, and return a screenshot."""
    devtools = page.context.new_cdp_session(page)
    screen = {"width": width, "height": height, "deviceScaleFactor": ratio, "mobile": False}
    devtools.send("Emulation.setDeviceMetricsOverride", screen)
    assert page.evaluate("[innerWidth, devicePixelRatio]") == [width, ratio]
    shot = open_png(b64decode(devtools.send("Page.captureScreenshot", FAST)["data"]))
    assert shot.size == pytest.approx((width * ratio, height * ratio), abs=1)
    return shot


# -- the sweep


@pytest.mark.parametrize("ratio", RATIOS)
def test_no_width_shows_the_bar(sweep: Page, ratio: float) -> None:
    """From 130 to 400 pixels no tile of any shape, nor any file of an agency, shows any of its bar.

    Without the overscan there are some at either edge: a bar that is there is seen.
    """
    assert find_tinted_tiles(sweep, ratio) == []
    style = sweep.add_style_tag(content=NO_OVERSCAN)
    found = {tile.edge for tile in find_tinted_tiles(sweep, ratio)}
    style.evaluate("style => style.remove()")
    assert found == set(EDGES)


TILES = [
    *(Tile(w, size, edge, size) for size in SIZES for edge in EDGES for w in WIDTHS),
    *(Tile(w, box, edge, file) for box, file in DENSE for edge in EDGES for w in WIDTHS[::3]),
    *(Tile(w, box, edge, file) for box, file in OF_AGENCIES for edge in EDGES for w in SOME),
]

ARRANGE = f"""widths => document.querySelectorAll(".tile").forEach((tile, i) => {{
    const window = document.createElement("div");
    window.className = "window";
    window.style.left = `${{i % {COLUMNS} * {CELL}}}px`;
    window.style.top = `${{Math.floor(i / {COLUMNS}) * {CELL}}}px`;
    tile.style.inlineSize = `${{widths[i]}}px`;
    tile.style.right = `${{4 + i * 0.37 % 1}}px`;
    tile.style.bottom = `${{4 + i * 0.73 % 1}}px`;
    window.append(tile);
    document.body.append(window);
}})"""
WINDOWS = f"""
    body {{ margin: 0 }}
    .window {{ position: absolute; overflow: hidden; inline-size: {CELL}px; block-size: {CELL}px }}
    .window > .tile {{ position: absolute; max-inline-size: none }}
    .window * {{ pointer-events: none !important }}
"""


@pytest.fixture(scope="module")
def sweep(browser: Browser, site: SiteServer) -> Iterator[Page]:
    """Yield a page of the site's own tiles and style; each tile's lower right corner is visible.

    They stand at fractions of a pixel, as tiles in justified rows do.
    """
    rows = -(-len(TILES) // COLUMNS)
    context = browser.new_context(
        base_url=site.url, viewport={"width": COLUMNS * CELL, "height": rows * CELL}
    )
    page = context.new_page()
    page.goto("/healthz")  # an answer without a policy, whose place the sweep takes
    page.set_content(markup())
    page.evaluate(ARRANGE, [tile.width for tile in TILES])
    page.wait_for_function(LOADED)
    yield page
    context.close()


def markup() -> str:
    """Return all tiles of the sweep, as the site's template writes them, with the site's style."""
    templates = Environment(loader=FileSystemLoader(ROOT / "templates"), autoescape=True)
    files = {
        (
            file,
            edge,
        ): f"data:image/png;base64,{b64encode(make_barred_picture(*file, edge=edge)).decode()}"
        for file in {tile.file for tile in TILES}
        for edge in EDGES
    }
    thumbnails = (Thumbnail(files[tile.file, tile.edge], *tile.size) for tile in TILES)
    items = [Media(agency="demo", id=str(i), thumbnail=t) for i, t in enumerate(thumbnails)]
    tiles = templates.get_template("_tiles.html").render(
        items=items,
        words="",
        start=0,
        agency_titles={"demo": "Demo"},
        terms={"demo": Terms()},
        credit_links=lambda *_: "",
        notices=lambda *_: [],
        place_of=lambda *_: "Demo",
        _=str,
        media_url=lambda *_, **_changes: "",
        duration=str,
        earns=lambda _: False,
        ping=lambda *_: "",
        renditions=lambda *_, **_options: "",
    )
    tiles = tiles.replace('loading="lazy"', "").replace('decoding="async"', "")  # all at once
    style = f'<link rel="stylesheet" href="/static/site.css"><style>{WINDOWS}{GRAY_GROUND}</style>'
    return f'<!doctype html><html><meta charset="utf-8">{style}<body>{tiles}</body></html>'


def find_tinted_tiles(page: Page, ratio: float) -> list[Tile]:
    """Return the tiles of the sweep that show a tint of their bars."""
    size = page.viewport_size
    assert size
    shot = draw(page, size["width"], size["height"], ratio)
    found = []
    for i, tile in enumerate(TILES):
        left, top = i % COLUMNS * CELL, i // COLUMNS * CELL
        box = (left, top, left + CELL, top + CELL)
        if is_tinted(shot.crop(tuple(round(v * ratio) for v in box))):  # type: ignore[arg-type]
            found.append(tile)
    return found
