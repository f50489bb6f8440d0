"""A visitor in each of the three engines, on one site and on the blogs around it."""

import shutil
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import Launch
from tests.support.engines import FORGETFUL, STARTS, keep_window
from tests.support.fake_agency import FakeAgency
from tests.support.host_pages import HostPages, serving_pages
from tests.support.owner_desk import PASSWORD, SECRET
from tests.support.site_server import SiteServer, running_site
from tests.support.windows import Window

SIZES = ((390, 260), (260, 390), (260, 260), (450, 253), (390, 261), (390, 130))
"""Thumbnails as agencies have them: wide, high, square, and a panorama."""
PROGRAMS = {"chromium": (), "firefox": ("firefox-esr",), "webkit": ("WebKitWebDriver", "Xvfb")}
"""What engines need beside the browser of all other tests."""
UNLIMITED = {
    "CLIENT_SEARCHES_PER_MINUTE": "0",
    "CLIENT_SEARCHES_PER_HOUR": "0",
    "SHUTTERSTOCK_CALLS_PER_HOUR": "1000000",
}
"""Settings of a site that many tests of a worker visit from one address: their searches together
would pass the limits of a single visitor, and later tests would find nothing."""
AGENCY_PAGE = "<title>The agency</title><h1>The agency</h1>"


@pytest.fixture(scope="session", params=STARTS)
def get_window(
    request: pytest.FixtureRequest, launch: Launch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Window]]:
    """Yield, for one engine after the other, what returns its window, one for a worker."""
    engine = request.param
    _need(engine)
    with keep_window(lambda: STARTS[engine](launch, tmp_path_factory.mktemp(engine))) as get:
        yield get


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Run a test once more, in a new window, where the engine has died; no other failure."""
    try:
        return (yield)
    except RuntimeError:
        values: dict[str, Any] = pyfuncitem.funcargs
        if "window" not in values or (new := values["get_window"]()) is values["window"]:
            raise
    values["window"] = new
    pyfuncitem.obj(**{name: values[name] for name in pyfuncitem._fixtureinfo.argnames})
    return True


@pytest.fixture
def window(get_window: Callable[[], Window]) -> Window:
    """Return the window of an engine, after all that the pages of earlier tests have said."""
    window = get_window()
    window.complaints()
    return window


@pytest.fixture(params=FORGETFUL)
def forgetful(request: pytest.FixtureRequest, launch: Launch, tmp_path: Path) -> Iterator[Window]:
    """Yield a window of an engine that keeps no page for Back."""
    _need(request.param)
    with FORGETFUL[request.param](launch, tmp_path) as opened:
        yield opened


def _need(engine: str) -> None:
    for program in PROGRAMS[engine]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed; run tests/setup.sh")


@pytest.fixture(scope="package")
def others() -> Iterator[HostPages]:
    """Other sites: blogs, and the agency's own."""
    with serving_pages() as server:
        yield server


@pytest.fixture(scope="package")
def visited(tmp_path_factory: pytest.TempPathFactory, others: HostPages) -> Iterator[SiteServer]:
    """Yield a site with pictures for many pages, whose affiliate links lead to another site."""
    with FakeAgency() as agency:
        agency.pictures, agency.sizes = 48 * 6, SIZES
        thread = threading.Thread(target=agency.serve_forever, daemon=True)
        thread.start()
        agency_page = others.page(AGENCY_PAGE, path="/c/12345/43068/1305")  # as at impact.com
        settings = UNLIMITED | {
            "SHUTTERSTOCK_API_TOKEN": "x",
            "SHUTTERSTOCK_URL": agency.url,
            "SHUTTERSTOCK_AFFILIATE_LINK": agency_page + "?id={id}&site={site}",
            "OWNER_PASSWORD": PASSWORD,
            "SECRET_KEY": SECRET,
        }
        with running_site(tmp_path_factory.mktemp("visited"), settings) as server:
            yield server
        agency.shutdown()
        thread.join()


@pytest.fixture(scope="package")
def referring(tmp_path_factory: pytest.TempPathFactory, others: HostPages) -> Iterator[SiteServer]:
    """Yield a site whose affiliate links have the form of Partnerize, and lead to another site."""
    link = f"{others.url}/click/camref:1abc/pubref:{{site}}~{{id}}/destination:{{landing}}"
    settings = {"AGENCIES": "demo", "DEMO_AFFILIATE_LINK": link}
    with running_site(tmp_path_factory.mktemp("referring"), settings) as server:
        yield server
