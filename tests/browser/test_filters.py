"""Filters answer in place beside wide results, in a sheet on a phone, and stand in the address."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.support.search_page import make_new_query, read_boxes, read_tiles
from tests.support.site_server import SiteServer

SEARCH = "/search?q=flower&lang=en"
SAME_PAGE = "window.same === true"


def open_filters(page: Page, address: str = SEARCH) -> list[str]:
    """Open the filters of a search on a page that can be told from another; return the tiles."""
    page.goto(address)
    found = read_tiles(page)
    summary(page).click()
    expect(page.locator(".fields")).to_be_visible()
    page.evaluate("window.same = true")
    return found


def summary(page: Page) -> Locator:
    return page.locator(".filters > summary")


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Chosen filters")


def find_chips(page: Page) -> Locator:
    """Locate the text of each chip."""
    return chips(page).locator("bdi, .all")


def ids(page: Page) -> list[str]:
    found: list[str] = page.locator(".tile .picture").evaluate_all(
        "all => all.map(a => a.dataset.id)"
    )
    return found


def wait_for_tiles(page: Page) -> list[str]:
    """Return the tiles once the results are those of the address."""
    expect(page.locator("main > affiliate-search > .results[aria-busy]")).to_have_count(0)
    return ids(page)


@pytest.fixture
def page_of_two(context_of_two: BrowserContext) -> Page:
    return context_of_two.new_page()


@pytest.fixture(params=["scripted", "plain"])
def either(request: pytest.FixtureRequest, browser: Browser, site: SiteServer) -> Iterator[Page]:
    """Yield a visitor with JavaScript, and one without."""
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": 900, "height": 900},
        java_script_enabled=request.param == "scripted",
    )
    yield context.new_page()
    context.close()


# -- tabs and the order, above the results


def test_tab_and_order_answer_in_place_beside_open_filters(page: Page, site: SiteServer) -> None:
    """With the column open a tab or an order shows its pictures on the same page."""
    open_filters(page)
    page.get_by_role("link", name="Vectors").click()
    expect(page).to_have_url(f"{site.url}/search?q=flower&type=vector&lang=en")
    expect(page.locator(".tabs [aria-current]")).to_contain_text("Vectors")
    expect(page.get_by_label("Type")).to_have_value("vector")
    page.locator(".sort summary").click()
    page.get_by_role("link", name="Oldest").click()
    expect(page).to_have_url(f"{site.url}/search?q=flower&type=vector&sort=oldest&lang=en")
    expect(page.locator(".sort summary")).to_contain_text("Oldest")
    assert page.evaluate(SAME_PAGE)


def test_order_closes_by_escape_and_beside(page: Page) -> None:
    """Escape closes the menu and keeps the focus on it; a press or focus elsewhere closes it."""
    page.goto(SEARCH)
    read_tiles(page)
    menu = page.locator(".sort nav")
    opener = page.locator(".sort summary")
    opener.press("Enter")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(opener).to_be_focused()
    opener.click()
    expect(menu).to_be_visible()
    page.locator(".count").click()
    expect(menu).to_be_hidden()
    opener.click()
    page.locator("#q").focus()
    expect(menu).to_be_hidden()


def test_tabs_and_order_are_links_without_scripts(either: Page) -> None:
    """Both lead to their search with JavaScript and without."""
    either.goto(f"{SEARCH}&wait=1")
    either.get_by_role("link", name="Photos").click()
    expect(either).to_have_url(re.compile("type=photo"))
    either.locator(".sort summary").click()
    either.get_by_role("link", name="Newest").click()
    expect(either).to_have_url(re.compile("type=photo.*sort=newest"))


# -- a column beside wide results


def test_column_stands_beside_the_results(page: Page) -> None:
    """On a wide screen the open filters cover no result and go along while scrolling.

    Who has scrolled far down sees the first pictures of what a filter finds.
    """
    open_filters(page, "/search?q=animal&lang=en")
    page.mouse.wheel(0, 1000)
    page.wait_for_function("() => scrollY > 500")
    column = page.locator(".fields").bounding_box()
    assert column
    bar = page.locator(".bar").bounding_box()
    assert bar
    assert all(x + width <= column["x"] for x, _, width, _ in read_boxes(page))
    assert column["y"] == pytest.approx(bar["y"] + bar["height"], abs=1)
    assert column["y"] + column["height"] == pytest.approx(900, abs=1)
    page.get_by_label("Type").select_option("Photos")
    expect(chips(page)).to_be_in_viewport()
    assert page.evaluate("scrollY") == 0


def test_change_answers_in_place(page: Page, site: SiteServer) -> None:
    """A chosen filter shows its pictures without leaving the page; address, title, focus follow.

    So do words typed beside open filters. Back and forward show each search with its form, tiles
    and title, on the same page.
    """
    first = open_filters(page)
    kind = page.get_by_label("Type")
    kind.focus()
    kind.select_option("Photos")
    expect(find_chips(page)).to_have_text(["Photos"])
    second = wait_for_tiles(page)
    assert set(second) < set(first)
    expect(page).to_have_url(f"{site.url}/search?q=flower&type=photo&lang=en")
    expect(page).to_have_title(re.compile("^flower "))
    expect(kind).to_be_focused()
    expect(page.locator("#status")).to_have_text(re.compile(r"\d+ pictures for “flower”"))
    whole = page.request.get(page.url).text()
    assert second == re.findall(r'class="picture"[^>]* data-id="([^"]+)"', whole)

    page.locator("#q").fill("cat")
    page.locator("#q").press("Enter")
    expect(page).to_have_title(re.compile("^cat "))
    expect(page.get_by_role("heading", level=1)).to_contain_text("“cat”")
    wait_for_tiles(page)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("“flower”")
    assert wait_for_tiles(page) == second
    expect(page.locator("#q")).to_have_value("flower")
    expect(kind).to_have_value("photo")
    page.go_back()
    expect(chips(page)).to_have_count(0)
    expect(kind).to_have_value("")
    expect(page).to_have_url(f"{site.url}{SEARCH}")
    assert wait_for_tiles(page) == first
    page.go_forward()
    expect(kind).to_have_value("photo")
    assert wait_for_tiles(page) == second
    assert page.evaluate(SAME_PAGE)
    page.locator("#q").press("Enter")  # the same words again ask anew
    page.wait_for_function("() => window.same === undefined")


def test_back_to_a_topic(page: Page) -> None:
    """Filters over a topic's pictures lead back to the topic."""
    first = open_filters(page, "/topics/snow?lang=en")
    page.get_by_label("Type").select_option("Illustrations")
    expect(find_chips(page)).to_have_text(["Illustrations"])
    page.go_back()
    expect(page).to_have_url(re.compile("/topics/snow"))
    expect(chips(page)).to_have_count(0)
    assert read_tiles(page) == first


def test_overtaken_answer_is_dropped(page: Page) -> None:
    """When a change follows another, only the last one's pictures are ever shown.

    When an answer can't be fetched the page says so, and another change goes on.
    """
    open_filters(page, f"/search?{make_new_query('flower')}&lang=en")
    held: list[Route] = []
    page.route("**/ajax/search?*type=photo*", lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    with page.expect_request("**/ajax/search?*type=photo*"):
        page.get_by_label("Type").select_option("Photos")
    with page.expect_event("requestfailed"):
        page.get_by_label("Type").select_option("Vectors")
    expect(chips(page)).to_contain_text("Vectors")
    vectors = wait_for_tiles(page)
    held[0].continue_()
    page.evaluate("() => fetch('/healthz')")  # the older answer would have come by then
    assert ids(page) == vectors
    expect(chips(page)).to_contain_text("Vectors")
    expect(chips(page)).not_to_contain_text("Photos")

    page.route("**/ajax/search?*", lambda route: route.abort())
    page.get_by_label("Type").select_option("Illustrations")
    expect(page.locator(".note")).to_contain_text("could not be reached")
    expect(page.locator("main .related, main .pages, main .agencies")).to_have_count(0)
    page.unroute("**/ajax/search?*")
    page.get_by_label("Type").select_option("Any")
    expect(page.locator(".note")).to_have_count(0)
    assert wait_for_tiles(page)


# -- a sheet on a phone


def found_by(page: Page, address: str) -> int:
    """How many pictures the API finds."""
    total: int = page.request.get(f"/api/{address.lstrip('/')}").json()["total"]
    return total


def test_sheet_counts_on_its_button(phone: Page) -> None:
    """In the sheet a change says how many pictures there would be; the button shows them.

    The count is that of the last change, whatever answer comes last. When nobody can count, the
    button stands without a number and works.
    """
    everything = open_filters(phone)
    kind = phone.get_by_label("Type")
    held: list[Route] = []
    phone.route("**/api/search?*type=photo*", lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    with phone.expect_request("**/api/search?*type=photo*"):
        kind.select_option("Photos")
    kind.select_option("Vectors")
    vectors = found_by(phone, "/search?q=flower&type=vector&lang=en")
    expect(phone.locator(".live")).to_have_text(f"({vectors})")
    held[0].fulfill(json={"total": 12345})
    phone.evaluate("() => fetch('/healthz')")
    expect(phone.locator(".live")).to_have_text(f"({vectors})")

    kind.select_option("Illustrations")
    total = found_by(phone, "/search?q=flower&type=illustration&lang=en")
    assert 0 < total < len(everything)
    button = phone.locator(".fields .primary")
    expect(button).to_have_count(1)
    expect(button).to_have_text(f"Show pictures ({total})")
    expect(phone.locator("#status")).to_have_text(f"Show pictures ({total})")
    assert ids(phone) == everything
    button.tap()
    expect(phone).to_have_url(re.compile(r"\?q=flower&type=illustration&lang=en$"))
    assert len(read_tiles(phone)) == total
    expect(phone.locator(".fields")).to_be_hidden()

    summary(phone).click()
    phone.unroute_all()
    phone.route("**/api/search?*", lambda route: route.fulfill(status=503, body="busy"))
    with phone.expect_event("requestfinished"):
        kind.select_option("Photos")
    phone.get_by_role("button", name="Show pictures", exact=True).tap()
    expect(phone).to_have_url(re.compile("type=photo"))


def test_tap_beside_closes_the_sheet_alone(phone: Page) -> None:
    """A tap beside the sheet puts it away and does nothing else, even above a picture.

    So does Escape, wherever the focus is, and goes back to what opened it.
    """
    open_filters(phone)
    address = phone.url
    phone.touchscreen.tap(100, 60)
    expect(phone.locator(".fields")).to_be_hidden()
    expect(phone.locator("#q")).not_to_be_focused()
    assert phone.url == address
    assert phone.evaluate(SAME_PAGE)
    for focus in (phone.get_by_label("Type").focus, lambda: phone.evaluate(BLUR)):
        summary(phone).click()
        expect(phone.locator(".fields")).to_be_visible()
        focus()
        phone.keyboard.press("Escape")
        expect(phone.locator(".fields")).to_be_hidden()
        expect(summary(phone)).to_be_focused()


BLUR = "document.activeElement.blur()"


def test_click_beside_closes_the_panel(page: Page, site: SiteServer) -> None:
    """On a tablet a click beside the panel puts it away, and so does the focus that goes on.

    Its button narrows the search; back from there the form shows the filters of its own address,
    not of the next.
    """
    page.set_viewport_size({"width": 900, "height": 900})
    everything = open_filters(page)
    page.get_by_role("heading", level=1).evaluate("heading => window.scrollTo(0, 0)")
    page.mouse.click(890, 890)
    expect(page.locator(".fields")).to_be_hidden()
    summary(page).click()
    page.get_by_role("button", name="Show pictures").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Board")).to_be_focused()
    expect(page.locator(".fields")).to_be_hidden()
    summary(page).click()
    page.get_by_label("Type").select_option("Photos")
    apply(page)
    expect(page).to_have_url(f"{site.url}/search?q=flower&type=photo&lang=en")
    assert set(read_tiles(page)) < set(everything)
    page.go_back()
    expect(page).to_have_url(f"{site.url}{SEARCH}")
    expect(page.locator("select[name=type]")).to_have_value("")


# -- colors


def apply(page: Page) -> None:
    page.get_by_role("button", name="Show pictures").click()
    page.wait_for_load_state()


def test_swatch_and_typed_color_exclude_each_other(page: Page) -> None:
    """Typing a color takes the swatch away, choosing a swatch takes the typed one away.

    What isn't six hexadecimal digits is marked in its field; the results stay.
    """
    red = open_filters(page, "/search?q=flower&color=d62828&lang=en")
    typed = page.get_by_label("Any other color, in hexadecimal")
    expect(page.get_by_label("Red")).to_be_checked()
    typed.fill("12345")
    typed.press("Tab")
    assert typed.evaluate("field => field.matches(':user-invalid')")
    page.evaluate("() => fetch('/healthz')")
    assert wait_for_tiles(page) == red
    expect(page).to_have_url(re.compile(r"\?q=flower&color=d62828&lang=en$"))
    typed.fill("#123abc")
    typed.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=flower&color=%23123abc&lang=en$"))
    expect(page.get_by_label("Red")).not_to_be_checked()
    expect(find_chips(page)).to_have_text(["Color: #123abc"])
    assert page.evaluate(SAME_PAGE)
    page.get_by_label("Blue").check()
    expect(page).to_have_url(re.compile(r"\?q=flower&color=1d70b8&lang=en$"))
    expect(typed).to_have_value("")
    expect(find_chips(page)).to_have_text(["Blue"])


def test_colors_by_the_plain_form(either: Page) -> None:
    """A swatch, a typed color and none at all work by the form's button, with one color each."""
    either.goto("/search?q=flower&wait=1&lang=en")
    summary(either).click()
    either.get_by_label("Red").check()
    apply(either)
    expect(find_chips(either)).to_have_text(["Red"])
    summary(either).click()
    expect(either.get_by_label("Red")).to_be_checked()
    either.locator(".colors").get_by_label("Any", exact=True).check()
    either.get_by_label("Any other color, in hexadecimal").fill("1d70b8")
    apply(either)
    expect(find_chips(either)).to_have_text(["Blue"])
    summary(either).click()
    expect(either.get_by_label("Blue")).to_be_checked()
    either.locator(".colors").get_by_label("Any", exact=True).check()
    apply(either)
    expect(chips(either)).to_have_count(0)
    assert read_tiles(either)


# -- what which agency can express


def names(page: Page) -> set[str]:
    found: list[str] = page.locator(".fields :is(select, input)").evaluate_all(
        "all => all.map(one => one.name)"
    )
    return set(found)


def test_filters_say_which_agency_lacks_them(page_of_two: Page) -> None:
    """Filters that an agency lacks stand once, behind an (i), by mouse and keyboard.

    Choosing an agency leaves its own filters; the focus and the open column stay.
    """
    open_filters(page_of_two)
    people = page_of_two.get_by_label("People")
    gap = page_of_two.locator(".gaps li", has_text="Demo catalogue")
    expect(gap).to_be_hidden()
    page_of_two.locator(".gaps summary").press("Enter")
    expect(gap).to_be_visible()
    expect(gap).to_contain_text("People")
    page_of_two.locator(".gaps summary").click()
    expect(gap).to_be_hidden()
    people.select_option("2 people")
    expect(page_of_two.get_by_text("Left out, for lack of filters")).to_be_visible()
    people.select_option("Any")
    expect(page_of_two.get_by_text("Left out, for lack of filters")).to_have_count(0)

    assert {"people", "license"} < names(page_of_two)
    demo = page_of_two.get_by_role("checkbox", name="Demo catalogue")
    demo.check()
    expect(people).to_have_count(0)
    assert not {"people", "age", "gender", "license", "released"} & names(page_of_two)
    expect(demo).to_be_checked()
    expect(demo).to_be_focused()
    expect(find_chips(page_of_two)).to_have_text(["Demo catalogue"])
    demo.uncheck()
    expect(people).to_be_visible()
    page_of_two.get_by_role("checkbox", name="Shutterstock").check()
    expect(page_of_two.get_by_text("Not at")).to_have_count(0)
    expect(page_of_two.get_by_label("Orientation").locator("option")).to_have_text(
        ["Any", "Horizontal", "Vertical", "Square", "Panorama"]
    )
    assert page_of_two.evaluate(SAME_PAGE)


# -- chips and the address


def test_chips_name_and_remove_each_filter(either: Page) -> None:
    """Every filter of the address is a chip that takes it away alone; one takes all."""
    filters = "exclude=tree&type=illustration&color=d62828&safe=0&sort=newest"
    either.goto(f"/search?q=flower&{filters}&lang=en&wait=1")
    expect(find_chips(either)).to_have_text(
        [
            "Without the words: tree",
            "Illustrations",
            "Red",
            "Safe search off",
            "Sort by: Newest",
            "Clear all",
        ]
    )
    chips(either).get_by_role("link", name="Red").click()
    expect(either).to_have_url(
        re.compile(r"\?q=flower&exclude=tree&type=illustration&safe=0&sort=newest&lang=en$")
    )
    expect(find_chips(either)).to_have_count(5)
    chips(either).get_by_role("link", name="Clear all").click()
    expect(either).to_have_url(re.compile(r"\?q=flower&lang=en$"))
    expect(chips(either)).to_have_count(0)


def test_every_filter_stands_in_the_address(page: Page) -> None:
    """All that is chosen in the form is in the address, and comes back from it.

    Beside open filters a chip takes its filter away in place, from the form too.
    """
    open_filters(page)
    page.get_by_label("Type").select_option("Illustrations")
    page.get_by_label("Orientation").select_option("Vertical")
    page.get_by_label("Yellow").check()
    expect(find_chips(page).filter(has_text="Yellow")).to_be_visible()
    page.locator(".sort summary").click()
    page.get_by_role("link", name="Newest").click()
    expect(page.locator(".sort summary")).to_have_text(re.compile("Newest"))
    expect(page.locator(".fields [name=sort]")).to_have_value("newest")
    page.get_by_label("Without the words").fill("tree")
    page.get_by_label("Without the words").press("Tab")
    page.get_by_label("Off").check()
    expect(page).to_have_url(re.compile("safe=0"))
    address = page.url
    expect(find_chips(page)).to_have_count(7)
    shown = wait_for_tiles(page)
    page.goto(address)
    assert read_tiles(page) == shown if shown else not ids(page)
    state = "all => all.filter(c => c.name).map(c => [c.name, c.type, c.value, c.checked])"
    before = page.locator(".fields :is(select, input)").evaluate_all(state)
    sent = {(name, value) for name, kind, value, on in before if on or kind != "radio"}
    assert {
        ("type", "illustration"),
        ("orientation", "vertical"),
        ("sort", "newest"),
        ("color", "fcbf49"),
        ("exclude", "tree"),
        ("safe", "0"),
    } <= sent

    summary(page).click()
    page.evaluate("window.same = true")
    chips(page).get_by_role("link", name="Illustrations").click()
    expect(find_chips(page)).to_have_count(6)
    expect(page.get_by_label("Type")).to_have_value("")
    expect(page.get_by_label("Orientation")).to_have_value("vertical")
    expect(page).to_have_url(re.compile(r"/search\?q=flower&(?!.*type=).*orientation=vertical"))
    assert page.evaluate(SAME_PAGE)


# -- languages


def test_language_menu_keeps_the_search(page: Page) -> None:
    """Another language is the same search on a page that speaks it; back, the menu is as before.

    Going through the closed menu with arrows leaves the page only at Enter (WCAG 3.2.2).
    """
    open_filters(page)
    page.get_by_label("Type").select_option("Photos")
    expect(chips(page)).to_be_visible()
    page.get_by_label("Language").select_option("Deutsch")
    expect(page).to_have_url(re.compile(r"\?q=flower&type=photo&lang=de$"))
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert read_tiles(page)
    page.go_back()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    menu = page.get_by_label("Language")
    expect(menu).to_have_value("en")
    menu.focus()
    menu.press("ArrowDown")
    menu.press("ArrowDown")
    chosen = menu.input_value()
    assert chosen != "en"
    assert page.url.endswith("lang=en")
    menu.press("Enter")
    expect(page).to_have_url(re.compile(f"lang={chosen}$"))


def test_language_of_a_picture_s_page(page: Page) -> None:
    """On a picture's page the menu leads to the same picture."""
    [item, *_] = page.request.get("/api/search?q=cat").json()["items"]
    page.goto(f"/image/demo/{item['id']}?q=cat&lang=en")
    page.locator("select[name=lang]").select_option("ar")
    expect(page).to_have_url(re.compile(r"/image/demo/\w+\?q=cat&lang=ar$"))
    expect(page.locator("html")).to_have_attribute("dir", "rtl")


def test_language_by_the_plain_form(browser: Browser, site: SiteServer) -> None:
    """Without JavaScript the search's own button takes the language along."""
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/search?q=flower&type=photo&lang=en&wait=1")
    page.locator("select[name=lang]").select_option("fr")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page).to_have_url(re.compile("type=photo.*lang=fr"))
    assert read_tiles(page)
    context.close()


# -- did you mean


def test_misspelled_word_offers_the_right_one(either: Page) -> None:
    """A word that is nowhere offers the one that was meant; the link finds it, filters kept."""
    either.goto("/search?q=buterfly&sort=newest&lang=en&wait=1")
    note = either.get_by_text("Did you mean")
    expect(note).to_have_text("Did you mean butterfly?")
    note.get_by_role("link").click()
    expect(either).to_have_url(re.compile(r"\?q=butterfly&sort=newest&lang=en$"))
    expect(either.get_by_text("Did you mean")).to_have_count(0)
