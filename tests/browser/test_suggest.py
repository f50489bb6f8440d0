"""While a visitor types, the box offers searches to choose with keys, a click or a tap."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
    Locator,
    Page,
    Request,
    Route,
    expect,
)

from tests.support.fake_agency import TITLES
from tests.support.search_page import read_tiles
from tests.support.site_server import SiteServer

HELD = """async number => {
    for (let frames = 0; await held() < number; frames += 1) {
        if (frames > 3600) throw new Error("the request did not come");
        await new Promise(requestAnimationFrame);
    }
}"""
OPEN = "#suggestions:not([hidden]) [role=option]"


def box(page: Page) -> Locator:
    return page.locator("input[role=combobox]")


def options(page: Page) -> list[str]:
    """Return the suggestions on the screen, once there are some."""
    page.locator(OPEN).first.wait_for()
    return page.locator(OPEN).all_text_contents()


def type_words(page: Page, words: str, address: str = "/?lang=en") -> list[str]:
    """Return the suggestions for words typed on a page."""
    page.goto(address)
    box(page).fill(words)
    return options(page)


def closed(page: Page) -> None:
    expect(page.locator("#suggestions")).to_be_hidden()
    expect(box(page)).to_have_attribute("aria-expanded", "false")
    assert not box(page).get_attribute("aria-activedescendant")


def answer_with(words: str, found: list[str]) -> Callable[[Route], None]:
    """Answers the route of suggestions."""
    return lambda route: route.fulfill(json=[words, found])


@pytest.fixture
def asked(page: Page) -> list[str]:
    """Return a list of the suggestions and searches that the page requests."""
    found: list[str] = []

    def note(request: Request) -> None:
        if re.search(r"//[^/]+/(suggest|search)\?", request.url):
            found.append(request.url)

    page.on("request", note)
    return found


# -- typing and choosing


def test_typing_offers_searches(page: Page, asked: list[str]) -> None:
    """Typed letters show searches that begin with them; without words there is nothing to offer.

    A click on the list's own edge searches nothing.
    """
    found = type_words(page, "bi")
    assert 1 < len(found) <= 8
    assert all(one.startswith("bi") for one in found)
    expect(box(page)).to_have_attribute("aria-expanded", "true")
    before = list(asked)
    page.locator("#suggestions").click(position={"x": 40, "y": 1})
    expect(box(page)).to_have_value("bi")
    assert options(page) == found
    assert asked == before
    box(page).fill("b")
    options(page)
    box(page).press("Backspace")
    closed(page)


def test_arrows_go_round_through_the_typed_words(page: Page) -> None:
    """Arrows choose one after the other, and the typed words between the last and the first.

    Escape closes the list and leaves the typed words; an arrow opens it again.
    """
    found = type_words(page, "bi")
    for way, places in (("ArrowDown", [*found, "bi", found[0]]), ("ArrowUp", ["bi", found[-1]])):
        for place in places:
            box(page).press(way)
            expect(box(page)).to_have_value(place)
            if place == "bi":
                assert not box(page).get_attribute("aria-activedescendant")
                continue
            chosen = page.locator(f"{OPEN}[aria-selected=true]")
            expect(chosen).to_have_text(place)
            expect(box(page)).to_have_attribute(
                "aria-activedescendant", chosen.get_attribute("id") or ""
            )
    expect(box(page)).to_be_focused()
    box(page).press("Escape")
    closed(page)
    expect(box(page)).to_have_value("bi")
    box(page).press("ArrowDown")
    assert options(page) == found


def test_enter_searches_the_chosen_one(page: Page, site: SiteServer) -> None:
    """Enter searches what the arrows have chosen; without a choice, what was typed."""
    found = type_words(page, "bi")
    box(page).press("ArrowDown")
    box(page).press("ArrowDown")
    box(page).press("Enter")
    expect(page).to_have_url(f"{site.url}/search?q={found[1].replace(' ', '+')}&lang=en")
    assert read_tiles(page)
    box(page).fill("bi")
    options(page)
    box(page).press("Enter")
    expect(page).to_have_url(f"{site.url}/search?q=bi&lang=en")


@pytest.mark.parametrize("touch", [False, True])
def test_click_and_tap_search(browser: Browser, site: SiteServer, touch: bool) -> None:  # noqa: FBT001 - parametrized
    """A click or a tap on a suggestion searches it."""
    context = browser.new_context(base_url=site.url, has_touch=touch, is_mobile=touch)
    page = context.new_page()
    found = type_words(page, "bi")
    second = page.locator(OPEN).nth(1)
    if touch:
        second.tap()
    else:
        second.click()
    expect(page).to_have_url(f"{site.url}/search?q={found[1].replace(' ', '+')}&lang=en")
    context.close()


def test_leaving_the_box_closes(page: Page) -> None:
    """The list goes when the focus goes, and an answer that comes later doesn't open it."""
    type_words(page, "bi")
    box(page).press("Tab")
    closed(page)
    held: list[Route] = []
    page.route("**/suggest?*", lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    with page.expect_request("**/suggest?*"):
        box(page).press_sequentially("r")
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Search").focus()
    closed(page)


def test_typed_words_in_place_close_the_list(page: Page, site: SiteServer) -> None:
    """Beside open filters a suggestion is answered in place, and the list goes."""
    page.goto("/search?q=cat&lang=en")
    read_tiles(page)
    page.get_by_text("Filters", exact=True).click()
    box(page).fill("bi")
    found = options(page)
    page.evaluate("window.same = true")
    box(page).press("ArrowDown")
    box(page).press("Enter")
    expect(page).to_have_url(f"{site.url}/search?q={found[0]}&lang=en")
    expect(page.get_by_role("heading", level=1)).to_contain_text(found[0])
    closed(page)
    assert page.evaluate("window.same") is True


def test_first_key_asks_too(page: Page) -> None:
    """The script of suggestions comes with the first use of the box, and no key is lost."""
    held: list[Route] = []
    page.route("**/suggest.js", lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    page.expose_function("held", lambda: len(held))
    page.goto("/search?q=cat&lang=en")
    read_tiles(page)
    assert page.locator("#suggestions").count() == 0
    box(page).fill("bi")
    page.evaluate(HELD, 1)
    held[0].continue_()
    assert all(found.startswith("bi") for found in options(page))


# -- answers


def test_outdated_answer_is_dropped(page: Page) -> None:
    """When an older question is answered after a newer one, the newer answer stays.

    An answer that comes while arrows move through the list doesn't replace it.
    """
    held: list[Route] = []
    page.route("**/suggest?*", lambda route: held.append(route))  # noqa: PLW0108 - not a builtin
    page.expose_function("held", lambda: len(held))
    page.goto("/?lang=en")
    for number, letter in enumerate("ab", 1):
        box(page).press_sequentially(letter)
        page.evaluate(HELD, number)
    older, newer = held
    newer.fulfill(json=["ab", ["abacus"]])
    assert options(page) == ["abacus"]
    older.fulfill(json=["a", ["apple"]])
    page.evaluate("() => fetch('/healthz')")  # the older answer has come by then
    assert options(page) == ["abacus"]

    with page.expect_request("**/suggest?*"):
        box(page).press_sequentially("i")
    with page.expect_event("requestfailed"):
        box(page).press("ArrowDown")
    expect(page.locator(f"{OPEN}[aria-selected=true]")).to_have_text("abacus")
    box(page).press("Escape")
    expect(box(page)).to_have_value("abi")


def test_failing_suggestions_are_silent(page: Page) -> None:
    """Without suggestions typing and searching go on; the page says and logs nothing."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto("/?lang=en")
    ways: list[tuple[str, str, Callable[[Route], None]]] = [
        ("dog", "requestfinished", lambda route: route.fulfill(status=500, body="broken")),
        ("fox", "requestfinished", lambda route: route.fulfill(status=400, json={"status": 400})),
        ("cat", "requestfailed", lambda route: route.abort()),
    ]
    for words, end, answer in ways:
        page.unroute_all()
        page.route("**/suggest?*", answer)
        box(page).clear()
        with page.expect_event(end):
            box(page).press_sequentially(words)
        closed(page)
        expect(page.locator("#status")).to_be_empty()
    box(page).press("Enter")
    page.wait_for_url("**/search?q=cat&lang=en")
    assert read_tiles(page)
    assert errors == []


def test_hostile_suggestions_are_text(page: Page) -> None:
    """Whatever an agency suggests is shown and searched as text."""
    dialogs: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismiss)
    hostile = [*TITLES, "x" * 500]
    page.route("**/suggest?*", answer_with("a", hostile))
    assert type_words(page, "a") == hostile
    assert page.locator("#suggestions :not(li, bdi)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box(page).press("ArrowDown")
    box(page).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(TITLES[0])
    assert dialogs == []


# -- recent searches


def search(page: Page, words: str) -> None:
    """Search for words on the start page, and wait for the results."""
    page.goto("/?lang=en")
    box(page).fill(words)
    box(page).press("Enter")
    page.wait_for_url("**/search?*")
    assert read_tiles(page)


def test_recent_searches_are_offered_on_focus(page: Page, asked: list[str]) -> None:
    """The box in focus offers the latest searches first, each once, without asking the site.

    An arrow and Enter, or a click, search again; typed letters show suggestions instead.
    """
    for words in ("cat", "dog", "CAT"):
        search(page, words)
    before = len(asked)
    box(page).focus()
    page.locator(OPEN).first.wait_for()
    assert options(page) == ["dog", "Clear all"]  # the box has the words of the page
    expect(page.get_by_role("listbox", name="Recent searches")).to_be_visible()
    assert len(asked) == before
    box(page).fill("")
    assert options(page) == ["CAT", "dog", "Clear all"]
    box(page).fill("bi")
    expect(page.locator("#suggestions .clear")).to_have_count(0)
    assert all(found.startswith("bi") for found in options(page))
    box(page).fill("")
    expect(page.locator("#suggestions .clear")).to_be_visible()
    box(page).press("ArrowDown")
    box(page).press("ArrowDown")
    expect(box(page)).to_have_value("dog")
    box(page).press("Enter")
    page.wait_for_url("**/search?q=dog&*")
    assert page.context.cookies() == []


@pytest.mark.parametrize("by_key", [False, True])
def test_recent_searches_are_cleared_by_one_press(page: Page, by_key: bool) -> None:  # noqa: FBT001 - parametrized
    """The last option clears all, and the box keeps its words; nothing is searched."""
    search(page, "cat")
    box(page).fill("")
    options(page)
    address = page.url
    if by_key:
        box(page).press("ArrowUp")
        expect(page.locator("#suggestions .clear")).to_have_attribute("aria-selected", "true")
        expect(box(page)).to_have_value("")
        box(page).press("Enter")
    else:
        page.locator("#suggestions .clear").click()
    closed(page)
    assert page.evaluate("localStorage.recent") is None
    assert page.url == address
    box(page).blur()
    box(page).focus()
    closed(page)


def test_eight_recent_searches_are_kept(page: Page) -> None:
    """The oldest goes for the ninth; what another script has stored breaks nothing."""
    page.goto("/?lang=en")
    page.evaluate("localStorage.recent = JSON.stringify([...'abcdefgh', 5, {}])")
    search(page, "cat")
    box(page).fill("")
    assert options(page) == ["cat", *"abcdefg", "Clear all"]
    page.evaluate("localStorage.recent = '{'")
    box(page).blur()
    box(page).focus()
    closed(page)
    search(page, "dog")
    assert page.evaluate("localStorage.recent") == '["dog"]'


# -- input methods


def test_nothing_is_asked_while_composing(
    context: BrowserContext, page: Page, asked: list[str]
) -> None:
    """In the middle of an input method's word nothing is asked; its end asks once."""
    page.clock.install()
    page.goto("/?lang=ja")
    box_of_page = page.locator("#q")
    box_of_page.focus()
    page.locator("#suggestions").wait_for(state="attached")
    page.evaluate(
        "() => document.querySelector('#q').addEventListener('input', e => window.last = e)"
    )
    method = context.new_cdp_session(page)
    for text in ("ね", "ねk", "ねこ"):
        method.send(
            "Input.imeSetComposition",
            {"text": text, "selectionStart": len(text), "selectionEnd": len(text)},
        )
    assert page.evaluate("window.last.isComposing") is True
    page.clock.run_for(1000)
    assert asked == []
    with page.expect_request("**/suggest?*"):
        method.send("Input.insertText", {"text": "猫"})
    expect(box_of_page).to_have_value("猫")
    assert len(asked) == 1


def test_keys_belong_to_the_input_method(page: Page, asked: list[str]) -> None:
    """Keys that an input method uses neither search nor move through the list.

    Words are asked for as typed, in the page's language.
    """
    type_words(page, "Bi", "/?lang=de")
    before = list(asked)
    assert [one.partition("/suggest")[2] for one in asked] == ["?q=Bi&lang=de"]
    prevented = page.evaluate(
        """() => {
            const box = document.querySelector("#q");
            const send = (key, more) => !box.dispatchEvent(new KeyboardEvent("keydown",
                { key, bubbles: true, cancelable: true, ...more }));
            box.dispatchEvent(new CompositionEvent("compositionstart"));
            return [send("ArrowDown", { isComposing: true }), send("Enter", { isComposing: true }),
                    send("Enter", { keyCode: 229 })];
        }"""
    )
    assert prevented == [False, True, True]
    closed(page)
    expect(box(page)).to_have_value("Bi")
    assert asked == before


# -- without sight


def test_roles_are_those_of_a_combobox(page: Page) -> None:
    """Screen readers meet a combobox with a list box of options, named as the box is."""
    found = type_words(page, "bi")
    box(page).press("ArrowDown")
    expect(page.locator(".box")).to_match_aria_snapshot(
        f"""
        - combobox "Search pictures" [expanded]: {json.dumps(found[0])}
        - listbox "Search pictures":
          - option {json.dumps(found[0])} [selected]
          - option {json.dumps(found[1])}
        """
    )
    assert box(page).get_attribute("aria-autocomplete") == "list"
    assert box(page).get_attribute("aria-controls") == "suggestions"
