"""Writes posts with our plugin's block, and reads what the posts show."""

from urllib.request import urlopen

from defusedxml import ElementTree
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.support.blog import Blog

BUSY = 15_000
"""Milliseconds that a busy machine may take."""


CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


def wait_for_pictures(where: Page | FrameLocator | Locator) -> None:
    """Wait until the site's pictures are visible."""
    expect(where.locator(".tile img").first).to_be_visible(timeout=BUSY)


def element(page: Page) -> Locator:
    return page.locator("affiliate-search")


def link(page: Page) -> Locator:
    return element(page).locator("> a")


def block(attributes: str = "") -> str:
    """Return the block as a post contains it."""
    return f"<!-- wp:affiliate-search/pictures {attributes} /-->"


def read_feed(blog: Blog) -> str:
    """Return the newest post as readers of the feed get it."""
    with urlopen(f"{blog.url}/?feed=rss2") as answer:
        found = ElementTree.fromstring(answer.read()).findtext(f".//{CONTENT}")
    return str(found)
