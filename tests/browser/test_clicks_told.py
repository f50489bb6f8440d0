"""Clicks are told whatever a blocker or a browser lacks, and none that leads nowhere."""

from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Route

from tests.support.embed_hosts import open_page
from tests.support.embed_page import element, find_pictures, script
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until

STAY = "addEventListener('click', (event) => event.preventDefault())"
"""No link is followed, so that no ``ping`` of the browser's own is sent."""
CLICKS = "**/clicks?*"
WITHOUT = (
    "Navigator.prototype.sendBeacon = () => true",  # as where a blocker drops it in silence
    "delete Navigator.prototype.sendBeacon",
    "window.fetch = () => Promise.reject(TypeError('blocked'))",
    "delete window.fetch",
    "delete Request.prototype.keepalive",
)
"""What blockers, settings and browsers take away, the way back to where all is there between."""
KEPT = """window.kept = [Navigator.prototype.sendBeacon, window.fetch,
    Object.getOwnPropertyDescriptor(Request.prototype, "keepalive")]"""
RESTORED = """() => {
    Navigator.prototype.sendBeacon = kept[0];
    window.fetch = kept[1];
    Object.defineProperty(Request.prototype, "keepalive", kept[2]);
}"""


def test_a_click_is_told_by_whatever_is_left(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Without beacon, fetch or keepalive each click is one row, and nothing is thrown."""
    before = len(site.clicks())
    page = open_page(reader, host.page(script(site) + element(site, "q=flower")))
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    pictures = find_pictures(page)
    page.evaluate(f"{STAY}; {KEPT}; null")
    for number, lacking in enumerate(WITHOUT):
        page.evaluate(f"{lacking}; null")
        pictures.nth(number).click()
        page.evaluate(RESTORED)
    pictures.nth(len(WITHOUT)).focus()
    page.keyboard.press("Enter")
    wait_until(lambda: len(site.clicks()) == before + len(WITHOUT) + 1)
    rows = site.clicks()[before:]
    assert sorted(row["position"] for row in rows) == [1, 2, 3, 4, 5, 6]
    assert {(row["place"], row["site"]) for row in rows} == {("embed", "localhost")}
    assert faults == []


def test_a_click_that_is_refused_is_sent_once_more(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """After 20 seconds the same click comes again, then never; an answer needs no beacon beside."""
    before = len(site.clicks())
    page = open_page(reader, host.page(script(site) + element(site, "q=flower")))
    page.clock.install()
    pictures = find_pictures(page)
    page.evaluate(f"{STAY}; window.beacons = 0; null")
    page.evaluate("Navigator.prototype.sendBeacon = () => Boolean(++window.beacons); null")
    told: list[str] = []

    def refused(route: Route) -> None:
        told.append(route.request.url)
        headers = {"Access-Control-Allow-Origin": "*"}
        if len(told) < 3:
            route.fulfill(status=503, headers=headers)
        else:
            route.continue_()

    page.route(CLICKS, refused)
    with page.expect_request(CLICKS):
        pictures.nth(3).click()
    page.clock.run_for(19_000)
    assert len(told) == 1
    with page.expect_request(CLICKS):
        page.clock.run_for(1_000)
    page.clock.run_for(60_000)
    assert (len(told), len(set(told)), len(site.clicks())) == (2, 1, before)
    assert page.evaluate("window.beacons") == 0
    with page.expect_response(CLICKS):
        pictures.nth(5).click()
    wait_until(lambda: len(site.clicks()) == before + 1)


def test_a_click_that_cannot_leave_is_not_counted(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """A frame whose sandbox opens no window tells nothing; the one beside it opens and tells.

    Neither page says whose it is: no site is credited.
    """
    reader.route("https://shutterstock.7eer.net/**", lambda route: route.fulfill(body="shop"))
    before = len(site.clicks())
    frames = "".join(
        f'<iframe src="{site.url}/embed?q=cat" sandbox="allow-scripts{more}" width="600"'
        f' height="342" title="Pictures" referrerpolicy="no-referrer"></iframe>'
        for more in ("", " allow-popups")
    )
    page = open_page(reader, host.page(frames))
    shut, free = (page.frame_locator("iframe").nth(at) for at in (0, 1))
    shut.locator(".picture").nth(2).click()
    with reader.expect_page() as tab:
        free.locator(".picture").nth(4).click()
    tab.value.wait_for_url("https://shutterstock.7eer.net/**")
    wait_until(lambda: len(site.clicks()) > before)
    assert [row["position"] for row in site.clicks()[before:]] == [5]


@pytest.mark.parametrize("button", ["left", "middle"])
@pytest.mark.parametrize("sandbox", ["", "allow-same-origin", "allow-same-origin allow-popups"])
def test_no_sandbox_has_clicks_told_that_stay(
    reader: BrowserContext,
    host: HostPages,
    site: SiteServer,
    sandbox: str,
    button: Literal["left", "middle"],
) -> None:
    """Whether the sandbox keeps the frame's origin or not, who can't leave is not counted."""
    reader.route("https://shutterstock.7eer.net/**", lambda route: route.fulfill(body="shop"))
    before = len(site.clicks())
    frame = f'<iframe src="{site.url}/embed?q=cat" width="600" height="342"'
    boxed, open_ = f'{frame} sandbox="allow-scripts {sandbox}"></iframe>', f"{frame}></iframe>"
    page = open_page(reader, host.page(boxed + open_))
    first, second = (page.frame_locator("iframe").nth(at) for at in (0, 1))
    leaves = "allow-popups" in sandbox
    if leaves:
        with reader.expect_page() as tab:
            first.locator(".picture").nth(2).click(button=button)
        tab.value.wait_for_url("https://shutterstock.7eer.net/**")
    else:
        first.locator(".picture").nth(2).click(button=button)
    with reader.expect_page():
        second.locator(".picture").nth(4).click()
    wait_until(lambda: len(site.clicks()) > before + leaves)
    found = sorted(row["position"] for row in site.clicks()[before:])
    assert found == ([3, 5] if leaves else [5])
