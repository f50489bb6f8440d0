"""With every agency on, filters, statuses and credits stay readable, on a phone too."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.dialects import DIALECTS, in_text, serving
from tests.support.federation import OWN, Agencies
from tests.support.site_server import SiteServer, running_site

SIZES = ((375, 812), (768, 1024), (1440, 900))


@pytest.fixture(scope="module")
def site_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """A site of all agencies, of which one is down."""
    with ExitStack() as stack:
        kinds = {one.name: one for one in DIALECTS if one.name not in OWN}
        every = Agencies({n: stack.enter_context(serving(one())) for n, one in kinds.items()})
        every["123rf"].fixed = in_text("down", 503)
        folder = tmp_path_factory.mktemp("all")
        yield stack.enter_context(running_site(folder, every.settings()))


@pytest.fixture(params=SIZES, ids=lambda one: str(one[0]))
def page(
    request: pytest.FixtureRequest, browser: Browser, site_of_all: SiteServer
) -> Iterator[Page]:
    width, height = request.param
    size: dict[str, int] = {"width": width, "height": height}
    opened: BrowserContext = browser.new_context(base_url=site_of_all.url, viewport=size)  # type: ignore[arg-type]
    yield opened.new_page()
    opened.close()


def test_filters_and_agencies_fit_the_window(page: Page) -> None:
    """Nothing stands beside the window, and every agency can be chosen."""
    page.goto("/search?q=flower&lang=en&wait=1")
    page.locator(".filters summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    boxes = page.locator(".fields [name=agency]")
    expect(boxes).to_have_count(len({one.name for one in DIALECTS} - OWN))
    for box in boxes.all():
        box.check()
    assert page.locator(".fields").evaluate("panel => panel.scrollWidth <= panel.clientWidth")


def test_a_credit_that_terms_ask_for_can_be_read(page: Page) -> None:
    """Who made it and the license, whatever the width of the tile; who is down is said below."""
    page.goto("/search?q=flower&lang=en&wait=1")
    credit = page.locator(".credited .by > span").first
    expect(credit).to_contain_text("gardener")
    cut = credit.evaluate(
        """span => {
          const range = document.createRange();
          range.selectNodeContents(span.firstElementChild);
          const [text, box] = [range, span].map((one) => one.getBoundingClientRect());
          return Math.max(text.bottom - box.bottom, text.right - box.right);
        }"""
    )
    assert cut <= 1
    expect(page.locator("ul.agencies")).to_contain_text("123RF gave no answer")
