"""The choice of light or dark: at the foot of every page, kept by the browser, without a flash."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.support.site_server import SiteServer

Scheme = Literal["light", "dark"]
GROUNDS: dict[Scheme, str] = {"light": "rgb(251, 250, 248)", "dark": "rgb(22, 21, 20)"}
PAINTED = """() => {
    const scheme = () => getComputedStyle(document.documentElement).colorScheme;
    window.schemes = new Set();
    const look = () => { if (document.body) schemes.add(scheme()); requestAnimationFrame(look); };
    requestAnimationFrame(look);
}"""


@pytest.mark.parametrize(("system", "chosen"), [("light", "dark"), ("dark", "light")])
def test_the_choice_holds_on_every_page_from_the_first_frame(
    browser: Browser, site: SiteServer, system: Scheme, chosen: Scheme
) -> None:
    """Each frame of later pages has the chosen scheme; the system's returns with its choice."""
    with browser.new_context(base_url=site.url, color_scheme=system) as context:
        page = context.new_page()
        page.goto("/about?lang=en")
        ground = page.locator("body")
        expect(ground).to_have_css("background-color", GROUNDS[system])
        page.get_by_label("Theme").select_option(chosen)
        expect(ground).to_have_css("background-color", GROUNDS[chosen])
        page.add_init_script(f"({PAINTED})()")
        for address in ("/search?q=cat&lang=en", "/?lang=en", "/nowhere?lang=en"):
            page.goto(address)
            expect(ground).to_have_css("background-color", GROUNDS[chosen])
            expect(page.get_by_label("Theme")).to_have_value(chosen)
            assert page.evaluate("[...schemes]") == [chosen]
        page.get_by_label("Theme").select_option("")
        expect(ground).to_have_css("background-color", GROUNDS[system])
        assert context.cookies() == []


def test_the_choice_reaches_pages_in_other_tabs(browser: Browser, site: SiteServer) -> None:
    """A choice holds for the site, also where it was open before."""
    with browser.new_context(base_url=site.url, color_scheme="light") as context:
        first, second = context.new_page(), context.new_page()
        for page in (first, second):
            page.goto("/about?lang=en")
        first.get_by_label("Theme").select_option("dark")
        expect(second.locator("body")).to_have_css("background-color", GROUNDS["dark"])
        expect(second.get_by_label("Theme")).to_have_value("dark")


def test_without_scripts_the_system_chooses(browser: Browser, site: SiteServer) -> None:
    """A menu that does nothing is not shown."""
    with browser.new_context(
        base_url=site.url, java_script_enabled=False, color_scheme="dark"
    ) as context:
        page = context.new_page()
        page.goto("/about?lang=en")
        expect(page.locator("body")).to_have_css("background-color", GROUNDS["dark"])
        expect(page.locator(".scheme")).to_be_hidden()


def test_where_storage_is_blocked_the_choice_holds_for_the_page(
    browser: Browser, site: SiteServer
) -> None:
    """A browser that keeps nothing for sites shows pages as its system does, without a fault."""
    with browser.new_context(base_url=site.url, color_scheme="light") as context:
        context.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } })"
        )
        page = context.new_page()
        page.goto("/about?lang=en")
        page.get_by_label("Theme").select_option("dark")
        expect(page.locator("body")).to_have_css("background-color", GROUNDS["dark"])


def test_paper_is_white_whatever_is_chosen(browser: Browser, site: SiteServer) -> None:
    """A dark page is printed as a light one."""
    with browser.new_context(base_url=site.url) as context:
        page = context.new_page()
        page.goto("/about?lang=en")
        page.get_by_label("Theme").select_option("dark")
        page.emulate_media(media="print")
        expect(page.locator("body")).to_have_css("background-color", GROUNDS["light"])
