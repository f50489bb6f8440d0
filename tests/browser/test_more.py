"""More pictures come under those on the screen, by a button and by themselves; nothing moves."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Request, Route, expect

from tests.support.chromium import Launch
from tests.support.fake_agency import FakeAgency
from tests.support.search_page import WATCH, make_new_query, read_tiles
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until

PICTURES = 48 * 12
"""More than two calls to the agency give."""
IN_DOCUMENT = """tiles => tiles.map(tile => {
    const { x, y, width, height } = tile.getBoundingClientRect();
    return [x + scrollX, y + scrollY, width, height];
})"""
PLACES = """() => [...document.querySelectorAll(".tile .picture")]
    .map(a => [a.dataset.id, a.getBoundingClientRect()])
    .filter(([, box]) => box.bottom > 0 && box.top < innerHeight)
    .map(([id, box]) => [id, Math.round(box.top), Math.round(box.left)])"""
SOME_FRAMES = """async () => {
    for (let i = 0; i < 20; i += 1) await new Promise(requestAnimationFrame);
}"""
SETTLED = f"""async () => {{
    const ended = new Promise(done => addEventListener("scrollend", done, {{ once: true }}));
    scrollBy(0, 137);
    await ended;
    return ({PLACES})();
}}"""
AS_BEFORE = """places => places.every(([id, top, left]) => {
    const box = document.querySelector(`.picture[data-id="${id}"]`)?.getBoundingClientRect();
    return Math.abs(box?.top - top) < 2 && Math.abs(box?.left - left) < 2;
})"""
SECOND, THIRD, FOURTH, FIFTH = (re.compile(rf"/ajax/search\?.*page={n}") for n in range(2, 6))


@pytest.fixture
def agency_of_many(agency: FakeAgency) -> Iterator[FakeAgency]:
    """Yield the Shutterstock of this machine, with pictures for twelve pages."""
    with agency.return_pictures(PICTURES):
        yield agency


@pytest.fixture
def page(context_of_two: BrowserContext, agency_of_many: FakeAgency) -> Page:
    """Return a page that loads no pictures by itself."""
    assert agency_of_many.pictures == PICTURES
    opened = context_of_two.new_page()
    opened.add_init_script(
        "Object.defineProperty(navigator, 'connection', { value: { saveData: true } })"
    )
    return opened


@pytest.fixture
def scroller(context_of_two: BrowserContext, agency_of_many: FakeAgency) -> Page:
    """Return a page that loads pictures while scrolling."""
    assert agency_of_many.pictures == PICTURES
    return context_of_two.new_page()


def button(page: Page) -> Locator:
    return page.get_by_role("link", name="More pictures")


def searched(page: Page, query: str | None = None) -> str:
    """Show a search of the agency that has many pictures; its query string."""
    query = query or make_new_query("cat")
    page.goto(f"/search?{query}&agency=shutterstock&lang=en")
    assert len(read_tiles(page)) == 48
    return query


def made_known(page: Page, query: str) -> None:
    """Let the server ask the agencies, so that the first page with their answers is whole."""
    assert page.request.get(f"/search?{query}&wait=1").ok


def has_pages(page: Page, number: int) -> None:
    expect(page.locator(".tile .picture")).to_have_count(48 * number)


def record_requests(page: Page, pattern: re.Pattern[str]) -> list[Request]:
    """Return a list that collects the requests for such addresses."""
    found: list[Request] = []
    page.on("request", lambda one: found.append(one) if pattern.search(one.url) else None)
    return found


def read_boxes_on_screen(page: Page) -> list[list[float]]:
    """Return the tiles' boxes in the page's coordinates, all at one moment of the scrolling."""
    found: list[list[float]] = page.locator(".tile").evaluate_all(IN_DOCUMENT)
    return found


# -- by the button


def test_button_appends_the_next_page(
    page: Page, context_of_two: BrowserContext, agency_of_many: FakeAgency
) -> None:
    """A click brings the next page under this one: no navigation, its first picture focused.

    Nothing comes by itself where the browser says that data is dear. When the next page can't be
    fetched the page says so; the link stays and works again. Pictures on the screen stay where
    they are. Enter works as a click does; a click with Ctrl opens the page's own address in
    another tab and adds nothing here.
    """
    asked = record_requests(page, SECOND)
    query = searched(page)
    first = read_tiles(page)
    address = page.url
    page.evaluate("window.same = true")
    page.keyboard.press("End")
    page.evaluate(SOME_FRAMES)
    assert asked == []
    assert len(agency_of_many.searches_for(query)) == 1

    page.route(SECOND, lambda route: route.abort())
    button(page).click()
    expect(page.locator(".pages")).to_contain_text("The search could not be reached.")
    expect(page.locator("#status")).to_have_text("The search could not be reached.")
    expect(button(page)).not_to_have_attribute("aria-busy", "true")
    expect(button(page)).to_be_focused()
    has_pages(page, 1)
    page.unroute(SECOND)

    button(page).scroll_into_view_if_needed()
    before = read_boxes_on_screen(page)
    place = page.evaluate("scrollY")
    button(page).click()
    has_pages(page, 2)
    assert read_boxes_on_screen(page)[:48] == before
    assert page.evaluate("scrollY") == place
    both = read_tiles(page)
    assert both[:48] == first
    assert len(set(both)) == 96
    expect(page.locator(f'.picture[data-id="{both[48]}"]')).to_be_focused()
    expect(page.locator("#status")).to_have_text("48 more pictures, page 2 of 12")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("Page 2 of 12")
    assert page.locator(".picture").last.get_attribute("data-position") == "96"

    button(page).press("Enter")
    has_pages(page, 3)
    expect(page.locator(".picture").nth(96)).to_be_focused()
    expect(page.locator(".pages")).to_have_count(1)
    expect(page.locator(".pages")).to_contain_text("Page 3 of 12")
    with context_of_two.expect_page() as tab:
        button(page).click(modifiers=["Control"])
    expect(tab.value).to_have_url(re.compile(r"/search\?.*page=4"))
    fourth = read_tiles(tab.value)
    assert len(fourth) == 48
    has_pages(page, 3)
    assert not set(fourth) & set(read_tiles(page))
    assert page.evaluate("window.same") is True
    assert page.url == address


def test_intent_fetches_ahead(page: Page) -> None:
    """Hover or focus on the button fetches the next page, and a click uses that answer.

    A click while the page is on its way asks nothing more, and shows it when it comes. When
    fetching ahead failed, the click asks anew.
    """
    asked = record_requests(page, re.compile(r"/ajax/search\?.*page="))
    searched(page)
    with page.expect_response(SECOND):
        button(page).hover()
    has_pages(page, 1)
    button(page).click()
    has_pages(page, 2)
    with page.expect_response(THIRD):
        button(page).focus()
    has_pages(page, 2)
    button(page).press("Enter")
    has_pages(page, 3)
    assert len(asked) == 2

    held: list[Route] = []
    page.route(FOURTH, lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    with page.expect_request(FOURTH):
        button(page).hover()
    button(page).click()
    button(page).click()
    expect(button(page)).to_have_attribute("aria-busy", "true")
    held[0].continue_()
    has_pages(page, 4)
    expect(page.locator(".picture").nth(48 * 3)).to_be_focused()
    assert len(asked) == 3

    page.route(FIFTH, lambda route: route.abort(), times=1)
    with page.expect_event("requestfailed"):
        button(page).hover()
    button(page).click()
    has_pages(page, 5)


def test_pages_go_on_from_any(page: Page, agency_of_many: FakeAgency) -> None:
    """From page 4's own address the button brings page 5, and the way back leads to page 3.

    When no agency answers for the next page, the link to it stays.
    """
    query = f"{make_new_query('cat')}&agency=shutterstock"
    made_known(page, query)
    page.goto(f"/search?{query}&lang=en&page=4")
    has_pages(page, 1)
    button(page).click()
    has_pages(page, 2)
    expect(page.locator("#status")).to_have_text("48 more pictures, page 5 of 12")
    expect(page.get_by_role("link", name="Previous")).to_have_attribute(
        "href", re.compile(r"page=3")
    )
    with agency_of_many.fail_all():
        button(page).click()
        expect(page.locator(".pages")).to_contain_text("The search could not be reached.")
    has_pages(page, 2)
    expect(button(page)).to_have_attribute("href", re.compile("page=6"))


# -- by itself


def scroll_to_the_end(page: Page) -> None:
    """Scroll as a visitor does, a screen at a time, as far as pictures come by themselves."""
    page.evaluate(
        """async () => {
            const frame = () => new Promise(requestAnimationFrame);
            const on = () => document.querySelector(".pages").textContent.includes("Page 5");
            const end = () => scrollY + innerHeight >= document.documentElement.scrollHeight - 1;
            for (let frames = 0; !(on() && end()); frames += 1) {
                if (frames > 3600) throw new Error("page 5 did not come");
                scrollBy(0, 400);
                await frame();
            }
            for (let i = 0; i < 20; i += 1) await frame();
        }"""
    )


@pytest.mark.parametrize("width", [375, 768, 1440])
def test_pages_of_one_call_come_by_themselves(
    scroller: Page, agency_of_many: FakeAgency, width: int
) -> None:
    """Scrolling brings the five pages that one call to the agency gave, and shifts nothing.

    The sixth page costs a call and comes by the button; the seventh is free again.
    """
    scroller.set_viewport_size({"width": width, "height": 900})
    asked = record_requests(scroller, re.compile(r"/ajax/search\?.*page="))
    query = make_new_query("cat")
    made_known(scroller, f"{query}&agency=shutterstock")
    scroller.add_init_script(WATCH)
    searched(scroller, query)
    scroll_to_the_end(scroller)
    has_pages(scroller, 5)
    assert scroller.evaluate("shift") == 0
    assert len(agency_of_many.searches_for(query)) == 1
    assert len(asked) == 4
    expect(button(scroller)).to_be_visible()
    expect(scroller.locator("#status")).to_have_text("48 more pictures, page 5 of 12")
    if width < 1440:
        return
    button(scroller).click()
    expect(scroller.locator(".picture").nth(240)).to_be_focused()
    scroller.keyboard.press("End")
    expect(scroller.locator(".picture").nth(48 * 6)).to_be_attached()
    assert len(agency_of_many.searches_for(query)) == 2


def test_coming_pages_move_nothing(scroller: Page) -> None:
    """When the last rows are on the screen, a page that comes then leaves them as they are.

    What nobody asked for may fail without a word.
    """
    held: list[Route] = []
    scroller.route(SECOND, lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    scroller.route(THIRD, lambda route: route.fulfill(status=500, body="broken"))
    searched(scroller)
    with scroller.expect_request(SECOND):
        scroller.keyboard.press("End")
    expect(button(scroller)).to_be_in_viewport()
    before = read_boxes_on_screen(scroller)
    with scroller.expect_response(THIRD):
        held[0].continue_()
        expect(scroller.locator(".picture").nth(48)).to_be_attached()
        assert read_boxes_on_screen(scroller)[:48] == before
        scroller.keyboard.press("End")
    expect(button(scroller)).not_to_have_attribute("aria-busy", "true")
    expect(scroller.locator(".pages")).to_contain_text("Page 2 of 12")
    expect(scroller.locator("#status")).to_have_text("48 more pictures, page 2 of 12")


# -- failing, late, overtaken


def test_page_of_another_search_is_dropped(page: Page) -> None:
    """Another filter ends the fetching ahead, and brings a first page of its own.

    A page that was asked for before is never shown with it. What was fetched ahead is ended, too,
    when the visitor leaves.
    """
    page.route(SECOND, lambda _: None)
    searched(page)
    page.get_by_text("Filters", exact=True).click()
    orientation = page.get_by_label("Orientation")
    with page.expect_request(SECOND):
        button(page).hover()
    with page.expect_event("requestfailed", lambda one: bool(SECOND.search(one.url))):
        orientation.select_option("Vertical")
    expect(page).to_have_url(re.compile("orientation=vertical"))
    expect(page.locator(".chosen")).to_contain_text("Vertical")
    has_pages(page, 1)

    button(page).click()
    orientation.select_option("Horizontal")
    expect(page.locator(".chosen")).to_contain_text("Horizontal")
    has_pages(page, 1)
    expect(page.locator(".pages")).to_contain_text("Page 1 of 12")
    page.unroute(SECOND)
    button(page).click()
    has_pages(page, 2)
    assert page.locator(".chosen").count() == 1

    page.route(THIRD, lambda _: None)
    with page.expect_request(THIRD):
        button(page).hover()
    with page.expect_event("requestfailed", lambda one: bool(THIRD.search(one.url))):
        page.goto("/")


def test_late_pictures_of_two_pages_are_appended(page: Page) -> None:
    """Pictures of an agency that was late go below those of a page that came before them."""
    held: list[Route] = []

    def answer(route: Route) -> None:
        if "page=2" in route.request.url:
            route.continue_()
        elif "wait=1" in route.request.url:
            held.append(route)
        else:
            serve_late(route)

    page.route("**/ajax/search?*", answer)
    with page.expect_request("**/ajax/search?*wait=1"):
        page.goto(f"/search?{make_new_query('animal')}&lang=en")
    theirs = page.locator('.picture[data-agency="shutterstock"]')
    expect(page.locator(".tile .picture")).to_have_count(24)
    expect(theirs).to_have_count(0)
    button(page).click()
    expect(page.locator(".picture").nth(24)).to_be_focused()
    expect(theirs).to_have_count(24)
    both = read_tiles(page)
    before = read_boxes_on_screen(page)
    held[0].continue_()
    expect(theirs).to_have_count(48)
    found = read_tiles(page)
    assert found[:72] == both
    assert len(set(found)) == 96
    assert read_boxes_on_screen(page)[:72] == before
    expect(page.locator("#status")).to_have_text("More pictures have come.")
    expect(page.locator(".pages")).to_have_count(1)
    expect(page.locator(".pages")).to_contain_text("Page 2 of")


def test_late_agencies_come_one_after_the_other(page: Page) -> None:
    """A page that came without pictures shows those of the first, then those of the second."""
    query = f"{make_new_query('animal')}&lang=en"
    made_known(page, query)
    calls: list[str] = []

    def without(route: Route) -> None:
        response = route.fetch()
        body = re.sub(r'<ul class="tiles".*?</ul>', "", response.text(), flags=re.DOTALL)
        mark = '<section class="results" data-late="demo shutterstock"'
        route.fulfill(response=response, body=body.replace('<section class="results"', mark, 1))

    def answer(route: Route) -> None:
        calls.append(route.request.url)
        if len(calls) == 1:
            serve_late(route)
        else:
            route.continue_()

    page.route(f"**/search?{query}", without)
    page.route("**/ajax/search?*wait=1", answer)
    page.goto(f"/search?{query}")
    expect(page.locator('.picture[data-agency="demo"]')).to_have_count(24)
    expect(page.locator('.picture[data-agency="shutterstock"]')).to_have_count(24)
    assert len(calls) == 2


def test_appended_page_waits_for_late_agencies(page: Page, agency_of_many: FakeAgency) -> None:
    """A page that is appended holds the pictures of a slow agency too."""
    theirs = page.locator('.picture[data-agency="shutterstock"]')
    query = make_new_query("animal")
    made_known(page, f"{query}&lang=en&agency=demo")
    with agency_of_many.hold_searches() as gate:
        page.goto(f"/search?{query}&lang=en")
        assert len(read_tiles(page)) == 24
        with page.expect_request(SECOND):
            button(page).click()
        gate.set()
        expect(theirs).to_have_count(48)
    assert len(set(read_tiles(page))) == 96


def serve_late(route: Route) -> None:
    """Serve the answer of a site that still waits for Shutterstock."""
    response = route.fetch()
    body = re.sub(
        r'<li class="tile".*?</li>',
        lambda tile: "" if 'data-agency="shutterstock"' in tile[0] else tile[0],
        response.text(),
        flags=re.DOTALL,
    )
    mark = '<section class="results" data-late="shutterstock"'
    route.fulfill(response=response, body=body.replace('<section class="results"', mark, 1))


# -- back and reload


def three_pages(page: Page) -> tuple[list[str], list[list[object]]]:
    """Three pages by the button, the third on the screen; its tiles and their places."""
    searched(page)
    for number in (2, 3):
        button(page).click()
        expect(page.locator(".picture").nth(48 * (number - 1))).to_be_focused()
    page.locator(".picture").nth(110).scroll_into_view_if_needed()
    return read_tiles(page), page.evaluate(SETTLED)


def is_as_before(page: Page, before: tuple[list[str], list[list[object]]]) -> None:
    has_pages(page, 3)
    page.wait_for_function(AS_BEFORE, arg=before[1])
    assert read_tiles(page) == before[0]


def test_reload_and_back_come_to_the_same_place(page: Page) -> None:
    """Reloading after three pages shows the same pictures at the same place.

    So does Back from elsewhere, loaded anew, and Back from a filter that answered in place.
    """
    before = three_pages(page)
    page.reload()
    is_as_before(page, before)
    page.goto("/")
    page.go_back()
    is_as_before(page, before)
    assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "back_forward"

    page.get_by_text("Filters", exact=True).click()
    page.locator(".picture").nth(110).scroll_into_view_if_needed()
    places = page.evaluate(SETTLED)
    page.get_by_label("Orientation").select_option("Vertical")
    has_pages(page, 1)
    page.go_back()
    is_as_before(page, (before[0], places))


def test_back_from_memory_comes_back_to_the_same_place(
    launch: Launch, site_of_two: SiteServer, agency_of_many: FakeAgency
) -> None:
    """The same in a browser that keeps pages alive behind; there pictures go on coming."""
    assert agency_of_many.pictures == PICTURES
    keeping = launch(without=["--disable-back-forward-cache"])
    page = keeping.new_context(base_url=site_of_two.url).new_page()
    page.add_init_script(
        """Object.defineProperty(navigator, 'connection', { value: { saveData: true } });
        addEventListener('pageshow', event => { window.kept = event.persisted })"""
    )
    before = three_pages(page)
    page.goto("/")
    page.go_back(wait_until="commit")
    wait_until(lambda: page.evaluate("window.kept") is True)
    is_as_before(page, before)
    button(page).click()
    has_pages(page, 4)
    keeping.close()


SAID = '<p class="disclosure">Links on this page earn us a commission.</p>'
SOURCES = '<p class="disclosure credits">With pictures from {}.</p>'


@pytest.mark.parametrize("source", ["Pixabay", "Openverse"])
def test_what_must_be_said_of_appended_pictures_is_said_once(page: Page, source: str) -> None:
    """That links earn, and which sources want a name: where an agency failed on the first page."""

    def answer(route: Route) -> None:
        text = route.fetch().text()
        number = int(re.search(r'data-page="([0-9]+)"', text)[1])  # type: ignore[index]
        said = SAID if number > 1 else ""
        text = re.sub(r"(<h1 class=.count.>.*?</h1>)", rf"\1{said}", text)
        named = "Pixabay" if number == 1 else source
        text = text.replace("</ul>", f"</ul>{SOURCES.format(named)}", 1)
        route.fulfill(body=text, content_type="text/html")

    page.route("**/ajax/search?*", answer)
    searched(page)
    assert page.locator(".summary .disclosure").count() == 0
    for number in (2, 3):
        button(page).click()
        has_pages(page, number)
        expect(page.locator(".summary .disclosure")).to_have_count(1)
    named = page.locator(".credits").all_text_contents()
    assert named == [f"With pictures from {name}." for name in dict.fromkeys(("Pixabay", source))]
