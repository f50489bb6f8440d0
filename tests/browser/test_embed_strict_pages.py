"""Pages that are isolated from other origins, or trust nonces alone, show embeds too."""

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.support.embed_hosts import open_page
from tests.support.embed_page import element, script
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer

LOADED = "e => e.complete && e.naturalWidth > 0"


def wait_for_picture(picture: Locator) -> None:
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
    page = open_page(reader, host.page(html, headers))
    assert page.evaluate("crossOriginIsolated")
    wait_for_picture(page.locator("affiliate-search .picture img").first)
    inside = page.frame_locator("iframe")
    wait_for_picture(inside.locator(".picture img").first)
    expect(inside.locator(".earns")).to_be_visible()


def test_pages_that_trust_nonces_show_element_and_frame(
    page: Page, reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """With the page's nonce the script runs; the builder's frame has no border without styles."""
    policy = (
        f"default-src 'none'; script-src 'strict-dynamic' 'nonce-own'; style-src 'nonce-own';"
        f" connect-src {site.url}; img-src {site.url}; frame-src {site.url}"
    )
    page.goto("/embed/builder?q=flower&lang=en")
    embed, frame, _link = [one.input_value() for one in page.locator("textarea").all()]
    pasted = embed.replace("<script ", '<script nonce="own" ') + f'<p style="width: 600px">{frame}'
    blog = open_page(reader, host.page(pasted, {"Content-Security-Policy": policy}))
    wait_for_picture(blog.locator("affiliate-search .picture img").first)
    blog.locator("iframe").scroll_into_view_if_needed()
    wait_for_picture(blog.frame_locator("iframe").locator(".picture img").first)
    assert blog.locator("iframe").evaluate("e => [e.offsetHeight, e.clientHeight]") == [342, 342]
