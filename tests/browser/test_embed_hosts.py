"""Hosts that make it hard: strict policies, hostile styles, any direction, a slow site or none."""

import re
import socket
from contextlib import closing
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.support.embed_hosts import SETTLED, open_page
from tests.support.embed_page import element, find_pictures, read_ids, record_searches, script
from tests.support.fake_agency import FakeAgency
from tests.support.host_pages import HostPages
from tests.support.processes import ROOT
from tests.support.search_page import read_clicks
from tests.support.site_server import SiteServer, running_site
from tests.support.words import new_words

HOSTILE = """
    * { all: unset !important }
    div, p, a, ul, li, img, section, button { position: absolute !important; color: red !important;
        width: 1px !important; font: 99px serif !important; float: right !important }
    img { max-width: 20px !important; border: 9px solid red !important }
"""
NAMES = sorted(
    set(re.findall(r"--[a-z]+", (ROOT / "static" / "embed.css").read_text())) - {"--affiliate"}
)
"""Custom properties of the embed's own styles: a page may have its own by these names."""


def policy(site: SiteServer) -> str:
    """All that a host with a policy must allow, as the documentation says."""
    return (
        f"default-src 'none'; script-src {site.url}; connect-src {site.url}; img-src {site.url};"
        " style-src 'nonce-own'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def looks(page: Page) -> Any:
    """How the embed's parts are drawn: places, sizes and fonts."""
    return page.locator("affiliate-search").evaluate(
        """e => [...e.shadowRoot.querySelectorAll("section *")].flatMap(part => {
            if (!part.checkVisibility()) return [];
            const { x, y, width, height } = part.getBoundingClientRect();
            const from = e.shadowRoot.firstChild.getBoundingClientRect();
            const { color, font, display } = getComputedStyle(part);
            return [[part.className, x - from.x, y - from.y, width, height, color, font, display]];
        })"""
    )


# -- styles


@pytest.mark.parametrize("kind", ["grid", "image"])
@pytest.mark.parametrize("value", ["center", "9px", "9"])
def test_custom_properties_of_a_page_change_nothing_inside(
    reader: BrowserContext, host: HostPages, site: SiteServer, kind: str, value: str
) -> None:
    """Custom properties are inherited: those of a page, by the same names, mean other things."""
    own = "".join(f"{name}: {value};" for name in NAMES)
    drawn = []
    for sheet in ("", f":root {{ {own} }}"):
        embed = f'<main style="width: 700px">{element(site, f"q=flower kind={kind}")}</main>'
        page = open_page(reader, host.page(f"{script(site)}<style>{sheet}</style>{embed}"))
        find_pictures(page)
        page.evaluate(SETTLED)
        drawn.append(looks(page))
    assert drawn[0] == drawn[1]


def test_hostile_styles_change_nothing_inside(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """A style sheet that takes everything from every element leaves the embed as it was."""
    start = script(site) + '<meta name="color-scheme" content="light">'
    embed = element(site, "q=flower").replace("block;", "block !important;")
    embed = embed.replace("342px", "342px !important")
    embed = f'<main style="width: 700px !important">{embed}</main><p>After</p>'
    drawn = []
    for sheet in ("body { margin: 0 } main { display: block }", HOSTILE):
        page = open_page(reader, host.page(f"{start}<style>{sheet}</style>{embed}"))
        page.add_style_tag(
            content="main { display: block !important; position: static !important }"
        )
        find_pictures(page)
        page.evaluate(SETTLED)
        drawn.append(looks(page))
        assert page.evaluate("shift") == 0
    assert len(drawn[0]) > 100
    assert drawn[0] == drawn[1]


def test_an_embed_in_a_fold_is_as_elsewhere(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Rows fit the room that a fold or a tab has once the reader opens it, at any width since."""
    embed = element(site, "q=flower rows=2")
    address = host.page(
        f"{script(site)}<details><summary>Fold</summary>{embed}</details>"
        f"<div id=tab hidden>{embed}</div>"
    )
    page = open_page(reader, address)
    page.set_viewport_size({"width": 700, "height": 700})
    page.get_by_text("Fold").click()
    page.locator("#tab").evaluate("e => { e.hidden = false }")
    find_pictures(page, 1)
    page.locator("#tab, details").evaluate_all("all => all.forEach(e => { e.hidden = true })")
    page.set_viewport_size({"width": 460, "height": 900})
    page.locator("#tab, details").evaluate_all("all => all.forEach(e => { e.hidden = false })")
    page.evaluate(SETTLED)
    rows = page.locator("affiliate-search").evaluate_all(
        """all => all.map(e => [...e.shadowRoot.querySelectorAll(".tile:not([inert])")]
            .map(tile => [tile.offsetTop, tile.offsetWidth]))"""
    )
    plain = open_page(reader, host.page(f"{script(site)}{embed}"))
    plain.set_viewport_size({"width": 460, "height": 900})
    find_pictures(plain)
    plain.evaluate(SETTLED)
    wanted = plain.locator("affiliate-search").evaluate(
        """e => [...e.shadowRoot.querySelectorAll(".tile:not([inert])")]
            .map(tile => [tile.offsetTop, tile.offsetWidth])"""
    )
    assert len({top for top, _ in wanted}) == 3
    assert rows == [wanted, wanted]


def test_pages_that_load_the_script_again_keep_their_embeds(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Routers replace the body and run its scripts again, under another address, too."""
    embed = element(site, "q=flower rows=1")
    page = reader.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(host.page(f"{script(site)}<body>{embed}"))
    find_pictures(page)
    page.evaluate(
        """([html, address]) => {
            const body = document.createElement("body");
            body.innerHTML = html;
            const script = Object.assign(document.createElement("script"), { type: "module" });
            script.src = address;
            body.append(script);
            document.body.replaceWith(body);
            return new Promise(done => { script.onload = done });
        }""",
        [embed, f"{site.url}/embed.js?again"],
    )
    find_pictures(page)
    assert errors == []


def test_owners_of_the_page_can_dress_it(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Custom properties and parts change rows, type and colors."""
    sheet = """affiliate-search { --affiliate-row: 100px; --affiliate-text: rgb(1, 2, 3);
        --affiliate-font: 20px/18px serif } ::part(disclosure) { font-style: italic }"""
    page = open_page(
        reader, host.page(f"{script(site)}<style>{sheet}</style>{element(site, 'q=flower rows=1')}")
    )
    tile = find_pictures(page).first.locator("..").bounding_box()
    assert tile
    assert tile["height"] == 100
    note = page.locator("affiliate-search .earns").evaluate(
        "e => { const s = getComputedStyle(e); return [s.color, s.fontSize, s.fontStyle] }"
    )
    assert note == ["rgb(1, 2, 3)", "20px", "italic"]


class Scheme(NamedTuple):
    """What the reader likes, what the page has, what the element says, and what comes of it."""

    liked: Literal["dark", "light"]
    page: str
    theme: str
    dark: bool


SCHEMES = (
    Scheme("dark", "light dark", "", dark=True),
    Scheme("light", "light dark", "", dark=False),
    Scheme("dark", "light", "", dark=False),
    Scheme("dark", "light", 'theme="dark"', dark=True),
    Scheme("dark", "light dark", 'theme="light"', dark=False),
    Scheme("dark", "light", 'theme="auto"', dark=True),
    Scheme("light", "dark", 'theme="auto"', dark=False),
)


def test_it_is_dark_where_the_page_is(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """It follows the scheme of the page, not the reader's alone; ``theme`` overrides it."""
    page = reader.new_page()
    drawn = {}
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme.liked)
        start = f'{script(site)}<meta name="color-scheme" content="{scheme.page}">'
        page.goto(host.page(start + element(site, "q=flower", scheme.theme)))
        find_pictures(page)
        color = page.locator("affiliate-search .earns").evaluate("e => getComputedStyle(e).color")
        drawn[scheme] = color
    assert drawn == {one: "rgb(255, 255, 255)" if one.dark else "rgb(0, 0, 0)" for one in SCHEMES}


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_a_narrow_column_has_more_and_smaller_pictures(
    reader: BrowserContext, host: HostPages, site: SiteServer, direction: str
) -> None:
    """At 320 pixels nothing leaves the column, in either direction; rows begin at its start."""
    column = f'<div dir="{direction}" style="width: 320px">{element(site, "q=fruit")}</div>'
    page = open_page(reader, host.page(script(site) + column))
    find_pictures(page)
    page.evaluate(SETTLED)
    places = page.locator("affiliate-search").evaluate(
        """e => { const column = e.getBoundingClientRect();
            return [...e.shadowRoot.querySelectorAll(".tile:not([inert])")].map(tile => {
                const { left, right, top } = tile.getBoundingClientRect();
                return [left - column.left, column.right - right, top - column.top];
            }) }"""
    )
    assert len(places) >= 6
    assert min(side for left, right, _ in places for side in (left, right)) > -0.5
    assert len({round(top) for _, _, top in places}) == 3
    assert abs(places[0][1 if direction == "rtl" else 0]) < 0.5
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440
    assert page.evaluate("shift") == 0


# -- policies


def test_a_strict_policy_is_kept(reader: BrowserContext, host: HostPages, site: SiteServer) -> None:
    """With default-src 'none' and trusted types it works as documented, and violates nothing."""
    sheet = "affiliate-search { display: block; min-height: 342px }"
    embeds = "".join(
        f'<affiliate-search {one}><a href="/">Pictures</a></affiliate-search>'
        for one in ('q="flower"', 'q="qqzxw"', 'kind="search"', 'q="cat" data-consent="click"')
    )
    html = f'{script(site)}<style nonce="own">{sheet}</style>{embeds}'
    page = open_page(reader, host.page(html, {"Content-Security-Policy": policy(site)}))
    first = find_pictures(page).first
    box = first.locator("..").bounding_box()
    assert box
    assert box["width"] > 100
    page.get_by_role("searchbox").fill("bird")
    page.get_by_role("searchbox").press("Enter")
    find_pictures(page, 2)
    page.get_by_role("button", name="Show pictures").click()
    find_pictures(page, 3)
    page.evaluate("() => Promise.all([...document.images].map(image => image.decode()))")
    page.evaluate(SETTLED)
    assert page.evaluate("violations") == []


# -- a site that is slow, or gone


def test_the_link_stays_where_the_site_is_out_of_reach(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """When the script can't be had, and when the search can't, the link inside still stands."""
    embed = element(site, "q=flower")
    with closing(socket.socket()) as gone:  # a port that is taken, where nobody listens
        gone.bind(("127.0.0.1", 0))
        source = f"http://127.0.0.1:{gone.getsockname()[1]}/embed.js"
        start = f'<script type="module" async src="{source}"></script>'
        failed: list[str] = []
        reader.on("requestfailed", lambda one: failed.append(one.url))
        page = open_page(reader, host.page(start + embed + "<p>After</p>"))
        assert failed == [source]
        expect(page.get_by_role("link", name="Pictures of flowers")).to_be_visible()
        assert page.evaluate("shift") == 0
    reader.route("**/embed/search*", lambda route: route.abort())
    page = open_page(reader, host.page(script(site) + embed + "<p>After</p>"))
    frame = page.locator("affiliate-search section")
    expect(frame).to_have_attribute("aria-busy", "false")
    expect(page.get_by_role("link", name="Pictures of flowers")).to_be_visible()
    assert page.evaluate("shift") == 0
    reader.unroute("**/embed/search*")
    page.locator("affiliate-search").evaluate("e => e.setAttribute('limit', 5)")
    assert len(read_ids(page)) == 5


def test_without_a_link_inside_there_is_one(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """An element without content makes its own link when the search can't be had."""
    reader.route("**/embed/search*", lambda route: route.fulfill(status=503))
    embed = '<affiliate-search q="red bicycle" site="blog.example"></affiliate-search>'
    page = open_page(reader, host.page(script(site) + embed))
    link = page.get_by_role("link", name="red bicycle")
    wanted = f"{site.url}/search?q=red+bicycle&site=blog.example"
    expect(link).to_have_attribute("href", wanted)


def test_a_slow_site_moves_nothing(
    reader: BrowserContext, host: HostPages, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """While it waits the link stands on tinted rows; pictures that come late take their place."""
    words = new_words()
    with agency.hold_searches() as gate:
        embed = element(site_of_two, f"q={words} agency=shutterstock")
        page = open_page(reader, host.page(script(site_of_two) + embed + "<p>After</p>"))
        frame = page.locator("affiliate-search section")
        expect(frame).to_have_attribute("aria-busy", "true")
        expect(page.get_by_role("link", name="Pictures of flowers")).to_be_visible()
        gate.set()
        assert len(read_ids(page)) == 12
    expect(frame).to_have_attribute("aria-busy", "false")
    assert page.evaluate("shift") == 0


# -- privacy and earnings


def test_a_click_earns_for_the_blog(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """A click stands in the ledger once, with the blog's name, across origins."""
    reader.route("https://shutterstock.7eer.net/**", lambda route: route.fulfill(body="shop"))
    attributes = 'q="butterfly" site="Blog.Example"'
    page = open_page(
        reader, host.page(f"{script(site)}<affiliate-search {attributes}></affiliate-search>")
    )
    told: list[int] = []
    page.on("response", lambda r: told.append(r.status) if "/clicks?" in r.url else None)
    wanted = read_ids(page)[0]
    with page.expect_response(lambda r: "/clicks?" in r.url and len(told) == 2):
        find_pictures(page).first.click(button="middle")
    assert told == [204, 204]
    assert read_clicks(site, "butterfly") == [("demo", wanted, 1)]
    row = next(one for one in site.clicks() if one["words"] == "butterfly")
    assert row["site"] == "blog.example"


def test_nothing_is_kept_and_nobody_else_is_asked(
    reader: BrowserContext, host: HostPages, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """No cookie, no storage; beside the site itself only thumbnails' hosts are asked."""
    asked: set[tuple[str, str]] = set()
    reader.on("request", lambda r: asked.add((urlsplit(r.url).netloc, r.resource_type)))
    embed = element(site_of_two, f"q=flower exclude={new_words()} kind=strip rows=2")
    page = open_page(reader, host.page(script(site_of_two) + embed))
    expect(page.locator("affiliate-search .picture[data-agency=shutterstock]")).to_have_count(12)
    page.locator("affiliate-search img").first.evaluate("image => image.decode()")
    others = {urlsplit(one).netloc for one in (host.url, site_of_two.url)}
    assert {one for one in asked if one[0] not in others} <= {
        (urlsplit(agency.url).netloc, "image")
    }
    assert reader.cookies() == []
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    assert page.evaluate("async () => (await indexedDB.databases()).length") == 0


def test_consent_comes_before_every_request(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """With data-consent="click" nothing is asked for until the reader says so, once for all."""
    asked: list[str] = []
    reader.on("request", lambda r: asked.append(r.url))
    embeds = "".join(
        element(site, f"q={words} rows=1", 'data-consent="click"') for words in ("flower", "cat")
    )
    address = host.page(script(site) + embeds)
    page = open_page(reader, address)
    button = page.get_by_role("button", name="Show pictures").first
    button.wait_for()
    page.evaluate(SETTLED)
    assert asked == [address, f"{site.url}/embed.js"]
    link = page.get_by_role("link", name="Pictures of flowers").first
    expect(link).to_be_visible()
    # The room of the pictures shows what the button is for.
    area = page.locator("affiliate-search .area").first
    assert area.evaluate("e => getComputedStyle(e).backgroundColor") == "rgba(136, 136, 136, 0.2)"
    left = [one.evaluate("e => e.getBoundingClientRect().x") for one in (area, button, link)]
    assert [x - left[0] for x in left] == [0, 12, 12]
    button.press("Enter")
    find_pictures(page, 1).first.locator("img").evaluate("image => image.decode()")
    expect(find_pictures(page).first).to_be_focused()
    assert page.evaluate("shift") == 0


def test_other_sites_may_be_left_out(
    reader: BrowserContext, host: HostPages, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With EMBED_SITES another site's page can't load the script; one that is named can."""
    named = {"EMBED_SITES": urlsplit(host.url).netloc}
    with running_site(tmp_path_factory.mktemp("few"), named) as few:
        embed = host.page(script(few) + element(few, "q=flower"))
        frame = host.page(f'<iframe src="{few.url}/embed?q=cat"></iframe>')
        find_pictures(open_page(reader, embed))
        open_page(reader, frame).frames[1].locator(".picture").first.wait_for()
        embed, frame = (one.replace("localhost", "127.0.0.1") for one in (embed, frame))
        page = open_page(reader, embed)
        expect(page.get_by_role("link", name="Pictures of flowers")).to_be_visible()
        assert not page.evaluate("!!customElements.get('affiliate-search')")
        assert open_page(reader, frame).frames[1].locator("affiliate-search").count() == 0


def test_searches_name_the_blog(reader: BrowserContext, host: HostPages, site: SiteServer) -> None:
    """Without an attribute of its own the embed carries the name of the page's host."""
    page = reader.new_page()
    asked = record_searches(page)
    page.goto(host.page(script(site) + element(site, "q=flower")))
    find_pictures(page)
    assert [parse_qs(urlsplit(one).query)["site"] for one in asked] == [["localhost"]]


def test_a_route_that_never_ends_keeps_the_link(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """A search that hangs leaves the link in place, and another search goes on past it."""
    held: list[Route] = []
    reader.route("**/embed/search?q=flower*", lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    page = open_page(reader, host.page(script(site) + element(site, "q=flower")))
    expect(page.get_by_role("link", name="Pictures of flowers")).to_be_visible()
    page.locator("affiliate-search").evaluate("e => e.setAttribute('q', 'cat')")
    cats = read_ids(page)
    held[0].continue_()
    page.evaluate(SETTLED)
    assert read_ids(page) == cats
