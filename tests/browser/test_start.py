"""The start page: strips of pictures, scrolled sideways, that never move what is on the screen."""

import re

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.site_server import SiteServer

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
