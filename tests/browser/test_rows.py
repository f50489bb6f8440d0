"""Rows of pictures: full once they are out of sight, low strips, steady under a mouse."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.fake_agency import FakeAgency
from tests.support.search_page import make_new_query, read_tiles
from tests.support.site_server import SiteServer

TOPS = """all => all.map(one => {
    const { top, left, right, width } = one.getBoundingClientRect();
    return [Math.round(top + scrollY), left, right, width];
})"""
SHARES = """all => all.map(tile =>
    tile.querySelector(".strip").getBoundingClientRect().height / tile.offsetHeight)"""
UNDER = """tile => {
    const { x, y, width, height } = tile.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height * .6).closest("a").className;
}"""
SIDE = 24


def find_holes(page: Page) -> list[int]:
    """Return the numbers of rows, but the last, that don't reach the right side."""
    rows: dict[int, float] = {}
    for top, _, right, _ in page.locator(".tile").evaluate_all(TOPS):
        rows[top] = max(rows.get(top, 0), right)
    width = page.evaluate("document.documentElement.clientWidth") - SIDE
    return [n for n, top in enumerate(sorted(rows)[:-1]) if rows[top] < width - 2]


def read_boxes_on_screen(page: Page) -> dict[int, list[float]]:
    """Return the boxes of the visible tiles, by their numbers."""
    found = page.locator(".tile").evaluate_all(TOPS)
    top = page.evaluate("scrollY")
    return {
        n: [box[0] - top, *box[1:]] for n, box in enumerate(found) if top - 150 < box[0] < top + 900
    }


@pytest.mark.parametrize("pictures", [41, 44])
def test_batches_leave_no_hole_behind(
    context_of_two: BrowserContext, agency: FakeAgency, pictures: int
) -> None:
    """What comes while the end is in sight moves nothing, and later leaves no row half empty."""
    page = context_of_two.new_page()
    query = make_new_query("cat")
    with agency.return_pictures(300):
        page.goto(f"/search?{query}&agency=shutterstock&lang=en")
        assert len(read_tiles(page)) == 48
        page.evaluate(
            """count => [...document.querySelectorAll(".tile")].slice(count)
                .forEach(tile => tile.remove())""",
            pictures,
        )
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        before = read_boxes_on_screen(page)
        page.locator(".picture").nth(pictures + 47).wait_for(state="attached")
        after = read_boxes_on_screen(page)
        kept = {n: box for n, box in after.items() if n in before}
        assert {n: box[1:] for n, box in kept.items()} == {n: before[n][1:] for n in kept}
        page.evaluate("scrollBy(0, 2000)")
        page.wait_for_function("() => document.querySelectorAll('.tiles:not(.full)').length < 2")
        assert find_holes(page) == []


BADGES = """all => all.map(tile => {
    const read = (element, pseudo) => {
        const { content, display, height, width } = getComputedStyle(element, pseudo);
        const isSeen = content.includes('"') && display !== "none";
        return isSeen ? [[content.split('"')[1], parseFloat(height) * parseFloat(width)]] : [];
    };
    const sellers = tile.querySelector(".sellers"), room = sellers.getBoundingClientRect();
    const isSeen = name => name.getBoundingClientRect().bottom <= room.bottom;
    const isTouch = matchMedia("(hover: none)").matches;
    const names = isTouch ? [...sellers.children].filter(isSeen) : [];
    const parts = [
        ...read(tile, "::after"),
        ...read(sellers, "::before"),
        ...names.map(name => [name.textContent, name.offsetHeight * name.offsetWidth]),
    ];
    return {
        text: parts.map(([text]) => text).join(" · "),
        area: parts.reduce((sum, [, area]) => sum + area, 0) / tile.offsetHeight / tile.offsetWidth,
        whole: names.every(name => name.scrollWidth <= name.clientWidth),
        wide: tile.offsetWidth > 140,
    };
})"""


def test_badges_name_the_agency_and_cover_little(
    browser: Browser, site_of_two: SiteServer, agency: FakeAgency
) -> None:
    """Each tile at rest names its agency, and what is free; with a mouse the strip takes over.

    On a phone no word is cut; a tile too narrow for both words says what is free.
    """
    address = f"/search?{make_new_query('flower')}&lang=en&wait=1"
    for is_touch in (False, True):
        context = browser.new_context(
            base_url=site_of_two.url,
            viewport={"width": 375 if is_touch else 1440, "height": 900},
            has_touch=is_touch,
            is_mobile=is_touch,
        )
        page = context.new_page()
        with agency.return_pictures(30):
            page.goto(address)
        read_tiles(page)
        badges = page.locator(".tile").evaluate_all(BADGES)
        names = {"Shutterstock", "free · Demo catalogue"}
        assert {badge["text"] for badge in badges if badge["wide"] or not is_touch} == names
        assert {badge["text"] for badge in badges} <= names | {"free"}
        assert max(badge["area"] for badge in badges) < 0.15
        assert all(badge["whole"] for badge in badges)
        first = page.locator(".tile").first
        if not is_touch:
            first.hover()
        first.locator(".picture").focus()
        assert bool(first.evaluate_all(BADGES)[0]["text"]) is is_touch
        context.close()


def test_rows_grow_on_wide_screens(page: Page) -> None:
    """Rows are low on a phone, 220 pixels or so on a desk, 300 or so on a wide screen."""
    page.goto("/search?q=mountain&lang=en&wait=1")
    read_tiles(page)
    heights = []
    for width in (375, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        heights.append(page.locator(".tile").first.evaluate("tile => tile.offsetHeight"))
    phone, desk, wide = heights
    assert 88 <= phone < 150 < desk < 260 < wide < 400


def test_strips_leave_pictures_in_sight(page: Page) -> None:
    """With a mouse the strip covers a third of each tile at most, and its middle is the picture."""
    page.goto("/search?q=flower&lang=en&wait=1")
    assert len(read_tiles(page)) > 20
    for width in (375, 700, 1000, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 900})
        assert max(page.locator(".tile").evaluate_all(SHARES)) < 0.34, width
        assert page.locator(".tile").first.evaluate(UNDER) == "picture", width


EXTREME = ((390, 260), (390, 30), (20, 390), (260, 260), (390, 60), (260, 390))
BOXES = "all => all.map(one => [one.offsetWidth, one.offsetHeight])"


def test_panoramas_and_columns_leave_rows_low(
    context_of_two: BrowserContext, agency: FakeAgency
) -> None:
    """No tile is a sliver, and no row grows tall because the next picture is a panorama."""
    page = context_of_two.new_page()
    before, agency.sizes = agency.sizes, EXTREME
    try:
        with agency.return_pictures(40):
            page.goto(f"/search?{make_new_query('sea')}&agency=shutterstock&lang=en&wait=1")
            read_tiles(page)
    finally:
        agency.sizes = before
    for width, high in ((375, 260), (768, 300), (1440, 380), (2560, 500)):
        page.set_viewport_size({"width": width, "height": 900})
        boxes = page.locator(".tile").evaluate_all(BOXES)
        assert min(wide for wide, _ in boxes) >= 44, width
        assert max(tall for _, tall in boxes) <= high, width


def test_a_link_keeps_its_name_without_its_picture(
    context_of_two: BrowserContext,
) -> None:
    """Screen readers read the title of a picture that could not be loaded."""
    page = context_of_two.new_page()
    page.route("**/static/demo/*", lambda route: route.fulfill(status=404))
    page.goto("/search?q=mountain&agency=demo&lang=en&wait=1")
    broken = page.locator(".tile.broken").first
    expect(broken.locator(".picture")).to_have_accessible_name(
        broken.locator(".title bdi").inner_text()
    )
    expect(broken.locator("img")).to_have_css("opacity", "0")
    broken.evaluate("tile => { tile.style.flex = 'none'; tile.style.inlineSize = '50px' }")
    room = broken.evaluate("tile => tile.getBoundingClientRect().right")
    assert broken.locator(".similar").evaluate("a => a.getBoundingClientRect().right") <= room


def test_a_missing_picture_tells_its_agency_in_one_line_on_touch(
    browser: Browser, site_of_two: SiteServer
) -> None:
    """Its strip is all that a narrow tile shows, and breaks no word."""
    context = browser.new_context(
        base_url=site_of_two.url,
        viewport={"width": 375, "height": 812},
        has_touch=True,
        is_mobile=True,
    )
    page = context.new_page()
    page.route("**/static/demo/*", lambda route: route.fulfill(status=404))
    page.goto("/search?q=mountain&agency=demo&lang=en&wait=1")
    broken = page.locator(".tile.broken").first
    broken.evaluate("tile => { tile.style.flex = 'none'; tile.style.inlineSize = '60px' }")
    assert broken.locator(".sellers").evaluate("one => one.offsetHeight") < 26
    context.close()
