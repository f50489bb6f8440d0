"""Filters can be closed and cleared at hand, results can fail and be printed."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.search_page import read_tiles

FITS = "panel => panel.scrollWidth <= panel.clientWidth"


def test_sheet_is_closed_and_cleared_at_hand(phone: Page) -> None:
    """On a phone the sheet has a button that closes it and one that clears what was chosen."""
    phone.goto("/search?q=flower&type=illustration&lang=en&wait=1")
    assert read_tiles(phone)
    target = phone.locator(".tile .title").first.bounding_box()
    assert target
    assert (target["width"], target["height"]) == (44, 44)
    panel = phone.locator(".fields")
    phone.get_by_text("Filters", exact=True).tap()
    expect(panel).to_be_visible()
    assert panel.evaluate(FITS)
    close = panel.get_by_role("button", name="Close")
    panel.evaluate("panel => panel.scrollTo(0, 1000)")
    expect(close).to_be_in_viewport()
    close.tap()
    expect(panel).to_be_hidden()
    expect(phone.locator(".filters > summary")).to_be_focused()
    phone.get_by_text("Filters", exact=True).tap()
    panel.get_by_role("link", name="Clear all").tap()
    expect(phone).to_have_url(phone.url.split("/search")[0] + "/search?q=flower&lang=en")
    expect(panel).to_be_hidden()


def test_escape_closes_the_column_and_failures_leave_nothing_old(page_of_many: Page) -> None:
    """At a desk; a filter that can't be asked leaves neither pictures nor paging of before."""
    page = page_of_many
    panel = page.locator(".fields")
    page.get_by_text("Filters", exact=True).click()
    expect(panel).to_be_visible()
    assert panel.evaluate(FITS)
    expect(panel.get_by_role("button", name="Close")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(page.locator(".filters > summary")).to_be_focused()

    page.emulate_media(forced_colors="active")
    assert (
        page.locator(".primary").first.evaluate("one => getComputedStyle(one).borderWidth") == "1px"
    )
    page.emulate_media(media="print", forced_colors="none")
    for part in (".pages", ".filters", ".language", ".strip >> nth=0"):
        expect(page.locator(part)).to_be_hidden()
    assert (
        page.locator(".tile").first.evaluate("one => getComputedStyle(one).breakInside") == "avoid"
    )
    page.emulate_media(media="screen")

    page.get_by_text("Filters", exact=True).click()
    page.route("**/ajax/search*", lambda route: route.abort())
    page.get_by_label("Orientation").select_option("Vertical")
    results = page.locator("main .results")
    expect(results).to_contain_text("The search could not be reached.")
    expect(results.locator(".tiles, .pages, .agencies")).to_have_count(0)


@pytest.fixture
def page_of_many(page: Page) -> Page:
    """Return a search with several pages."""
    page.goto("/search?q=animal&lang=en&wait=1")
    assert len(read_tiles(page)) == 48
    expect(page.locator(".pages")).to_be_visible()
    return page
