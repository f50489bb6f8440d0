"""The desk lists what was licensed, sums up what it cost, and has the files again."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from affiliate.database.purchases import Purchase, Purchases
from affiliate.errors import LedgerError
from tests.simulator import FIRST_ID, Simulator, simulator
from tests.simulator import answer_with as http_says
from tests.support.license_desk import SETTINGS, LicenseDesk, read_notes
from tests.support.licensing_command import make_site
from tests.support.owner_account import make_original
from tests.support.owner_desk import log_in
from tests.support.purchase_desk import list_ordinary_ids

REAL = "https://api.shutterstock.com"
NOW = datetime.now(UTC)


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=20) as server:
        yield server


@pytest.fixture
def app(agency: Simulator, tmp_path: Path) -> Flask:
    return make_site(agency, tmp_path, SITE_TIMEZONE="America/New_York", **SETTINGS)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    browser = app.test_client()
    log_in(browser)
    return browser


def keep(app: Flask, **fields: Any) -> Purchase:
    """Record a purchase of the past."""
    usual = {
        "api": REAL,
        "state": "licensed",
        "media": "image",
        "media_id": "7",
        "size": "huge",
        "license": "standard",
        "subscription_id": "s1",
        "made_at": NOW - timedelta(days=3),
        "license_id": "e1",
    }
    row = Purchase(**{**usual, **fields})
    Purchases(app.extensions["services"].ledger).restore(row)
    return row


def read_rows(client: FlaskClient, path: str, **filters: str) -> list[dict[str, str]]:
    """Return the rows of a page by column, as its CSV has them."""
    answer = client.get(path, query_string={**filters, "format": "csv"})
    assert answer.mimetype == "text/csv", answer.text
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_purchases_are_listed_with_their_state_and_cost(app: Flask, client: FlaskClient) -> None:
    """The newest first, those of test servers marked; each leads to its own page."""
    first = keep(app, charge=1)
    keep(app, media_id="8", price=Decimal("12.50"), currency="EUR", made_at=NOW - timedelta(days=1))
    keep(app, media_id="9", api="https://test.example", agency="istock", license_id="x")
    page = client.get("/owner/licenses")
    text = read_notes(page)
    assert "Licenses in real accounts 2" in text
    assert "Downloads charged 1" in text
    assert "Price in EUR 12.50 EUR" in text
    assert "Sandbox or test server" in text
    assert f'href="/owner/licenses/{first.purchase_id}"' in page.text
    assert f'href="/owner/licenses/{first.purchase_id}/file" download' in page.text
    rows = read_rows(client, "/owner/licenses")
    assert rows[0]["item"] == "8"
    assert {row["item"] for row in rows} == {"7", "8", "9"}
    assert 'href="/owner/licenses" aria-current="page"' in page.text


@pytest.mark.parametrize(
    ("filters", "items"),
    [
        ({"agency": "istock"}, ["9"]),
        ({"state": "failed"}, ["8"]),
        ({"account": "test"}, ["9"]),
        ({"id": "7"}, ["7"]),
        ({"period": "today"}, []),
    ],
)
def test_the_list_can_be_filtered(
    app: Flask, client: FlaskClient, filters: dict[str, str], items: list[str]
) -> None:
    """By agency, state, account, picture and period; the file has the rows of the screen."""
    keep(app)
    keep(app, media_id="8", state="failed", license_id=None)
    keep(app, media_id="9", api="https://test.example", agency="istock", license_id="x")
    rows = read_rows(client, "/owner/licenses", **filters)
    assert [row["item"] for row in rows] == items
    page = client.get("/owner/licenses", query_string=filters)
    assert ("Nothing was licensed in this period." in page.text) is (not items)


def test_months_are_those_of_the_owner_and_currencies_stand_apart(
    app: Flask, client: FlaskClient
) -> None:
    """Prices are summed by currency, downloads beside them; purchases at test servers nowhere."""
    last_month = NOW.replace(day=1) - timedelta(days=1)
    midnight = last_month.replace(day=1, hour=2)  # still the month before there
    before = f"{midnight - timedelta(days=1):%Y-%m}"
    keep(app, media_id="1", made_at=midnight, charge=1)
    keep(app, media_id="2", made_at=midnight, charge=2)
    for item, price, currency in (("3", "1.10", "EUR"), ("4", "2.20", "EUR"), ("5", "5", "USD")):
        keep(app, media_id=item, made_at=midnight, price=Decimal(price), currency=currency)
    keep(app, media_id="6", made_at=midnight, api="https://test.example", charge=9)
    rows = read_rows(client, "/owner/licenses/months")
    assert {row["month"] for row in rows} == {before}
    assert sorted((row["downloads"], row["price EUR"], row["price USD"]) for row in rows) == [
        ("0", "", "5.00"),
        ("0", "3.30", ""),
        ("3", "", ""),
    ]


def test_the_agencys_history_has_the_files_again(agency: Simulator, client: FlaskClient) -> None:
    """Its licenses of any buyer, with a file or the reason why there is none."""
    bought = agency.buy(int(list_ordinary_ids(agency)[0]) - FIRST_ID, size="small")
    other = agency.buy(int(list_ordinary_ids(agency)[1]) - FIRST_ID, downloadable=False)
    page = client.get("/owner/licenses/history")
    assert "as jdoe (the token in SHUTTERSTOCK_API_TOKEN)" in read_notes(page)
    assert "can't be downloaded again" in read_notes(page)
    assert agency.url not in page.text
    file = client.get(
        "/owner/licenses/history/file",
        query_string={"license": bought.id, "id": bought.media_id},
        buffered=True,
    )
    assert file.data == make_original(bought)
    rows = read_rows(client, "/owner/licenses/history", id=other.media_id)
    assert [row["license"] for row in rows] == [other.id]
    gone = {"license": "none", "id": bought.media_id}
    assert client.get("/owner/licenses/history/file", query_string=gone).status_code == 404


def test_an_agency_that_fails_is_said(agency: Simulator, client: FlaskClient) -> None:
    """Down, without settings, or without such a collection: a sentence instead of a table."""
    agency.misbehave(http_says(503), on="/v2/images/licenses", times=9)
    page = client.get("/owner/licenses/history")
    assert page.status_code == 200
    assert "The history can't be read:" in read_notes(page)
    page = client.get("/owner/licenses/history?agency=istock")
    assert "Licensing at iStock needs ISTOCK_API_KEY" in read_notes(page)
    assert client.get("/owner/licenses/history?agency=istock&account=sandbox").status_code == 400


def test_without_the_database_the_page_says_so(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that can't be read is a sentence of its own, with the way on."""
    monkeypatch.setattr(Purchases, "list_all", _fail)
    for path in ("/owner/licenses", "/owner/licenses/months"):
        page = client.get(path)
        assert page.status_code == 503
        assert "The database can't be used now" in read_notes(page)


def _fail(_: Purchases) -> list[Purchase]:
    raise LedgerError("The database is locked.")


def test_a_bought_license_is_in_both_lists(agency: Simulator, client: FlaskClient) -> None:
    """A purchase at the desk stands in this site's list and in the agency's."""
    desk = LicenseDesk(client, f"/owner/license/shutterstock/{list_ordinary_ids(agency)[0]}")
    desk.buy(account="real")
    [bought] = agency.purchases
    assert [row["license"] for row in read_rows(client, "/owner/licenses")] == [bought.id]
    assert [row["license"] for row in read_rows(client, "/owner/licenses/history")] == [bought.id]
