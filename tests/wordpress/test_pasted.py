"""Pasted searches in a WordPress without the plugin, which shuts strangers' frames in a sandbox."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.support.blog import Blog
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.wordpress_pages import wait_for_pictures

FILE = "affiliate-search/affiliate-search.php"


@pytest.fixture
def plain(blog: Blog) -> Iterator[Blog]:
    """Yield a blog without the plugin that may ask hosts in its own network."""
    blog.php(f"deactivate_plugins( '{FILE}' );")
    allow = blog.root / "wp-content" / "mu-plugins" / "allow.php"
    allow.parent.mkdir(exist_ok=True)
    allow.write_text(
        "<?php add_filter( 'http_request_host_is_external', '__return_true' );"
        "add_filter( 'http_allowed_safe_ports', fn( $p, $h, $u ) => array("
        " wp_parse_url( $u, PHP_URL_PORT ) ), 10, 3 );"
        "add_filter( 'oembed_remote_get_args', fn( $a ) => array( 'reject_unsafe_urls' => false )"
        " + $a );"
    )
    yield blog
    allow.unlink()
    blog.php(f"activate_plugin( '{FILE}' );")


def test_a_click_in_a_sandboxed_search_leads_to_the_picture(
    plain: Blog, page: Page, site: SiteServer
) -> None:
    """The frame tells WordPress its height; a click leads to the picture's page, uncounted yet."""
    before = len(site.clicks())
    page.goto(plain.post(f"{site.url}/search?q=flower&rows=2&lang=en"))
    frame = page.locator("iframe.wp-embedded-content")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    wait_for_pictures(frame.content_frame)
    expect(frame).to_have_attribute("height", "342")
    expect(page.locator("blockquote.wp-embedded-content")).to_be_hidden()
    assert frame.evaluate("one => getComputedStyle(one).borderTopWidth") == "0px"
    frame.content_frame.locator(".picture").first.click()
    page.wait_for_url(f"{site.url}/image/demo/**")
    assert parse_qs(urlsplit(page.url).query)["q"] == ["flower"]
    assert len(site.clicks()) == before
    link = page.locator("main a[data-id]").first
    link.evaluate("one => { one.href = location.href }")  # the agency's site is out of reach
    link.click()
    wait_until(lambda: len(site.clicks()) == before + 1)
