"""Writes embeds into pages of another site, and reads what the embeds show."""

from playwright.sync_api import Locator, Page

from affiliate.web.embeds.options import Embed
from tests.support.site_server import SiteServer


def script(site: SiteServer) -> str:
    return f'<script type="module" async src="{site.url}/embed.js"></script>'


def element(site: SiteServer, attributes: str, more: str = "") -> str:
    """Return the element as bloggers paste it, with a reserved height."""
    asked = {n: [v] for n, v in (a.split("=") for a in attributes.split(" ") if "=" in a)}
    height = Embed.from_parameters(asked).height
    link = f'<a href="{site.url}/search?q=flower">Pictures of flowers</a>'
    style = f'style="display: block; min-height: {height}px"'
    return f"<affiliate-search {attributes} {style} {more}>{link}</affiliate-search>"


def find_pictures(page: Page, at: int = 0) -> Locator:
    """Locate the pictures of one of a page's embeds, once there are some."""
    pictures = page.locator("affiliate-search").nth(at).locator(".picture")
    pictures.first.wait_for()
    return pictures


def read_ids(page: Page, at: int = 0) -> list[str]:
    found: list[str] = find_pictures(page, at).evaluate_all("all => all.map(a => a.dataset.id)")
    return found


def record_searches(page: Page) -> list[str]:
    """Return a list that collects the searches which a page sends from now on."""
    asked: list[str] = []
    page.on("request", lambda r: asked.append(r.url) if "/embed/search" in r.url else None)
    return asked
