"""With every agency on, filters and statuses stay readable, on a phone too."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.dialects import DIALECTS, answer_text, serve_dialect
from tests.support.federation import OWN, Agencies
from tests.support.site_server import SiteServer, running_site

SIZES = ((375, 812), (768, 1024), (1440, 900))
SEARCHED = {one.name for one in DIALECTS} - OWN


@pytest.fixture(scope="module")
def site_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Yield a site of all agencies, of which one is down."""
    with ExitStack() as stack:
        kinds = {one.name: one for one in DIALECTS if one.name not in OWN}
        every = Agencies({n: stack.enter_context(serve_dialect(one())) for n, one in kinds.items()})
        every["123rf"].fixed = answer_text("down", 503)
        folder = tmp_path_factory.mktemp("all")
        yield stack.enter_context(running_site(folder, every.settings()))


@pytest.fixture
def page(browser: Browser, site_of_all: SiteServer) -> Iterator[Page]:
    opened = browser.new_context(base_url=site_of_all.url)
    yield opened.new_page()
    opened.close()


def test_filters_and_agencies_fit_any_window(page: Page) -> None:
    """Nothing stands beside the window, every agency can be chosen, who is down is said below."""
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.goto("/search?q=flower&lang=en&wait=1")
        expect(page.locator("ul.agencies")).to_contain_text("123RF gave no answer")
        page.locator(".filters > summary").click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        boxes = page.locator(".fields [name=agency]")
        expect(boxes).to_have_count(len(SEARCHED))
        boxes.evaluate_all("boxes => boxes.forEach(box => box.click())")
        expect(page.locator(".fields [name=agency]:checked")).to_have_count(len(SEARCHED))
        panel = page.locator(".fields")
        assert panel.evaluate("panel => panel.scrollWidth <= panel.clientWidth")
