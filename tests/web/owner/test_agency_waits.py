"""Pages of the desk that wait for a hanging agency leave threads to all other pages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from affiliate.web.owner.agency_waits import MAX_WAITS
from tests.simulator import Simulator, hold
from tests.support.apps import ClientMaker
from tests.support.license_desk import copy_browser, read_notes
from tests.support.owner_desk import log_in
from tests.support.waiting import wait_until

PATHS = ("license/shutterstock/1000001?account=real", "licenses/history")
CALLS = {"AGENCIES": "shutterstock", "SHUTTERSTOCK_API_TOKEN": "x"}


@pytest.fixture
def owner(make_client: ClientMaker, settings: dict[str, str]) -> FlaskClient:
    """Return a browser of the owner of an account."""
    client = make_client(**settings, **CALLS)
    log_in(client)
    return client


@pytest.mark.parametrize("path", PATHS)
def test_few_pages_wait_for_agencies_at_once(
    owner: FlaskClient, agency: Simulator, path: str
) -> None:
    """One more is refused at once, pages without calls are not, and later pages are shown."""
    orders = [agency.misbehave(hold("read"), on="*") for _ in range(MAX_WAITS)]
    tabs = [copy_browser(owner) for _ in range(MAX_WAITS)]
    with ThreadPoolExecutor(MAX_WAITS) as threads:
        waiting = [threads.submit(tab.get, f"/owner/{path}") for tab in tabs]
        wait_until(lambda: all(order.reached.is_set() for order in orders))
        refused = owner.get(f"/owner/{path}")
        assert refused.status_code == 503
        assert "Other pages of the desk wait for an agency" in read_notes(refused)
        assert owner.get("/owner/sessions").status_code == 200
        agency.orders.clear()
        assert [page.result().status_code for page in waiting] == [200] * MAX_WAITS
    assert owner.get(f"/owner/{path}").status_code == 200
