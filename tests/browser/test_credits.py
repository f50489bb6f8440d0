"""Credits that licenses ask for: one line on a picture, the whole sentence where it is larger."""

import base64
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.dialects import DIALECTS, serve_dialect
from tests.support.embed_page import element, find_pictures, script
from tests.support.federation import Agencies
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer, running_site

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAAAAAAALAAAAAABAAEAAAIBRAA7")
MEASURED = """tiles => tiles.filter(tile => !tile.inert).map(tile => {
    const [credit, license] = [tile, tile.querySelector(".credit > :last-child")].map(one =>
        (one === tile ? tile.querySelector(".credit") : one).getBoundingClientRect());
    const box = tile.getBoundingClientRect();
    return {
        text: tile.querySelector(".credit").textContent,
        part: credit.height / box.height,
        inside: license.left >= box.left && license.right <= box.right + 0.5
            && credit.bottom <= box.bottom + 0.5,
        whole: license.width >= tile.querySelector(".credit > :last-child").scrollWidth - 1,
        strip: getComputedStyle(tile.querySelector(".strip")).opacity,
    };
})"""


@pytest.fixture(scope="module")
def free(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Yield a site of Openverse alone."""
    kind = next(one for one in DIALECTS if one.name == "openverse")
    with serve_dialect(kind()) as server:
        settings = Agencies({"openverse": server}).settings()
        with running_site(tmp_path_factory.mktemp("free"), settings) as site:
            yield site


@pytest.fixture
def page(browser: Browser, free: SiteServer) -> Iterator[Page]:
    """Yield a page of a visitor who may write to the clipboard and gets every picture."""
    context = browser.new_context(base_url=free.url, permissions=["clipboard-write"])

    def answer(route: Route) -> None:
        route.fulfill(body=PIXEL, content_type="image/gif")

    context.route("**/thumb/", answer)
    yield context.new_page()
    context.close()


def measured(tiles: Locator) -> list[dict[str, Any]]:
    """Return the sizes of the credits on tiles."""
    found: list[dict[str, Any]] = tiles.evaluate_all(MEASURED)
    return found


def check(lines: list[dict[str, Any]]) -> None:
    """Hold that each names maker and license in one line that hides no picture."""
    assert len(lines) >= 3
    texts = {one["text"] for one in lines}
    assert "gardener · CC BY 2.0" in texts
    for one in lines:
        assert " · CC" in one["text"]
        assert one["part"] <= 0.3, one
        assert one["inside"], one
        assert one["whole"], one


def test_a_credit_is_one_line_and_its_sentence_can_be_copied(page: Page) -> None:
    """At any width; the pointer's strip does not hide it, quick look has all that it says."""
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/search?q=flower&lang=en&wait=1")
    tiles = page.locator(".tile")
    for width in (320, 375, 700, 1000, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        lines = measured(tiles)
        check(lines)
        assert any("BY-NC-ND 4.0" in one["text"] for one in lines)
    tile = tiles.first
    tile.hover()
    strip, credit = tile.locator(".strip"), tile.locator(".credit")
    expect(strip).to_have_css("opacity", "1")
    above, below = strip.bounding_box(), credit.bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"] + 0.5
    license_ = credit.get_by_role("link", name="CC BY 2.0")
    expect(license_).to_have_attribute("href", "https://creativecommons.org/licenses/by/2.0/")
    strip.locator("[data-look]").click()
    look = page.locator("#look")
    expect(look.get_by_role("link", name="See at Flickr")).to_be_visible()
    expect(look.get_by_text("To view a copy of this license, visit")).to_be_visible()
    button = look.get_by_role("button", name="Copy", exact=True)
    expect(button).to_have_css("position", "static")
    button.click()
    expect(look.get_by_role("button", name="Copied")).to_be_visible()


def test_a_credit_is_one_line_in_embeds(page: Page, free: SiteServer, host: HostPages) -> None:
    """In narrow columns too, in rows and in a strip."""
    embeds = [
        f'<div style="width: {width}px">{element(free, f"q=flower {kind}")}</div>'
        for width in (320, 420, 900)
        for kind in ("", "kind=strip")
    ]
    page.goto(host.page(script(free) + "".join(embeds)))
    for at in range(len(embeds)):
        page.locator("affiliate-search").nth(at).scroll_into_view_if_needed()
        find_pictures(page, at)
        check(measured(page.locator("affiliate-search").nth(at).locator(".tile")))
