"""A site with a desk, and the browser of its owner."""

from collections.abc import Iterator
from functools import partial

import pytest
from flask.testing import FlaskClient

from affiliate.search.counters import Windows
from tests.simulator import CLIENT, Simulator, simulator
from tests.support.apps import ClientMaker
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
