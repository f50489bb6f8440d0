"""A visitor searches, sees pictures and clicks through; with and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Response, Route, expect

from tests.support.chromium import Launch
from tests.support.fake_agency import SHOWN, TITLES, FakeAgency
from tests.support.search_page import (
    WATCH,
    make_affiliate_link,
    make_new_query,
    read_boxes,
    read_clicks,
    read_tiles,
)
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until

COUNT = re.compile(r"[1-9][0-9]* pictures?")


def search_by_typing(page: Page, words: str) -> None:
    page.goto("/")
    page.locator("#q").fill(words)
    page.locator("#q").press("Enter")


# -- searching


def test_typed_words_find_pictures(page: Page, site: SiteServer) -> None:
    """Typing "cat" and Enter on the start page shows at least ten pictures.

    Fields left empty or as by default don't stand in the address, from either page.
    """
    search_by_typing(page, "cat")
    expect(page).to_have_url(f"{site.url}/search?q=cat&lang=en")
    assert len(read_tiles(page)) >= 10
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("pictures.*“cat”"))
    expect(page.get_by_text("Links on this page earn us a commission.")).to_be_visible()
    page.locator("#q").fill("red bicycle")
    page.locator("#q").press("Enter")
    expect(page).to_have_url(f"{site.url}/search?q=red+bicycle&lang=en")


@pytest.mark.parametrize("width", [375, 768, 1440])
def test_results_fill_the_skeleton(page: Page, width: int) -> None:
    """Words that nobody has asked show a skeleton at once, and pictures in its place.

    What stays on the page keeps its place. The same words a second time are a hit, their pictures
    in the page's first HTML, and nothing moves while it loads.
    """
    page.add_init_script(WATCH)
    page.set_viewport_size({"width": width, "height": 900})
    address = f"/search?{make_new_query('cat')}"
    held: list[Route] = []
    page.route("**/ajax/search*", lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    with page.expect_request("**/ajax/search*"):
        page.goto(address)
    skeleton = page.locator("[data-waiting] .tile")
    expect(page.get_by_role("heading", level=1)).to_have_text("Looking for “cat”")
    assert skeleton.count() > 10
    top = skeleton.first.bounding_box()
    held[0].continue_()
    first = read_tiles(page)
    assert len(first) >= 10
    expect(skeleton).to_have_count(0)
    expect(page.locator("#status")).to_have_text(COUNT)
    filled = page.locator(".tile").first.bounding_box()
    assert top
    assert filled
    assert (filled["x"], filled["y"]) == (top["x"], top["y"])
    wait_for_pictures(page)
    assert page.evaluate("shift") < 0.01

    again = open_settled(page, address)
    assert page.evaluate("shift") == 0
    assert again.header_value("X-Cache") == "HIT"
    assert read_tiles(page) == first
    assert f'data-id="{first[0]}"' in again.text()


def test_unreachable_search_says_so_and_goes_on(page: Page) -> None:
    """When the results can't be fetched the page says so and offers to try again, which works."""
    page.route("**/ajax/search*", lambda route: route.abort())
    page.goto(f"/search?{make_new_query('cat')}")
    expect(page.locator(".note")).to_contain_text("could not be reached")
    expect(page.locator("[data-waiting], [aria-busy]")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Looking")
    page.unroute("**/ajax/search*")
    page.locator(".note").get_by_role("link", name="Try again").click()
    assert len(read_tiles(page)) >= 10


def test_nothing_found_offers_other_topics(page: Page) -> None:
    """Words without pictures show a note, with topics that have some."""
    page.goto("/search?q=qqzxw")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing found for “qqzxw”")
    expect(page.locator(".tile")).to_have_count(0)
    page.get_by_role("navigation", name="Topics").get_by_role("link", name="snow").click()
    assert len(read_tiles(page)) >= 10


def test_bad_parameter_is_named(page: Page) -> None:
    """An address that can't be read is a page that names the parameter and has a search box."""
    answer = page.goto("/search?page=0&q=a")
    assert answer
    assert answer.status == 400
    expect(page.get_by_role("heading", level=1)).to_contain_text("page")
    page.locator("#q").fill("cat")
    page.locator("#q").press("Enter")
    assert len(read_tiles(page)) >= 10


def test_opening_filters_moves_nothing(page: Page) -> None:
    """Opening the filters moves nothing on the screen of a phone or a tablet.

    On a phone they can be applied without looking for the button.
    """
    page.goto("/search?q=flower")
    read_tiles(page)
    summary = page.get_by_text("Filters", exact=True)
    for width, height in ((375, 667), (900, 900)):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.get_by_label("Orientation")).to_be_hidden()
        before = read_boxes(page), summary.bounding_box()
        summary.click()
        expect(page.get_by_label("Orientation")).to_be_visible()
        assert (read_boxes(page), summary.bounding_box()) == before, width
        expect(page.get_by_role("button", name="Show pictures")).to_be_in_viewport(ratio=1)
        page.keyboard.press("Escape")


def test_photographs_stand_in_pairs_on_a_phone(context_of_two: BrowserContext) -> None:
    """On a phone two photographs of 3:2, the commonest shape, share a row."""
    page = context_of_two.new_page()
    page.goto(f"/search?{make_new_query('cat')}&agency=shutterstock")
    read_tiles(page)
    for width in (320, 360, 375, 412):
        page.set_viewport_size({"width": width, "height": 800})
        tops = [top for _, top, *_ in read_boxes(page)]
        assert [tops.count(top) for top in sorted(set(tops))] == [2] * 6, width


def test_start_page_says_who_earns(page: Page) -> None:
    """The start page's pictures are links that earn, and it says so, however they came."""
    page.request.get("/search?q=flower&wait=1")
    text = "Links on this page earn us a commission."
    disclosure = page.locator(".disclosure:visible", has_text=text)
    page.goto("/?lang=en")
    read_tiles(page)
    expect(disclosure).to_have_count(1)
    page.route(re.compile(r"/\?lang=en$"), serve_empty_start)
    page.goto("/?lang=en")
    read_tiles(page)
    expect(disclosure).to_have_count(1)


def serve_empty_start(route: Route) -> None:
    """Serve the start page as when its pictures aren't cached."""
    answer = route.fetch()
    waiting = '<section class="results" data-waiting><ul class="tiles"></ul></section>'
    body = re.sub(r'<section class="results".*</section>', waiting, answer.text(), flags=re.DOTALL)
    route.fulfill(response=answer, body=body)


# -- clicking


def test_click_earns(
    page: Page, context: BrowserContext, site: SiteServer, shop: list[str]
) -> None:
    """A click on a picture opens its affiliate link and stands in the ledger once.

    Every picture's link is marked as sponsored. After a search and a click there is no cookie and
    nothing in the browser's stores.
    """
    page.goto("/search?q=bird")
    wanted = read_tiles(page)[2]
    marks = page.locator(".tile .picture").evaluate_all("all => all.map(a => a.rel)")
    assert set(marks) == {"sponsored nofollow noopener"}
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.locator(".tile .picture").nth(2).click()
    page.wait_for_url("https://shutterstock.7eer.net/**")
    assert shop == [make_affiliate_link(wanted, "bird")]
    wait_until(lambda: bool(read_clicks(site, "bird")))
    assert read_clicks(site, "bird") == [("demo", wanted, 3)]
    assert context.cookies() == []


def test_middle_click_told_twice_counts_once(
    context_of_two: BrowserContext, site_of_two: SiteServer
) -> None:
    """A middle click opens another tab; its beacon and its ping are one row of the ledger."""
    page = context_of_two.new_page()
    page.goto("/search?q=fruit&agency=demo")
    wanted = read_tiles(page)[0]
    told: list[Response] = []
    page.on("response", lambda one: told.append(one) if "/clicks?" in one.url else None)
    with (
        page.expect_response(lambda r: "/clicks?" in r.url and len(told) == 2),
        context_of_two.expect_page() as tab,
    ):
        page.locator(".tile .picture").first.click(button="middle")
    expect(tab.value).to_have_url(f"{site_of_two.url}/image/demo/{wanted}")
    assert [one.status for one in told] == [204, 204]
    assert len({one.url for one in told}) == 1
    assert read_clicks(site_of_two, "fruit") == [("demo", wanted, 1)]
    expect(page.locator(".tile .picture").first).to_be_visible()


def test_keyboard_opens_a_picture(page: Page, site: SiteServer, shop: list[str]) -> None:
    """Enter on a picture is a click like any other, counted once."""
    page.goto("/search?q=mountain")
    wanted = read_tiles(page)[1]
    page.locator(".tile .picture").nth(1).press("Enter")
    page.wait_for_url("https://shutterstock.7eer.net/**")
    assert shop == [make_affiliate_link(wanted, "mountain")]
    wait_until(lambda: bool(read_clicks(site, "mountain")))
    assert read_clicks(site, "mountain") == [("demo", wanted, 2)]


# -- without JavaScript


@pytest.fixture
def plain(browser: Browser, site: SiteServer) -> Iterator[Page]:
    """Yield a visitor without JavaScript."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_plain_search_takes_one_step(plain: Page) -> None:
    """Without JavaScript the start page's form leads to pictures in one step.

    A click on a picture opens its affiliate link.
    """
    opened: list[str] = []

    def answer(route: Route) -> None:
        opened.append(route.request.url)
        route.fulfill(body="<!doctype html><title>Shop</title>", content_type="text/html")

    plain.route("https://shutterstock.7eer.net/**", answer)
    search_by_typing(plain, "cat")
    expect(plain.locator(".tile .picture")).not_to_have_count(0)
    assert plain.locator(".tile .picture").count() >= 10
    assert "wait=1" in plain.url
    link = plain.locator(".tile .picture").first
    wanted = link.get_attribute("data-id")
    assert wanted
    link.click()
    expect(plain).to_have_title("Shop")
    assert opened == [make_affiliate_link(wanted, "cat")]


def test_plain_pages_and_filters_are_links_and_forms(plain: Page, site: SiteServer) -> None:
    """Without JavaScript the next page and the filters work as well.

    The next page is a link with an address of its own, shows other pictures, and leads back.
    """
    plain.goto("/search?q=animal&wait=1&lang=en")
    first = read_tiles(plain)
    pages = plain.get_by_role("navigation", name="Pages")
    more = pages.get_by_role("link", name="More pictures")
    expect(more).to_have_attribute("href", "/search?q=animal&lang=en&page=2")
    more.click()
    expect(plain).to_have_url(re.compile("page=2"))
    assert not set(first) & set(read_tiles(plain))
    pages.get_by_role("link", name="Previous").click()
    expect(plain).to_have_url(f"{site.url}/search?q=animal&lang=en")
    assert read_tiles(plain) == first
    plain.get_by_text("Filters", exact=True).click()
    plain.get_by_label("Orientation").select_option("Vertical")
    plain.get_by_role("button", name="Show pictures").click()
    expect(plain).to_have_url(re.compile("orientation=vertical"))
    expect(plain.locator(".tile .picture")).not_to_have_count(0)


def test_plain_uncached_page_leads_on(plain: Page) -> None:
    """Without JavaScript a link to a search that nobody has asked has a way to its pictures."""
    plain.goto(f"/search?{make_new_query('cat')}")
    plain.get_by_role("link", name="Show pictures").click()
    expect(plain.locator(".tile .picture")).not_to_have_count(0)


# -- going back


def returned(page: Page) -> None:
    """Search, scroll, open a picture's page, and come back: everything is as it was."""
    total = page.request.get("/api/search?q=mountain&agency=demo").json()["total"]
    assert 48 < total <= 96  # two pages
    page.goto(f"/search?{make_new_query('mountain')}&agency=demo")
    read_tiles(page)
    place = page.locator(".tile .picture").nth(30)
    place.scroll_into_view_if_needed()
    expect(page.locator(".tile .picture")).to_have_count(total)  # the next page came by itself
    before = read_tiles(page)
    scrolled = page.evaluate("scrollY")
    assert scrolled > 200
    place.click()
    page.wait_for_url("**/image/demo/*")
    page.evaluate("() => { setTimeout(() => history.back()) }")  # once this has returned
    expect(page.locator(".tile .picture")).to_have_count(total)
    assert read_tiles(page) == before
    expect(place).to_be_in_viewport()
    assert page.evaluate("scrollY") == pytest.approx(scrolled, abs=2)


def test_back_restores_results(context_of_two: BrowserContext) -> None:
    """Back from a picture shows the same results at the same place, loaded anew."""
    returned(context_of_two.new_page())


def test_back_restores_results_from_memory(launch: Launch, site_of_two: SiteServer) -> None:
    """The same in a browser that keeps pages alive behind, as visitors' browsers do."""
    keeping = launch(without=["--disable-back-forward-cache"])
    page = keeping.new_context(base_url=site_of_two.url).new_page()
    page.add_init_script("addEventListener('pageshow', event => { window.kept = event.persisted })")
    returned(page)
    assert page.evaluate("window.kept") is True
    keeping.close()


# -- an agency that takes long, fails or is hostile

RUN_RIGHT = """lines => lines.map(line => {
    const place = at => {
        const range = document.createRange();
        range.setStart(line.lastChild.firstChild, at);
        range.setEnd(line.lastChild.firstChild, at + 1);
        return range.getBoundingClientRect().left;
    };
    return place(0) < place(1) && place(1) < place(2);
})"""


def test_late_pictures_are_appended(context_of_two: BrowserContext, agency: FakeAgency) -> None:
    """A quick agency's pictures don't wait for a slow one's, nor move when they come.

    The tab has its number once all agencies have answered, and keeps the focus.
    """
    page = context_of_two.new_page()
    with agency.hold_searches() as gate:
        page.goto(f"/search?{make_new_query('cat')}")
        quick = read_tiles(page)
        expect(page.get_by_text("Shutterstock is still looking")).to_be_visible()
        before = read_boxes(page)
        tab = page.locator(".tabs [aria-current]")
        expect(tab.locator("small")).to_have_count(0)
        tab.focus()
        gate.set()
        expect(page.locator('.tile .picture[data-agency="shutterstock"]')).to_have_count(12)
    assert read_tiles(page)[: len(quick)] == quick
    assert read_boxes(page)[: len(before)] == before
    expect(page.get_by_text("Shutterstock is still looking")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"{len(quick) + 12} pictures")
    expect(tab.locator("small")).to_have_text(str(len(quick) + 12))
    expect(tab).to_be_focused()


def test_no_number_stands_beside_no_answer(page: Page) -> None:
    """The tabs of a search that could not be reached have no numbers."""
    page.route("**/ajax/search?*", lambda route: route.abort())
    page.goto(f"/search?{make_new_query('cat')}&lang=en")
    expect(page.get_by_role("heading", level=1)).to_have_text("No answer")
    expect(page.locator(".tabs a").first).to_have_text("All")
    expect(page.locator(".tabs small")).to_have_count(0)


def test_pictures_of_a_slow_agency_take_the_place_of_the_skeleton(
    context_of_two: BrowserContext, agency: FakeAgency
) -> None:
    """The page asks again by itself meanwhile, and nobody is told to do so."""
    page = context_of_two.new_page()
    query = make_new_query("cat")
    with agency.hold_searches() as gate:
        with page.expect_event("requestfinished", lambda one: "/ajax/search" in one.url):
            page.goto(f"/search?{query}&agency=shutterstock&lang=en")
        with page.expect_request("**/ajax/search?*"):
            expect(page.get_by_role("heading", level=1)).to_contain_text("Looking for")
            expect(page.locator("[aria-busy=true] .tiles")).to_have_count(1)
        expect(page.get_by_text("Ask again")).to_have_count(0)
        gate.set()
        expect(page.locator(".tile .picture")).to_have_count(12)
    expect(page.get_by_role("heading", level=1)).to_contain_text("12 pictures")
    asked = agency.searches_for(query)
    assert len(asked) == len(set(asked)) > 0


def test_the_start_page_ends_with_its_footer_while_an_agency_is_late(page: Page) -> None:
    """It takes a number of pictures alone and waits for no more; above them it says who earns."""
    credit = '<p class="disclosure credits">With pictures from here.</p>'

    def answer(route: Route) -> None:
        text = route.fetch().text().replace(' data-title="', ' data-late="slow" data-title="', 1)
        text = text.replace("</ul>", f"</ul>{credit}", 1)
        route.fulfill(body=text, content_type="text/html")

    page.route("**/ajax/search?*", answer)
    page.route("**/?lang=en", serve_empty_start)
    page.goto("/?lang=en")
    expect(page.locator("main .tile .picture")).to_have_count(12)
    expect(page.locator(".foot")).to_be_visible()
    above = "results => [...results.children].map((one) => one.className)"
    assert page.locator(".results").evaluate(above) == ["disclosure", "tiles", "disclosure credits"]


def test_late_agency_that_fails_is_named(
    context_of_two: BrowserContext, agency: FakeAgency
) -> None:
    """When a late agency gives no answer after all, the page says so instead of nothing."""
    page = context_of_two.new_page()
    with agency.fail_all(), agency.hold_searches() as gate:
        page.goto(f"/search?{make_new_query('cat')}")
        read_tiles(page)
        expect(page.get_by_text("Shutterstock is still looking")).to_be_visible()
        gate.set()
        expect(page.get_by_text("Shutterstock gave no answer")).to_be_visible()


def test_hostile_titles_are_text(context_of_two: BrowserContext) -> None:
    """Whatever a contributor calls a picture is shown as text: no dialog, no markup of theirs.

    A title's right-to-left override doesn't turn the contributor's name behind it.
    """
    page = context_of_two.new_page()
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.goto(f"/search?{make_new_query('cat')}&agency=shutterstock")
    read_tiles(page)
    titles = page.locator(".tile .title bdi").all_text_contents()
    assert set(titles) == set(SHOWN)
    assert page.get_by_role("heading", name="out").count() == 0
    assert page.locator("main script, main img[onerror]").count() == 0
    alternatives = page.locator(".tile img").evaluate_all("all => all.map(i => i.alt)")
    assert set(alternatives) == set(SHOWN)
    assert page.locator(".tile .by > span").evaluate_all(RUN_RIGHT) == [True] * 12
    page.locator("#q").fill(TITLES[0])
    page.locator("#q").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLES[0])
    assert dialogs == []


# -- what the page may do

PAGES = ("/", "/search?q=cat", "/search?q=flower&type=photo&sort=newest", "/search?q=qqzxw")
ALL_PAGES = (*PAGES, "/search?page=0&q=a", "/nowhere")


def open_settled(page: Page, address: str) -> Response:
    """Return the answer for a page that has its pictures and has drawn them."""
    answer = page.goto(address)
    assert answer
    page.locator("[data-waiting]").wait_for(state="detached")
    wait_for_pictures(page)
    return answer


def wait_for_pictures(page: Page) -> None:
    """Wait until the first pictures are on the screen."""
    page.evaluate(
        "() => Promise.all([...document.images].slice(0, 6).map(image => image.decode()))"
    )
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def test_pages_keep_their_own_policy(
    context_of_two: BrowserContext, agency: FakeAgency, site_of_two: SiteServer
) -> None:
    """No page does anything that its Content-Security-Policy forbids, or logs an error.

    A page asks no host but its own, and the agencies' for pictures.
    """
    asked: set[tuple[str, str]] = set()
    context_of_two.on(
        "request",
        lambda r: asked.add(("/".join(r.url.split("/")[:3]), r.resource_type)),
    )
    page = context_of_two.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(WATCH)
    [item, *_] = page.request.get("/api/search?q=cat&agency=demo").json()["items"]
    image = f"/image/demo/{item['id']}"
    for address in (*ALL_PAGES, f"/search?{make_new_query('cat')}", image):
        answer = open_settled(page, address)
        assert answer.header_value("Content-Security-Policy")
        assert (page.evaluate("violations"), errors) == ([], []), address
    assert answer.ok
    expect(page.locator("figure img")).to_be_visible()
    others = {one for one in asked if one[0] != site_of_two.url}
    assert others == {(agency.url, "image")}


INJECTED = """
    <script>window.ran = true</script>
    <img src='data:,' onerror='window.ran = true'>
    <script src='https://evil.example/x.js'></script>
    <style>body { display: none }</style>
"""


def test_injected_markup_is_powerless(page: Page) -> None:
    """Markup that got into a page by a fault elsewhere is stopped by the policy."""

    def inject(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("<main", f"{INJECTED}<main"))

    page.add_init_script(WATCH)
    page.route("**/search?*", inject)
    page.goto("/search?q=cat")
    read_tiles(page)
    assert {
        "script-src-elem inline",
        "script-src-attr inline",
        "script-src-elem https://evil.example/x.js",
        "style-src-elem inline",
    } <= set(page.evaluate("violations"))
    assert page.evaluate("window.ran") is None
