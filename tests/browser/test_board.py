"""The board in a browser that stores little, nothing, or what nobody has stored: never a fault."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.site_server import SiteServer

SEARCH = "/search?q=mountain&lang=en"
STORED = "localStorage.board ?? ''"
BLOCKED = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
FILL = """() => {
    for (let size = 1e6, at = 0; size >= 1; size /= 2) {
        try {
            for (;;) localStorage[`fill${at++}`] = "x".repeat(size);
        } catch {}
    }
}"""
ORDER = "all => all.map(one => one.dataset.pick)"
COPY = """Object.defineProperty(navigator, "clipboard", {
    value: { writeText: async text => { window.copied = text; } },
})"""


@pytest.fixture
def visitor(browser: Browser, site: SiteServer) -> Iterator[BrowserContext]:
    """Yield a visitor with a mouse who has kept nothing; a fault of a script fails the test."""
    faults: list[str] = []
    with browser.new_context(
        base_url=site.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    ) as context:
        context.on("weberror", lambda fault: faults.append(str(fault.error)))
        yield context
    assert faults == []


def keep(page: Page, at: int) -> str:
    """Keep the picture of a tile by the mouse; return how boards name the picture."""
    tile = page.locator("main .tile").nth(at)
    tile.hover()
    tile.locator(".keep").click()
    expect(tile.locator(".keep")).to_have_attribute("aria-pressed", "true")
    return tile.locator(".keep").get_attribute("data-pick") or ""


def open_page(visitor: BrowserContext, address: str = SEARCH) -> Page:
    page = visitor.new_page()
    page.goto(address)
    return page


def open_board(visitor: BrowserContext, *numbers: int) -> tuple[Page, list[str]]:
    """Keep the pictures of tiles, and open the board; return the board and its pictures."""
    page = open_page(visitor)
    picks = [keep(page, number) for number in numbers]
    page.locator(".to-board").click()
    expect(page.locator(".card")).to_have_count(len(numbers))
    return page, picks


def expect_order(page: Page, picks: list[str]) -> None:
    """Expect the cards of the page, and the storage, to have pictures in this order."""
    for at, pick in enumerate(picks):
        expect(page.locator(".card").nth(at)).to_have_attribute("data-pick", pick)
    expect(page.locator(".card")).to_have_count(len(picks))
    assert page.evaluate(STORED) == ",".join(picks)


def test_a_picture_is_kept_from_a_tile_and_let_go(visitor: BrowserContext) -> None:
    """The bar counts; a tile has no button before the pointer or the focus is there."""
    page = open_page(visitor)
    expect(page.locator(".keep")).to_have_count(0)
    picks = [keep(page, 0), keep(page, 2)]
    expect(page.locator(".to-board")).to_have_text("Board 2")
    assert page.evaluate(STORED) == ",".join(picks)
    page.reload()
    expect(page.locator(".to-board")).to_have_text("Board 2")
    expect(page.locator(".tile > .keep[aria-pressed=true]")).to_have_count(2)
    page.locator("main .tile").nth(2).locator(".picture").focus()
    page.keyboard.press("Shift+Tab")
    page.locator("main .tile").nth(2).locator(".picture").focus()
    page.keyboard.press("Tab")
    expect(page.locator("main .tile").first.locator(".keep")).to_have_attribute("tabindex", "-1")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className") == "keep":
            break
    page.keyboard.press("Enter")
    expect(page.locator(".to-board")).to_have_text("Board 1")
    assert page.evaluate(STORED) == picks[0]
    assert visitor.cookies() == []


def test_two_tabs_keep_both_pictures(visitor: BrowserContext) -> None:
    """Each tab, and an open board, shows what another tab has kept."""
    one, other = open_page(visitor), open_page(visitor)
    board = open_page(visitor, "/board?lang=en")
    picks = [keep(one, 1), keep(other, 3)]
    for page in (one, other, board):
        expect(page.locator(".to-board")).to_have_text("Board 2")
    expect_order(board, picks)
    other.locator("main .tile").nth(3).locator(".keep").click()
    expect_order(board, picks[:1])
    board.evaluate("localStorage.clear()")
    expect(one.locator(".to-board")).to_have_text("Board ")


@pytest.mark.parametrize(
    "stored",
    [
        '{"v":2,"pictures":[1]}',
        "demo",
        "demo:1:audio,demo:%FF",
        ",,,",
        "\x00",
        "demo:a b",
        "demo:a%C2%A0b",
        "x" * 9999,
    ],
)
def test_what_others_have_stored_is_left_out(visitor: BrowserContext, stored: str) -> None:
    """Another version's list costs neither the board nor the next picture."""
    page = open_page(visitor, "/about?lang=en")
    page.evaluate("text => { localStorage.board = text; }", stored)
    page.goto("/board?lang=en")
    expect(page.get_by_text("Pictures that you keep appear here.")).to_be_visible()
    page.goto(SEARCH)
    pick = keep(page, 0)
    assert page.evaluate(STORED) == pick
    expect(page.locator(".to-board")).to_have_text("Board 1")


def test_where_storage_is_blocked_nothing_promises_to_keep(visitor: BrowserContext) -> None:
    """No button comes; the page works as ever."""
    visitor.add_init_script(BLOCKED)
    page = open_page(visitor)
    page.locator("main .tile").first.hover()
    page.locator("main .tile [data-look]").first.click()
    expect(page.locator("#look .buy, #look h1").first).to_be_visible()
    expect(page.locator(".keep")).to_have_count(0)
    page.goto("/board?lang=en")
    expect(page.get_by_text("Pictures that you keep appear here.")).to_be_visible()


def test_where_storage_is_full_the_button_says_so(visitor: BrowserContext) -> None:
    """A picture that could not be kept is not shown as kept."""
    page = open_page(visitor)
    page.evaluate(FILL)
    tile = page.locator("main .tile").first
    tile.hover()
    tile.locator(".keep").click()
    expect(tile.locator(".keep")).to_have_attribute("data-told", "This browser could not keep it.")
    expect(tile.locator(".keep")).to_have_attribute("aria-pressed", "false")
    expect(page.locator("#status")).to_have_text("This browser could not keep it.")
    expect(page.locator(".to-board")).to_have_text("Board ")


def test_a_full_board_says_so(visitor: BrowserContext) -> None:
    """The 61st picture is not kept; one that goes makes room."""
    page = open_page(visitor, "/about?lang=en")
    page.evaluate("localStorage.board = [...Array(60).keys()].map(i => `demo:x${i}`)")
    page.goto(SEARCH)
    tile = page.locator("main .tile").first
    tile.hover()
    tile.locator(".keep").click()
    expect(tile.locator(".keep")).to_have_attribute("data-told", "The board is full.")
    page.goto("/board?p=demo:nope&lang=en")
    page.get_by_role("button", name="Keep all").click()
    expect(page.locator("#status")).to_have_text("The board is full.")
    page.goto("/board?lang=en")
    expect(page.locator(".card")).to_have_count(60)
    page.locator("[data-do=remove]").first.click()
    page.goto(SEARCH)
    keep(page, 0)
    expect(page.locator(".to-board")).to_have_text("Board 60")


CIRCLES = """all => all.map(tile => {
    const box = tile.getBoundingClientRect();
    const others = [...tile.querySelectorAll(".mark, .sellers a")];
    const signs = [tile.querySelector(".keep"), ...others].map(one => one.getBoundingClientRect());
    const [keep] = signs;
    const find = (x, y) => document.elementFromPoint(x, y)?.closest(".keep, .title, a");
    const middle = keep.x + keep.width / 2;
    const free = box.bottom - 25;
    return {
        large: keep.width >= 23.9 && keep.height >= 23.9
            && [-18, 18].every(by => find(middle, keep.y + 12 + by / 2)?.matches(".keep")),
        inside: keep.left >= box.left && keep.right <= box.right && keep.bottom < free,
        alone: box.width < 56 || signs.slice(1).every(({ left, right, top, bottom }) =>
            right <= keep.left || left >= keep.right || bottom <= keep.top || top >= keep.bottom),
        words: tile.querySelector(".mark").offsetHeight < 20,
        details: !!find(
            document.dir === "rtl" ? box.left + 16 : box.right - 16, box.top + 16,
        )?.matches(".title"),
        link: tile.matches(".sold") || find(middle, free)?.matches(".picture"),
    };
})"""
"""Of each tile on a phone: the room of its button, and what else can be tapped. Tiles of less than
56 pixels have no room for a mark beside the button."""
NARROW = """all => all.forEach((tile, at) => {
    tile.style.setProperty("--ratio", [0.5, 0.5625, 0.667, 1, 1.5][at % 5]);
    const mark = Object.assign(document.createElement("span"), { className: "mark" });
    mark.textContent = ["\u25b6\ufe0e\u00a00:10", "Editorial"][at % 2];
    if (!tile.querySelector(".mark")) tile.querySelector(".strip").after(mark);
})"""


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_phone_keeps_pictures_by_one_tap_each(
    browser: Browser, site: SiteServer, lang: str
) -> None:
    """Tiles have the button without a pointer, in nobody's way; quick look has it, too."""
    with browser.new_context(
        base_url=site.url,
        viewport={"width": 375, "height": 2000},
        has_touch=True,
        is_mobile=True,
        reduced_motion="reduce",
    ) as context:
        page = open_page(context, f"/search?q=mountain&lang={lang}")
        tiles = page.locator("main .tile:has(.keep)")
        expect(tiles.nth(20)).to_be_attached()
        expect(page.locator("main .tile:has(.picture):not(:has(.keep))")).to_have_count(0)
        tiles.evaluate_all(NARROW)
        circles = tiles.evaluate_all(f"all => ({CIRCLES})(all.slice(0, 20))")
        assert [circle for circle in circles if not all(circle.values())] == []
        for at in range(3):
            tiles.nth(at).locator(".keep").tap()
            expect(tiles.nth(at).locator(".keep")).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".to-board b")).to_have_text("3")
        page.locator("main .tile [data-look]").first.tap()  # which the button does not cover
        button = page.locator("#look .facts .keep")
        expect(button).to_have_attribute("aria-pressed", "true")
        button.tap()
        expect(button).to_have_attribute("aria-pressed", "false")
        page.locator("#look .close").tap()
        expect(page.locator("main .tile > .keep[aria-pressed=true]")).to_have_count(2)
        page.locator(".to-board").tap()
        expect(page.locator(".card")).to_have_count(2)


def test_the_order_is_the_visitors(visitor: BrowserContext) -> None:
    """Pictures are ordered by dragging, and by buttons without it (WCAG 2.2, 2.5.7)."""
    page, [a, b, c] = open_board(visitor, 0, 1, 2)
    cards = page.locator(".card")
    cards.nth(0).drag_to(cards.nth(2))
    expect_order(page, [b, c, a])
    page.get_by_role("button", name="Later:").first.click()
    expect_order(page, [c, b, a])
    focused = page.locator(":focus")
    expect(focused).to_have_attribute("data-do", "later")
    page.keyboard.press("Enter")
    expect_order(page, [c, a, b])
    expect(page.locator("#status")).to_have_text("3 / 3")
    expect(focused).to_have_attribute("data-do", "earlier")  # there is no later place
    page.reload()
    expect_order(page, [c, a, b])


def test_what_is_removed_comes_back(visitor: BrowserContext) -> None:
    """A slip of the finger costs nothing, of one picture as of all."""
    page, [a, b, c] = open_board(visitor, 0, 1, 2)
    page.get_by_role("button", name="Remove:").nth(1).click()
    expect_order(page, [a, c])
    expect(page.locator(":focus")).to_have_attribute("data-do", "remove")
    page.get_by_role("button", name="Undo").click()
    expect_order(page, [a, b, c])
    page.get_by_role("button", name="Clear all").click()
    expect(page.get_by_text("Pictures that you keep appear here.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect_order(page, [a, b, c])


def test_a_shared_board_is_kept_whole(visitor: BrowserContext) -> None:
    """A colleague's list joins the visitor's own; the file has the order of the page."""
    page, [a, b] = open_board(visitor, 1, 0)
    assert page.locator("[download]").get_attribute("href") == f"/board.csv?p={a},{b}"
    page.evaluate(COPY)
    page.get_by_role("button", name="Share").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    address = page.evaluate("copied")
    assert address.endswith(f"/board?p={a},{b}")
    page.get_by_role("button", name="Later:").first.click()
    expect(page.get_by_role("button", name="Share")).to_be_visible()  # the order is another
    page.get_by_role("button", name="Earlier:").last.click()
    page.evaluate("localStorage.board = 'demo:nope'")
    page.goto(address)
    expect(page.get_by_role("button", name="Remove:")).to_have_count(0)
    page.get_by_role("button", name="Keep all").click()
    expect(page.locator(".to-board")).to_have_text("Board 3")
    assert page.evaluate(STORED) == f"demo:nope,{a},{b}"


@pytest.mark.parametrize(("fault", "copies"), [("AbortError", False), ("NotAllowedError", True)])
def test_a_phone_copies_the_address_that_it_cannot_share(
    browser: Browser, site: SiteServer, fault: str, *, copies: bool
) -> None:
    """A visitor who has closed the menu of the system wanted nothing."""
    with browser.new_context(base_url=site.url, has_touch=True, is_mobile=True) as context:
        context.add_init_script(COPY)
        page = open_page(context, "/board?p=demo:nope&lang=en")
        refuse = f"throw new DOMException('', '{fault}')"
        page.evaluate(f"() => {{ navigator.share = async () => {{ {refuse} }} }}")
        page.get_by_role("button", name="Share").tap()
        if copies:
            expect(page.get_by_role("button", name="Link copied")).to_be_visible()
        expect(page.get_by_role("button", name="Share")).to_have_count(0 if copies else 1)
        assert page.evaluate("'copied' in window") is copies


def test_a_shared_board_works_without_scripts(browser: Browser, site: SiteServer) -> None:
    """Pictures, links and the file are there; what needs a script is not."""
    with browser.new_context(base_url=site.url, java_script_enabled=False) as context:
        page = open_page(context, "/board?p=demo:nope&lang=en")
        expect(page.get_by_text("This picture is gone")).to_be_visible()
        expect(page.locator("[download]")).to_be_visible()
        expect(page.locator("main button:visible")).to_have_count(0)
        expect(page.locator(".to-board")).to_be_hidden()


def test_an_answer_that_fails_has_a_way_on(visitor: BrowserContext) -> None:
    """The list stays, and the page says that it could not be loaded."""
    page = open_page(visitor)
    pick = keep(page, 0)
    page.route("**/ajax/board*", lambda route: route.abort())
    page.goto("/board?lang=en")
    expect(page.get_by_text("The search could not be reached.")).to_be_visible()
    page.unroute("**/ajax/board*")
    page.get_by_role("link", name="Try again").click()
    expect_order(page, [pick])


def test_a_printed_board_has_pictures_and_facts_alone(visitor: BrowserContext) -> None:
    """Paper has no buttons."""
    page, _ = open_board(visitor, 0, 1)
    page.emulate_media(media="print")
    expect(page.locator("main button:visible")).to_have_count(0)
    expect(page.locator(".card img").first).to_be_visible()
