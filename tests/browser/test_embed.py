"""The element on a blog: it finds pictures, keeps its place, and earns for who shows them."""

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from affiliate.web.embeds.options import MAX_ROWS, Embed
from tests.support.embed_page import element, find_pictures, read_ids, record_searches, script
from tests.support.fake_agency import FakeAgency
from tests.support.host_pages import HostPages
from tests.support.search_page import WATCH
from tests.support.site_server import SiteServer
from tests.support.words import new_words

MOST = {"q": ["flower"], "rows": [str(MAX_ROWS)]}


@pytest.fixture
def blog(reader: BrowserContext, host: HostPages, site: SiteServer) -> Iterator[Page]:
    """Yield a blog with one embed under a line of words and over another."""
    page = reader.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(WATCH)
    embed = element(site, "q=flower")
    page.goto(host.page(f"{script(site)}<p>Before</p>{embed}<p>After</p>"))
    yield page
    assert errors == []


# -- what is shown


def test_pictures_stand_in_two_rows(blog: Page) -> None:
    """Pictures fill two rows; those behind them are out of reach; the disclosure is above."""
    find_pictures(blog)
    box = blog.locator("affiliate-search").bounding_box()
    assert box
    assert box["height"] == 342
    tops = blog.locator("affiliate-search .tile:not([inert])").evaluate_all(
        "all => [...new Set(all.map(tile => tile.offsetTop))]"
    )
    assert tops == [0, 156]
    assert blog.locator("affiliate-search .tile[inert]").count() > 5
    expect(blog.get_by_text("Links on this page earn us a commission.")).to_be_visible()
    expect(blog.get_by_role("link", name="Pictures of flowers")).to_be_hidden()


def test_every_link_is_whole_and_marked(blog: Page, site: SiteServer, host: HostPages) -> None:
    """Links are sponsored, carry the blog's name, and pictures come from where they are."""
    links = find_pictures(blog).evaluate_all("all => all.map(a => [a.rel, a.ping, a.href])")
    for rel, ping, _href in links:
        assert rel == "sponsored nofollow noopener"
        assert ping.startswith(f"{site.url}/clicks?")
        assert parse_qs(urlsplit(ping).query)["site"] == ["localhost"]
    sources = blog.locator("affiliate-search img").evaluate_all(
        "all => all.flatMap(i => [i.src, ...i.srcset.split(', ').filter(Boolean)])"
    )
    assert all(one.startswith(site.url) for one in sources)
    assert not any(host.url in one for link in links for one in link)


def test_nothing_shifts(blog: Page) -> None:
    """From the first paint to the last picture nothing on the page moves."""
    find_pictures(blog)
    blog.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
    assert blog.evaluate("shift") == 0


def test_a_plain_link_does_without_script(
    browser: Browser, host: HostPages, site: SiteServer
) -> None:
    """Where no script runs the link inside leads to the search."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(host.page(script(site) + element(site, "q=flower")))
    page.get_by_role("link", name="Pictures of flowers").click()
    expect(page).to_have_url(f"{site.url}/search?q=flower")
    context.close()


@pytest.mark.parametrize("kind", ["grid", "strip", "image", "search"])
def test_each_kind_has_the_height_that_is_told_beforehand(
    reader: BrowserContext, host: HostPages, site: SiteServer, kind: str
) -> None:
    """Whatever the kind and width, the height is the one that the builder reserves."""
    page = reader.new_page()
    page.goto(host.page(script(site) + element(site, f"q=cat kind={kind}")))
    find_pictures(page)
    told = Embed.from_parameters({"q": ["cat"], "kind": [kind]}).height
    for width in (320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            "told => document.querySelector('affiliate-search').offsetHeight === told", arg=told
        )
    total = page.request.get(f"{site.url}/api/search?q=cat").json()["total"]
    assert len(read_ids(page)) == (1 if kind == "image" else total)


@pytest.mark.parametrize("width", [320, 700])
def test_one_picture_keeps_its_shape(
    reader: BrowserContext, host: HostPages, site: SiteServer, width: int
) -> None:
    """A single picture is drawn in its own ratio, where it is as wide as its column too."""
    page = reader.new_page()
    column = f'<div style="width: {width}px">{element(site, "q=bird kind=image")}</div>'
    page.goto(host.page(script(site) + column))
    tile = find_pictures(page).first.locator("..")
    shape = tile.evaluate(
        "e => e.offsetWidth / e.offsetHeight / getComputedStyle(e).getPropertyValue('--ratio')"
    )
    assert shape == pytest.approx(1, abs=0.01)


def test_limit_and_agencies_are_kept_to(
    reader: BrowserContext, host: HostPages, site_of_two: SiteServer
) -> None:
    """``limit`` is the most pictures, ``agency`` a list of who is searched."""
    page = reader.new_page()
    embed = element(site_of_two, "q=flower limit=3 agency=demo", 'lang="de"')
    page.goto(host.page(script(site_of_two) + embed))
    assert len(read_ids(page)) == 3
    names = find_pictures(page).evaluate_all("all => [...new Set(all.map(a => a.dataset.agency))]")
    assert names == ["demo"]
    expect(page.get_by_role("group", name=re.compile("Bilder zu „flower“"))).to_be_visible()


SEEN = [
    ("limit=3", 1, True),
    ("limit=3", 3, True),
    ("limit=3", 4, False),
    ("kind=image", 2, False),
    ("kind=search limit=2", 3, False),
    ("rows=1", 30, False),
    ("kind=strip", 30, True),
]
"""An embed, the place of its first picture whose link earns, and whether that is in reach."""


def test_links_are_said_to_earn_where_one_in_reach_does(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Pictures behind the limit or the rows earn nothing; a wider column brings them back."""
    page = reader.new_page()

    def answer(route: Route) -> None:
        response = route.fetch()
        [first] = parse_qs(urlsplit(route.request.url).query)["exclude"]
        said = f'<p class="disclosure" data-from="{first[1:]}">'
        body = response.text().replace('<p class="disclosure">', said, 1)
        route.fulfill(response=response, body=body)

    page.route("**/embed/search?*", answer)
    embeds = [element(site, f"q=animal {one} exclude=x{first}") for one, first, _ in SEEN]
    page.goto(host.page(f"{script(site)}<main>{''.join(embeds)}</main>"))
    page.locator("affiliate-search").evaluate_all("all => all.forEach(one => one.begin())")
    for at, (one, first, said) in enumerate(SEEN):
        find_pictures(page, at)
        sentence = page.locator("affiliate-search").nth(at).get_by_text("earn us a commission")
        expect(sentence, f"{one} {first}").to_be_visible(visible=said)
    page.locator("main").evaluate("main => { main.style.width = '9999px' }")
    rows = page.locator("affiliate-search").nth(5)
    expect(rows.get_by_text("earn us a commission")).to_be_visible()


# -- what changes


def test_a_changed_attribute_is_another_search(blog: Page) -> None:
    """Several attributes that change at once are one search, and the old pictures go."""
    before = read_ids(blog)
    asked = record_searches(blog)
    blog.locator("affiliate-search").evaluate(
        "e => { e.setAttribute('q', 'cat'); e.setAttribute('type', 'vector') }"
    )
    expect(find_pictures(blog).first).not_to_have_attribute("data-id", before[0])
    assert not set(read_ids(blog)) & set(before)
    assert [parse_qs(urlsplit(one).query)["type"] for one in asked] == [["vector"]]


def test_a_changed_look_asks_nothing(blog: Page) -> None:
    """Another kind, theme or number of rows shows the same pictures."""
    before = read_ids(blog)
    asked = record_searches(blog)
    blog.locator("affiliate-search").evaluate(
        """e => { e.setAttribute("kind", "strip"); e.setAttribute("rows", 1);
            e.setAttribute("theme", "dark"); e.setAttribute("accent", "#ff0000") }"""
    )
    frame = blog.locator("affiliate-search section")
    expect(frame).to_have_attribute("data-kind", "strip")
    assert frame.evaluate("e => getComputedStyle(e).colorScheme") == "dark"
    assert frame.evaluate("e => e.style.getPropertyValue('--accent')") == "#ff0000"
    for unknown in ("banner", "constructor", "toString"):
        blog.locator("affiliate-search").evaluate("(e, k) => e.setAttribute('kind', k)", unknown)
        expect(frame).to_have_attribute("data-kind", "grid")
        blog.locator("affiliate-search").evaluate("e => e.setAttribute('kind', 'strip')")
        expect(frame).to_have_attribute("data-kind", "strip")
    assert read_ids(blog) == before
    assert asked == []


def test_words_in_the_box_follow(reader: BrowserContext, host: HostPages, site: SiteServer) -> None:
    """The box shows the words that are searched for, whoever sets them; none without any."""
    page = reader.new_page()
    page.goto(host.page(script(site) + element(site, "q=flower kind=search")))
    box = page.get_by_role("searchbox")
    expect(box).to_have_value("flower")
    embed = page.locator("affiliate-search")
    embed.evaluate("e => e.setAttribute('q', 'cat')")
    expect(box).to_have_value("cat")
    embed.evaluate("e => e.removeAttribute('q')")
    expect(box).to_have_value("")


def test_six_rows_are_the_most(blog: Page) -> None:
    """An element has no more rows than a frame may have, and goes where it is hidden."""
    embed = blog.locator("affiliate-search")
    embed.evaluate("e => { e.setAttribute('rows', '9999'); e.style.width = '320px' }")
    expect(embed).to_have_js_property("offsetHeight", Embed.from_parameters(MOST).height)
    embed.evaluate("e => { e.removeAttribute('style'); e.hidden = true }")
    expect(embed).to_be_hidden()


def test_a_moved_element_stays_what_it_is(blog: Page) -> None:
    """Moving it elsewhere on the page asks nothing and keeps the pictures and their listeners."""
    before = read_ids(blog)
    asked = record_searches(blog)
    embed = blog.locator("affiliate-search")
    embed.evaluate("e => { document.body.prepend(e) }")
    assert read_ids(blog) == before
    with blog.expect_request("**/embed/search?*") as later:
        embed.evaluate("e => e.insertAdjacentHTML('afterend', '<affiliate-search q=cat>')")
    assert asked == [later.value.url]


def test_an_element_may_go_while_it_loads(
    reader: BrowserContext, host: HostPages, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """Moved it fills all the same, removed it does no harm, and put back it has its pictures."""
    page = reader.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    words = new_words()
    with agency.hold_searches() as gate:
        with page.expect_request("**/embed/search*"):
            attributes = f"q={words} agency=shutterstock"
            page.goto(host.page(script(site_of_two) + element(site_of_two, attributes)))
        page.evaluate("window.kept = document.querySelector('affiliate-search'); kept.remove()")
        gate.set()
        page.evaluate("document.body.append(kept)")
        assert len(read_ids(page)) == 12
    assert errors == []


def test_typed_words_search_in_place(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """The search box finds pictures on the blog's own page, and says how many."""
    page = reader.new_page()
    address = host.page(f"{script(site)}{element(site, 'kind=search')}<p>After</p>")
    page.goto(address)
    box = page.get_by_role("searchbox", name="Pictures of flowers")
    box.fill("bicycle")
    box.press("Enter")
    assert len(read_ids(page)) > 1
    expect(page.get_by_role("status")).to_contain_text("for “bicycle”")
    assert page.url == address


# -- what is asked of the site


def test_twenty_embeds_share_what_is_equal(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """Twenty embeds of two searches load one script and ask twice."""
    page = reader.new_page()
    asked: list[Request] = []
    page.on("request", lambda one: asked.append(one))  # noqa: PLW0108 - not a builtin
    embeds = [element(site, f"q={'cat' if n % 2 else 'flower'}") for n in range(20)]
    page.goto(host.page(script(site) * 20 + "".join(embeds)))
    for at in range(20):
        page.locator("affiliate-search").nth(at).scroll_into_view_if_needed()
        assert len(read_ids(page, at)) > 10
    assert sum(one.url.endswith("/embed.js") for one in asked) == 1
    assert sum("/embed/search" in one.url for one in asked) == 2
    assert {urlsplit(one.url).netloc for one in asked} == {
        urlsplit(site.url).netloc,
        urlsplit(host.url).netloc,
    }


def test_far_below_nothing_is_asked(
    reader: BrowserContext, host: HostPages, site: SiteServer
) -> None:
    """An embed asks when it comes near the viewport, not before."""
    page = reader.new_page()
    asked = record_searches(page)
    far = '<p style="height: 4000px">Words</p>'
    page.goto(host.page(script(site) + element(site, "q=cat") + far + element(site, "q=flower")))
    find_pictures(page)
    assert len(asked) == 1
    with page.expect_request("**/embed/search*q=flower*"):
        page.locator("affiliate-search").last.scroll_into_view_if_needed()
    find_pictures(page, 1)


def test_late_agencies_come_behind(
    reader: BrowserContext, host: HostPages, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """Pictures of an agency that took longer are added after those on the screen."""
    page = reader.new_page()
    with agency.hold_searches() as gate:
        embed = element(site_of_two, f"q=flower exclude={new_words()} kind=strip")
        page.goto(host.page(script(site_of_two) + embed))
        first = read_ids(page)
        gate.set()
    expect(page.locator("affiliate-search .picture[data-agency=shutterstock]")).to_have_count(12)
    assert read_ids(page)[: len(first)] == first
