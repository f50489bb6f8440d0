"""Embeds go on where words, answers or names are missing: other words, late pictures, srcdoc."""

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Route, expect

from tests.support.embed_page import element, read_ids, record_searches, script
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer


@pytest.mark.parametrize(
    "attributes",
    [
        'q=""',
        'q="" kind=strip',
        "q=cat agency=nobody",
        "collection=nobody:1",
        "ids=nobody:1",
        "ids=1",
    ],
)
def test_other_words_stand_in_for_what_is_missing(
    reader: BrowserContext, host: HostPages, site: SiteServer, attributes: str
) -> None:
    """A template without words, agencies and collections that are gone leave ``fallback``."""
    page = reader.new_page()
    asked = record_searches(page)
    page.goto(host.page(script(site) + element(site, f"{attributes} fallback=flower")))
    assert read_ids(page)
    assert parse_qs(urlsplit(asked[-1]).query)["q"] == ["flower"]
    assert parse_qs(urlsplit(asked[-1]).query)["site"] == ["localhost"]


def test_pictures_that_come_late_stand_once(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Of picks some may be there while others of their agency are late: no picture comes twice."""
    page = reader.new_page()
    page.goto(host.page(script(site) + element(site, "q=flower")))
    picks = read_ids(page)[:4]
    asked = ",".join(f"demo:{one}" for one in picks)

    def half(route: Route) -> None:
        """Answer at first as where two of the four are late."""
        if "wait=1" in route.request.url:
            route.continue_()
            return
        there = ",".join(f"demo:{one}" for one in picks[:2])
        answer = reader.request.get(f"{site.url}/embed/search", params={"ids": there})
        body = answer.text().replace("<section class", '<section data-late="demo" class', 1)
        route.fulfill(response=answer, body=body)

    page.route("**/embed/search?*ids=*", half)
    with page.expect_response("**/embed/search?*wait=1*"):
        page.goto(host.page(script(site) + element(site, f"ids={asked}")))
    expect(page.locator("affiliate-search .picture")).to_have_count(4)
    assert read_ids(page) == picks


def test_what_was_picked_gives_way_to_typed_words(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """A search box over picked pictures searches for what is typed."""
    page = reader.new_page()
    page.goto(host.page(script(site) + element(site, "q=flower")))
    pick = read_ids(page)[0]
    page.goto(host.page(script(site) + element(site, f"ids=demo:{pick} kind=search")))
    assert read_ids(page) == [pick]
    box = page.get_by_role("searchbox")
    box.fill("dog")
    with page.expect_response("**/embed/search?q=dog*"):
        box.press("Enter")
    expect(page.locator("affiliate-search .picture").nth(5)).to_be_attached()


def test_a_frame_without_an_address_has_the_name_of_its_page(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Editors and site builders put code into ``srcdoc``; its origin tells the host."""
    inner = (script(site) + element(site, "q=flower")).replace('"', "&quot;")
    page = reader.new_page()
    page.goto(host.page(f'<iframe srcdoc="{inner}" width="600" height="400"></iframe>'))
    picture = page.frame_locator("iframe").locator(".picture").first
    ping = picture.get_attribute("ping")
    assert ping
    assert parse_qs(urlsplit(ping).query)["site"] == ["localhost"]


def test_links_inside_an_embed_carry_its_site(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Where nothing is found, the frame's own link and the one of picks lead on by the name."""
    page = reader.new_page()
    query = "q=qqzxw&agency=demo"
    page.goto(host.page(f'<iframe src="{site.url}/embed?{query}"></iframe>'))
    link = page.frame_locator("iframe").locator("affiliate-search > a")
    expect(link).to_be_visible()
    assert parse_qs(urlsplit(link.get_attribute("href") or "").query)["site"] == ["localhost"]
    bare = "<affiliate-search ids=demo:no></affiliate-search>"
    page.goto(host.page(script(site) + bare))
    inside = page.locator("affiliate-search").locator("slot a")
    expect(inside).to_have_attribute("href", f"{site.url}/?ids=demo%3Ano&site=localhost")
