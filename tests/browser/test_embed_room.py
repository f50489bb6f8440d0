"""Embeds fill their room: nothing is cut, no hole stays, readers see no trouble of agencies."""

import re

from playwright.sync_api import Browser, BrowserContext, Page, expect

from affiliate.domain.ui_languages import UI_LANGUAGES
from tests.support.embed_hosts import SETTLED
from tests.support.embed_page import element, find_pictures, read_ids, record_searches, script
from tests.support.fake_agency import FakeAgency
from tests.support.host_pages import HostPages
from tests.support.site_server import SiteServer
from tests.support.words import new_words

WIDTHS = (180, 280, 343)
CUT = """e => { const note = e.shadowRoot.querySelector(".earns"), list = note.nextSibling;
    return note.scrollHeight > note.clientHeight || getComputedStyle(note).overflow !== "visible"
        || note.getBoundingClientRect().bottom > list.getBoundingClientRect().top + 0.5 }"""


def heights(page: Page) -> list[int]:
    found: list[int] = page.locator("affiliate-search").evaluate_all(
        "all => all.map(one => one.offsetHeight)"
    )
    return found


def test_the_disclosure_stands_whole_in_every_language(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Whatever its length and the column's width, the height is the one that is told before."""
    page = reader.new_page()
    kinds = ("kind=grid", "kind=search rows=2")
    embeds = "".join(
        element(site, f"q=flower {kind} lang={n}") for n in UI_LANGUAGES for kind in kinds
    )
    page.goto(host.page(f"{script(site)}<main style='width: 343px'>{embeds}</main>"))
    embed = page.locator("affiliate-search")
    embed.evaluate_all("all => all.forEach(one => one.begin())")
    for at in range(len(UI_LANGUAGES) * len(kinds)):
        find_pictures(page, at)
    for width in WIDTHS:
        page.locator("main").evaluate("(e, w) => { e.style.width = `${w}px` }", width)
        page.evaluate(SETTLED)
        assert not [n for n in range(embed.count()) if embed.nth(n).evaluate(CUT)], width
        assert set(heights(page)) == {342, 392}


def test_rows_that_stay_empty_give_their_room_back(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Few pictures, none, and a box without words leave no hole; one picture more fills it."""
    page = reader.new_page()
    asked = ("q=flower limit=3", "q=butterfly", "q=qqzxw", "kind=search", "q=butterfly kind=strip")
    page.goto(host.page(script(site) + "".join(element(site, one) for one in asked)))
    for at in (0, 1, 4):
        page.locator("affiliate-search").nth(at).scroll_into_view_if_needed()
        find_pictures(page, at)
    expect(page.locator("affiliate-search").nth(2)).to_have_js_property("offsetHeight", 18)
    assert heights(page) == [186, 186, 18, 50, 202]
    page.locator("affiliate-search").first.evaluate("e => e.removeAttribute('limit')")
    expect(page.locator("affiliate-search").first).to_have_js_property("offsetHeight", 342)


def test_readers_see_the_pages_own_link_in_place_of_trouble(
    reader: BrowserContext, host: HostPages, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """What fails or finds nothing is told to the owner; other words are searched if there are."""
    page = reader.new_page()
    told: list[str] = []
    page.on("console", lambda one: told.append(f"{one.type} {one.text}"))
    agency.broken = True
    words = new_words()
    embeds = (
        element(site_of_two, f"q={words} agency=shutterstock"),
        element(site_of_two, "q=qqzxw agency=demo kind=search"),
        element(site_of_two, "q=qqzxw agency=demo type=vector", 'fallback="cat"'),
    )
    try:
        page.goto(host.page(script(site_of_two) + "".join(embeds)))
        assert "vector" not in read_ids(page, 2)
        expect(page.locator("section[aria-busy=false]")).to_have_count(3)
    finally:
        agency.broken = False
    for at in (0, 1):
        embed = page.locator("affiliate-search").nth(at)
        expect(embed.get_by_role("link", name="Pictures of flowers")).to_be_visible()
        expect(embed.locator(".note, .count, .agencies")).to_have_count(0)
    assert not page.get_by_role("status").filter(has_text="qqzxw").is_visible()
    assert [one.partition(" ")[0] for one in told].count("warning") == 4  # one for other words
    assert any("Nothing found for “qqzxw”" in one for one in told)
    box = page.get_by_role("searchbox")
    box.fill("qqzxx")
    box.press("Enter")
    expect(page.get_by_text("Nothing found for “qqzxx”")).to_be_visible()


def test_words_that_change_quickly_are_one_search(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """A host that binds a field asks once for each pause; answers that nobody wants are ended."""
    page = reader.new_page()
    page.goto(host.page(script(site) + element(site, "q=flower")))
    find_pictures(page)
    asked = record_searches(page)
    failed: list[str] = []
    page.on("requestfailed", lambda one: failed.append(one.url))
    page.route("**/embed/search?q=bird*", lambda route: None)  # noqa: ARG005 - never answered
    change = """async (e, all) => {
        for (const words of all) { e.setAttribute("q", words); await Promise.resolve() } }"""
    embed = page.locator("affiliate-search")
    with page.expect_request("**/embed/search?q=bird*"):
        embed.evaluate(change, ["b", "bi", "bir", "bird"])
    embed.evaluate(change, ["c", "ca", "cat"])
    expect(page.locator("affiliate-search section")).to_have_attribute(
        "aria-label", re.compile("cat")
    )
    assert [re.findall(r"q=(\w+)", one) for one in asked] == [["bird"], ["cat"]]
    assert len(failed) == 1


def test_an_embed_speaks_the_language_around_it(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """The element's own language counts, then that of the part around it, then the page's."""
    page = reader.new_page()
    asked = record_searches(page)
    embed = element(site, "q=flower rows=1")
    inner = f'<div lang="pt-BR">{embed}</div>{embed.replace("rows=1", "lang=fr rows=1")}{embed}'
    page.goto(host.page(f'<html lang="de-DE">{script(site)}<main>{inner}</main>'))
    for at in range(3):
        find_pictures(page, at)
    found = {re.findall(r"lang=([\w-]+)", one)[0] for one in asked}
    assert found == {"pt-BR", "fr", "de-DE"}
    expect(page.locator("affiliate-search").last.locator(".disclosure")).to_contain_text(
        "Provision"
    )


def test_touch_shows_titles_in_a_quiet_strip(
    browser: Browser, host: HostPages, site: SiteServer
) -> None:
    """Without a pointer that hovers, title, maker and agency stand on less than a third."""
    context = browser.new_context(
        has_touch=True, is_mobile=True, viewport={"width": 375, "height": 800}
    )
    page = context.new_page()
    page.goto(host.page(script(site) + element(site, "q=flower")))
    tile = find_pictures(page).first.locator("..")
    strip = tile.locator(".strip")
    expect(strip).to_have_css("opacity", "1")
    assert strip.evaluate("e => e.offsetHeight / e.parentNode.offsetHeight") <= 0.3
    for part in (".title", ".by"):
        box = strip.locator(part).bounding_box()
        assert box
        assert box["height"] >= 13
    context.close()


def test_looks_that_bloggers_choose(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Credits, sides and new tabs are attributes; boxes have names of their own."""
    page = reader.new_page()
    embeds = (
        element(site, "q=flower", 'credit target="_blank"'),
        element(site, "q=bird kind=image", 'align="center"'),
        element(site, "q=bird kind=image", 'align="right"'),
        element(site, "kind=search"),
        element(site, "kind=search"),
    )
    html = "".join(embeds)
    page.goto(host.page(f"{script(site)}<main style='width: 1000px'>{html}</main>"))
    assert find_pictures(page).first.get_attribute("target") == "_blank"
    expect(page.locator(".strip").first).to_have_css("opacity", "1")
    sides = []
    for at in (1, 2):
        box = find_pictures(page, at).first.locator("..").bounding_box()
        main = page.locator("main").bounding_box()
        assert box
        assert main
        left = box["x"] - main["x"]
        sides.append((round(left), round(1000 - left - box["width"])))
    assert sides[0][0] == sides[0][1] > 0
    assert sides[1][1] == 0 < sides[1][0]
    names = page.get_by_role("search").evaluate_all("all => all.map(form => form.ariaLabel)")
    assert names == ["Search", "Search 2"]
    expect(page.get_by_role("button", name="Search")).to_have_count(2)
