"""Quick look: a picture larger, over the results, with the address of its own page."""

import re
from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Locator, Page, Route, expect

from tests.support.axe import CHECK, CHECK_COLORS
from tests.support.crop import is_tinted, make_barred_picture, open_png
from tests.support.fake_agency import SHOWN, FakeAgency
from tests.support.search_page import WATCH, make_affiliate_link, read_clicks, read_tiles
from tests.support.site_server import SiteServer
from tests.support.waiting import wait_until
from tests.support.words import new_words

DETAILS = re.compile(r"/ajax/image/[^/]+/[^/]+\?")
COUNT_GROWTHS = """
    window.growths = 0;
    const { animate } = Element.prototype;
    Element.prototype.animate = function (...values) {
        window.growths += 1;
        return animate.apply(this, values);
    };
"""
FRAMES = """async () => {
    for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
}"""


BUSY = 15_000
"""Milliseconds that a busy machine may take for the details."""
Motion = Literal["no-preference", "reduce"]


@pytest.fixture
def page(page: Page) -> Page:
    """Return a new visitor's first tab, without motion unless a test is about motion."""
    page.emulate_media(reduced_motion="reduce")
    return page


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Quick look")


def heading(page: Page) -> Locator:
    return dialog(page).get_by_role("heading", level=1)


def read_title(page: Page, place: int) -> str:
    return page.locator("main .tile .title bdi").nth(place).text_content() or ""


def wait_for_details(page: Page) -> None:
    """Wait for quick look and the details in it."""
    expect(dialog(page).locator(".facts dl")).to_be_visible(timeout=BUSY)


def closed(page: Page) -> None:
    """Wait until quick look is closed, and its script has emptied it and moved the focus."""
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(page.locator("#look affiliate-search > *")).to_have_count(0)


def results(page: Page, words: str = "flower", lang: str = "en") -> list[str]:
    """Show a search; the ids of its pictures."""
    page.goto(f"/search?q={words}&lang={lang}")
    return read_tiles(page)


def by_click(page: Page, place: int = 0) -> None:
    tile = page.locator("main .tile").nth(place)
    tile.hover()
    tile.locator(".title").click()
    wait_for_details(page)


def by_space(page: Page, place: int = 0) -> None:
    page.locator("main .tile .picture").nth(place).press("Space")
    wait_for_details(page)


def shows(page: Page, ids: list[str], place: int, words: str = "flower") -> None:
    """Quick look shows the picture at that place of the results, whole."""
    expect(page).to_have_url(re.compile(rf"/image/demo/{ids[place]}\?q={words}&lang="))
    wait_for_details(page)
    expect(heading(page)).to_have_text(read_title(page, place))
    expect(dialog(page).locator("figure img").last).to_have_attribute(
        "src", re.compile(rf"/{ids[place]}-large\.webp")
    )


def came_back(page: Page, ids: list[str]) -> None:
    """Wait for the results' own page, without quick look."""
    expect(page.locator("main .count")).to_be_visible()
    expect(page).to_have_url(re.compile("/search"))
    closed(page)  # similar pictures in quick look are tiles, too
    assert read_tiles(page) == ids


# -- opening


def close(page: Page) -> None:
    page.keyboard.press("Escape")
    closed(page)


def test_picture_opens_over_the_results(page: Page, site: SiteServer) -> None:
    """A click on a title, or Space on a picture, shows it larger, at its own page's address.

    A tile's picture grows; with reduced motion nothing grows, nor does a picture gone on to. None
    of this is a click in the ledger, forbidden by the policy, or an error.
    """
    told: list[str] = []
    errors: list[str] = []
    page.on("request", lambda one: told.append(one.url) if "/clicks" in one.url else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(WATCH + COUNT_GROWTHS)
    ids = results(page, "animal")
    page.evaluate("window.same = true")
    ways: list[tuple[Motion, Callable[[Page, int], None]]] = [
        ("no-preference", by_click),
        ("no-preference", by_space),
        ("reduce", by_click),
    ]
    for place, (motion, way) in enumerate(ways, 1):
        page.emulate_media(reduced_motion=motion)
        page.mouse.move(0, 0)
        way(page, place)
        shows(page, ids, place, "animal")
        expect(page).to_have_title(re.compile(re.escape(read_title(page, place))))
        expect(dialog(page).get_by_role("status")).to_have_text(read_title(page, place))
        close(page)
    page.emulate_media(reduced_motion="no-preference")
    by_space(page, 4)
    page.keyboard.press("ArrowRight")
    wait_for_details(page)
    close(page)
    assert page.evaluate("growths") == 3
    assert page.evaluate("window.same") is True
    assert (page.evaluate("violations"), errors) == ([], [])
    assert (told, read_clicks(site, "animal")) == ([], [])


def phone(browser: Browser, site: SiteServer) -> BrowserContext:
    return browser.new_context(
        base_url=site.url,
        viewport={"width": 375, "height": 700},
        device_scale_factor=2,
        has_touch=True,
        is_mobile=True,
    )


def test_picture_s_page_is_at_its_address(page: Page, context: BrowserContext) -> None:
    """A click with Ctrl opens a picture's page in another tab, a reload in quick look here.

    Back leads from there to the results.
    """
    ids = results(page)
    page.locator("main .tile").first.hover()
    with context.expect_page() as tab:
        page.locator("main .title").first.click(modifiers=["Control"])
    expect(tab.value).to_have_url(re.compile(f"/image/demo/{ids[0]}"))
    closed(page)
    by_click(page, 3)
    name = read_title(page, 3)
    page.reload()
    closed(page)
    expect(page.locator("main h1")).to_have_text(name)
    page.go_back()
    came_back(page, ids)


def test_similar_opens_on_the_picture_s_page(page: Page) -> None:
    """The details page's similar pictures have quick look as well, and Back closes it."""
    page.goto("/search?q=flower&lang=en")
    page.goto(f"/image/demo/{read_tiles(page)[0]}?q=flower&lang=en")
    own = page.url
    read_tiles(page)
    by_click(page)
    assert page.url != own
    page.go_back()
    closed(page)
    expect(page).to_have_url(own)


# -- closing


def by_back(page: Page) -> None:
    page.go_back()


def by_escape(page: Page) -> None:
    page.keyboard.press("Escape")


def by_button(page: Page) -> None:
    dialog(page).get_by_role("button", name="Close").click()


def test_closing_leads_back_to_the_tile(page: Page) -> None:
    """Back, Escape and the button close; focus, address and title are back.

    Forward opens the picture again that Back closed; Escape then leads back as ever.
    """
    ids = results(page)
    address, name = page.url, page.title()
    for way in (by_back, by_escape, by_button):
        by_space(page, 4)
        way(page)
        closed(page)
        expect(page).to_have_url(address)
        expect(page).to_have_title(name)
        expect(page.locator("main .tile .picture").nth(4)).to_be_focused()
        assert page.evaluate("history.length") == 3, way
    page.go_forward()
    shows(page, ids, 4)
    close(page)
    expect(page).to_have_url(address)


def test_quick_look_stays_open_under_clicks_on_its_parts(page: Page) -> None:
    """A click beside or on the words, or words marked with the mouse, leaves it open.

    Two fingers zoom there, as anywhere.
    """
    results(page)
    by_space(page)
    figure = dialog(page).locator("figure").bounding_box()
    assert figure
    page.mouse.click(figure["x"] + figure["width"] + 8, figure["y"] + 40)
    page.mouse.click(30, 200)
    dialog(page).locator("dt").first.click()
    box = heading(page).bounding_box()
    assert box
    page.mouse.move(box["x"] + 4, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(20, 300)
    page.mouse.up()
    page.evaluate(FRAMES)
    expect(dialog(page)).to_be_visible()
    assert dialog(page).evaluate("one => getComputedStyle(one).touchAction") == "pan-y pinch-zoom"


def test_quick_visitors_see_what_they_opened_last(page: Page) -> None:
    """Closing a picture and opening another at once shows the other, and one Back closes it.

    Space held down opens one picture, and one Escape is enough.
    """
    page.emulate_media(reduced_motion="no-preference")
    ids = results(page)
    address = page.url
    page.evaluate(
        """() => {
            const picture = document.querySelector("main .picture");
            const press = repeat => picture.dispatchEvent(new KeyboardEvent("keydown",
                { key: " ", bubbles: true, cancelable: true, repeat }));
            for (const repeat of [false, true, true]) press(repeat);
        }"""
    )
    wait_for_details(page)
    close(page)
    expect(page).to_have_url(address)
    page.evaluate(FRAMES)
    closed(page)
    assert page.evaluate("history.length") == 3
    page.emulate_media(reduced_motion="reduce")
    by_space(page)
    page.evaluate(
        """() => {
            const dialog = document.querySelector("#look");
            dialog.addEventListener("close", () =>
                document.querySelectorAll("main [data-look]")[3].click(), { once: true });
            dialog.close();
        }"""
    )
    shows(page, ids, 3)
    page.go_back()
    closed(page)
    expect(page).to_have_url(address)


def test_title_follows_a_filter(page: Page) -> None:
    """After a filter has answered in place, closing brings that search's title back."""
    results(page)
    page.get_by_text("Filters", exact=True).click()
    page.locator("#q").fill("cat")
    page.locator("#q").press("Enter")
    expect(page).to_have_title(re.compile("cat"))
    name = page.title()
    by_space(page)
    close(page)
    expect(page).to_have_title(name)


# -- going on


def test_arrows_go_on_and_back_from_end_to_end(page: Page) -> None:
    """Arrow keys and the buttons go through the results; the history grows by one entry.

    The first picture has none before it, the last none after; the keys work on all the same.
    Alt with an arrow is the browser's Back, and goes to no other picture.
    """
    ids = results(page)
    address = page.url
    last = len(ids) - 1
    before = dialog(page).get_by_role("button", name="Previous picture")
    after = dialog(page).get_by_role("button", name="Next picture")
    by_space(page)
    page.keyboard.press("ArrowRight")
    shows(page, ids, 1)
    page.keyboard.press("Alt+ArrowRight")
    page.evaluate(FRAMES)
    shows(page, ids, 1)
    after.click()
    shows(page, ids, 2)
    page.keyboard.press("ArrowLeft")
    shows(page, ids, 1)
    before.click()
    shows(page, ids, 0)
    expect(before).to_be_hidden()
    page.keyboard.press("ArrowLeft")
    shows(page, ids, 0)
    page.go_back()
    closed(page)
    expect(page).to_have_url(address)
    by_space(page, last - 1)
    after.click()
    shows(page, ids, last)
    expect(after).to_be_hidden()
    page.keyboard.press("ArrowRight")
    shows(page, ids, last)
    page.keyboard.press("ArrowLeft")
    shows(page, ids, last - 1)
    expect(after).to_be_visible()


@pytest.mark.parametrize(("lang", "onward"), [("en", "ArrowRight"), ("ar", "ArrowLeft")])
def test_fingers_and_keys_go_towards_the_line_s_end(
    browser: Browser, site: SiteServer, lang: str, onward: str
) -> None:
    """A swipe towards the start of the line goes on, one the other way goes back; so do keys.

    On a touch screen each picture has a mark in its corner, large enough, that opens it. After
    going on far, closing shows the tile of the picture that was seen last.
    """
    towards = {"ArrowRight": -1, "ArrowLeft": 1}
    context = phone(browser, site)
    page = context.new_page()
    ids = results(page, lang=lang)
    mark = page.locator("main .tile").nth(1).locator(".title")
    box = mark.bounding_box()
    assert box
    assert min(box["width"], box["height"]) >= 24
    mark.tap()
    wait_for_look(page, ids, 1)
    swipe(page, towards[onward] * 150, 0)
    wait_for_look(page, ids, 2)
    swipe(page, -towards[onward] * 150, 0)
    wait_for_look(page, ids, 1)
    swipe(page, towards[onward] * 40, 0)
    swipe(page, towards[onward] * 70, -150)
    page.evaluate(FRAMES)
    wait_for_look(page, ids, 1)
    after = page.locator("dialog .after").bounding_box()
    before = page.locator("dialog .before").bounding_box()
    assert after
    assert before
    assert (after["x"] < before["x"]) == (lang == "ar")
    for place in range(2, 21):
        page.keyboard.press(onward)
        expect(page).to_have_url(re.compile(f"/image/demo/{ids[place]}"))
    page.keyboard.press("Escape")
    closed(page)
    expect(page).to_have_url(re.compile("/search"))
    page.evaluate(FRAMES)
    expect(page.locator("main .tile .picture").nth(20)).to_be_focused()
    expect(page.locator("main .tile").nth(20)).to_be_in_viewport(ratio=1)
    context.close()


def wait_for_look(page: Page, ids: list[str], place: int) -> None:
    """Wait, in any language, for quick look at the picture of that place."""
    expect(page).to_have_url(re.compile(f"/image/demo/{ids[place]}"))
    page.locator("dialog .facts dl").wait_for()


def swipe(page: Page, right: int, down: int) -> None:
    """Move a finger over the picture."""
    touch = page.context.new_cdp_session(page)
    at = {"x": 187, "y": 260}
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
    for part in (0.25, 0.5, 0.75, 1):
        point = {"x": at["x"] + right * part, "y": at["y"] + down * part}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    touch.detach()


def test_two_fingers_are_no_swipe(browser: Browser, site: SiteServer) -> None:
    """The second finger begins where it likes; who lifts the first goes on to no other picture."""
    with phone(browser, site) as context:
        page = context.new_page()
        ids = results(page)
        page.locator("main .tile").nth(1).locator(".title").tap()
        wait_for_look(page, ids, 1)
        touch = context.new_cdp_session(page)
        fingers = [{"x": 60, "y": 300, "id": 0}, {"x": 300, "y": 300, "id": 1}]
        for kind, points in (
            ("touchStart", fingers[:1]),
            ("touchStart", fingers),
            ("touchEnd", fingers[1:]),
            ("touchEnd", []),
        ):
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        page.evaluate(FRAMES)
        wait_for_look(page, ids, 1)


def test_the_focus_stays_where_details_take_the_place_of_the_tile(page: Page) -> None:
    """Who has reached the button of a seller by then stays there, and does not press in vain."""
    held: list[Route] = []
    results(page)
    page.route(DETAILS, lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    with page.expect_request(DETAILS):
        page.locator("main .tile .picture").nth(1).press("Space")
    for part in (".buy a", ".keep"):
        button = dialog(page).locator(part).first
        button.focus()
        held.pop().continue_()
        wait_for_details(page)
        expect(button).to_be_focused()
        with page.expect_request(DETAILS):
            page.keyboard.press("ArrowRight")


def test_going_on_waits_for_nothing(page: Page) -> None:
    """Until the details come, the tile's picture and title stand at their places, and stay.

    However answers come, the details are those of the picture that was gone to last.
    """
    held: list[Route] = []
    ids = results(page)
    page.route(DETAILS, lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    with page.expect_request(DETAILS):
        page.locator("main .tile .picture").nth(1).press("Space")
    expect(heading(page)).to_have_text(read_title(page, 1))
    expect(dialog(page).locator("figure img")).to_be_visible()
    parts = [dialog(page).locator("figure"), heading(page)]
    before = [part.bounding_box() for part in parts]
    held.pop().continue_()
    wait_for_details(page)
    for old, part in zip(before, parts, strict=True):
        new = part.bounding_box()
        assert old
        assert new
        assert [new[k] for k in ("x", "y", "width")] == pytest.approx(
            [old[k] for k in ("x", "y", "width")],
            abs=2,
        )
    for place in (2, 3, 4):
        with page.expect_request(DETAILS):
            page.keyboard.press("ArrowRight")
        expect(heading(page)).to_have_text(read_title(page, place))
    for route in reversed(held):
        route.continue_()
    shows(page, ids, 4)
    page.evaluate("() => fetch('/healthz')")
    shows(page, ids, 4)


# -- what it shows


def test_details_and_similar_pictures_are_shown(page: Page) -> None:
    """Title, contributor, agency, number and keywords stand beside; keywords lead to searches.

    Pictures like this one stand below, twelve at most; their titles lead to their pages.
    """
    ids = results(page)
    by_space(page)
    told = page.evaluate("async id => (await fetch(`/api/image/demo/${id}`)).json()", ids[0])
    facts = dialog(page).locator(".facts")
    expect(facts).to_contain_text(told["contributor"])
    expect(facts).to_contain_text(ids[0])
    keywords = facts.get_by_role("list", name="Keywords").get_by_role("link")
    assert keywords.all_text_contents() == told["keywords"][:20]
    similar = dialog(page).locator(".similars .tile")
    expect(similar.first).to_be_visible()
    assert 1 <= similar.count() <= 12
    name = similar.first.locator(".title bdi").text_content() or ""
    similar.first.hover()
    similar.first.locator(".title").click()
    expect(page.locator("main h1")).to_have_text(name)
    closed(page)
    page.go_back()  # to what the browser has not kept
    shows(page, ids, 0)
    assert read_tiles(page)[: len(ids)] == ids
    page.go_back()
    came_back(page, ids)
    by_space(page)
    words = keywords.first.text_content() or ""
    keywords.first.click()
    expect(page).to_have_url(re.compile(r"/search\?q="))
    expect(page.get_by_role("heading", level=1)).to_contain_text(words)


def test_way_to_the_agency_earns_once(page: Page, site: SiteServer, shop: list[str]) -> None:
    """The button is the affiliate link, sponsored; its click is told once, with its place."""
    ids = results(page, "tree")
    by_space(page, 2)
    buy = dialog(page).get_by_role("link", name=re.compile("^See at "))
    expect(buy).to_have_attribute("rel", "sponsored nofollow noopener")
    expect(dialog(page).get_by_text("Links on this page earn us a commission.")).to_be_visible()
    buy.click()
    page.wait_for_url("https://shutterstock.7eer.net/**")
    assert shop == [make_affiliate_link(ids[2], "tree")]
    wait_until(lambda: bool(read_clicks(site, "tree")))
    page.goto("/")
    assert read_clicks(site, "tree") == [("demo", ids[2], 3)]


@pytest.mark.parametrize("edge", ["bottom", "right"])
def test_preview_keeps_the_crop(browser: Browser, site: SiteServer, edge: str) -> None:
    """Neither the tile's picture, grown, nor the large one shows its id bar, in any shape."""
    context = browser.new_context(base_url=site.url, bypass_csp=True, reduced_motion="reduce")
    page = context.new_page()
    known = context.request.get("/api/search?q=flower").json()["items"]
    sizes = {one["thumbnail"]["url"]: one["thumbnail"] for one in known}
    sizes |= {one["preview"]["url"]: one["preview"] for one in known}
    large: list[Route] = []

    def answer(route: Route) -> None:
        size = sizes.get("/static" + route.request.url.rpartition("/static")[2])
        if size is None:  # of a similar picture
            route.continue_()
            return
        route.fulfill(
            body=make_barred_picture(size["width"], size["height"], edge), content_type="image/png"
        )

    page.route("**/static/demo/*.webp", answer)
    page.route("**/static/demo/*-large.webp", lambda route: large.append(route))  # noqa: PLW0108 - not a builtin
    ids = results(page)
    page.add_style_tag(content="figure { background: #808080 !important }")
    shapes = [one["thumbnail"]["width"] / one["thumbnail"]["height"] for one in known]
    for place in sorted(shapes.index(shape) for shape in set(shapes)):
        large.clear()
        with page.expect_request("**/*-large.webp"):
            by_space(page, place)
        figure = dialog(page).locator("figure")
        grown = figure.locator("img").first
        grown.evaluate("image => image.decode()")
        assert not is_tinted(open_png(figure.screenshot())), ids[place]
        answer(large[0])
        figure.locator("img").last.evaluate("image => image.decode()")
        assert not is_tinted(open_png(figure.screenshot())), ids[place]
        page.keyboard.press("Escape")
        closed(page)
    context.close()


def test_small_picture_stays_when_the_large_fails(page: Page) -> None:
    """When the large picture can't be had, the tile's own stands in its place."""
    page.route("**/static/demo/*-large.webp", lambda route: route.abort())
    results(page)
    by_space(page)
    picture = dialog(page).locator("figure img")
    expect(picture.last).not_to_have_attribute("src", re.compile("large"))
    for image in picture.all():
        expect(image).to_be_visible()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


def test_without_details_the_tile_s_own_picture_and_link_stay(page: Page) -> None:
    """What failed is said, and no page of errors comes; Escape leads back to the results."""
    ids = results(page)
    ways: list[Callable[[Route], None]] = [
        lambda route: route.fulfill(status=404, body="{}"),
        lambda route: route.abort(),
    ]
    for place, answer in enumerate(ways, 1):
        page.unroute_all()
        page.route(DETAILS, answer)
        page.locator("main .tile .picture").nth(place).press("Space")
        expect(dialog(page).get_by_text("The details could not be loaded.")).to_have_count(2)
        expect(heading(page)).to_have_text(read_title(page, place))
        expect(dialog(page).get_by_role("link", name=re.compile("^See at "))).to_be_visible()
        page.keyboard.press("Escape")
        came_back(page, ids)


def test_hostile_titles_are_text(context_of_two: BrowserContext, agency: FakeAgency) -> None:
    """Whatever a contributor calls a picture stands in quick look as text."""
    page = context_of_two.new_page()
    shown: list[str] = []

    def dismiss(alert: Dialog) -> None:
        shown.append(alert.message)
        alert.dismiss()

    page.on("dialog", dismiss)
    words = new_words()
    page.goto(f"/search?q={words}&agency=shutterstock&lang=en")
    read_tiles(page)
    assert len(agency.searches_for(f"={words}")) == 1
    page.locator("main .tile .picture").first.press("Space")
    for place in range(5):
        wait_for_details(page)
        expect(heading(page)).to_have_text(SHOWN[place])
        page.keyboard.press("ArrowRight")
    assert shown == []


# -- for everybody


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_quick_look_breaks_no_rule(browser: Browser, site: SiteServer, axe: str, lang: str) -> None:
    """Quick look breaks no rule of accessibility, at a desk and on a phone."""
    context = browser.new_context(
        base_url=site.url,
        bypass_csp=True,  # for the checker's own script
        reduced_motion="reduce",
        viewport={"width": 1440, "height": 800},
    )
    page = context.new_page()
    results(page, lang=lang)
    page.locator("main .tile .picture").nth(1).press("Space")
    page.locator("dialog .similars .tile").first.wait_for()
    page.evaluate(axe)
    for width in (1440, 375):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        page.evaluate(FRAMES)
        light = page.evaluate(CHECK)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        assert (light, page.evaluate(CHECK_COLORS)) == ([], []), width
    context.close()


def test_focus_stays_within(page: Page) -> None:
    """Tab goes round through the dialog, and reaches nothing behind it."""
    results(page)
    by_space(page, 1)
    expect(dialog(page).locator(".similars .tile").first).to_be_visible()
    page.evaluate(
        """() => {
            window.visited = [];
            addEventListener("focusin", ({ target }) => window.visited.push(
                target.closest("dialog") ? target.className || target.tagName : "behind"));
        }"""
    )
    for _ in range(90):
        page.keyboard.press("Tab")
    visited = page.evaluate("visited")
    assert "behind" not in visited
    assert {"before", "after", "close", "primary", "picture"} <= set(visited)
