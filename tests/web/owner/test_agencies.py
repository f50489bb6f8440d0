"""The desk shows the state of each agency, and switches agencies as the command does."""

import csv
import io
import json
import re
from datetime import UTC

import pytest
from flask.testing import FlaskClient

from affiliate.database.search_figures import CallNumbers, SearchFigures
from affiliate.errors import AgencyDown, BadCredentials, LedgerError
from affiliate.services import Services
from tests.support.apps import ClientMaker
from tests.support.desk_records import record_clicks, record_sales
from tests.support.owner_desk import PASSWORD, SECRET, log_in, note_at, post

KEYS = {
    "OWNER_PASSWORD": PASSWORD,
    "SECRET_KEY": SECRET,
    "AGENCIES": "demo,shutterstock:3",
    "SHUTTERSTOCK_API_TOKEN": "the-t0ken",
    "SHUTTERSTOCK_URL": "http://127.0.0.1:9",
    "SHUTTERSTOCK_CALLS_PER_HOUR": "20",
}


@pytest.fixture
def desk(make_client: ClientMaker) -> FlaskClient:
    client = make_client(**KEYS)
    log_in(client)
    return client


def services(client: FlaskClient) -> Services:
    found: Services = client.application.extensions["services"]
    return found


def rows(client: FlaskClient, query: str = "") -> dict[str, dict[str, object]]:
    """Return the rows of the page as JSON, by the title of the agency."""
    document = json.loads(client.get(f"/owner/agencies?format=json{query}").data)
    return {row["agency"]: row for row in document["rows"]}


def test_every_agency_that_is_set_up_has_its_state(desk: FlaskClient) -> None:
    """Weight, links and quota stand beside it; the others are named with what they need."""
    found = rows(desk)
    assert list(found) == ["Demo catalogue", "Shutterstock"]
    own = found["Shutterstock"]
    assert own["links"] == "earn nothing: SHUTTERSTOCK_AFFILIATE_ID is not set"
    assert [own[name] for name in ("state", "weight", "left", "limit", "window")] == (
        ["on", 3, 20, 20, "hour"]
    )
    page = desk.get("/owner/agencies").text
    assert "<dt>Pixabay</dt><dd>PIXABAY_KEY</dd>" in page
    assert "the-t0ken" not in page
    assert "AGENCIES=" in page


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (BadCredentials("shutterstock", "No."), "it does not take this site's key"),
        (AgencyDown("shutterstock", "No."), "it failed too often"),
    ],
)
def test_an_agency_that_is_left_alone_says_why_and_how_long(
    desk: FlaskClient, error: Exception, words: str
) -> None:
    """It comes first, and a form asks it again at once."""
    site = services(desk)
    source = site.registry.get("shutterstock").agency.source
    for _ in range(10):
        site.gateway._breaker.record_failure(source, error)  # type: ignore[arg-type]
    found = rows(desk)
    assert list(found) == ["Shutterstock", "Demo catalogue"]
    assert re.fullmatch(rf"left alone for \d+ s: {words}", str(found["Shutterstock"]["state"]))
    assert '<span class="state bad">' in desk.get("/owner/agencies").text
    answer = post(desk, "/owner/agencies/switch", agency="shutterstock", state="on")
    assert answer.status_code == 303
    assert rows(desk)["Shutterstock"]["state"] == "on"


def test_calls_that_run_out_are_a_warning(desk: FlaskClient) -> None:
    site = services(desk)
    source = site.registry.get("shutterstock").agency.source
    for calls, left, words in ((19, 1, "calls nearly spent"), (1, 0, "calls spent")):
        site.gateway._quota.take(source, calls=calls)
        row = rows(desk)["Shutterstock"]
        assert row["left"] == left
        assert str(row["state"]).startswith(f"on; {words}")


def test_the_page_can_be_limited_to_a_state(desk: FlaskClient) -> None:
    """By state, by what links earn, and by what an agency offers; the page says what is missing."""
    assert list(rows(desk, "&state=on&kind=paid")) == ["Shutterstock"]
    assert list(rows(desk, "&links=warn")) == ["Shutterstock"]
    assert list(rows(desk, "&kind=free")) == ["Demo catalogue"]
    site = services(desk)
    site.gateway._quota.take(site.registry.get("shutterstock").agency.source, calls=20)
    assert list(rows(desk, "&state=spent")) == ["Shutterstock"]
    post(desk, "/owner/agencies/switch", agency="shutterstock", state="off")
    assert list(rows(desk, "&state=off")) == ["Shutterstock"]
    assert rows(desk, "&state=alone") == {}
    assert "No agency fits the filters." in desk.get("/owner/agencies?state=alone").text
    assert desk.get("/owner/agencies?state=gone").status_code == 400


def test_the_page_says_how_weights_are_changed(desk: FlaskClient) -> None:
    """With the setting as it is, and with all weights in full."""
    page = desk.get("/owner/agencies").text
    assert "<code>AGENCIES=demo,shutterstock:3</code>" in page
    assert "set <code>AGENCIES=demo:1,shutterstock:3</code> with other numbers" in page


def test_calls_of_the_period_are_summed_up(desk: FlaskClient) -> None:
    site = services(desk)
    SearchFigures(site.ledger, UTC).add_calls({"shutterstock": CallNumbers(4, 1, 1000)})
    row = rows(desk)["Shutterstock"]
    assert [row[name] for name in ("calls", "failures", "milliseconds")] == [4, 1, 250]
    assert rows(desk, "&from=2026-01-01&to=2026-01-02")["Shutterstock"]["calls"] is None


def test_each_agency_has_its_clicks_and_earnings(desk: FlaskClient) -> None:
    """They lead to their lists, with the period; sales without a click are in no row."""
    ledger = services(desk).ledger
    record_clicks(ledger, *({"agency": "shutterstock", "click_id": f"{at}-1-1-1"} for at in (1, 2)))
    record_sales(
        ledger,
        {"payout": 4.5, "click_id": "1-1-1-1"},
        {"payout": 2, "currency": "EUR", "words": "of no click"},
    )
    found = rows(desk, "&period=30")
    assert [found["Demo catalogue"][name] for name in ("clicks", "earned")] == [0, {}]
    own = found["Shutterstock"]
    figures = [own[name] for name in ("clicks", "earned", "per_click")]
    assert figures == [2, {"USD": "4.50"}, {"USD": "2.25"}]
    page = desk.get("/owner/agencies?period=30&state=on").text
    for name in ("clicks", "sales"):
        assert f'href="/owner/{name}?period=30&amp;agency=shutterstock"' in page
        assert desk.get(f"/owner/{name}?period=30&agency=shutterstock").status_code == 200
    assert (
        'Also earned: 2.00\xa0EUR, by <a href="/owner/sales?period=30&amp;clicked=unknown">' in page
    )


def test_a_switch_is_that_of_the_command(desk: FlaskClient) -> None:
    """The page says when every page shows the switch, and when visitors find nothing."""
    for name, words in (("demo", ""), ("shutterstock", "No agency is on now")):
        answer = post(desk, "/owner/agencies/switch", agency=name, state="off")
        note = note_at(desk, answer, "/owner/agencies")
        assert "is off; every page shows that within" in note
        assert words in note
    assert services(desk).switches.read_off_agencies() == {"demo", "shutterstock"}
    assert {row["state"] for row in rows(desk).values()} == {"switched off"}
    run = desk.application.test_cli_runner().invoke(args=["agency", "on", "demo"])
    assert run.exit_code == 0
    assert rows(desk)["Demo catalogue"]["state"] == "on"


@pytest.mark.parametrize(
    "form",
    [
        {"agency": "nosuch", "state": "off"},
        {"agency": "pixabay", "state": "off"},
        {"agency": "demo", "state": "gone"},
        {"agency": "demo"},
        {},
    ],
)
def test_a_form_without_sense_changes_nothing(desk: FlaskClient, form: dict[str, str]) -> None:
    assert post(desk, "/owner/agencies/switch", **form).status_code == 400
    assert services(desk).switches.read_off_agencies() == frozenset()


def test_nobody_else_switches(desk: FlaskClient) -> None:
    form = {"agency": "demo", "state": "off"}
    assert desk.post("/owner/agencies/switch", data=form).status_code == 400
    assert desk.get("/owner/agencies/switch").status_code in {404, 405}
    stranger = desk.application.test_client()
    assert stranger.get("/owner/agencies").headers["Location"] == "/owner/log-in"
    assert services(desk).switches.read_off_agencies() == frozenset()


def test_the_files_have_no_forms(desk: FlaskClient) -> None:
    text = desk.get("/owner/agencies?format=csv").text
    head = next(csv.reader(io.StringIO(text[1:])))
    assert "switch" not in head
    assert "<form" not in text


def test_a_database_that_fails_is_a_page_that_says_so(
    desk: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("The ledger's database failed (OperationalError).")

    monkeypatch.setattr(services(desk).switches, "read_off_agencies", fail)
    answer = desk.get("/owner/agencies")
    assert answer.status_code == 503
    assert "The ledger&#39;s database failed" in answer.text
    assert '<nav aria-label="Desk">' in answer.text
