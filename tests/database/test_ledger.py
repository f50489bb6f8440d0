import sqlite3
import traceback
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from msgspec.structs import asdict

from affiliate.database import click_writer, migrations
from affiliate.database.click_writer import MAX_WAITING
from affiliate.database.clicks import (
    PLACES,
    Click,
)
from affiliate.database.connections import DATABASES
from affiliate.database.ledger import Ledger
from affiliate.database.schema import (
    clicks,
    metadata,
)
from affiliate.errors import BadQuery, LedgerError
from tests.support.clocks import SetClock
from tests.support.postgres import new_database
from tests.support.waiting import PATIENCE

SENT = {"click_id": "aB3_-xyz", "agency": "demo", "id": "42", "words": "red bicycle", "position": 3}


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite doesn't wait for locks."""
    without_patience = DATABASES["sqlite"]._replace(connect_options={"timeout": 0})
    monkeypatch.setitem(DATABASES, "sqlite", without_patience)


def click(number: int = 0, **changes: object) -> Click:
    return Click.from_fields({**SENT, "click_id": f"click-{number:06}", **changes})


def ids(ledger: Ledger) -> list[str]:
    return [one.click_id for _, one in ledger.stream_clicks()]


# -- clicks


def test_reads_what_a_browser_sends() -> None:
    """Fields come as JSON or as text; unknown ones are dropped and optional ones have defaults."""
    read = Click.from_fields({**SENT, "position": "3", "id": 42, "ip": "192.0.2.1"})
    assert read == Click(
        click_id="aB3_-xyz", agency="demo", id="42", words="red bicycle", position=3
    )
    assert (read.media, read.site) == ("image", "")


@pytest.mark.parametrize("name", ["click_id", "agency", "id", "position"])
def test_names_the_missing_field(name: str) -> None:
    """Without what a click is about there is no click."""
    with pytest.raises(BadQuery) as caught:
        Click.from_fields({key: value for key, value in SENT.items() if key != name})
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("click_id", bad) for bad in ("short", "x" * 65, "spaces in it", "new-line\n", None)),
        *(("agency", bad) for bad in ("", " ", "x" * 101, "de\x00mo", b"demo")),
        *(("id", bad) for bad in ("", "x" * 101, "4\ud800", "4\x7f2", True, 4.2)),
        *(("media", bad) for bad in ("", "audio", "image\n")),
        *(("words", bad) for bad in ("x" * 501, "red\x00", "red\nbicycle", "\udcff", "\x85", 7.5)),
        *(("position", bad) for bad in (0, -1, 10**6, 1.5, True, "", "+1", "1\n", "\u0661", None)),
    ],
)
def test_refuses_what_cannot_be_kept(name: str, value: object) -> None:
    """A field that a database would refuse, or that makes no sense, is named."""
    with pytest.raises(BadQuery) as caught:
        Click.from_fields({**SENT, name: value})
    assert caught.value.field == name


@pytest.mark.parametrize("site", ["x" * 254, "a b", "b\x00", 1.5, None, ["b"], {}, "http://[::1"])
def test_no_site_costs_a_click(site: object) -> None:
    """A site that can't be read is empty; a whole address has its host taken."""
    assert Click.from_fields({**SENT, "site": site}).site == ""
    assert Click.from_fields({**SENT, "site": "https://Blog.example/x"}).site == "blog.example"


@pytest.mark.parametrize(
    ("place", "kept"), [*((one, one) for one in PLACES), ("footer", ""), (7, ""), ([], "")]
)
def test_a_place_is_one_of_a_few(place: object, kept: str) -> None:
    """Where what was clicked stood; an unknown place is empty, and costs no click."""
    assert Click.from_fields({**SENT, "place": place}).place == kept


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG) Chrome/130.0.0.0 Mobile Safari/537.36"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.mark.parametrize(
    ("agent", "purpose", "position", "sender"),
    [
        ("facebookexternalhit/1.1", "", 1, "program"),
        (FIREFOX, "", 3, ""),
        (PHONE, "", 9_999, ""),
        (FIREFOX, "prefetch", 3, "program"),
        (FIREFOX, "", 999_999, "program"),
        (GOOGLEBOT, "", 3, "program"),
        (FIREFOX.replace("Firefox", "HeadlessChrome"), "", 3, "program"),
        *((name, "", 3, "program") for name in ("", " ", "curl/8.5.0", "python-requests/2.34")),
        *((name, "", 3, "program") for name in ("Java/21", "Go-http-client/1.1", "AhrefsBot")),
    ],
)
def test_marks_clicks_of_programs(agent: str, purpose: str, position: int, sender: str) -> None:
    """Robots, prefetches and places where no visitor gets to are told apart in figures."""
    sent = Click.from_fields({**SENT, "position": position})
    assert sent.mark_program(agent, purpose).sender == sender


# -- recording


def test_keeps_the_longest_click(ledger: Ledger) -> None:
    """What from_fields lets through fits, even in signs of four bytes."""
    longest = click(
        agency="\U0001f6b2" * 100,
        id="\U0001f6b2" * 100,
        words="\U0001f6b2" * 500,
        site=("x" * 63 + ".") * 3 + "x" * 61,
    )
    ledger.record(longest)
    assert [one for _, one in ledger.stream_clicks()] == [longest]


def test_the_same_click_is_one_row(ledger: Ledger) -> None:
    """A beacon that is sent 50 times, by 16 threads at once, counts once."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ledger.record, [click()] * 50))
    assert ids(ledger) == ["click-000000"]


def test_no_click_is_lost_between_threads(ledger: Ledger) -> None:
    """Clicks that share a transaction are all there once their senders are told so."""
    with ThreadPoolExecutor(MAX_WAITING) as pool:
        list(pool.map(ledger.record, map(click, range(500))))
    assert sorted(ids(ledger)) == [f"click-{number:06}" for number in range(500)]


def test_keeps_nothing_about_who(ledger: Ledger) -> None:
    """A row is the click and the server's time."""
    with ledger.read_connection() as connection:
        columns = {column["name"] for column in sa.inspect(connection).get_columns("clicks")}
    assert columns == {"at", *Click.__struct_fields__}


def test_time_is_utc(ledger: Ledger, clock: SetClock[datetime]) -> None:
    """Wherever the server stands, a click is kept in UTC."""
    clock.now = datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=9)))
    ledger.record(click())
    assert [at for at, _ in ledger.stream_clicks()] == [datetime(2025, 12, 31, 20, tzinfo=UTC)]


def test_sqlite_syncs_every_commit(tmp_path: Path, opened: Callable[..., Ledger]) -> None:
    """The write-ahead log is on, and a commit waits for the disk (synchronous is FULL, 2)."""
    ledger = opened(f"sqlite:///{tmp_path}/ledger.db")
    ledger.upgrade()
    with ledger._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
    found = []

    def look(connection: sa.Connection) -> None:
        names = ("synchronous", "journal_mode")
        found.append([connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names])

    sa.event.listen(sa.Engine, "commit", look)
    try:
        ledger.record(click())
    finally:
        sa.event.remove(sa.Engine, "commit", look)
    assert {tuple(one) for one in found} == {(2, "wal")}  # of ledgers of other tests, too


# -- counting


def test_counts_the_newest_day_and_the_most_clicks_first(
    ledger: Ledger, clock: SetClock[datetime]
) -> None:
    """By day and agency: newest day first, and within it most clicks first."""
    for number, (day, agency) in enumerate([(1, "a"), (1, "b"), (1, "b"), (2, "a")]):
        clock.now = datetime(2026, 3, day, 23, 59, 59, 999999, tzinfo=UTC)
        ledger.record(click(number, agency=agency))
    counts: list[tuple[Any, ...]] = [
        tuple(r.values()) for r in ledger.count_clicks(("day", "agency"))
    ]
    assert counts == [
        (date(2026, 3, 2), "a", 1),
        (date(2026, 3, 1), "b", 2),
        (date(2026, 3, 1), "a", 1),
    ]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ((), [{"clicks": 3}]),
        (("words",), [{"words": "cat", "clicks": 2}, {"words": "", "clicks": 1}]),
        (("site", "site"), [{"site": "a.example", "clicks": 2}, {"site": "", "clicks": 1}]),
        (("place",), [{"place": "look", "clicks": 2}, {"place": "", "clicks": 1}]),
        (("sender",), [{"sender": "", "clicks": 2}, {"sender": "program", "clicks": 1}]),
    ],
)
def test_counts_by_anything(ledger: Ledger, by: tuple[str, ...], expected: object) -> None:
    """Clicks can be counted by any column that says what or where, and by nothing for their sum."""
    ledger.record(click(1, words=""))
    ledger.record(click(2, words="cat", site="a.example", place="look"))
    sent = click(3, words="cat", site="a.example", place="look")
    ledger.record(sent.mark_program("Googlebot/2.1"))
    assert [dict(row) for row in ledger.count_clicks(by)] == expected


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("id", [("9", 2), ("7", 1)]),
        ("media", [("image", 2), ("video", 1)]),
        ("position", [(3, 2), (1, 1)]),
        ("month", [("2026-04", 1), ("2026-03", 2)]),
        ("hour", [(0, 1), (23, 2)]),
    ],
)
def test_counts_by_what_was_clicked_and_when(
    ledger: Ledger, clock: SetClock[datetime], by: str, expected: object
) -> None:
    """Pictures, places and hours by their numbers; the newest month and the first hour first."""
    for number, (at, name, media, place) in enumerate(
        [
            ("2026-03-31T23:59", "9", "image", 3),
            ("2026-03-01T23:00", "9", "image", 3),
            ("2026-04-01T00:00", "7", "video", 1),
        ]
    ):
        clock.now = datetime.fromisoformat(at).replace(tzinfo=UTC)
        ledger.record(click(number, id=name, media=media, position=place))
    counts: list[tuple[Any, ...]] = [tuple(row.values()) for row in ledger.count_clicks((by,))]
    assert counts == expected


def test_clicks_of_programs_are_counted_apart(ledger: Ledger) -> None:
    """Visitors' clicks alone are clicks; most of them come first."""
    for number, (words, agent) in enumerate(
        [("cat", "curl/8"), ("cat", "curl/8"), ("dog", "Mozilla/5.0"), ("cat", "")]
    ):
        ledger.record(click(number, words=words).mark_program(agent))
    counts = [dict(row) for row in ledger.count_visitor_clicks(("words",))]
    assert counts == [
        {"words": "dog", "clicks": 1, "marked": 0},
        {"words": "cat", "clicks": 0, "marked": 3},
    ]
    assert [dict(row) for row in ledger.count_visitor_clicks(())] == [{"clicks": 1, "marked": 3}]


def test_since_and_until_are_whole_days(ledger: Ledger, clock: SetClock[datetime]) -> None:
    """Both days belong to the time asked for, from their first moment to their last."""
    for number, text in enumerate(
        ["2026-03-01T23:59:59.999999", "2026-03-02", "2026-03-03T23:59:59.999999", "2026-03-04"]
    ):
        clock.now = datetime.fromisoformat(text).replace(tzinfo=UTC)
        ledger.record(click(number))
    asked = {"since": date(2026, 3, 2), "until": date(2026, 3, 3)}
    assert [row["clicks"] for row in ledger.count_clicks((), **asked)] == [2]
    assert [one.click_id for _, one in ledger.stream_clicks(**asked)] == [
        "click-000001",
        "click-000002",
    ]
    assert [row["clicks"] for row in ledger.count_clicks((), until=date.max)] == [4]


def test_refuses_to_count_by_something_else(ledger: Ledger) -> None:
    """What can't be counted by is named to whoever asked."""
    with pytest.raises(BadQuery, match="day, words, site, agency"):
        ledger.count_clicks(("day", "ip"))


def test_slow_readers_do_not_hold_up_clicks(ledger: Ledger) -> None:
    """While as many reports run as can, clicks are still recorded."""
    for number in range(3):
        ledger.record(click(number))
    reports = [ledger.stream_clicks() for _ in range(3)]
    for report in reports:
        next(report)
    ledger.record(click(3))
    assert [len(list(report)) for report in reports] == [2, 2, 2]


# -- upgrading


def test_the_migrations_make_what_the_ledger_describes(ledger: Ledger) -> None:
    """Alembic finds no difference between the tables made and the tables described.

    Nor does SQLite between the columns that it fills, which PostgreSQL writes in its own words.
    """
    with ledger.read_connection() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
        if connection.dialect.name == "sqlite":
            made = connection.scalar(
                sa.text("SELECT sql FROM sqlite_master WHERE name = 'actions'")
            )
            filled = {c.name: c.computed for c in metadata.tables["actions"].c if c.computed}
            assert filled
            for name, computed in filled.items():
                assert f" GENERATED ALWAYS AS ({computed.sqltext})" in made.partition(name)[2]


def test_clicks_of_the_version_before_stay(url: str, opened: Callable[..., Ledger]) -> None:
    """Clicks of before know no place; the version before goes on writing without the columns."""
    ledger = opened(url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, "REVISION", "0006")
        ledger.upgrade()
    former = sa.insert(
        sa.table("clicks", *(sa.column(c.name, c.type) for c in list(clicks.columns)[:8]))
    )
    row = {"at": datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None), **asdict(click(1))}
    row = {name: row[name] for name in list(row)[:9] if name not in {"place", "sender"}}
    with ledger.write_transaction() as connection:
        connection.execute(former, row)
    ledger.upgrade()
    with ledger.write_transaction() as connection:
        connection.execute(former, row | {"click_id": "click-000002"})
    ledger.record(click(3, place="look"))
    kept = {one.click_id: (one.place, one.sender) for _, one in ledger.stream_clicks()}
    assert kept == {
        "click-000001": ("", ""),
        "click-000002": ("", ""),
        "click-000003": ("look", ""),
    }


def test_the_newest_migration_is_known() -> None:
    """The number that a start compares with is that of the last migration."""
    folder = str(Path(migrations.__file__).parent)
    assert ScriptDirectory(folder).get_current_head() == migrations.REVISION


def test_one_process_upgrades_at_a_time(
    postgres: str, opened: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL an upgrade waits for the lock that another one holds."""
    monkeypatch.setattr(migrations, "TURN_SECONDS", 0.01)
    monkeypatch.setattr(migrations, "PAUSE_SECONDS", 0)
    server = new_database(postgres)
    other = opened(server)
    with other._reader.connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(migrations.LOCK_NUMBER)))
        with pytest.raises(LedgerError, match="LockNotAvailable"):
            opened(server).upgrade()
    other.upgrade()


@pytest.mark.usefixtures("impatient")
def test_a_start_stands_a_busy_file(tmp_path: Path, opened: Callable[..., Ledger]) -> None:
    """A file that can't be switched to the write-ahead log just now is used as it is."""
    ledger = opened(f"sqlite:///{tmp_path}/ledger.db")
    ledger.upgrade()
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN")
        other.execute("SELECT * FROM clicks").fetchall()
        ledger.upgrade()


def test_a_failed_migration_leaves_nothing(
    url: str, opened: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration counts whole or not at all, and can be run again."""

    def fail(connection: sa.Connection) -> None:
        metadata.create_all(connection)
        connection.execute(sa.text("SELECT no_such_column"))

    ledger = opened(url)
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "_migrate", fail)
        with pytest.raises(LedgerError):
            ledger.upgrade()
    ledger.upgrade()
    ledger.record(click())


def test_a_newer_database_is_left_alone(ledger: Ledger) -> None:
    """After a step back to an older version, the start says why it stops."""
    with ledger.write_transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(LedgerError, match="newer version"):
        ledger.upgrade()


# -- failing


def test_a_lost_connection_costs_no_click(postgres: str, opened: Callable[..., Ledger]) -> None:
    """After PostgreSQL has dropped its connections, as at a restart, the next click is kept."""
    ledger = opened(new_database(postgres))
    ledger.upgrade()
    ledger.record(click(1))
    with ledger.read_connection() as connection:
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    ledger.record(click(2))
    assert len(ids(ledger)) == 2


@pytest.mark.usefixtures("impatient")
def test_a_locked_file_is_told_and_forgotten(tmp_path: Path, opened: Callable[..., Ledger]) -> None:
    """While another program holds the file every sender is told; then all goes on."""
    ledger = opened(f"sqlite:///{tmp_path}/ledger.db")
    ledger.upgrade()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other, ThreadPoolExecutor(8) as pool:
        other.execute("BEGIN IMMEDIATE")
        sent = [pool.submit(ledger.record, click(number)) for number in range(8)]
        wait(sent, PATIENCE)
    assert all("(SQLITE_BUSY)" in str(one.exception()) for one in sent)
    ledger.record(click())
    assert ids(ledger) == ["click-000000"]


def test_no_click_waits_forever(
    ledger: Ledger, url: str, opened: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender whose turn doesn't come is told so, and may send the click again."""
    monkeypatch.setattr(click_writer, "WAIT_SECONDS", 0)
    with ThreadPoolExecutor(2) as pool:
        with opened(url).write_transaction() as connection:
            at = datetime.min  # noqa: DTZ901 - as the table has it
            connection.execute(sa.insert(clicks).values(at=at, **asdict(click(1))))
            sent = [pool.submit(ledger.record, click(1)) for _ in range(2)]
            told, turn = wait(sent, PATIENCE, FIRST_COMPLETED)
            assert [str(one.exception()) for one in told] == ["The ledger's database is too slow."]
        assert turn.pop().result() is None
    for number in (1, 2):
        ledger.record(click(number))
    assert ids(ledger) == ["click-000001", "click-000002"]


def test_a_click_needs_no_turn_of_its_own(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """A click that another sender wrote in time is acknowledged, though its own turn never came."""

    class Crowded:
        def acquire(self, timeout: float) -> bool:
            assert timeout == 5
            ledger._click_writer._write_waiting()
            return False

    monkeypatch.setattr(ledger._click_writer, "_turn", Crowded())
    ledger.record(click())
    assert ids(ledger) == ["click-000000"]


@pytest.mark.parametrize(
    "address",
    [
        "postgresql+psycopg://owner:hunter2@127.0.0.1:1/ledger",
        "postgresql+psycopg://owner:hun/hunter2@127.0.0.1/ledger",
        "postgresql+psycopg://owner:hunter2@127.0.0.1:port/ledger",
        "postgresql+psycopg://owner@127.0.0.1:1/ledger?password=hunter2",
        "postgresql+psycopg://owner@127.0.0.1:1/ledger?hunter2=hunter2",
        "mysql://owner:hunter2@127.0.0.1/ledger",
        "hunter2",
    ],
)
def test_errors_hold_no_password(address: str, opened: Callable[..., Ledger]) -> None:
    """Neither the error nor what a log would print with it holds a part of the address."""
    with pytest.raises(LedgerError) as caught:
        opened(address).record(click())
    printed = "".join(traceback.format_exception(caught.value))
    lines = [line for line in printed.splitlines() if "hunter2" in line]
    assert lines == []


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:"])
def test_refuses_a_ledger_in_memory(address: str) -> None:
    """A ledger that every restart empties is refused."""
    with pytest.raises(LedgerError, match="file"):
        Ledger(address)


def test_says_what_is_wrong_with_the_file(tmp_path: Path, opened: Callable[..., Ledger]) -> None:
    """SQLite's own word for it stands in the message."""
    (tmp_path / "ledger.db").write_text("This is no database, however long it may be. " * 100)
    with pytest.raises(LedgerError, match="SQLITE_NOTADB"):
        opened(f"sqlite:///{tmp_path}/ledger.db").upgrade()


def test_nobody_else_reads_the_ledgers_file(tmp_path: Path) -> None:
    """A new ledger and the files beside it are the owner's alone, whatever the umask."""
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.db'}")
    ledger.upgrade()
    modes = {path.stat().st_mode & 0o777 for path in tmp_path.glob("ledger.db*")}
    ledger.close()
    assert modes == {0o600}
