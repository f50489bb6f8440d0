"""A server that ends or is killed during a purchase at the desk buys once and records it."""

import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from tests.simulator import TOKEN, Simulator, hold, simulator
from tests.support.license_desk import SETTINGS
from tests.support.owner_desk import PASSWORD
from tests.support.purchase_desk import list_ordinary_ids
from tests.support.shops import read_purchases
from tests.support.site_server import SiteServer, running_site
from tests.support.waiting import wait_until

PATIENCE = 60.0
PATH = "/v2/images/licenses"


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def settings(agency: Simulator) -> dict[str, str]:
    return {
        **SETTINGS,
        "AGENCIES": "shutterstock",
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_LICENSE_URL": agency.url,
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
    }


def log_in(site: SiteServer) -> requests.Session:
    """Return the browser of an owner, logged in."""
    browser = requests.Session()
    form = read_form(browser.get(f"{site.url}/owner/log-in", timeout=PATIENCE).text)
    data = {**form, "password": PASSWORD}
    browser.post(f"{site.url}/owner/log-in", data=data, timeout=PATIENCE)
    return browser


def read_form(page: str) -> dict[str, str]:
    main = page.partition("<main")[2].partition("</form>")[0]
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', main)
    return {name: unescape(value) for name, value in found}


def begin(
    browser: requests.Session, site: SiteServer, agency: Simulator
) -> tuple[str, dict[str, str]]:
    """Return the address and the fields of the button that buys."""
    path = f"{site.url}/owner/license/shutterstock/{list_ordinary_ids(agency)[0]}"
    page = browser.get(f"{path}/review?account=real", timeout=PATIENCE)
    return f"{path}/buy", read_form(page.text)


def test_a_server_told_to_end_finishes_the_purchase(
    agency: Simulator, settings: dict[str, str], tmp_path: Path
) -> None:
    """The agency answers later than pages may take: the owner gets the answer, then it ends."""
    order = agency.misbehave(hold("acted"), on=PATH, method="POST")
    with running_site(tmp_path, settings) as site, ThreadPoolExecutor(1) as threads:
        browser = log_in(site)
        url, form = begin(browser, site, agency)
        sent = threads.submit(browser.post, url, data=form, timeout=PATIENCE, allow_redirects=False)
        assert order.reached.wait(PATIENCE)
        os.kill(site.process.pid, signal.SIGTERM)
        wait_until(lambda: "waits for a purchase" in site.log.read_text())
        order.release.set()
        assert sent.result(PATIENCE).headers["Location"] == f"/owner/licenses/{form['purchase']}"
        wait_until(lambda: site.process.poll() is not None)
    assert [row.state for row in read_purchases(tmp_path)] == ["licensed"]
    assert len(agency.purchases) == 1


def test_a_browser_that_leaves_cuts_no_purchase(
    agency: Simulator, settings: dict[str, str], tmp_path: Path
) -> None:
    """Closed while the agency works on it, the purchase is recorded all the same."""
    order = agency.misbehave(hold("acted"), on=PATH, method="POST")
    with running_site(tmp_path, settings) as site:
        browser = log_in(site)
        url, form = begin(browser, site, agency)
        sent = requests.Request("POST", url, data=form, cookies=browser.cookies).prepare()
        connection = HTTPConnection(site.url.removeprefix("http://"), timeout=PATIENCE)
        connection.request("POST", str(sent.path_url), sent.body, dict(sent.headers))
        assert order.reached.wait(PATIENCE)
        connection.close()
        order.release.set()
        wait_until(lambda: [row.state for row in read_purchases(tmp_path)] == ["licensed"])
        page = browser.post(url, data=form, timeout=PATIENCE)
        assert "<h1>Licensed</h1>" in page.text
    assert len(agency.purchases) == 1


@pytest.mark.parametrize("stage", ["read", "acted"])
def test_a_killed_server_loses_no_purchase(
    agency: Simulator, settings: dict[str, str], tmp_path: Path, stage: str
) -> None:
    """After the restart the same form shows the purchase, which the history settles."""
    order = agency.misbehave(hold(stage), on=PATH, method="POST")  # type: ignore[arg-type] # one of them
    with running_site(tmp_path, settings) as site:
        browser = log_in(site)
        url, form = begin(browser, site, agency)
        sending = threading.Thread(target=send_to_its_end, args=(browser, url, form))
        sending.start()
        assert order.reached.wait(PATIENCE)
        os.killpg(site.process.pid, signal.SIGKILL)
        sending.join(PATIENCE)
        order.release.set()
    port = int(site.url.rpartition(":")[2])
    with running_site(tmp_path, settings, port) as site:
        page = browser.post(url, data=form, timeout=PATIENCE)
        assert page.url.endswith(form["purchase"])
        settle = read_form(page.text)
        wait_until(lambda: bool(agency.purchases) or stage == "read")
        page = browser.post(f"{page.url}/settle", data=settle, timeout=PATIENCE)
        assert page.status_code == 200
    posts = [seen for seen in agency.requests if seen.method == "POST" and seen.path == PATH]
    assert len(posts) == 1
    [purchase] = read_purchases(tmp_path)
    if agency.purchases:
        assert (purchase.state, purchase.license_id) == ("licensed", agency.purchases[0].id)
    else:
        assert purchase.state in {"pending", "unknown"}


def send_to_its_end(browser: requests.Session, url: str, form: dict[str, str]) -> None:
    """Send a form to a server that is killed meanwhile."""
    with pytest.raises(requests.ConnectionError):
        browser.post(url, data=form, timeout=PATIENCE)
