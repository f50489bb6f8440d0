"""Opens pages of other sites that embed ours."""

from playwright.sync_api import BrowserContext, Page

from tests.support.search_page import WATCH

SETTLED = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"


def open_page(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    return page
