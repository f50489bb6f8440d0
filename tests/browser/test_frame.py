"""The frame of pages: the bar and the footer, and where parts of short pages stand."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.support.site_server import SiteServer

SHORT = ("/nowhere?lang=en", "/board?lang=en", "/search?q=qqzxw&lang=en&wait=1")
BOX = "one => one.getBoundingClientRect().toJSON()"


def measure(part: Locator) -> dict[str, float]:
    box: dict[str, float] = part.evaluate(BOX)
    return box


def visit(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(".foot").wait_for()


def test_the_footer_of_a_short_page_is_at_the_bottom(page: Page) -> None:
    """Long pages end with it, too."""
    for width in (375, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 1000})
        for address in SHORT:
            visit(page, address)
            assert measure(page.locator(".foot"))["bottom"] == pytest.approx(1000, abs=1), address
    page.set_viewport_size({"width": 375, "height": 400})
    visit(page, "/about?lang=en")
    assert measure(page.locator(".foot"))["top"] > 1000
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert measure(page.locator(".foot"))["bottom"] == pytest.approx(400, abs=1)


def test_the_bar_is_as_high_on_every_page_of_a_phone(phone: Page) -> None:
    """Filters, which results have beside the language, move nothing."""
    heights = set()
    for address in ("/search?q=cat&lang=en&wait=1", "/about?lang=en", "/board?lang=en"):
        visit(phone, address)
        heights.add(measure(phone.locator(".bar"))["height"])
    assert len(heights) == 1


def test_the_start_pages_corners_are_level(page: Page) -> None:
    """The board and the language stand on one line."""
    page.goto("/?lang=en")
    board, language = (measure(page.locator(part)) for part in (".to-board", ".language select"))
    middles = [(one["top"] + one["bottom"]) / 2 for one in (board, language)]
    assert middles[0] == pytest.approx(middles[1], abs=1)


def test_the_way_back_from_what_is_gone_stands_above_the_title(context: BrowserContext) -> None:
    """Both begin at the same side in any window, and long words break."""
    page = context.new_page()
    for width in (320, 375, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        visit(page, f"/image/demo/nope?q={'x' * 200}&lang=en")
        back = page.get_by_role("link", name="Back to")
        assert measure(back)["left"] == measure(page.locator("h1"))["left"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_button_of_the_sheet_stands_clear_of_the_edge(phone: Page) -> None:
    """With many filters, below which the sheet scrolls, as with few."""
    for height in (500, 812):
        phone.set_viewport_size({"width": 375, "height": height})
        visit(phone, "/search?q=cat&lang=en&wait=1")
        phone.locator(".filters > summary").click()
        button = measure(phone.locator(".fields > .primary"))
        assert button["bottom"] == pytest.approx(height - 12, abs=1)


def test_the_last_link_of_a_pictures_page_stands_clear_of_the_footer(
    context_of_two: BrowserContext,
) -> None:
    """A picture that nobody sells has no row of buttons between."""
    page = context_of_two.new_page()
    page.set_viewport_size({"width": 375, "height": 812})
    [item, *_] = page.request.get("/api/search?q=mountain&agency=demo").json()["items"]
    visit(page, f"/image/demo/{item['id']}?lang=en")
    expect(page.locator(".buy")).to_have_count(0)
    pages = measure(page.locator(".similars .pages"))
    assert measure(page.locator(".foot"))["top"] - pages["bottom"] >= 12


def test_without_scripts_the_bar_is_the_same(browser: Browser, site: SiteServer) -> None:
    """Fields that only searches without scripts send take no room."""
    sides = []
    for has_scripts in (True, False):
        context = browser.new_context(
            base_url=site.url,
            viewport={"width": 1440, "height": 900},
            java_script_enabled=has_scripts,
        )
        page = context.new_page()
        visit(page, "/about?lang=en")
        sides.append(page.locator(".language").bounding_box())
        context.close()
    assert sides[0] == sides[1]


def test_on_paper_all_begins_at_one_side_and_covers_nothing(page: Page) -> None:
    """On A4 with its margins, too narrow for a picture beside its facts."""
    page.set_viewport_size({"width": 718, "height": 1000})
    [item, *_] = page.request.get("/api/search?q=mountain").json()["items"]
    page.emulate_media(media="print")
    for address in (f"/image/demo/{item['id']}?lang=en", f"/board?p=demo:{item['id']}&lang=en"):
        page.goto(address)
        parts = page.locator(".name, main h1, main figure")
        assert {measure(part)["left"] for part in parts.all()} == {0}
        for part in page.locator(".bar, .buy").all():
            expect(part).to_have_css("position", "static")


def test_many_sellers_stand_in_a_row_of_whole_words(phone: Page) -> None:
    """Buttons that have no room are scrolled to; none becomes a column of letters."""
    [item, *_] = phone.request.get("/api/search?q=mountain").json()["items"]
    visit(phone, f"/image/demo/{item['id']}?lang=en")
    heights = phone.locator(".buy").evaluate(
        """row => {
            for (let i = 0; i < 5; i++) row.append(row.firstElementChild.cloneNode(true));
            return [...row.children].map(one => one.offsetHeight);
        }"""
    )
    assert len(heights) > 5
    assert max(heights) < 90
