"""The owner in a real browser: the log-in, and the rules that each page of the desk keeps."""

from playwright.sync_api import Page, expect

from tests.support.axe import AXE, CHECK
from tests.support.owner_desk import PASSWORD


def log_in(page: Page) -> None:
    """Log in, which leads to the overview."""
    page.goto("/owner/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def check_page(page: Page, width: int) -> None:
    """Assert that a page keeps the rules of axe-core, and fits a window of a width."""
    page.evaluate(AXE.read_text())
    assert page.evaluate(CHECK) == [], (page.url, width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
