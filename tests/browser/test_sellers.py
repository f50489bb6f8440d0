"""All agencies that sell a picture can be reached, on touch too, in tile, quick look and page."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, ViewportSize, expect

from tests.dialects import serve_dialect
from tests.support.crop import make_barred_picture
from tests.support.doubles import make_double_agency
from tests.support.federation import Agencies
from tests.support.site_server import SiteServer, running_site

SHARES = """tile => {
    const links = [...tile.querySelectorAll(".sellers a")];
    const box = tile.getBoundingClientRect();
    const all = links.map((link) => link.getBoundingClientRect());
    return {
        covered: all.reduce((sum, one) => sum + one.width * one.height, 0)
            / (box.width * box.height),
        whole: links.every((link, n) => link.scrollWidth <= link.clientWidth
            && all[n].top >= box.top && all[n].bottom <= box.bottom
            && all[n].left >= box.left && all[n].right <= box.right),
        named: links.map((link) => link.textContent.trim()),
    };
}"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Two agencies that sell one picture, each with the owner's affiliate id."""
    with ExitStack() as stack:
        agencies = Agencies(
            {
                name: stack.enter_context(serve_dialect(make_double_agency(name)))
                for name in ("adobe-stock", "depositphotos")
            }
        )
        ids = {"ADOBE_STOCK_AFFILIATE_ID": "1a", "DEPOSITPHOTOS_AFFILIATE_ID": "2d"}
        folder: Path = tmp_path_factory.mktemp("sellers")
        yield stack.enter_context(running_site(folder, agencies.settings() | ids))


@contextmanager
def visitor(browser: Browser, site: SiteServer, *, phone: bool) -> Iterator[Page]:
    """Open the results of a search whose pictures load, at a desk or on a phone."""
    size = ViewportSize(width=375, height=700) if phone else ViewportSize(width=1440, height=900)
    with browser.new_context(
        base_url=site.url, viewport=size, has_touch=phone, is_mobile=phone, reduced_motion="reduce"
    ) as context:
        picture = make_barred_picture(360, 240, "bottom")

        def serve(route: Route) -> None:
            if "1000_F_" in route.request.url:
                return route.fulfill(status=404)
            return route.fulfill(body=picture, content_type="image/png")

        context.route(re.compile("^https:"), serve)
        page = context.new_page()
        page.goto("/search?q=flower&lang=en")
        page.locator("main .tile.sold").wait_for()
        yield page


def test_sellers_on_a_phone(browser: Browser, site: SiteServer) -> None:
    """Both names stand whole on the tile, and as buttons in quick look, which stay in sight.

    A tap beside leaves quick look open; each button tells of its click with the tile's place.
    """
    with visitor(browser, site, phone=True) as page:
        tile = page.locator("main .tile.sold")
        seen = tile.evaluate(SHARES)
        assert seen["whole"]
        assert seen["covered"] < 0.3
        assert [name.partition(" 6000")[0] for name in seen["named"]] == [
            "Adobe Stock",
            "Depositphotos",
        ]
        place = tile.locator(".picture").get_attribute("data-position")
        tile.locator(".title").tap()
        look = page.get_by_role("dialog", name="Quick look")
        expect(look.locator(".facts .chips")).to_contain_text("rose")
        buttons = look.locator(".buy a")
        expect(buttons).to_have_text([re.compile("See at Adobe Stock"), re.compile("See at Dep")])
        for ping in buttons.evaluate_all("all => all.map(one => one.ping)"):
            assert f"position={place}&place=look" in ping
        large = look.locator("figure a")
        expect(large).to_have_attribute("href", re.compile("camref:1a"))
        expect(large).to_have_attribute("ping", re.compile(f"position={place}&place=look"))
        page.touchscreen.tap(187, 20)
        look.evaluate("one => one.scrollTo(0, 900)")
        expect(buttons.first).to_be_in_viewport(ratio=1)
        expect(buttons.last).to_be_in_viewport(ratio=1)
        # A file that is missing is shown small.
        image = look.locator("figure img").last
        expect(image).to_have_attribute("src", re.compile("240_F_"))
        assert image.evaluate("one => one.naturalWidth") > 0


def test_the_title_of_a_missing_picture_can_be_tapped(browser: Browser, site: SiteServer) -> None:
    """No seller's area lies over the strip that stands in the picture's place."""
    with visitor(browser, site, phone=True) as page:
        tile = page.locator("main .tile.sold")
        tile.evaluate("tile => tile.classList.add('broken')")
        tapped = tile.locator(".title").evaluate(
            """one => {
                const { x, y, width, height } = one.getBoundingClientRect();
                return document.elementFromPoint(x + width / 2, y + height / 2)
                    .closest("a").className;
            }"""
        )
        assert tapped == "title"


HIT = """button => {
    const { left, top, width, height } = button.getBoundingClientRect();
    return button.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


@pytest.mark.parametrize("is_slow", [True, False], ids=["slow", "failed"])
def test_sellers_on_a_phone_without_details(
    browser: Browser, site: SiteServer, *, is_slow: bool
) -> None:
    """While details are awaited, and after they failed, nothing hides a seller's button."""
    with visitor(browser, site, phone=True) as page:
        page.route("**/ajax/image/**", lambda route: None if is_slow else route.abort())
        page.locator("main .tile.sold .title").tap()
        look = page.get_by_role("dialog", name="Quick look")
        expect(look.locator(".note")).to_have_count(0 if is_slow else 1)
        buttons = look.locator(".buy a")
        expect(buttons).to_have_count(2)
        for width, height in ((375, 667), (667, 375), (320, 480)):
            page.set_viewport_size({"width": width, "height": height})
            for top in (0, 9000):
                look.evaluate("(dialog, top) => dialog.scrollTo(0, top)", top)
                for button in buttons.all():
                    expect(button).to_be_in_viewport(ratio=1)
                    assert button.evaluate(HIT), (width, top)


def test_a_late_seller_joins_the_tile_of_its_picture(browser: Browser, site: SiteServer) -> None:
    """The picture that is there already keeps its place and link, and is not shown twice."""
    with visitor(browser, site, phone=False) as page:
        found = page.request.get("/ajax/search?q=flower&lang=en&wait=1").text()
        part = page.request.get("/search?q=flower&lang=en&wait=1&agency=adobe-stock").text()
        section = '<section class="results"'
        late = part.replace(section, f'{section} data-late="depositphotos"', 1)
        page.route(
            "**/ajax/search?*", lambda route: route.fulfill(body=found, content_type="text/html")
        )
        page.route(
            "**/search?q=late*", lambda route: route.fulfill(body=late, content_type="text/html")
        )
        with page.expect_response("**/ajax/search?*"):
            page.goto("/search?q=late")
        tile = page.locator("main .tile.sold")
        expect(tile.locator(".sellers a")).to_have_count(2)
        expect(tile).to_have_attribute("data-badge", "Adobe Stock +1")
        expect(tile.locator(".picture")).to_have_attribute("data-agency", "adobe-stock")
        double = tile.locator(".sellers a").last.get_attribute("data-id")
        shown = f'main .picture[data-agency=depositphotos][data-id="{double}"]'
        expect(page.locator(shown)).to_have_count(0)


def test_similar_and_offline(browser: Browser, site: SiteServer) -> None:
    """Offline quick look keeps what the tile has, and its links.

    "Similar" lands with its heading under the bar, where it stays.
    """
    with visitor(browser, site, phone=False) as page:
        tile = page.locator("main .tile.sold")
        page.route("**/ajax/image/**", lambda route: route.abort())
        tile.hover()
        tile.locator(".title").click()
        look = page.get_by_role("dialog", name="Quick look")
        expect(look.locator(".note")).to_have_text("The details could not be loaded. Try again")
        links = look.locator(".buy a").evaluate_all("all => all.map(one => one.href)")
        assert [("camref:1a" in one, "ref=2d" in one) for one in links] == [
            (True, False),
            (False, True),
        ]
        page.unroute("**/ajax/image/**")
        look.get_by_text("Try again").click()
        expect(look.locator(".facts dl")).to_be_visible()
        lines = look.locator(".facts dd").filter(has_text="\u00d7")
        heights = lines.evaluate_all("all => all.map(one => one.offsetHeight)")
        assert heights
        assert max(heights) < 30, "a size wraps"
        page.keyboard.press("Escape")
        tile.hover()
        tile.locator(".similar").click()
        heading = page.locator("main .similars h2")
        expect(page.locator("main .similars .tile").first).to_be_visible()
        below = heading.evaluate(
            "one => one.getBoundingClientRect().top"
            " - document.querySelector('.bar').getBoundingClientRect().bottom"
        )
        assert 0 <= below < 40
