"""Reads what a page of results shows, and the clicks in the ledger."""

from urllib.parse import quote

from playwright.sync_api import Page

from tests.support.site_server import SiteServer
from tests.support.words import new_words


def make_new_query(words: str) -> str:
    """Return the query string of a search that no test has sent, for the same pictures."""
    return f"q={words}&exclude={new_words()}"


def read_tiles(page: Page) -> list[str]:
    """Return the ids of the pictures on the page, once there are some."""
    page.locator(".tile .picture").first.wait_for()
    found: list[str] = page.locator(".tile .picture").evaluate_all(
        "all => all.map(a => a.dataset.id)"
    )
    return found


def read_clicks(site: SiteServer, words: str) -> list[tuple[str, str, int]]:
    return [(r["agency"], r["id"], r["position"]) for r in site.clicks() if r["words"] == words]


def make_affiliate_link(media_id: str, words: str) -> str:
    landing = quote(f"/image/demo/{media_id}", safe="")
    return f"https://shutterstock.7eer.net/c/12345/43068/1305?u={landing}&subId2={words}"


def read_boxes(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.locator(".tile").evaluate_all(
        """tiles => tiles.map(tile => {
            const {x, y, width, height} = tile.getBoundingClientRect();
            return [x, y, width, height];
        })"""
    )
    return found


WATCH = """
    window.violations = [];
    window.shift = 0;
    addEventListener("securitypolicyviolation", event =>
        violations.push(`${event.violatedDirective} ${event.blockedURI}`));
    new PerformanceObserver(list => list.getEntries().forEach(e => { window.shift += e.value }))
        .observe({ type: "layout-shift", buffered: true });
"""
