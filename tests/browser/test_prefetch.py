"""Chromium prefetches a page at whose link the pointer rests, where the page costs no call."""

from typing import Any

from playwright.sync_api import Page

from tests.support.fake_agency import FakeAgency
from tests.support.search_page import read_tiles
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.words import new_words

DELIVERY = "performance.getEntriesByType('navigation')[0].deliveryType"
MATCHES = """async () => {
    const { prefetch: [{ where: { and: [, { selector_matches }] } }] } =
        await (await fetch("/speculation-rules.json")).json();
    return [...document.querySelectorAll(selector_matches.join())].map(link => link.className);
}"""
"""Returns the classes of links that the rules match."""


def listen(page: Page) -> list[tuple[str, str]]:
    """Return a list that collects the status and the address of each prefetch of a page."""
    told: list[tuple[str, str]] = []
    session = page.context.new_cdp_session(page)
    session.send("Preload.enable")

    def collect(event: dict[str, Any]) -> None:
        told.append((event["prefetchStatus"], event["prefetchUrl"]))

    session.on("Preload.prefetchStatusUpdated", collect)
    return told


def rest_on(page: Page, told: list[tuple[str, str]], address: str, *ends: str) -> None:
    """Rest with the pointer on the link to an address, until its prefetch has come to an end."""
    page.locator(f'main a[href="{address}"]').first.hover()

    def has_ended() -> bool:
        page.evaluate("0")  # events of the browser arrive meanwhile
        return any(status in ends and url.endswith(address) for status, url in told)

    wait_until(has_ended)


READY = "PrefetchSuccessfulButNotUsed"
REFUSED = "PrefetchFailedNon2XX"


def test_a_page_is_opened_from_its_prefetch(
    page: Page, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """A picture's page whose picture is known is there before the click; no agency is called."""
    words = new_words()
    told = listen(page)
    page.goto(f"{site_of_two.url}/search?q={words}&agency=shutterstock&lang=en")
    read_tiles(page)
    searches = len(agency.searches)
    tile = page.locator("main .tile").nth(2)
    tile.hover()
    address = tile.locator(".similar").get_attribute("href") or ""
    rest_on(page, told, address, READY)
    assert len(agency.searches) == searches
    tile.locator(".similar").click()
    page.wait_for_url("**/image/**")
    assert page.evaluate(DELIVERY) == "navigational-prefetch"
    assert page.locator("main h1").is_visible()


def test_a_page_that_needs_a_call_is_opened_as_ever(
    page: Page, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """The prefetch is refused and calls nothing; the click gets a page whose search has begun."""
    words = new_words()
    told = listen(page)
    page.goto(f"{site_of_two.url}/search?q=flower&agency=demo&lang=en")
    read_tiles(page)
    address = f"/search?q={words}&agency=shutterstock&lang=en&page=1"
    page.locator(".tile .similar").first.evaluate("(link, to) => { link.href = to }", address)
    page.locator("main .tile").first.hover()
    rest_on(page, told, address, REFUSED)
    assert agency.searches_for(f"={words}") == []
    page.locator("main .tile .similar").first.click()
    page.wait_for_url(f"**{address}")
    read_tiles(page)
    assert page.evaluate(DELIVERY) == ""
    assert len(agency.searches_for(f"={words}")) == 1


def test_links_to_agencies_and_links_that_scripts_follow_match_no_rule(
    page: Page, site_of_two: SiteServer
) -> None:
    """Of a tile's links to its agency, to quick look and to similar pictures the last matches."""
    page.goto(f"{site_of_two.url}/search?q=flower&agency=demo&lang=en")
    tiles = len(read_tiles(page))
    matches = page.evaluate(MATCHES)
    assert len(matches) == tiles
    assert set(matches) == {"similar"}
