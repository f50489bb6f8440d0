"""Every page can be used by keyboard, by touch, at any size, without seeing it or its colors.

What axe-core checks: https://github.com/dequelabs/axe-core, `npm ci --prefix tests/browser` brings
it. The rest are success criteria of https://www.w3.org/TR/WCAG22/.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.axe import CHECK
from tests.support.fake_agency import FakeAgency
from tests.support.search_page import tiles, unasked
from tests.support.site_server import SiteServer

Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, site: SiteServer) -> Iterator[Open]:
    """Opens a page of the demo site, for a visitor with given needs."""
    contexts = []

    def start(
        address: str, *, width: int = 1440, height: int = 900, at: SiteServer = site, **needs: Any
    ) -> Page:
        context = browser.new_context(
            base_url=at.url,
            viewport={"width": width, "height": height},
            bypass_csp=True,  # for what the tests themselves put into the page
            **{"reduced_motion": "reduce", **needs},
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        page.locator("[data-waiting]").wait_for(state="detached")
        return page

    yield start
    for context in contexts:
        context.close()


# -- states


def open_filters(page: Page) -> None:
    page.locator(".filters > summary").click()
    expect(page.locator(".fields")).to_be_visible()


def open_first_picture(page: Page) -> None:
    page.goto(f"/image/demo/{page.locator('.tile a').first.get_attribute('data-id')}")
    page.locator("[data-waiting]").wait_for(state="detached")


def open_suggestions(page: Page) -> None:
    page.locator("#q").fill("bi")
    page.locator("#suggestions [role=option]").first.wait_for()
    page.locator("#q").press("ArrowDown")


def focus_a_tile(page: Page) -> None:
    page.locator(".tile a").first.focus()


def as_it_is(_: Page) -> None:
    """Nothing to do."""


class State(NamedTuple):
    """A page, what is done on it, and how wide it is."""

    address: str
    prepare: Callable[[Page], None] = as_it_is
    width: int = 1440


STATES = {
    "start": State("/?lang=en"),
    "search": State("/search?q=cat&lang=en", focus_a_tile),
    "topic": State("/topics/cat?lang=en"),
    "filters": State("/search?q=flower&type=illustration&color=fcbf49&lang=en", open_filters),
    "sheet": State("/search?q=flower&type=illustration&color=fcbf49&lang=en", open_filters, 375),
    "suggestions": State("/search?q=cat&lang=en", open_suggestions),
    "suggestions, phone": State("/?lang=en", open_suggestions, 375),
    "pages": State("/search?q=animal&page=2&lang=en"),
    "empty": State("/search?q=qqzxw&lang=en"),
    "corrected": State("/search?q=buterfly&lang=en&wait=1"),
    "error": State("/search?page=0&q=a&lang=en"),
    "image": State("/search?q=cat&lang=en", open_first_picture),
    "arabic": State("/search?q=flower&type=photo&lang=ar", open_filters),
    "arabic, phone": State("/search?q=flower&safe=0&lang=ar", open_filters, 375),
    "arabic image": State("/search?q=cat&lang=ar", open_first_picture),
    "builder": State("/embed/builder?lang=en"),
    "arabic builder, phone": State("/embed/builder?lang=ar", as_it_is, 375),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_page_breaks_no_rule(
    visit: Open, axe: str, state: str, scheme: Literal["light", "dark"]
) -> None:
    """A page breaks no rule of accessibility, in light and in dark."""
    address, prepare, width = STATES[state]
    page = visit(address, width=width, color_scheme=scheme)
    prepare(page)
    page.evaluate(axe)
    assert page.evaluate(CHECK) == []


@pytest.mark.parametrize("trouble", ["late", "failed"])
def test_trouble_breaks_no_rule(
    visit: Open, site_of_two: SiteServer, agency: FakeAgency, axe: str, trouble: str
) -> None:
    """Nor does a page that says that an agency is late, or failed."""
    states: dict[str, tuple[AbstractContextManager[Any], str]] = {
        "late": (agency.held(), "Shutterstock is still looking"),
        "failed": (agency.failing(), "Shutterstock gave no answer"),
    }
    state, said = states[trouble]
    with state:
        page = visit(f"/search?{unasked('cat')}&lang=en", at=site_of_two)
        expect(page.get_by_text(said)).to_be_visible()
        page.evaluate(axe)
        assert page.evaluate(CHECK) == []


# -- fingers: 2.5.8 Target Size (Minimum)

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


@pytest.mark.parametrize("width", [375, 1440])
@pytest.mark.parametrize("state", STATES)
def test_targets_are_large_enough(visit: Open, state: str, width: int) -> None:
    """What can be tapped measures 24 by 24 pixels, or has that much room for itself."""
    address, prepare, _ = STATES[state]
    page = visit(address, width=width, has_touch=width == 375, is_mobile=width == 375)
    prepare(page)
    assert page.evaluate(SMALL) == []


# -- large text: 1.4.10 Reflow, 1.4.12 Text Spacing

CUT = """() => {
    const cut = [...document.querySelectorAll("body *")].filter(one => {
        if (!one.checkVisibility({ visibilityProperty: true })) return false;
        // Titles end in three dots; the picture's own page has them whole.
        const whole = ".tile, .tile *, .unseen, .skip, .crop, svg *, option, #suggestions *";
        if (one.matches(whole)) return false;
        const box = one.getBoundingClientRect(), style = getComputedStyle(one);
        const hides = style.overflowX !== "visible" && !one.matches("input, select, .fields");
        return box.left < -1 || box.right > innerWidth + 1
            || hides && (one.scrollWidth > one.clientWidth + 1
                || one.scrollHeight > one.clientHeight + 1);
    }).map(one => one.outerHTML.slice(0, 100));
    const wide = document.documentElement.scrollWidth > innerWidth ? ["scrolls sideways"] : [];
    return [...wide, ...cut];
}"""
SPACING = """
    * { line-height: 1.5 !important; letter-spacing: .12em !important;
        word-spacing: .16em !important }
    p { margin-block-end: 2em !important }
"""


@pytest.mark.parametrize("lang", ["en", "de"])
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_off_when_magnified(visit: Open, state: str, lang: str) -> None:
    """At 320 by 256 pixels, as 1280 by 1024 at 400 %, nothing scrolls sideways or is cut off."""
    address, prepare, _ = STATES[state]
    address = address.replace("lang=en", f"lang={lang}")
    page = visit(address, width=320, height=256)
    prepare(page)
    assert page.evaluate(CUT) == []


@pytest.mark.parametrize("width", [320, 1440])
@pytest.mark.parametrize("state", STATES)
def test_nothing_is_cut_off_when_spaced(visit: Open, state: str, width: int) -> None:
    """With more room between lines, words and letters all texts are still whole."""
    address, prepare, _ = STATES[state]
    page = visit(address, width=width)
    page.add_style_tag(content=SPACING)
    prepare(page)
    page.add_style_tag(content=SPACING)
    assert page.evaluate(CUT) == []


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


def test_keyboard_reaches_everything_in_order(visit: Open) -> None:
    """Tab leads through the bar to the pictures; the first stop skips the bar."""
    page = visit("/search?q=cat&lang=en")
    stops = []
    for _ in range(9):
        page.keyboard.press("Tab")
        stops.append(page.evaluate(FOCUSED)["name"])
    assert stops == ["skip", "name", "q", "go", "SUMMARY", "lang", "picture", "title", "similar"]
    page.locator(".skip").focus()
    expect(page.locator(".skip")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["name"] == "picture"


def test_strip_appears_with_the_focus(visit: Open) -> None:
    """What a picture's strip says is there for the keyboard as for the mouse."""
    page = visit("/search?q=cat&lang=en")
    strip = page.locator(".tile .strip").nth(3)
    expect(strip).to_have_css("opacity", "0")
    page.locator(".tile .picture").nth(3).focus()
    expect(strip).to_have_css("opacity", "1")
    page.keyboard.press("Tab")
    expect(strip.locator(".title")).to_be_focused()
    expect(strip).to_have_css("opacity", "1")


@pytest.mark.parametrize("width", [375, 900, 1440])
def test_filters_work_by_keyboard(visit: Open, width: int) -> None:
    """Enter opens the filters, Tab goes through all of them, each can be seen."""
    page = visit("/search?q=flower&lang=en", width=width)
    page.locator(".filters > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".fields")).to_be_visible()
    stops = []
    while True:
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        assert stop["outlined"], stop
        assert stop["seen"], stop
        if stop["name"] == "lang":
            break
        stops.append(stop["name"])
    last = ["primary"] if width < 1100 else []
    assert stops == [
        *("type", "orientation", "sort", "color", "color", "category", "contributor", "exclude"),
        *("safe", *last),
    ]


@pytest.mark.parametrize(("width", "height"), [(375, 667), (1440, 900), (320, 256)])
def test_focus_is_seen_and_never_hidden(visit: Open, width: int, height: int) -> None:
    """On the way back up through the page no control hides under the bar, all show the focus."""
    page = visit("/search?q=cat&lang=en", width=width, height=height)
    tiles(page)
    page.locator(".tile .similar").nth(11).focus()
    for _ in range(39):
        page.keyboard.press("Shift+Tab")
        stop = page.evaluate(FOCUSED)
        assert stop["outlined"], stop
        assert stop["seen"], stop
    assert stop["name"] == "q"


# -- colors and motion of the visitor's own


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colors_keep_what_is_chosen(visit: Open, scheme: Literal["light", "dark"]) -> None:
    """With the visitor's own colors the chosen swatch, focus and suggestion are still marked."""
    page = visit(
        "/search?q=flower&color=fcbf49&lang=en", forced_colors="active", color_scheme=scheme
    )
    open_filters(page)
    outlines = page.locator(".swatch input").evaluate_all(
        "all => all.map(one => [one.checked, getComputedStyle(one).outlineStyle])"
    )
    assert sorted(outlines) == [[False, "none"]] * 11 + [[True, "solid"]]
    colors = page.locator(".swatch input").evaluate_all(
        "all => all.map(one => getComputedStyle(one).backgroundColor)"
    )
    assert len(set(colors)) > 8
    page.locator(".swatch input").nth(3).focus()
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(FOCUSED)["outlined"]
    open_suggestions(page)
    marked = page.locator("#suggestions li").evaluate_all(
        "all => all.map(one => getComputedStyle(one).outlineStyle)"
    )
    assert marked == ["solid", *["none"] * (len(marked) - 1)]
    assert page.evaluate(FOCUSED)["outlined"]


def test_forced_colors_keep_marks(visit: Open, site_of_two: SiteServer) -> None:
    """With the visitor's own colors the strip over a picture still has a ground and an edge."""
    page = visit(f"/search?{unasked('cat')}&lang=en", at=site_of_two, forced_colors="active")
    tiles(page)
    focus_a_tile(page)
    strip = page.locator(".tile .strip").first
    expect(strip).to_have_css("border-top-style", "solid")
    assert strip.evaluate("s => getComputedStyle(s).backgroundColor") != "rgba(0, 0, 0, 0)"


MOVING = """() => [...document.querySelectorAll("*")].flatMap(one => ["", "::before", "::after"]
    .map(part => getComputedStyle(one, part))
    .filter(style => style.transitionDuration.split(", ").some(time => parseFloat(time) > 0)
        || style.animationName !== "none")
    .map(() => one.outerHTML.slice(0, 80)))"""


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_reduced_motion_moves_nothing(
    visit: Open, motion: Literal["reduce", "no-preference"]
) -> None:
    """For who wants less motion nothing has a transition or an animation; else something does."""
    page = visit("/search?q=cat&lang=en", reduced_motion=motion)
    open_filters(page)
    moving = page.evaluate(MOVING)
    assert (moving == []) is (motion == "reduce")
