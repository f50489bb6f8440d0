"""Every page can be used by keyboard, by touch, at any size, without seeing it or its colors.

What axe-core checks: https://github.com/dequelabs/axe-core, `npm ci --prefix tests/browser` brings
it. The rest are success criteria of https://www.w3.org/TR/WCAG22/.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.axe import CHECK, CHECK_COLORS
from tests.support.fake_agency import FakeAgency
from tests.support.search_page import make_new_query, read_tiles
from tests.support.site_server import SiteServer

FRAME = "() => new Promise(requestAnimationFrame)"


@pytest.fixture(scope="module")
def desk(browser: Browser, site: SiteServer) -> Iterator[BrowserContext]:
    """Visitors to the demo site at a desk, who want less motion."""
    opened = browser.new_context(
        base_url=site.url,
        viewport={"width": 1440, "height": 900},
        bypass_csp=True,  # for what the tests themselves put into the page
        reduced_motion="reduce",
    )
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def phone(browser: Browser, site: SiteServer) -> Iterator[BrowserContext]:
    """Visitors to the demo site on a phone."""
    opened = browser.new_context(
        base_url=site.url,
        viewport={"width": 375, "height": 900},
        bypass_csp=True,
        reduced_motion="reduce",
        has_touch=True,
        is_mobile=True,
    )
    yield opened
    opened.close()


def visit(context: BrowserContext, address: str, **media: Any) -> Page:
    """Open a page and wait for its pictures."""
    page = context.new_page()
    page.emulate_media(**media)
    page.goto(address)
    page.locator("[data-waiting]").wait_for(state="detached")
    return page


def resize(page: Page, width: int, height: int = 900) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(FRAME)


# -- names


def test_links_to_details_name_their_pictures_on_touch(phone: BrowserContext) -> None:
    """The sign that is seen there is the same on every tile."""
    page = visit(phone, "/search?q=cat&lang=en")
    link = page.locator(".tile .title")
    for at in range(3):
        title = link.nth(at).locator("bdi").text_content()
        expect(link.nth(at)).to_have_accessible_name(
            re.compile(rf"Details: {re.escape(title or '?')}")
        )
        expect(link.nth(at)).to_have_css("width", "44px")


# -- states


def open_filters(page: Page) -> None:
    page.locator(".filters > summary").click()
    expect(page.locator(".fields")).to_be_visible()


def open_suggestions(page: Page) -> None:
    page.locator("#q").fill("bi")
    page.locator("#suggestions [role=option]").first.wait_for()
    page.locator("#q").press("ArrowDown")


def open_recent_searches(page: Page) -> None:
    page.evaluate("localStorage.recent = JSON.stringify(['red bicycle', 'x'.repeat(200)])")
    page.locator("#q").focus()
    page.locator("#suggestions .clear").wait_for()
    page.evaluate("localStorage.removeItem('recent')")


def focus_a_tile(page: Page) -> None:
    page.locator(".tile a").first.focus()


def open_own_board(page: Page) -> None:
    """Keep the picture of the page, and forget it once the board shows it."""
    page.locator(".facts .keep").click()
    page.locator(".to-board").click()
    page.locator(".card").wait_for()
    page.evaluate("localStorage.removeItem('board')")


def as_it_is(_: Page) -> None:
    """Nothing to do."""


class State(NamedTuple):
    """A page, what is done on it, how wide it is at first, and what is seen at any width.

    The address may name the first ``{picture}`` that a search for cats finds.
    """

    address: str
    prepare: Callable[[Page], None] = as_it_is
    width: int = 1440
    seen: str = "main"

    def visited(self, context: BrowserContext, width: int, lang: str = "en") -> Page:
        address = self.address.replace("lang=en", f"lang={lang}")
        if "{picture}" in address:
            [first, *_] = context.request.get("/api/search?q=cat").json()["items"]
            address = address.format(picture=first["id"])
        page = visit(context, address)
        resize(page, width)
        self.prepare(page)
        return page


STATES = {
    "start": State("/?lang=en"),
    "search": State("/search?q=cat&lang=en", focus_a_tile),
    "topic": State("/topics/snow?lang=en"),
    "filters": State(
        "/search?q=flower&type=illustration&color=fcbf49&lang=en", open_filters, seen=".fields"
    ),
    "sheet": State(
        "/search?q=flower&type=illustration&color=fcbf49&lang=en", open_filters, 375, ".fields"
    ),
    "suggestions": State("/search?q=cat&lang=en", open_suggestions, seen="#suggestions"),
    "suggestions, phone": State("/?lang=en", open_suggestions, 375, "#suggestions"),
    "recent searches": State("/search?q=cat&lang=en", open_recent_searches, seen="#suggestions"),
    "recent searches, phone": State(
        "/search?q=cat&lang=ar", open_recent_searches, 375, "#suggestions"
    ),
    "pages": State("/search?q=animal&page=2&lang=en"),
    "empty": State("/search?q=qqzxw&lang=en"),
    "corrected": State("/search?q=buterfly&lang=en&wait=1"),
    "error": State("/search?page=0&q=a&lang=en"),
    "gone, long words": State(f"/image/demo/nope?q={'x' * 200}&lang=en"),
    "about": State("/about?lang=en"),
    "image": State("/image/demo/{picture}?q=cat&lang=en"),
    "arabic": State("/search?q=flower&type=photo&lang=ar", open_filters, seen=".fields"),
    "arabic, phone": State("/search?q=flower&safe=0&lang=ar", open_filters, 375, ".fields"),
    "arabic image": State("/image/demo/{picture}?q=cat&lang=ar"),
    "board": State("/board?p=demo:{picture},demo:nope,elsewhere:1&lang=en"),
    "arabic board": State("/board?p=demo:{picture},demo:nope&lang=ar"),
    "own board": State("/image/demo/{picture}?q=cat&lang=en", open_own_board),
    "empty board": State("/board?lang=en"),
    "builder": State("/embed/builder?lang=en"),
    "arabic builder, phone": State("/embed/builder?lang=ar", as_it_is, 375),
}


# -- what is checked: by axe-core; 2.5.8 Target Size (Minimum); 1.4.10 Reflow, 1.4.12 Text Spacing

SMALL = """() => {
    const shown = one => one.checkVisibility({ visibilityProperty: true })
        && !one.matches(".skip, .unseen");
    const links = "a[href], button, input, select, summary, [role=option]";
    const targets = [...document.querySelectorAll(links)].filter(shown)
        .filter(one => !one.closest("p"))  // links in a sentence may be as small as its words
        .map(one => one.closest(".tick, .swatch") ?? one)
        .map(one => [one, one.getBoundingClientRect()]);
    const middle = box => [box.x + box.width / 2, box.y + box.height / 2];
    const near = ([x, y], box) => Math.hypot(
        Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom)) < 12;
    return targets.filter(([one, box]) => (box.width < 23.99 || box.height < 23.99)
        && targets.some(([other, its]) => other !== one && near(middle(box), its)))
        .map(([one, box]) => `${one.outerHTML.slice(0, 100)} ${box.width} x ${box.height}`);
}"""
CUT = """() => {
    const room = document.documentElement.clientWidth;
    const cut = [...document.querySelectorAll("body *")].filter(one => {
        if (!one.checkVisibility({ visibilityProperty: true })) return false;
        // Titles end in three dots; the picture's own page has them whole.
        // Strips are scrolled sideways, as each has one row (WCAG 1.4.10 leaves them alone).
        const whole = ".tile, .tile *, .unseen, .skip, .crop, svg *, option, #suggestions *";
        if (one.matches(`${whole}, .card h2 a, .strips .tiles`)) return false;
        const box = one.getBoundingClientRect(), style = getComputedStyle(one);
        const hides = style.overflowX !== "visible" && !one.matches("input, select, .fields");
        return box.left < -1 || box.right > room + 1
            || hides && (one.scrollWidth > one.clientWidth + 1
                || one.scrollHeight > one.clientHeight + 1);
    }).map(one => one.outerHTML.slice(0, 100));
    const wide = document.documentElement.scrollWidth > room ? ["scrolls sideways"] : [];
    return [...wide, ...cut];
}"""
SPACING = """
    * { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important }
    p { margin-block-end: 2em !important }
"""
Failures = list[tuple[str, list[str]]]


def failures(page: Page, state: State, checks: list[tuple[str, int, int, str]]) -> Failures:
    """Collect what checks find on a page, each at a width and a height."""
    found: Failures = []
    for name, width, height, check in checks:
        resize(page, width, height)
        expect(page.locator(state.seen)).to_be_visible()
        found.append((f"{name} at {width}", page.evaluate(check)))
    return [one for one in found if one[1]]


@pytest.mark.parametrize("state", STATES)
def test_every_state_suits_everybody_at_a_desk(desk: BrowserContext, axe: str, state: str) -> None:
    """A page breaks no rule in light and dark, is easy to hit, and whole in any size and spacing.

    What can be tapped measures 24 by 24 pixels, or has that much room for itself. At 320 by 256
    pixels, as 1280 by 1024 at 400 %, and with more room between lines, words and letters nothing
    scrolls sideways or is cut off.
    """
    one = STATES[state]
    page = one.visited(desk, one.width)
    page.evaluate(axe)
    found = failures(page, one, [("light", one.width, 900, CHECK)])
    page.emulate_media(color_scheme="dark")
    found += failures(
        page,
        one,
        [
            ("dark", one.width, 900, CHECK_COLORS),
            ("small", 375, 900, SMALL),
            ("small", 1440, 900, SMALL),
            ("cut off", 320, 256, CUT),
        ],
    )
    page.add_style_tag(content=SPACING)
    found += failures(page, one, [("spaced", 320, 900, CUT), ("spaced", 1440, 900, CUT)])
    assert found == []
    page.close()


@pytest.mark.parametrize("state", [name for name in STATES if name != "sheet"])  # as "filters" is
def test_every_state_suits_fingers_and_long_words(phone: BrowserContext, state: str) -> None:
    """On a phone, with German's long words, targets are large enough and nothing is cut off."""
    one = STATES[state]
    page = one.visited(phone, 375, "de")
    assert failures(page, one, [("small", 375, 900, SMALL), ("cut off", 320, 256, CUT)]) == []
    page.close()


def test_trouble_breaks_no_rule(
    browser: Browser, site_of_two: SiteServer, agency: FakeAgency, axe: str
) -> None:
    """Nor does a page break a rule that says that an agency is late, and then that it failed."""
    context = browser.new_context(base_url=site_of_two.url, bypass_csp=True)
    with agency.fail_all(), agency.hold_searches() as gate:
        page = visit(context, f"/search?{make_new_query('cat')}&lang=en")
        page.evaluate(axe)
        expect(page.get_by_text("Shutterstock is still looking")).to_be_visible()
        late = page.evaluate(CHECK)
        gate.set()
        expect(page.get_by_text("Shutterstock gave no answer")).to_be_visible()
        assert (late, page.evaluate(CHECK)) == ([], [])
    context.close()


# -- keyboard: 2.4.1 Bypass Blocks, 2.4.7 Focus Visible, 2.4.11 Focus Not Obscured

FOCUSED = """() => {
    const one = document.activeElement, box = one.getBoundingClientRect();
    const drawn = one.closest(".box:focus-within") && one.id === "q" ? one.closest(".box") : one;
    const style = getComputedStyle(drawn);
    const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return { name: one.name || one.className || one.tagName,
        outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: !!at && [at, at.closest("label")].some(o => o?.contains(one) || one.contains(o)) };
}"""


def test_keyboard_reaches_everything_in_order(desk: BrowserContext) -> None:
    """Tab leads through the bar to the pictures and shows each one's strip, as the mouse does.

    The first stop skips the bar. The pictures are one stop, with the links of one strip. On the way
    back up through the page no control hides under the bar, all show the focus.
    """
    page = visit(desk, "/search?q=cat&lang=en")
    stops = []
    for _ in range(15):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED)["name"])
        if stops == ["skip"]:  # the first focus loads the buttons that keep pictures
            expect(page.locator('link[href*="keep.css"]')).to_have_count(1)
    assert stops[:6] == ["skip", "name", "q", "go", "SUMMARY", "to-board"]
    assert stops[6:] == [
        "lang",
        *["A"] * 3,
        "SUMMARY",
        "picture",
        "title",
        "similar",
        "keep",
    ]  # tabs and order
    page.locator(".skip").focus()
    expect(page.locator(".skip")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".tabs a").first).to_be_focused()
    strip = page.locator(".tile .strip").nth(3)
    expect(strip).to_have_css("opacity", "0")
    page.locator(".tile .picture").nth(3).focus()
    expect(strip).to_have_css("opacity", "1")
    page.keyboard.press("Tab")
    expect(strip.locator(".title")).to_be_focused()
    expect(strip).to_have_css("opacity", "1")

    for width, height in ((375, 667), (1440, 900), (320, 256)):
        resize(page, width, height)
        read_tiles(page)
        page.locator(".tile .picture").nth(12).focus()
        names = []
        while "q" not in names:
            page.keyboard.press("Shift+Tab")
            stop = page.evaluate(FOCUSED)
            assert stop["outlined"], (width, stop)
            assert stop["seen"], (width, stop)
            names.append(stop["name"])
        assert "picture" not in names  # the grid is one stop
    page.close()


def test_filters_work_by_keyboard(desk: BrowserContext) -> None:
    """At any width Enter opens the filters, Tab goes through all of them, each can be seen."""
    page = visit(desk, "/search?q=flower&lang=en")
    for width in (375, 900, 1440):
        resize(page, width)
        page.locator(".filters > summary").focus()
        expect(page.locator(".fields")).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator(".fields")).to_be_visible()
        first = ["A", "BUTTON"] if width < 600 else []  # to clear all, to close the sheet
        last = ["primary"] if width < 1100 else []
        wanted = [
            *(*first, "type", "orientation", "no_ai", "color", "color", "category", "contributor"),
            *("exclude", "safe", *last, "to-board", "lang"),
        ]
        for name in wanted:
            page.keyboard.press("Tab")
            stop = page.evaluate(FOCUSED)
            assert stop == {"name": name, "outlined": True, "seen": True}, width
    page.close()


# -- colors and motion of the visitor's own


def test_forced_colors_keep_what_is_chosen(desk: BrowserContext) -> None:
    """With the visitor's own colors the chosen swatch, focus and suggestion are still marked.

    The strip over a picture has a ground and an edge. All of it in light and in dark.
    """
    page = visit(desk, "/search?q=flower&color=fcbf49&lang=en", forced_colors="active")
    open_filters(page)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        outlines = page.locator(".swatch input").evaluate_all(
            "all => all.map(one => [one.checked, getComputedStyle(one).outlineStyle])"
        )
        assert sorted(outlines) == [[False, "none"]] * 11 + [[True, "solid"]]
        colors = page.locator(".swatch input").evaluate_all(
            "all => all.map(one => getComputedStyle(one).backgroundColor)"
        )
        assert len(set(colors)) > 8
        tabs = page.locator(".tabs a").evaluate_all(
            "all => all.map(one => [one.hasAttribute('aria-current'),"
            " getComputedStyle(one).borderBottomStyle !== 'none'])"
        )
        assert all(is_current is is_underlined for is_current, is_underlined in tabs)
        focus_a_tile(page)
        strip = page.locator(".tile .strip").first
        expect(strip).to_have_css("border-top-style", "solid")
        assert strip.evaluate("s => getComputedStyle(s).backgroundColor") != "rgba(0, 0, 0, 0)"
        open_suggestions(page)
        marked = page.locator("#suggestions li").evaluate_all(
            "all => all.map(one => getComputedStyle(one).outlineStyle)"
        )
        assert marked == ["solid", *["none"] * (len(marked) - 1)]
        assert page.evaluate(FOCUSED)["outlined"]
    page.locator(".swatch input").nth(3).focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUSED)["outlined"]
    page.close()


MOVING = """() => [...document.querySelectorAll("*")].flatMap(one => ["", "::before", "::after"]
    .map(part => getComputedStyle(one, part))
    .filter(style => style.transitionDuration.split(", ").some(time => parseFloat(time) > 0)
        || style.animationName !== "none")
    .map(() => one.outerHTML.slice(0, 80)))"""


def test_reduced_motion_moves_nothing(desk: BrowserContext) -> None:
    """For who wants less motion nothing has a transition or an animation; else something does."""
    page = visit(desk, "/search?q=cat&lang=en", reduced_motion="reduce")
    open_filters(page)
    assert page.evaluate(MOVING) == []
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING) != []
    page.close()
