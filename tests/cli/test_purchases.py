"""``flask purchases`` shows what was bought, at every agency, and what months cost."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from affiliate.database.purchases import Purchase, Purchases

REAL = {
    "shutterstock": "https://api.shutterstock.com",
    "adobe-stock": "https://stock.adobe.io",
    "istock": "https://api.gettyimages.com",
}


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["purchases", *arguments])


@pytest.fixture
def app(client: FlaskClient) -> Flask:
    """Return a site that has bought at several agencies, in two months, and in a sandbox."""
    app = client.application
    buy(app, "1", datetime(2026, 2, 3, tzinfo=UTC), charge=1)
    buy(app, "2", datetime(2026, 3, 3, tzinfo=UTC), price=Decimal("9.50"), currency="USD")
    buy(app, "3", datetime(2026, 3, 31, 23, 59, tzinfo=UTC), price=Decimal(1), currency="USD")
    buy(app, "4", datetime(2026, 3, 4, tzinfo=UTC), "istock", license_id="=4")
    buy(app, "5", datetime(2026, 3, 5, tzinfo=UTC), "adobe-stock", state="failed")
    sandbox: dict[str, Any] = {"api": "https://api-sandbox.shutterstock.com", "charge": 1}
    buy(app, "6", datetime(2026, 3, 6, tzinfo=UTC), **sandbox)
    return app


def buy(app: Flask, item: str, at: datetime, agency: str = "shutterstock", **result: Any) -> None:
    purchases = Purchases(app.extensions["services"].ledger)
    known: dict[str, Any] = {"media": "image", "size": "huge", "license": "standard"}
    api = result.pop("api", REAL[agency])
    one = Purchase(api=api, media_id=item, made_at=at, agency=agency, subscription_id="s", **known)
    assert purchases.claim(one) is None
    purchases.close(one, **{"state": "licensed", **result})


def test_purchases_of_all_agencies_are_shown_with_sums_of_months(app: Flask) -> None:
    """Newest first; what was tried at a test server or failed costs nothing."""
    shown = run(app).output
    assert max(map(len, shown.splitlines())) <= 80
    table, _, sums = shown.partition("\n\n")
    assert [line.split()[2] for line in table.splitlines()[1:]] == ["3", "6", "5", "4", "2", "1"]
    assert "licensed at the test server" in table.splitlines()[2] or "..." in table.splitlines()[2]
    assert [line.split() for line in sums.splitlines()[1:]] == [
        ["2026-03", "shutterstock", "2", "0", "10.50", "USD"],
        ["2026-03", "istock", "1", "0"],
        ["2026-02", "shutterstock", "1", "1"],
    ]
    assert run(app, "--months").output == sums


def test_some_of_them_can_be_chosen(app: Flask) -> None:
    """By agency and by days, of which both ends belong to the time."""
    items = [one["media_id"] for one in json.loads(run(app, "--agency=istock", "--json").output)]
    assert items == ["4"]
    chosen = run(app, "--since", "2026-03-05", "--until", "2026-03-31", "--json").output
    assert [one["media_id"] for one in json.loads(chosen)] == ["3", "6", "5"]
    assert run(app, "--until", "2026-01-01").output == "There is no purchase.\n"
    failed = run(app, "--agency", "adobe-stock", "--months").output
    assert failed == "Nothing was licensed for money.\n"


def test_they_are_written_for_programs_and_spreadsheets(app: Flask) -> None:
    """With the test server named; no cell is a formula."""
    by_item = {one["media_id"]: one for one in json.loads(run(app, "--json").output)}
    assert by_item["6"]["test_server"] == "api-sandbox.shutterstock.com"
    assert (by_item["2"]["test_server"], by_item["2"]["price"]) == (None, "9.50")
    rows = list(csv.DictReader(io.StringIO(run(app, "--csv", "-").output)))
    assert [row["license_id"] for row in rows if row["media_id"] == "4"] == ["'=4"]
    assert rows[0]["made_at"] == "2026-03-31T23:59:00+00:00"
    sums = list(csv.DictReader(io.StringIO(run(app, "--months", "--csv", "-").output)))
    assert [row["price"] for row in sums] == ["10.50", "", ""]
    assert run(app, "--json", "--csv", "-").exit_code == 2
