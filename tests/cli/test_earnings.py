"""``flask earnings`` imports what a network reports, and sums it up."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from affiliate.database.schema import clicks
from affiliate.services import current_services
from tests.support.apps import ClientMaker
from tests.support.impact_network import ACCOUNT, ImpactNetwork, make_action, run_impact_network
from tests.support.partnerize_network import (
    KEYS,
    PUBLISHER,
    make_conversion,
    make_item,
    run_partnerize_network,
)

HEADS = "Action Id,Action Date,Status,Payout,Currency,SubId1"
ROWS = ["1,2026-11-20 13:00,PENDING,5.00,USD,a.example", "2,2026-11-21,APPROVED,2.5,USD,b.example"]


@pytest.fixture
def app(client: FlaskClient) -> Flask:
    return client.application


def current_ledger(app: Flask) -> Ledger:
    with app.app_context():
        return current_services().ledger


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["earnings", *arguments])


def write_report(folder: Path, *rows: str, day: int = 22) -> str:
    """Write a report that was downloaded on a day of November."""
    path = folder / "report.csv"
    path.write_text("\n".join([HEADS, *rows]), encoding="utf-8")
    moment = datetime(2026, 11, day, 8, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    return str(path)


def test_before_the_first_import_the_way_is_shown(app: Flask) -> None:
    assert (
        run(app, "status").output
        == "No sales have been imported yet: flask earnings import FILE.\n"
    )


def test_reports_are_imported_again_and_again(app: Flask, tmp_path: Path) -> None:
    """Each says what is new; the newest counts, whichever is imported last."""
    newer = [ROWS[0].replace("PENDING", "REVERSED"), ROWS[1]]
    said = [
        run(app, "import", write_report(tmp_path, *rows, day=day)).output.partition("UTC: ")[2]
        for rows, day in ((ROWS, 22), (ROWS, 22), (newer, 24), (ROWS, 23))
    ]
    assert said == [
        "2 new, 0 changed, 0 as before.\n",
        "0 new, 0 changed, 2 as before.\n",
        "0 new, 1 changed, 1 as before.\n",
        "0 new, 0 changed, 2 as before.\n",
    ]
    lines = run(app, "status").output.splitlines()
    assert [line.split() for line in lines[:-2]] == [
        ["currency", "state", "sales", "payout"],
        ["USD", "reversed", "1", "5.00"],
        ["USD", "approved", "1", "2.50"],
    ]
    assert lines[-2] == "Joined to clicks: 0 exactly, 0 by estimate, 2 not."
    assert lines[-1].startswith("impact: 2 sales imported ")
    assert lines[-1].endswith(" UTC, as of 2026-11-24 08:00.")


def test_sums_are_grouped_and_machine_readable(app: Flask, tmp_path: Path) -> None:
    report = write_report(tmp_path, *ROWS)
    counts = json.loads(run(app, "import", report, "--json").output)
    assert counts == {"new": 2, "changed": 0, "unchanged": 0}
    answer = json.loads(run(app, "status", "--by=site", "--since=2026-11-21", "--json").output)
    assert answer["sums"] == [
        {
            "site": "b.example",
            "currency": "USD",
            "state": "approved",
            "sales": 1,
            "payout": 2.5,
        }
    ]
    assert answer["joins"] == {"exact": 0, "estimated": 0, "unknown": 1}
    assert answer["converted"] is None
    assert answer["imports"][0]["as_of"] == "2026-11-22T08:00:00"


def test_currencies_stand_side_by_side_and_are_converted_by_rates(
    make_client: ClientMaker, tmp_path: Path
) -> None:
    """Reversed payouts are summed apart; a currency without a rate is named and left out."""
    app = make_client(EARNINGS_RATES="EUR=1, USD=0.92").application
    rows = [
        *ROWS,
        "3,2026-11-21,APPROVED,1,EUR,b.example",
        "4,2026-11-21,APPROVED,9,GBP,b.example",
        "5,2026-11-21,REVERSED,100,USD,b.example",
    ]
    run(app, "import", write_report(tmp_path, *rows))
    lines = run(app, "status", "--limit=2").output.splitlines()
    assert lines[3] == (
        "In EUR: 4.60 pending, 3.30 approved, 92.00 reversed, without GBP, which EARNINGS_RATES"
        " lacks."
    )
    answer = json.loads(run(app, "status", "--json").output)
    assert len(answer["sums"]) == 5
    assert answer["converted"] == {
        "currency": "EUR",
        "sums": {"reversed": 92.0, "pending": 4.6, "approved": 3.3},
        "missing": ["GBP"],
    }


def test_of_a_file_with_a_fault_nothing_is_imported(app: Flask, tmp_path: Path) -> None:
    result = run(app, "import", write_report(tmp_path, ROWS[0], ROWS[1].replace("2.5", "two")))
    assert result.exit_code == 1
    assert result.output == (
        'Error: report.csv was not imported:\n- line 3, column "Payout": "two" is no amount\n'
        "If the report is not impact's, name its network by --network.\n"
    )
    assert run(app, "status").output.startswith("No sales have been imported yet")


def test_a_file_that_may_be_cut_off_is_imported_with_a_warning(app: Flask, tmp_path: Path) -> None:
    """Apart from the answer; the next import mends the value."""
    result = run(app, "import", write_report(tmp_path, ROWS[0], ROWS[1][:-6]), "--json")
    assert json.loads(result.stdout)["new"] == 2
    assert 'column "SubId1": "b.e" may be cut off' in result.stderr


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--time-zone=Mars",), "'Mars' is no time zone such as America/New_York."),
        (("--currency=Dollar",), "'Dollar' is no code of a currency such as USD."),
        (("--as-of=later",), "'later' is not a day such as 2026-03-01"),
    ],
)
def test_an_unreadable_option_is_refused(
    app: Flask, tmp_path: Path, arguments: tuple[str, ...], fault: str
) -> None:
    result = run(app, "import", write_report(tmp_path, *ROWS), *arguments)
    assert (result.exit_code, fault in result.output) == (2, True)


def test_times_of_a_report_are_in_the_zone_of_the_account(app: Flask, tmp_path: Path) -> None:
    """The evening of a day in New York is the next day in UTC."""
    late = ROWS[0].replace("13:00", "20:00")
    run(app, "import", write_report(tmp_path, late), "--time-zone=America/New_York")
    [row] = json.loads(run(app, "status", "--by=day", "--json").output)["sums"]
    assert row["day"] == "2026-11-21"


@pytest.fixture
def network() -> Iterator[ImpactNetwork]:
    with run_impact_network() as network:
        yield network


def test_earnings_are_fetched_again_and_again(
    make_client: ClientMaker, network: ImpactNetwork
) -> None:
    """Take the newest state; where the network fails, the last import stays."""
    sid, token = ACCOUNT
    app = make_client(
        IMPACT_ACCOUNT_SID=sid, IMPACT_AUTH_TOKEN=token, IMPACT_URL=network.url
    ).application
    day = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    network.actions = [make_action(1, day), make_action(2, day)]
    assert run(app, "fetch").output.endswith(": 2 new, 0 changed, 0 as before.\n")
    network.actions = [make_action(1, day, State="REVERSED"), make_action(2, day)]
    assert json.loads(run(app, "fetch", "--json").output) == {
        "imported": {"impact": {"new": 0, "changed": 1, "unchanged": 1}},
        "failed": [],
    }
    network.refusal = 403
    refused = run(app, "fetch")
    assert (refused.exit_code, "needs the scope of actions" in refused.output) == (1, True)
    found = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "failed: The token needs the scope of actions. Not now. " in found
    assert not any(secret in found for secret in ACCOUNT)
    sums = json.loads(run(app, "status", "--json").output)["sums"]
    assert {(row["state"], row["payout"]) for row in sums} == {("reversed", 5.8), ("pending", 5.8)}
    network.refusal = 0
    run(app, "fetch")
    found = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "no fetch of impact has failed since the last success" in found


def test_a_wait_for_a_network_is_said_apart_from_the_answer(
    make_client: ClientMaker, network: ImpactNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("affiliate.cli.earnings.time", SimpleNamespace(sleep=waits.append))
    app = make_client(
        IMPACT_ACCOUNT_SID=ACCOUNT[0], IMPACT_AUTH_TOKEN=ACCOUNT[1], IMPACT_URL=network.url
    ).application
    network.limits = [{"Retry-After": "41"}]
    result = run(app, "fetch", "--json")
    assert json.loads(result.stdout)["failed"] == []
    assert result.stderr.startswith("impact takes no more calls now: waiting 41 s, until ")
    assert waits == [41]


def test_without_an_account_nothing_is_fetched(app: Flask) -> None:
    """The settings of both networks are named; only a named network's lack is a failure."""
    result = run(app, "fetch")
    start = "Nothing to fetch: to fetch sales, set IMPACT_ACCOUNT_SID and IMPACT_AUTH_TOKEN, or"
    assert (result.exit_code, result.stdout[: len(start)], result.stderr) == (0, start, "")
    result = run(app, "fetch", "--json")
    assert json.loads(result.stdout) == {"imported": {}, "failed": []}
    result = run(app, "fetch", "--network=partnerize")
    assert result.exit_code == 1
    assert result.output.startswith("Error: Set PARTNERIZE_APPLICATION_KEY, PARTNERIZE_USER_API_K")


def test_a_network_that_fails_keeps_no_other_from_being_fetched(
    make_client: ClientMaker, network: ImpactNetwork
) -> None:
    """Sales of Partnerize have what their references have carried."""
    network.refusal = 503
    with run_partnerize_network() as partnerize:
        day = datetime.now(UTC) - timedelta(days=3)
        partnerize.conversions = [make_conversion(1, f"{day:%Y-%m-%d %H:%M:%S}")]
        app = make_client(
            IMPACT_ACCOUNT_SID=ACCOUNT[0],
            IMPACT_AUTH_TOKEN=ACCOUNT[1],
            IMPACT_URL=network.url,
            PARTNERIZE_APPLICATION_KEY=KEYS[0],
            PARTNERIZE_USER_API_KEY=KEYS[1],
            PARTNERIZE_PUBLISHER_ID=PUBLISHER,
            PARTNERIZE_URL=partnerize.url,
        ).application
        result = run(app, "fetch")
    assert result.exit_code == 1
    assert "Imported 1 sale of partnerize, as of " in result.output
    assert "Error: impact was not fetched: " in result.output
    [row] = json.loads(run(app, "status", "--by=network,site,words,id", "--json").output)["sums"]
    expected = ("partnerize", "blog.example", "red bicycle", "1061428", "EUR", "pending", 1, 95.5)
    assert tuple(row.values()) == expected


PARTNERIZE_CSV = """\
conversion_id,campaign_id,publisher_id,conversion_date,conversion_date_time,click_time,click_date,\
click_date_time,currency,conversion_status,value,commission,publisher_commission
111111l3919676,10l176,1l1007802,2016-03-02,"2016-03-02 10:22:02",10:11:36,2016-03-02,\
"2016-03-02 10:11:36",EUR,pending,90.92,1.0001,0.9092
"""


def test_states_at_partnerize_change_between_runs(make_client: ClientMaker) -> None:
    """A rejection is the same sale with another state; a wrong key leaves the last import."""
    with run_partnerize_network() as partnerize:
        moment = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d %H:%M:%S}"
        app = make_client(
            PARTNERIZE_APPLICATION_KEY=KEYS[0],
            PARTNERIZE_USER_API_KEY=KEYS[1],
            PARTNERIZE_PUBLISHER_ID=PUBLISHER,
            PARTNERIZE_URL=partnerize.url,
        ).application
        for status in ("pending", "rejected"):
            items = [make_item(status)]
            partnerize.conversions = [make_conversion(1, moment, conversion_items=items)]
            result = run(app, "fetch")
        assert result.output.endswith(": 0 new, 1 changed, 0 as before.\n")
        partnerize.refusals = [403]
        assert run(app, "fetch").exit_code == 1
    [row] = json.loads(run(app, "status", "--json").output)["sums"]
    assert (row["state"], row["payout"]) == ("reversed", 95.5)


def test_a_file_of_another_owner_is_refused(make_client: ClientMaker, tmp_path: Path) -> None:
    """Where the own account is in the settings."""
    account = {"PARTNERIZE_APPLICATION_KEY": KEYS[0], "PARTNERIZE_USER_API_KEY": KEYS[1]}
    app = make_client(**account, PARTNERIZE_PUBLISHER_ID="1l99").application
    path = tmp_path / "conversion.csv"
    path.write_text(PARTNERIZE_CSV)
    result = run(app, "import", str(path), "--network=partnerize")
    assert result.output == (
        "Error: conversion.csv was not imported:\n"
        '- line 2, column "publisher_id": "1l1007802" is not your account, 1l99\n'
    )


def test_a_report_without_a_click_of_this_site_is_told(app: Flask, tmp_path: Path) -> None:
    """As it may be of another owner; sales before the first click that is kept say nothing."""
    rows = [f"{number},2026-11-21,APPROVED,2.5,USD,other.example" for number in range(5)]
    ledger = current_ledger(app)
    words = "None of its 5 sales since the first click that is kept is joined to a click"
    assert words not in run(app, "import", write_report(tmp_path, *rows)).output
    with ledger.write_transaction() as connection:
        for day, site in ((22, "a.example"), (20, "other.example")):
            click = Click(click_id=f"c{day}", agency="demo", id="7", position=1, site=site)
            at = datetime(2026, 11, day, tzinfo=UTC).replace(tzinfo=None)
            connection.execute(sa.insert(clicks), {"at": at, **msgspec.structs.asdict(click)})
    told = run(app, "import", write_report(tmp_path, *rows))
    assert words in told.stderr
    assert "flask earnings forget impact" in told.stderr
    assert words not in run(app, "import", write_report(tmp_path, *rows[:4])).output
    heads = HEADS + ",SharedId\n"
    path = tmp_path / "own.csv"
    path.write_text(heads + "".join(f"{row},{'c20' * (row == rows[0])}\n" for row in rows))
    assert words not in run(app, "import", str(path)).output


def test_a_file_of_partnerize_says_what_it_lacks(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "conversion.csv"
    path.write_text(PARTNERIZE_CSV)
    result = run(app, "import", str(path), "--network=partnerize")
    assert "1 new" in result.output
    assert "Partnerize's files lack the references of links" in result.output


def test_a_sale_in_a_file_of_partnerize_has_what_its_click_has(app: Flask, tmp_path: Path) -> None:
    """By the time of the click, among the clicks of agencies of that network."""
    ledger = current_ledger(app)
    for number, (agency, minute) in enumerate((("adobe-stock", 12), ("shutterstock", 11))):
        click = Click(
            click_id=f"click-{number}", agency=agency, id="7", position=1, site="a.example"
        )
        with ledger.write_transaction() as connection:
            at = datetime(2016, 3, 2, 10, minute, 30, tzinfo=UTC).replace(tzinfo=None)
            connection.execute(sa.insert(clicks), {"at": at, **msgspec.structs.asdict(click)})
    path = tmp_path / "conversion.csv"
    path.write_text(PARTNERIZE_CSV)
    run(app, "import", str(path), "--network=partnerize")
    answer = json.loads(run(app, "status", "--by=clicked,site,id", "--json").output)
    [row] = answer["sums"]
    assert tuple(row.values())[:3] == ("estimated", "a.example", "7")
    assert answer["joins"] == {"exact": 0, "estimated": 1, "unknown": 0}
    assert "Joined to clicks: 0 exactly, 1 by estimate, 0 not." in run(app, "status").output
