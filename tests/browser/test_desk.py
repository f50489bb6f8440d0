"""In a real browser the pages of the desk are read, sorted, filtered and switched."""

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from affiliate.database.ledger import Ledger
from affiliate.database.search_figures import Search, SearchFigures, SearchNumbers
from tests.support.desk_records import record_clicks, record_sales
from tests.support.owner_browser import check_page, log_in
from tests.support.owner_desk import PASSWORD, SECRET
from tests.support.site_server import SiteServer, running_site


@pytest.fixture(scope="module")
def owned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Yield a site with a desk, and an agency that nobody answers for."""
    settings = {
        "OWNER_PASSWORD": PASSWORD,
        "SECRET_KEY": SECRET,
        "AGENCIES": "demo,shutterstock:3",
        "SHUTTERSTOCK_API_TOKEN": "x",
        "SHUTTERSTOCK_URL": "http://127.0.0.1:9",
    }
    with running_site(tmp_path_factory.mktemp("owned"), settings) as server:
        yield server


@pytest.fixture
def desk(browser: Browser, owned: SiteServer) -> Iterator[Page]:
    """Yield the desk of an owner who has logged in."""
    context = browser.new_context(base_url=owned.url)
    page = context.new_page()
    log_in(page)
    yield page
    context.close()


def test_an_agency_is_switched_off_and_on_in_place(desk: Page) -> None:
    """The page says so in a note, and by a word beside a mark."""
    desk.goto("/owner/agencies")
    row = desk.get_by_role("row").filter(has_text="Shutterstock")
    for label, word in (("Switch off", "switched off"), ("Switch on", "on")):
        row.get_by_role("button", name=label).click()
        expect(desk.get_by_role("status")).to_contain_text("every page shows that within")
        expect(row.get_by_role("cell").first).to_have_text(word)


def test_a_heading_sorts_the_table_and_days_are_chosen_by_a_form(desk: Page) -> None:
    """All is in the address, and Back leads to the order before."""
    desk.goto("/owner/settings")
    desk.get_by_role("link", name="From", exact=True).click()
    expect(desk.get_by_role("columnheader", name="From")).to_have_attribute(
        "aria-sort", "ascending"
    )
    expect(desk.get_by_role("row").nth(1)).to_contain_text("default")
    desk.get_by_text("Filter", exact=True).click()
    desk.get_by_role("combobox", name="From").select_option("environment")
    desk.get_by_role("button", name="Show").click()
    expect(desk).to_have_url(re.compile(r"sort=source.*source=environment"))
    expect(desk.get_by_role("row").filter(has_text="SECRET_KEY").first).to_be_visible()
    desk.get_by_role("link", name="From: environment").click()
    expect(desk).to_have_url(re.compile(r"settings\?sort=source$"))
    desk.go_back()
    expect(desk).to_have_url(re.compile("source=environment"))
    desk.goto("/owner/agencies")
    desk.get_by_text("Other days", exact=True).click()
    desk.get_by_label("First day").fill("2026-01-01")
    desk.get_by_label("Last day").fill("2026-01-31")
    desk.get_by_role("button", name="Show").click()
    expect(desk.get_by_text("2026-01-01 to 2026-01-31")).to_be_visible()


WIDTHS = (375, 768, 1440)


@pytest.fixture
def checked(browser: Browser, owned: SiteServer) -> Iterator[Page]:
    """Yield a tab whose pages take the checker's own script."""
    context = browser.new_context(base_url=owned.url, bypass_csp=True)
    yield context.new_page()
    context.close()


def test_the_desk_breaks_no_rule(checked: Page) -> None:
    """Every page keeps the rules that axe-core can check, fits each width, and logs no error."""
    page = checked
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto("/owner/")
    check_page(page, 375)
    log_in(page)
    urls = page.evaluate(
        "[...document.querySelectorAll('nav[aria-label=Desk] a')].map(a => a.pathname)"
    )
    assert len(urls) > 2
    for url in urls:
        page.goto(url)
        check_page(page, *WIDTHS)
    assert told == []


FIGURES = ("", "words", "word?words=cat", "pictures", "sites", "places", "sales", "clicks")


def test_pages_with_figures_break_no_rule(checked: Page, owned: SiteServer) -> None:
    """Charts and tables of a year keep the rules, and fit each width."""
    ages = [timedelta(days=days) for days in (0, 1, 40, 300)]
    with closing(Ledger(f"sqlite:///{owned.data_dir}/ledger.db")) as ledger:
        sites = ({"site": "blog.example", "place": "embed"}, {"place": "look", "id": "8" * 30})
        record_clicks(
            ledger, *({"ago": age, "words": "cat", **site} for age in ages for site in sites)
        )
        record_sales(ledger, *({"ago": age, "words": "cat", "payout": 1234.5} for age in ages))
        searches = SearchFigures(ledger, UTC)
        searches.add_searches({Search("cat " * 20, "en"): SearchNumbers(9, 9, 0, 90)})
    log_in(checked)
    for path in FIGURES:
        checked.goto(f"/owner/{path}{'&' if '?' in path else '?'}period=365")
        check_page(checked, *WIDTHS)
    expect(checked.get_by_role("row").nth(1)).to_contain_text("cat")


def test_a_long_text_makes_no_row_high(desk: Page, owned: SiteServer) -> None:
    """Also off the screen of a phone: a name of 53 letters takes three lines at most."""
    name = "a-very-long-blog-name-about-photography-and-more.example"
    with closing(Ledger(f"sqlite:///{owned.data_dir}/ledger.db")) as ledger:
        record_sales(ledger, {"site": name, "words": "a modern office with laptops and cats"})
    desk.set_viewport_size({"width": 375, "height": 700})
    desk.goto(f"/owner/sales?period=30&site={name}")
    height = (
        "row => row.getBoundingClientRect().height / parseFloat(getComputedStyle(row).fontSize)"
    )
    assert desk.get_by_role("row").nth(1).evaluate(height) < 6.5
    desk.goto("/owner/settings")
    assert desk.get_by_text("CLIENT_SEARCHES_PER_MINUTE", exact=True).evaluate(height) < 5


def test_a_printed_page_has_the_width_of_the_paper(desk: Page) -> None:
    """Also where paper is so wide that the navigation, which is not printed, would be a column."""
    desk.set_viewport_size({"width": 1100, "height": 700})
    desk.emulate_media(media="print")
    expect(desk.get_by_role("navigation", name="Desk")).to_be_hidden()
    assert desk.get_by_role("main").evaluate("main => main.getBoundingClientRect().width") > 1000


def test_on_a_phone_the_name_of_a_row_stays_beside_its_figures(
    desk: Page, owned: SiteServer
) -> None:
    """Names are narrow, settings among them, and stand still while the figures are scrolled."""
    with closing(Ledger(f"sqlite:///{owned.data_dir}/ledger.db")) as ledger:
        record_clicks(ledger, {"words": "mountain lake " * 7, "click_id": "click-of-a-lake"})
    desk.set_viewport_size({"width": 375, "height": 700})
    for path, name, figure in (
        ("words?sort=-clicks&period=today", "mountain lake", "Per click"),
        ("settings", "CLIENT_SEARCHES_PER_MINUTE", "Purpose"),
    ):
        desk.goto(f"/owner/{path}")
        head = desk.get_by_role("rowheader").filter(has_text=name)
        at_rest = head.evaluate("cell => cell.getBoundingClientRect().left")
        assert head.evaluate("cell => cell.getBoundingClientRect().right") < 200
        desk.get_by_role("columnheader", name=figure).scroll_into_view_if_needed()
        assert head.evaluate("cell => cell.closest('.wide').scrollLeft") > 0
        assert head.evaluate("cell => cell.getBoundingClientRect().left") == at_rest


def test_the_navigation_is_reached_by_keyboard_at_every_width(desk: Page) -> None:
    """The first stop skips it; a phone opens it as a menu, wide screens show it at once."""
    for width, is_menu in ((375, True), (1440, False)):
        desk.set_viewport_size({"width": width, "height": 700})
        desk.goto("/owner/account")
        desk.keyboard.press("Tab")
        expect(desk.get_by_role("link", name="Skip to the content")).to_be_focused()
        sessions = desk.get_by_role("link", name="Sessions")
        expect(sessions).to_be_visible(visible=not is_menu)
        if is_menu:
            desk.get_by_text("Menu", exact=True).focus()
            desk.keyboard.press("Enter")
        expect(sessions).to_be_visible()
        current = desk.get_by_role("navigation", name="Desk").locator("[aria-current=page]")
        expect(current).to_have_text("Account")
        sessions.focus()
        desk.keyboard.press("Enter")
        expect(desk.get_by_role("heading", name="Where you are logged in")).to_be_visible()
