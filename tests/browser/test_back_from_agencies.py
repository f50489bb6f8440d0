"""Back from an agency: the browser kept the page, with quick look where it was open.

A page kept for Back is thrown away where it calls ``history`` while it is left for another site;
within one site such calls are harmless, so that only another site shows them.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.support.chromium import Launch
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until

KEPT = """
    addEventListener("pageshow", event => { window.kept = event.persisted });
    addEventListener("pagehide", () => { window.left = scrollY });
"""
LEAD = "(links, address) => links.forEach(link => { link.href = address })"


@pytest.fixture
def keeper(launch: Launch, site: SiteServer) -> Iterator[Page]:
    """Yield a tab of a browser that keeps pages for Back, as visitors' browsers do."""
    browser = launch(without=["--disable-back-forward-cache"])
    page = browser.new_context(
        base_url=site.url, viewport={"width": 1440, "height": 600}
    ).new_page()
    page.add_init_script(KEPT)
    yield page
    browser.close()


def back(page: Page) -> None:
    page.go_back(wait_until="commit")
    # No wait in the page: the page that is left would wait on, and never be seen again.
    wait_until(lambda: page.evaluate("location.hostname === '127.0.0.1' && 'kept' in window"))


def test_back_from_another_site_returns_to_the_kept_page(keeper: Page, host: HostPages) -> None:
    """From the results, scrolled, and from quick look over them, which is open again."""
    agency = host.page("<title>The agency</title>")
    keeper.goto("/search?q=space&lang=en&wait=1")
    pictures = keeper.locator(".tile .picture")
    pictures.evaluate_all(LEAD, agency)
    pictures.nth(30).click(position={"x": 20, "y": 20})
    keeper.wait_for_url(agency)
    back(keeper)
    assert keeper.evaluate("[kept, scrollY === left, left > 0]") == [True] * 3

    keeper.locator("[data-look]").nth(10).evaluate("link => link.click()")
    look = keeper.locator("dialog[open]")
    expect(look.locator("dl")).to_be_visible()
    address = keeper.url
    keeper.evaluate("delete window.kept")
    keeper.evaluate("address => { location.href = address }", agency)
    keeper.wait_for_url(agency)
    back(keeper)
    assert keeper.evaluate("kept") is True
    assert keeper.url == address
    expect(look.locator("dl")).to_be_visible()
    assert pictures.count() > 20
    keeper.keyboard.press("Escape")
    expect(look).to_have_count(0)
    expect(keeper).to_have_url(re.compile(r"/search\?"))
