"""Pages that are isolated from other origins by Cross-Origin-Embedder-Policy show embeds too."""

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.support.embed_hosts import opened
from tests.support.embed_page import element, script
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer

LOADED = "e => e.complete && e.naturalWidth > 0"


def loaded(picture: Locator) -> None:
    """Wait for a picture's file, which the page's policy may refuse."""
    picture.wait_for()
    picture.evaluate("e => e.decode()")
    assert picture.evaluate(LOADED)


@pytest.mark.parametrize("policy", ["require-corp", "credentialless"])
def test_isolated_pages_show_element_and_frame(
    reader: BrowserContext, host: HostPages, site: SiteServer, policy: str
) -> None:
    """Script, results, frame and the site's own pictures say that other origins may load them."""
    headers = {
        "Cross-Origin-Embedder-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    frame = f'<iframe src="{site.url}/embed?q=flower" width="600" height="342"></iframe>'
    html = script(site) + element(site, "q=flower") + frame
    page = opened(reader, host.page(html, headers))
    assert page.evaluate("crossOriginIsolated")
    loaded(page.locator("affiliate-search .picture img").first)
    inside = page.frame_locator("iframe")
    loaded(inside.locator(".picture img").first)
    expect(inside.locator(".earns")).to_be_visible()
