"""The start page: strips of pictures, scrolled sideways, that never move what is on the screen."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.site_server import SiteServer, running_site

SHIFTS = """window.shift = 0;
new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""


def serve_first_strip_empty(route: Route) -> None:
    """Serve the start page as when the pictures of its first topic aren't cached."""
    answer = route.fetch()
    waiting = '<section class="results" data-waiting><ul class="tiles"></ul></section>'
    first = r'(?s)<section class="results".*?</section>'
    route.fulfill(response=answer, body=re.sub(first, waiting, answer.text(), count=1))


@pytest.mark.parametrize("width", [375, 1440])
def test_pictures_that_come_later_move_nothing(page: Page, width: int) -> None:
    """The first strip is filled, the other strips follow, and nothing on the screen jumps."""
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(SHIFTS)
    page.route("**/?lang=en", serve_first_strip_empty)
    page.goto("/?lang=en")
    expect(page.locator(".strips .tiles").nth(1)).to_be_visible()
    expect(page.locator(".strips [data-waiting]")).to_have_count(0)
    page.evaluate("new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
    assert page.evaluate("shift") == 0


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_strip_is_one_row_that_scrolls_by_itself(page: Page, lang: str) -> None:
    """Each strip has one row of equal height; the page itself does not scroll sideways."""
    page.goto(f"/?lang={lang}")
    strip = page.locator(".strips .tiles").first
    tops = "list => [...new Set([...list.children].map((tile) => tile.offsetTop))].length"
    assert strip.evaluate(tops) == 1
    assert strip.evaluate("list => list.scrollWidth > list.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator(".strips .tiles").first.locator(".picture").last.focus()
    expect(page.locator(".strips .tiles").first.locator(".picture").last).to_be_in_viewport()


def test_without_scripts_no_strip_waits_for_ever(browser: Browser, site: SiteServer) -> None:
    """A strip whose pictures only a script could load is left out with its heading."""
    with browser.new_context(base_url=site.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.route("**/?lang=en", serve_first_strip_empty)
        page.goto("/?lang=en")
        expect(page.locator(".strips h2").first).to_be_hidden()
        expect(page.locator(".strips h2").nth(1)).to_be_visible()


def test_quick_look_steps_through_all_strips(page: Page) -> None:
    """The next picture behind the last of a strip is the first of the next strip."""
    page.goto("/?lang=en")
    page.locator(".strips .tiles").first.locator(".title").last.focus()
    page.keyboard.press("Enter")
    second = page.locator(".strips .tiles").nth(1).locator(".title bdi").first.text_content()
    page.locator("#look .after").click()
    expect(page.locator("#look h1")).to_have_text(second or "")


@pytest.fixture(scope="module")
def branded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Yield a site whose owner has a wide logo and a long sentence."""
    folder = tmp_path_factory.mktemp("branded")
    logo = folder / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 60"></svg>')
    settings = {"SITE_LOGO": str(logo), "SITE_TAGLINE": "Pictures of all kinds. " * 8}
    with running_site(folder, settings) as server:
        yield server


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_wide_logo_leaves_the_bar_as_high_as_a_name_does(
    browser: Browser, branded: SiteServer, lang: str
) -> None:
    """A phone's bar keeps two rows, the height that anchors scroll to, and nothing moves."""
    with browser.new_context(base_url=branded.url) as context:
        page = context.new_page()
        page.set_viewport_size({"width": 375, "height": 740})
        page.add_init_script(SHIFTS)
        page.goto(f"/search?q=cat&lang={lang}&wait=1")
        height = page.locator(".bar").evaluate("bar => bar.offsetHeight")
        assert height <= 107
        page.goto(f"/?lang={lang}")
        expect(page.locator(".strips .picture").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate("shift") == 0
