"""The desk shows what doctor finds, keeps it a short time, and searches agencies when told to."""

import json
from collections.abc import Iterator

import msgspec
import pytest
from flask.testing import FlaskClient

from affiliate.checks.findings import Finding
from affiliate.services import Services
from affiliate.web.owner.health_reports import FRESH_SECONDS, REPORT_KEY, HealthReports
from tests.simulator import TOKEN, Simulator
from tests.support.apps import ClientMaker
from tests.support.clocks import SetClock
from tests.support.owner_desk import csrf, log_in, note_at, post


def states(client: FlaskClient, query: str = "") -> list[tuple[str, str]]:
    document = json.loads(client.get(f"/owner/health?format=json{query}").data)
    return [(row["state"], row["about"]) for row in document["rows"]]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Count the checks, each by whether it was live, in place of real ones."""
    made: list[bool] = []

    def find(_: Services, *, calls: bool, live: bool) -> Iterator[Finding]:
        assert calls == live
        made.append(live)
        yield Finding("ok", "program", "fine as `flask doctor` says")
        yield Finding("FAULT", "cache", "<b>out of reach</b>")
        yield Finding("warn", "backup", "none is known")

    monkeypatch.setattr("affiliate.checks.suite.iter_findings", find)
    return made


def test_faults_come_first_and_are_kept_a_while(owner: FlaskClient, runs: list[bool]) -> None:
    assert states(owner) == [("fault", "cache"), ("warning", "backup"), ("fine", "program")]
    assert states(owner, "&state=warning") == [("warning", "backup")]
    page = owner.get("/owner/health").text
    assert "fine as <code>flask doctor</code> says" in page
    assert "&lt;b&gt;out of reach" in page
    assert runs == [False]


def test_a_button_searches_each_agency_once(owner: FlaskClient, runs: list[bool]) -> None:
    """A reload does not repeat it, and forms of others begin nothing."""
    owner.get("/owner/health")
    assert owner.post("/owner/health/check").status_code == 400
    note = note_at(owner, post(owner, "/owner/health/check"), "/owner/health")
    assert note == "The checks were begun anew."
    assert "with a search at each agency" in owner.get("/owner/health").text
    owner.get("/owner/health")
    assert runs == [False, True]


def test_processes_share_the_report(
    owner: FlaskClient, runs: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that is old is made anew; without a store each process has its own."""
    reports = owner.application.extensions["health_reports"]
    services = owner.application.extensions["services"]
    clock = SetClock(1_800_000_000.0)
    other = HealthReports(services, now=clock)
    assert other.peek() is None
    monkeypatch.setattr(reports, "_now", clock)
    first = reports.get()
    assert (first, runs) == (other.get(), [False])
    clock.now += FRESH_SECONDS - 1
    assert (other.get(), runs) == (first, [False])
    clock.now += 1
    assert other.get() != first
    assert runs == [False] * 2
    assert not other.is_checking
    monkeypatch.setattr(services.store, "get", lambda _: None)
    assert [other.get(), other.get()] == [other.get()] * 2
    assert runs == [False] * 2


def test_an_old_report_is_shown_while_checks_run(
    owner: FlaskClient, runs: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever process has made it."""
    old = owner.application.extensions["health_reports"].get()
    services = owner.application.extensions["services"]
    other = HealthReports(services, now=lambda: old.checked_at + FRESH_SECONDS)
    monkeypatch.setattr(other._own, "get", lambda *_: None)
    assert other.get() == old
    assert runs == [False]


def test_a_report_that_cannot_be_read_is_none(owner: FlaskClient, runs: list[bool]) -> None:
    """Such as that of another version."""
    services = owner.application.extensions["services"]
    services.store.set(REPORT_KEY, msgspec.msgpack.encode([1]), 1000)
    assert len(states(owner)) == 3
    assert runs == [False]


def test_the_findings_are_those_of_the_site(owner: FlaskClient) -> None:
    """Checks run behind the page, where Flask has no request."""
    found = states(owner)
    assert ("fine", "ledger") in found
    assert ("fine", "cache") in found
    assert not [about for state, about in found if state == "fault" and about != "shutterstock"]
    assert csrf(owner.get("/owner/health"))


def test_checks_by_themselves_call_no_agency(
    make_client: ClientMaker, settings: dict[str, str], agency: Simulator
) -> None:
    """An owner who leaves the desk open spends no quota; the button's calls are counted."""
    limited = {"SHUTTERSTOCK_API_TOKEN": TOKEN, "SHUTTERSTOCK_CALLS_PER_HOUR": "50"}
    client = make_client(**settings | limited)
    log_in(client)
    before = len(agency.requests)
    client.get("/owner/")
    client.get("/owner/health")
    assert len(agency.requests) == before
    services: Services = client.application.extensions["services"]
    (source,) = services.registry.configured

    def count_spent() -> int:
        return max(quota.calls for quota in services.gateway.list_spent_calls(source))

    assert count_spent() == 0
    post(client, "/owner/health/check")
    assert count_spent() > 0
