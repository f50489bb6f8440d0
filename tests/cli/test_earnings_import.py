"""``flask earnings import`` reads a report of any network by columns that the owner names once."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient

from affiliate.database.report_mappings import ReportMappings

HEADS = "Order;Bought;Image;Commission;State;Cur.;Source"
ROWS = [
    'A-1;20.11.2026 13:00;7;"1.005,50";Paid;EUR;blog.example',
    "A-2;21.11.2026 09:30;8;2,00;Waiting;EUR;blog.example",
]
COLUMNS = (
    "--column=sale-id=order",
    "--column=sale-date=Bought",
    "--column=picture=IMAGE",
    "--column=payout=Commission",
    "--column=status=State",
    "--column=currency=Cur",
    "--column=site=Source",
)
WORDS = ("--state=Paid=approved", "--state=waiting=pending", "--state=refunded=reversed")
FIRST = ("--network=Depositphotos", *COLUMNS, *WORDS, "--date-format=%d.%m.%Y %H:%M")
NEXT = ("--network=depositphotos",)


@pytest.fixture
def app(client: FlaskClient) -> Flask:
    return client.application


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=["earnings", *arguments])


def write(folder: Path, *lines: str, day: int = 22) -> str:
    """Write a report that was downloaded on a day of November."""
    path = folder / "report.csv"
    path.write_bytes("\r\n".join([*lines, ""]).encode("utf-16"))
    moment = datetime(2026, 11, day, 8, tzinfo=UTC).timestamp()
    os.utime(path, (moment, moment))
    return str(path)


def read_sums(app: Flask, by: str = "network") -> list[tuple[object, ...]]:
    answer = json.loads(run(app, "status", f"--by={by}", "--json").output)
    return [tuple(row.values()) for row in answer["sums"]]


def test_columns_are_named_once(app: Flask, tmp_path: Path) -> None:
    """The next import needs the network alone, and other words or heads can be added."""
    first = run(app, "import", write(tmp_path, HEADS, *ROWS), *FIRST)
    assert first.output.splitlines()[1:] == ["The columns are remembered for depositphotos."]
    refunded = [ROWS[0], ROWS[1].replace("Waiting", "REFUNDED ")]
    second = run(app, "import", write(tmp_path, HEADS, *refunded, day=23), *NEXT)
    assert second.output.endswith(": 0 new, 1 changed, 1 as before.\n")
    assert read_sums(app, "network,id,site") == [
        ("depositphotos", "7", "blog.example", "EUR", "approved", 1, 1005.5),
        ("depositphotos", "8", "blog.example", "EUR", "reversed", 1, 2.0),
    ]
    renamed = write(tmp_path, HEADS.replace("Order", "Number"), *ROWS, day=24)
    refused = run(app, "import", renamed, *NEXT)
    assert refused.exit_code == 1
    assert "there is no column of sale id; the file has" in refused.output
    assert run(app, "import", renamed, *NEXT, "--column=sale-id=Number").exit_code == 0
    assert run(app, "import", renamed, *NEXT).exit_code == 0


def test_columns_that_a_newer_version_has_remembered_can_be_named_again(
    app: Flask, tmp_path: Path
) -> None:
    """Its ids of sales are unknown here, so that its sales go first: none counts twice."""
    report = write(tmp_path, HEADS, *ROWS)
    assert run(app, "import", report, *FIRST).exit_code == 0
    mappings = ReportMappings(app.extensions["services"].ledger)
    mappings.write("depositphotos", '{"states":{"paid":"a state of a newer version"}}')
    assert "by a newer version: name them again" in run(app, "import", report, *NEXT).output
    assert "would count twice" in run(app, "import", report, *FIRST).output
    assert run(app, "forget", "depositphotos", "--yes").exit_code == 0
    assert run(app, "import", report, *FIRST).exit_code == 0
    assert run(app, "import", report, *NEXT).exit_code == 0


def test_a_known_form_takes_other_heads_for_one_import(app: Flask, tmp_path: Path) -> None:
    """As of a screen in another language; nothing is remembered."""
    lines = ("Aktions-ID,Datum,Status,Payout,Earnings,Currency", "7,20.11.2026,Storniert,1,2,EUR")
    options = (
        "--column=sale-id=Aktions-ID",
        "--column=sale-date=Datum",
        "--column=payout=earnings",
        "--state=storniert=reversed",
        "--date-format=%d.%m.%Y",
    )
    result = run(app, "import", write(tmp_path, *lines), *options)
    assert result.output.endswith(": 1 new, 0 changed, 0 as before.\n")
    assert read_sums(app) == [("impact", "EUR", "reversed", 1, 2.0)]
    assert run(app, "import", write(tmp_path, *lines)).exit_code == 1


def test_a_refused_report_is_not_remembered(app: Flask, tmp_path: Path) -> None:
    """Each fault has its line and column, nothing is imported, and the columns stay unknown."""
    bad = [ROWS[0].replace("Paid", "Unheard"), ROWS[1].replace("21.11", "31.11")]
    result = run(app, "import", write(tmp_path, HEADS, *bad), *FIRST)
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Error: report.csv was not imported:",
        (
            '- line 2, column "State": "Unheard" is none of pending, approved, reversed, paid,'
            " waiting, refunded"
        ),
        '- line 3, column "Bought": "31.11.2026 09:30" is no time such as %d.%m.%Y %H:%M',
    ]
    assert run(app, "status").output.startswith("No sales have been imported yet")
    unknown = run(app, "import", write(tmp_path, HEADS, *ROWS), *NEXT)
    assert unknown.exit_code == 2
    assert "columns of depositphotos's reports are unknown" in unknown.output
    assert unknown.output.count("payout") == 1


def test_a_report_without_state_and_currency_is_read_by_options(app: Flask, tmp_path: Path) -> None:
    """Both are remembered, and so is the time zone."""
    lines = ("Day,Sum", "2026-11-20 20:00,3.5")
    options = ("--network=other", "--column=sale-date=day", "--column=payout=sum")
    refused = run(app, "import", write(tmp_path, *lines), *options)
    assert "there is no column of currency: name the currency of all rows" in refused.output
    refused = run(app, "import", write(tmp_path, *lines), *options, "--currency=usd")
    assert "there is no column of status: name the state of all rows" in refused.output
    given = (*options, "--currency=usd", "--state=approved", "--time-zone=America/New_York")
    assert run(app, "import", write(tmp_path, *lines), *given).exit_code == 0
    assert run(app, "import", write(tmp_path, *lines, day=23), "--network=other").exit_code == 0
    assert read_sums(app, "day") == [("2026-11-21", "USD", "approved", 1, 3.5)]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (("--network=a b",), "'a b' is no name of 1 to 20 letters, digits, dots and hyphens."),
        (("--network=x", "--column=payout"), "'payout' is no FIELD=HEAD."),
        (("--network=x", "--column=money=Sum"), "'money' is none of sale-id, status, currency,"),
        (
            ("--network=x", "--column=payout=Sum", "--column=site=SUM"),
            "payout and site can't both be the column 'sum'.",
        ),
        (("--network=x", "--column=payout=Sum", "--state=paid=yes"), "'yes' is none of pending,"),
    ],
)
def test_an_unreadable_option_is_refused(
    app: Flask, tmp_path: Path, arguments: tuple[str, ...], fault: str
) -> None:
    result = run(app, "import", write(tmp_path, HEADS, *ROWS), *arguments)
    assert (result.exit_code, fault in " ".join(result.output.split())) == (2, True)


WITHOUT_IDS = (
    "--network=shop",
    "--state=approved",
    "--currency=EUR",
    "--date-format=%d.%m.%Y %H:%M",
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (WITHOUT_IDS + COLUMNS[1:4], (COLUMNS[0],)),
        (WITHOUT_IDS + COLUMNS[1:4], ("--time-zone=Europe/Berlin",)),
        (WITHOUT_IDS + COLUMNS[1:4], (COLUMNS[6],)),
        (WITHOUT_IDS + COLUMNS[:4], ("--column=sale-id=",)),
    ],
)
def test_sales_never_count_twice_by_other_ids(
    app: Flask, tmp_path: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    """Options that would give known sales other ids are refused until these are deleted."""
    report = write(tmp_path, HEADS, ROWS[0])
    assert run(app, "import", report, *first).exit_code == 0
    sums = read_sums(app)
    refused = run(app, "import", report, "--network=shop", *second)
    assert refused.exit_code == 1
    assert "would count twice" in refused.output
    assert read_sums(app) == sums
    assert run(app, "import", report, "--network=shop").exit_code == 0
    assert run(app, "forget", "shop", "--yes").output == "The sales of shop are deleted.\n"
    assert read_sums(app) == []
    assert run(app, "import", report, "--network=shop", *second).exit_code == 0
    assert read_sums(app) == sums


def test_only_the_sales_of_a_network_are_deleted(app: Flask, tmp_path: Path) -> None:
    report = write(tmp_path, HEADS, *ROWS)
    run(app, "import", report, *FIRST)
    run(app, "import", report, *FIRST, "--network=shop")
    kept = [row for row in read_sums(app) if row[0] == "depositphotos"]
    runner = app.test_cli_runner()
    assert runner.invoke(args=["earnings", "forget", "shop"], input="n\n").exit_code == 1
    assert runner.invoke(args=["earnings", "forget", "shop"], input="y\n").exit_code == 0
    assert read_sums(app) == kept
    assert run(app, "forget", "shop").output == "No sale of shop was imported.\n"
