"""Every page keeps the rules that axe-core can check, in light and in dark.

`npm ci --prefix tests/browser` brings axe-core; its rules: https://github.com/dequelabs/axe-core
"""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.site_server import SiteServer

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CHECK = """async () => (await axe.run()).violations.map(
    v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120)).join(" | ")}`)"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The checker's source."""
    assert AXE.exists(), "axe-core is missing; run `npm ci --prefix tests/browser`"
    return AXE.read_text()


def open_filters(page: Page) -> None:
    page.get_by_text("Filters", exact=True).click()
    expect(page.get_by_label("Orientation")).to_be_visible()


def open_first_picture(page: Page) -> None:
    page.goto(f"/image/demo/{page.locator('.tile a').first.get_attribute('data-id')}")


def as_it_is(_: Page) -> None:
    """Nothing to do."""


STATES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "start": ("/", as_it_is),
    "search": ("/search?q=cat", as_it_is),
    "filters": ("/search?q=flower&type=illustration&color=fcbf49", open_filters),
    "pages": ("/search?q=animal&page=2", as_it_is),
    "empty": ("/search?q=qqzxw", as_it_is),
    "error": ("/search?page=0&q=a", as_it_is),
    "image": ("/search?q=cat", open_first_picture),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_page_breaks_no_rule(
    browser: Browser, site: SiteServer, axe: str, state: str, scheme: Literal["light", "dark"]
) -> None:
    """A page breaks no rule of accessibility, its focused tile's strip included."""
    address, prepare = STATES[state]
    context = browser.new_context(
        base_url=site.url,
        bypass_csp=True,  # for the checker's own script
        color_scheme=scheme,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(address)
    page.locator("[data-waiting]").wait_for(state="detached")
    prepare(page)
    if page.locator(".tile a").count():
        page.locator(".tile a").first.focus()
    page.evaluate(axe)
    assert page.evaluate(CHECK) == []
    context.close()
