"""The owner in a real browser: the log-in, and the rules that each page of the desk keeps."""

from collections.abc import Mapping
from typing import Final, Literal

from playwright.sync_api import Page, expect

from tests.support.axe import AXE, CHECK, CHECK_COLORS
from tests.support.owner_desk import PASSWORD

SCHEMES: Final[Mapping[Literal["light", "dark"], str]] = {"light": CHECK, "dark": CHECK_COLORS}
"""The checks of a page in each scheme, which changes colors alone."""


def log_in(page: Page) -> None:
    """Log in, which leads to the overview."""
    page.goto("/owner/")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def check_page(page: Page, *widths: int) -> None:
    """Assert that a page keeps the rules of axe-core in light and dark, and fits each width."""
    page.evaluate(AXE.read_text())
    for width in widths:
        page.set_viewport_size({"width": width, "height": 700})
        for scheme, check in SCHEMES.items():
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(check) == [], (page.url, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (page.url, width)
