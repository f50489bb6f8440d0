"""`/metrics` tells Prometheus, and nobody else, what the site does."""

import html
import json
import logging
import re
import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from affiliate.database.alert_states import AlertStates
from affiliate.domain.troubles import Trouble
from affiliate.errors import AgencyDown, LedgerError
from affiliate.search.gateway import CallCost
from affiliate.search.site_counts import TIERS
from affiliate.search.usage import MARKS, counter_name
from affiliate.services import Services
from affiliate.transport.client import pass_gate
from affiliate.web.metrics import figures
from affiliate.web.metrics.catalog import METRICS
from affiliate.web.metrics.exposition import Sample, build_sample, format_samples
from affiliate.web.metrics.figures import MetricFigures
from tests.support.apps import ClientMaker
from tests.support.clocks import SetClock
from tests.support.desk_records import NOW, record_sales
from tests.support.metrics import BEARER, TOKEN, Scrape
from tests.support.processes import ROOT
from tools import metrics_page

SETTINGS = {
    "METRICS_TOKEN": TOKEN,
    "AGENCIES": "demo,shutterstock",
    "SHUTTERSTOCK_API_TOKEN": "the-t0ken",
    "SHUTTERSTOCK_URL": "http://127.0.0.1:9",
    "SHUTTERSTOCK_CALLS_PER_HOUR": "20",
}
FILES = ROOT / "deploy/prometheus"
CLICK = {"click_id": "click-0001", "agency": "demo", "id": "7", "words": "cat", "position": 1}


@pytest.fixture
def site(make_client: ClientMaker) -> FlaskClient:
    return make_client(**SETTINGS)


def services(client: FlaskClient) -> Services:
    found: Services = client.application.extensions["services"]
    return found


def scrape(client: FlaskClient) -> Scrape:
    answer = client.get("/metrics", headers=BEARER)
    assert answer.status_code == 200
    return Scrape(answer.text)


@pytest.mark.parametrize(
    "sent", ["", "Bearer", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \u0416"]
)
def test_metrics_are_for_the_token_alone(site: FlaskClient, sent: str) -> None:
    """Nothing else opens them, and no cache keeps the refusal."""
    answer = site.get("/metrics", headers={"Authorization": sent} if sent else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "affiliate_" not in answer.text


def test_without_a_token_there_are_no_metrics(make_client: ClientMaker, tmp_path: Path) -> None:
    """There is no such address, and nothing is counted on the disk."""
    assert make_client().get("/metrics", headers=BEARER).status_code == 404
    assert not (tmp_path / "metrics").exists()


def test_the_answer_is_kept_by_nobody(site: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    """Each scrape is new, and neither it nor a refusal logs a token."""
    with caplog.at_level(logging.DEBUG):
        answers = [site.get("/metrics", headers={"Authorization": f"bearer {TOKEN}"})]
        answers.append(site.get("/metrics", headers={"Authorization": f"Bearer {TOKEN[1:]}"}))
    assert [answer.status_code for answer in answers] == [200, 401]
    assert answers[0].headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert TOKEN[1:] not in caplog.text


def test_every_metric_of_the_catalog_is_there(site: FlaskClient) -> None:
    """Each metric is told that has something to tell."""
    own = services(site)
    record_sales(own.ledger, {"payout": 2})
    AlertStates(own.ledger).record([Trouble(name="disk", title="Full.", advice="Make room.")])
    found = scrape(site)
    names = {re.sub("_(bucket|sum|count)$", "", name) for name in found.values}
    assert names == {metric.name for metric in METRICS}
    name = "affiliate_earnings_last_import_timestamp_seconds"
    assert found.get(name, 'network="impact"') >= int(NOW.timestamp())
    assert found.get("affiliate_alerts", 'rule="disk"') == 1
    assert found.get("affiliate_ledger_bytes") > 4096
    assert found.get("affiliate_cache_bytes") > 4096


def test_the_state_of_an_agency_is_told(site: FlaskClient) -> None:
    """Calls, failures by reason, the circuit breaker, and the calls that are left."""
    own = services(site)
    enabled = own.registry.get("shutterstock")

    def fail() -> None:
        pass_gate()
        raise AgencyDown("shutterstock", "No.")

    for _ in range(5):
        with pytest.raises(AgencyDown):
            own.gateway.call_now(enabled, fail, CallCost(searches=True))
    found = scrape(site)
    labels = 'agency="shutterstock"'
    assert found.get("affiliate_agency_call_duration_seconds_count", labels) == 5
    assert found.get("affiliate_agency_call_failures_total", f'{labels},reason="down"') == 5
    assert found.get("affiliate_agency_suspended", labels) == 1
    assert found.get("affiliate_agency_suspended", 'agency="demo"') == 0
    assert found.get("affiliate_agency_quota_calls", f'{labels},window="hour"') == 20
    assert found.get("affiliate_agency_quota_left_calls", f'{labels},window="hour"') == 15


def test_clicks_are_told_by_what_became_of_them(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of visitors, those of others, what can't be read, and what could not be kept."""

    def refuse(_: object) -> None:
        raise LedgerError("The disk is full.")

    page = site.get("/search?q=mountain&lang=en&wait=1").text
    ping = html.unescape(re.findall(r'ping="([^"]+)"', page)[0])
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
    assert site.post(ping, headers=agent).status_code == 204
    assert site.post("/clicks", json=CLICK).status_code == 204
    assert site.post("/clicks", json={"agency": "demo"}).status_code == 400
    monkeypatch.setattr(services(site).ledger, "record", refuse)
    assert site.post("/clicks", json={**CLICK, "click_id": "click-0002"}).status_code == 503
    found = scrape(site).values["affiliate_clicks_total"]
    assert found == {
        f'result="{result}"': 1 for result in ("recorded", "marked", "refused", "failed")
    }


def test_answers_are_those_of_the_desk(site: FlaskClient) -> None:
    """Sources of answers are counted as on the page of the cache, by the same marks."""
    for _ in range(3):
        site.get("/search?q=mountain&lang=en&wait=1")
    own = services(site)
    own.usage.flush()
    found = scrape(site).values["affiliate_answers_total"]
    marks = {mark: own.store.store.read_counter(counter_name(mark)) for mark in MARKS}
    assert found == {f'tier="{tier}"': marks[mark] for mark, tier in TIERS.items()}
    assert sum(found.values()) == 3


def test_requests_are_counted_by_class_of_routes(site: FlaskClient) -> None:
    """No address makes a series of its own."""
    for path in ("/", "/search?q=a", "/shutterstock/x", "/embed.js", "/nonsense/1", "/healthz"):
        site.get(path)
    found = scrape(site).values["affiliate_http_responses_total"]
    classes = [labels for labels, value in found.items() if value]
    assert classes == [
        'route="start",code="2xx"',
        'route="search",code="2xx"',
        'route="embed",code="2xx"',
        'route="media",code="4xx"',
        'route="health",code="2xx"',
        'route="other",code="4xx"',
    ]


@pytest.mark.parametrize("part", ["cache", "ledger"])
@pytest.mark.parametrize("hangs", [True, False])
def test_a_part_that_hangs_or_fails_is_left_out(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch, part: str, *, hangs: bool
) -> None:
    """The rest is told at once, and whether a part could be read."""
    wait = threading.Event()

    def read(_: Services) -> list[Sample]:
        if hangs:
            wait.wait()
        raise LedgerError("It is gone.")

    monkeypatch.setattr(figures, f"read_{part}", read)
    monkeypatch.setattr(figures, "WAIT_SECONDS", 0.01 if hangs else 20.0)
    clock = SetClock(100.0)
    followed = MetricFigures(services(site), now=clock)
    names = {sample.name for sample in followed.collect()}
    wait.set()
    up = [sample for sample in followed.collect() if sample.name == "affiliate_part_up"]
    assert (("part", part),) in {sample.labels for sample in up if not sample.value}
    assert not names & {metric.name for metric in METRICS if metric.part == part}
    assert "affiliate_http_responses_total" in names


def test_figures_of_long_ago_are_left_out(
    site: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that begins to hang is soon told to be down, not as it was before."""
    clock, wait, hangs = SetClock(100.0), threading.Event(), threading.Event()
    read = figures.read_ledger

    def read_or_hang(own: Services) -> list[Sample]:
        if hangs.is_set():
            wait.wait()
        return list(read(own))

    monkeypatch.setattr(figures, "read_ledger", read_or_hang)
    monkeypatch.setattr(figures, "WAIT_SECONDS", 20.0)
    followed = MetricFigures(services(site), now=clock)

    def is_up() -> bool:
        up = [one for one in followed.collect() if one.labels == (("part", "ledger"),)]
        return bool(up[0].value)

    assert is_up()
    hangs.set()
    monkeypatch.setattr(figures, "WAIT_SECONDS", 0.0)
    clock.now += figures.REFRESH_SECONDS
    assert is_up()
    clock.now += figures.MAX_AGE_SECONDS
    assert not is_up()
    wait.set()


def test_texts_in_labels_are_escaped() -> None:
    """A network's name may be anything."""
    name = "affiliate_earnings_last_import_timestamp_seconds"
    text = format_samples([build_sample(name, 1.5, network='a"b\\c\nd')])
    assert text.splitlines()[-1] == f'{name}{{network="a\\"b\\\\c\\nd"}} 1.5'
    with pytest.raises(ValueError, match="affiliate_unknown"):
        format_samples([build_sample("affiliate_unknown", 1)])


def test_the_page_of_metrics_is_made_of_the_catalog() -> None:
    """``make metrics`` brings it up to date."""
    assert metrics_page.FILE.read_text() == metrics_page.build_content()
    assert metrics_page.LABELS.keys() == {label for one in METRICS for label in one.labels}


@pytest.mark.parametrize("file", ["dashboard.json", "alerts.yml"])
def test_dashboard_and_rules_name_metrics_that_there_are(file: str) -> None:
    text = (FILES / file).read_text()
    named = {
        re.sub("_(bucket|sum|count)$", "", name)
        for name in re.findall(r"\b(?:affiliate|process)_[a-z_]+", text)
    }
    assert named
    assert named <= {metric.name for metric in METRICS}


def test_grafana_takes_the_dashboard() -> None:
    """It has what an import needs: a schema, places on the grid, and queries of a source."""
    board = json.loads((FILES / "dashboard.json").read_text())
    assert (board["id"], board["schemaVersion"]) == (None, 38)
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridPos"]
        rows, columns = (
            range(grid["y"], grid["y"] + grid["h"]),
            range(grid["x"], grid["x"] + grid["w"]),
        )
        own = {(row, column) for row in rows for column in columns}
        assert columns.stop <= 24
        assert not own & places
        places |= own
        assert panel["title"]
        assert panel["type"] in {"timeseries", "stat"}
        for target in panel["targets"]:
            assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
            assert target["expr"].count("(") == target["expr"].count(")")
    variables = {variable["name"] for variable in board["templating"]["list"]}
    assert variables == {"datasource", "job", "instance"}
    told = {
        re.sub("_(bucket|sum|count)$", "", name)
        for name in re.findall(r"\b(?:affiliate|process)_[a-z_]+", json.dumps(panels))
    }
    assert {one.name for one in METRICS} - told <= {"process_start_time_seconds"}
