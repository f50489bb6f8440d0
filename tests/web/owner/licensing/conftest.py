"""A site that buys in an account and a sandbox, and the browser of its owner."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from affiliate.database.connections import DATABASES
from tests.simulator import (
    Simulator,
    simulator,
)
from tests.support.license_desk import SETTINGS, LicenseDesk
from tests.support.licensing_command import make_site
from tests.support.owner_desk import log_in
from tests.support.purchase_desk import (
    list_ordinary_ids,
)


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def sandbox() -> Iterator[Simulator]:
    with simulator(size=20, sandbox=True) as server:
        yield server


@pytest.fixture
def app(agency: Simulator, sandbox: Simulator, tmp_path: Path) -> Flask:
    return make_site(agency, tmp_path, SHUTTERSTOCK_LICENSE_URL=sandbox.url, **SETTINGS)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return the browser of an owner, logged in."""
    browser = app.test_client()
    log_in(browser)
    return browser


@pytest.fixture
def desk(client: FlaskClient, agency: Simulator) -> LicenseDesk:
    """Return the desk of an ordinary picture."""
    return LicenseDesk(client, f"/owner/license/shutterstock/{list_ordinary_ids(agency)[0]}")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment alone for a locked database."""
    soon = DATABASES["sqlite"]._replace(connect_options={"timeout": 0.1})
    monkeypatch.setitem(DATABASES, "sqlite", soon)
