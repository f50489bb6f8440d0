"""The servers that tests of pages ask for, once for each worker."""

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.support.axe import AXE
from tests.support.fake_agency import FakeAgency
from tests.support.host_pages import HostPages, serving_pages
from tests.support.site_server import SiteServer, running_site

AFFILIATE_LINK = (
    "https://shutterstock.7eer.net/c/{affiliate_id}/43068/1305?u={landing}&subId2={query}"
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteServer]:
    """Yield the demo catalogue, with affiliate links of Shutterstock's form."""
    settings = {"DEMO_AFFILIATE_ID": "12345", "DEMO_AFFILIATE_LINK": AFFILIATE_LINK}
    with running_site(tmp_path_factory.mktemp("site"), settings) as server:
        yield server


@pytest.fixture(scope="session")
def agency() -> Iterator[FakeAgency]:
    """Yield a Shutterstock on this machine."""
    with FakeAgency() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def site_of_two(
    tmp_path_factory: pytest.TempPathFactory, agency: FakeAgency
) -> Iterator[SiteServer]:
    """Yield the demo catalogue, whose links stay on the site, with the Shutterstock above."""
    settings = {
        "AGENCIES": "demo,shutterstock",
        "SHUTTERSTOCK_API_TOKEN": "x",
        "SHUTTERSTOCK_URL": agency.url,
    }
    with running_site(tmp_path_factory.mktemp("two"), settings) as server:
        yield server


@pytest.fixture(scope="session")
def host() -> Iterator[HostPages]:
    """Another site, which embeds ours."""
    with serving_pages() as server:
        yield server


@pytest.fixture
def shop(context: BrowserContext) -> list[str]:
    """Serve a page in the affiliate network's place; return the addresses opened there.

    The id of the click, which is another each time, is taken out.
    """
    opened: list[str] = []

    def answer(route: Route) -> None:
        address, count = re.subn(r"SharedId=\d+(-\d+){3}&", "", route.request.url)
        opened.append(address if count == 1 else "an address without the id of the click")
        route.fulfill(body="<!doctype html><title>Shop</title>", content_type="text/html")

    context.route("https://shutterstock.7eer.net/**", answer)
    return opened


@pytest.fixture
def reader(browser: Browser) -> Iterator[BrowserContext]:
    """Yield a new reader of other sites on a desktop."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def context(browser: Browser, site: SiteServer) -> Iterator[BrowserContext]:
    """Yield a new visitor to the demo site on a desktop."""
    opened = browser.new_context(base_url=site.url, viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """Return a new visitor's first tab."""
    return context.new_page()


@pytest.fixture
def phone(browser: Browser, site: SiteServer) -> Iterator[Page]:
    """Yield a visitor on a phone."""
    context = browser.new_context(
        base_url=site.url, viewport={"width": 375, "height": 667}, has_touch=True, is_mobile=True
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def context_of_two(browser: Browser, site_of_two: SiteServer) -> Iterator[BrowserContext]:
    """Yield a new visitor to the site of two agencies on a desktop."""
    opened = browser.new_context(base_url=site_of_two.url, viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the checker's source."""
    assert AXE.exists(), "axe-core is missing; run `npm ci --prefix tests/browser`"
    return AXE.read_text()
