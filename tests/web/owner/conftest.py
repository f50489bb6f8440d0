"""A site with a desk, and the browser of its owner."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from flask.testing import FlaskClient

from affiliate.database.search_figures import (
    CallNumbers,
    Search,
    SearchFigures,
    SearchNumbers,
)
from affiliate.search.counters import Windows
from affiliate.services import Services
from tests.simulator import CLIENT, Simulator, simulator
from tests.support.apps import ClientMaker
from tests.support.desk_records import record_clicks, record_sales
from tests.support.owner_desk import PASSWORD, SECRET, log_in


@pytest.fixture(autouse=True)
def amid_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have log-ins counted in the middle of a quarter of an hour that doesn't end."""
    monkeypatch.setattr(
        "affiliate.web.owner.login_throttle.Windows", partial(Windows, lambda: 1_800_000_450.0)
    )


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator() as server:
        yield server


@pytest.fixture
def settings(agency: Simulator) -> dict[str, str]:
    return {
        "OWNER_PASSWORD": PASSWORD,
        "SECRET_KEY": SECRET,
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_CLIENT_ID": CLIENT[0],
        "SHUTTERSTOCK_CLIENT_SECRET": CLIENT[1],
    }


@pytest.fixture
def owner(make_client: ClientMaker, settings: dict[str, str]) -> FlaskClient:
    """Return a browser of the owner, logged in."""
    client = make_client(**settings)
    assert log_in(client).status_code == 303
    return client


@pytest.fixture
def services(owner: FlaskClient) -> Services:
    found: Services = owner.application.extensions["services"]
    return found


@pytest.fixture
def filled(services: Services) -> Services:
    """A day with some clicks, searches and sales."""
    record_clicks(
        services.ledger,
        {"words": "red bicycle", "place": "look", "position": 3},
        {"words": "red bicycle", "site": "blog.example", "id": "8"},
        {"words": "cat", "agency": "pixabay"},
        {"words": "cat", "sender": "program"},
        {"words": "old", "ago": timedelta(days=40)},
    )
    record_sales(
        services.ledger,
        {"payout": 2.5, "words": "red bicycle", "media_id": "7", "click_id": "click-0000"},
        {"payout": 4, "currency": "EUR", "state": "pending", "site": "blog.example"},
        {"payout": 9, "state": "reversed", "words": "red bicycle"},
    )
    searches = SearchFigures(services.ledger, services.config.site_timezone)
    searches.add_searches(
        {
            Search("red bicycle", "en"): SearchNumbers(5, 0, 4, 90),
            Search("xqzzv", "en"): SearchNumbers(3, 3, 0, 900),
        }
    )
    searches.add_calls({"demo": CallNumbers(6, 1, 1200)})
    return services
