import codecs
import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result
from flask import Flask

from affiliate import cli
from affiliate.cli import tables
from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from tests.support.clocks import SetClock
from tests.support.processes import ROOT
from tests.support.waiting import PATIENCE


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Flask]:
    app = Flask(__name__)
    clock = SetClock(datetime(2026, 3, 1, tzinfo=UTC))
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", clock)
    app.extensions["services"] = SimpleNamespace(ledger=ledger)
    app.extensions["clock"] = clock
    cli.register(app)
    yield app
    app.extensions["services"].ledger.close()


def run(app: Flask, *arguments: str) -> Result:
    return app.test_cli_runner().invoke(args=arguments)


def record(app: Flask, *words: str, agency: str = "demo", first: int = 0) -> None:
    """One click for each of the words, each on a day of its own from 2026-03-01."""
    ledger: Ledger = app.extensions["services"].ledger
    clock: SetClock[datetime] = app.extensions["clock"]
    ledger.upgrade()
    for number, text in enumerate(words, first):
        ledger.record(
            Click(click_id=f"-{number:08}", agency=agency, id="1", words=text, position=1)
        )
        clock.now += timedelta(days=1)


def test_shows_clicks_by_day_and_agency(app: Flask) -> None:
    """Without options the table has a row for each day and agency, newest first, and their sum."""
    record(app, "cat", "dog")
    assert run(app, "clicks").output == (
        "day         agency  clicks\n"
        "2026-03-02  demo         1\n"
        "2026-03-01  demo         1\n"
        "total                    2\n"
    )


def test_shows_the_first_rows_and_the_sum_of_all(app: Flask) -> None:
    """--limit leaves out rows, and no click of the sum."""
    record(app, "cat", "dog", "cat")
    assert run(app, "clicks", "--by", "words", "--limit", "1").output == (
        "words       clicks\ncat              2\nall 2 rows       3\n"
    )
    assert run(app, "clicks", "--by", "month").output.endswith("2026-03       3\ntotal         3\n")


def test_shows_clicks_of_programs_in_a_column_of_their_own(app: Flask) -> None:
    """They are in no sum of visitors' clicks, and --by sender counts each kind."""
    record(app, "cat")
    robot = Click(click_id="robot-1234", agency="demo", id="1", words="cat", position=1)
    app.extensions["services"].ledger.record(robot.mark_program("Googlebot/2.1"))
    assert run(app, "clicks", "--by", "words").output == (
        "words  clicks  marked\ncat         1       1\ntotal       1       1\n"
    )
    assert "program       1\ntotal         2\n" in run(app, "clicks", "--by", "sender").output


def test_writes_the_counts_as_json(app: Flask) -> None:
    """A list of rows, with whole words."""
    record(app, "cat " * 100)
    rows = json.loads(run(app, "clicks", "--by=words,hour", "--json").output)
    assert rows == [{"words": "cat " * 100, "hour": 0, "clicks": 1, "marked": 0}]
    assert run(app, "clicks", "--json", "--csv=-").exit_code == 2


def test_no_line_is_wider_than_the_terminal(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long words are cut, in letters of any width; numbers stay whole."""
    record(app, "w" * 500, "自転車" * 100, "a b " * 100)
    for columns in (40, 80, 200):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = run(app, "clicks", "--by", "day,words,site").output.splitlines()
        assert max(map(tables.measure_width, lines)) in {columns, columns - 1}
        assert [line.rstrip().endswith(" 1") for line in lines[1:-1]] == [True] * 3
        assert sum("..." in line for line in lines) == 3


def test_columns_stand_straight_below_each_other(app: Flask) -> None:
    """Wide signs count as two, combining ones as none, and numbers end at the right."""
    record(app, *["自転車"] * 10, "re\u0301d")
    assert run(app, "clicks", "--by", "words").output == (
        "words   clicks\n自転車      10\nre\u0301d          1\ntotal       11\n"
    )


def test_shows_the_days_asked_for(app: Flask) -> None:
    """Both days of --since and --until belong to the time that is shown."""
    record(app, "one", "two", "three", "four")
    shown = run(app, "clicks", "--by=words", "--since=2026-03-02", "--until=2026-03-03")
    assert [line.split()[0] for line in shown.output.splitlines()] == [
        "words",
        "three",
        "two",
        "total",
    ]


def test_days_are_said_as_people_say_them(app: Flask, tmp_path: Path) -> None:
    """Today, yesterday, and so many days ago; both ends belong to the time."""
    clock: SetClock[datetime] = app.extensions["clock"]
    clock.now = datetime.now(UTC).replace(hour=12) - timedelta(days=8)
    with closing(Ledger(f"sqlite:///{tmp_path}/days.db", clock)) as ledger:
        app.extensions["services"].ledger = ledger
        record(app, "older", "week")
        clock.now += timedelta(days=5)
        record(app, "before", "now", first=2)
        for since, until, found in [
            ("today", "today", "now"),
            ("yesterday", "yesterday", "before"),
            ("7d", "2d", "week"),
            ("8D", "8d", "older"),
        ]:
            shown = run(app, "clicks", "--by=words", "--since", since, "--until", until).output
            assert [line.split()[0] for line in shown.splitlines()] == ["words", found, "total"]


def test_writes_every_click_as_csv(app: Flask, tmp_path: Path) -> None:
    """The file has one row for each click with its time in UTC, and survives commas and quotes.

    It begins with a byte order mark, without which Excel takes it for another encoding.
    """
    record(app, 'a "red", bicycle', "猫")
    assert run(app, "clicks", "--csv", str(tmp_path / "clicks.csv")).exit_code == 0
    assert (tmp_path / "clicks.csv").read_bytes().startswith(codecs.BOM_UTF8)
    assert not run(app, "clicks", "--csv", "-").stdout_bytes.startswith(codecs.BOM_UTF8)
    with (tmp_path / "clicks.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["at"], row["words"], row["position"]) for row in rows] == [
        ("2026-03-01T00:00:00+00:00", 'a "red", bicycle', "1"),
        ("2026-03-02T00:00:00+00:00", "猫", "1"),
    ]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(app: Flask, first: str) -> None:
    """What a spreadsheet would compute is written as text, wherever it came from."""
    record(app, f"{first}HYPERLINK(1)")
    [row] = csv.DictReader(run(app, "clicks", "--csv", "-").output.split("\n"))
    assert row["words"].startswith("'")
    assert row["click_id"] == "'-00000000"


def test_says_when_the_file_cannot_be_made(app: Flask, tmp_path: Path) -> None:
    """A folder that isn't there ends with a sentence, not with a traceback."""
    record(app)
    failed = run(app, "clicks", "--csv", str(tmp_path / "nowhere" / "clicks.csv"))
    assert failed.exit_code == 1
    assert "No such file or directory" in failed.output


def test_names_the_option_that_is_wrong(app: Flask) -> None:
    """A wrong option ends with a sentence that names it, not with a traceback."""
    record(app)
    for option, value in [
        ("--by", "day,ip"),
        ("--since", "tomorrow"),
        ("--since", "99999d"),
        ("--since", "d"),
        ("--until", "2026-02-30"),
        ("--limit", "0"),
    ]:
        failed = run(app, "clicks", option, value)
        assert failed.exit_code == 2
        assert option in failed.output
    assert "--by" in run(app, "clicks", "--csv=-", "--by=day").output


def test_says_when_the_database_fails(app: Flask, tmp_path: Path) -> None:
    """Over a damaged file the commands end with a sentence and tell the shell."""
    (tmp_path / "ledger.db").write_text("This is no database, however long it may be. " * 100)
    for arguments in [("clicks",), ("clicks", "--csv=-")]:
        failed = run(app, *arguments)
        assert failed.exit_code == 1
        assert failed.stderr.startswith("Error: The ledger's database failed: the file is no")


def test_upgrades_the_ledger(app: Flask) -> None:
    """`flask ledger upgrade` makes the tables and may be run again."""
    for _ in range(2):
        assert run(app, "ledger", "upgrade").output == "The ledger is up to date.\n"
    assert run(app, "clicks").output == "day    agency  clicks\ntotal               0\n"


def test_wrong_settings_are_said_plainly(tmp_path: Path) -> None:
    """A command under wrong settings names every fault, without a traceback."""
    wrong = {"PORT": "x", "CACHE_BYTES": "1", "DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "clicks"],
        cwd=ROOT,
        env=wrong,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert "PORT must be" in done.stderr
    assert "CACHE_BYTES must be" in done.stderr
    assert "Traceback" not in done.stderr
