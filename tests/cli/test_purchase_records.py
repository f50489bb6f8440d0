"""Whatever of ours fails once money has moved, what the agency said is on the screen and kept."""

import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from affiliate.cli import licensing, outputs, purchase_records
from affiliate.database.connections import DATABASES
from affiliate.database.purchases import (
    Purchase,
    Purchases,
)
from affiliate.database.schema import purchases
from affiliate.errors import LedgerError
from affiliate.licensing.purchasing.journal import FILE_PATTERN, JournalFile
from affiliate.licensing.purchasing.recorder import buy_offers
from app import create_app
from tests.dialects.selling import FIRST
from tests.simulator import (
    FIRST_ID,
    Answer,
    Fault,
    Simulator,
    answer_with,
    hang_up,
    platform,
    run_first,
    simulator,
)
from tests.support.ledgers import place_ledger
from tests.support.licensing_command import make_site, run
from tests.support.postgres import new_database
from tests.support.purchase_desk import lock_database
from tests.support.shops import SHOPS, make_settings, open_shop

PATH = "/v2/images/licenses"
ONCE = ("--subscription", "pl", "--price", "9", "--customer-id", "c1")
Failing = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def agency() -> Iterator[Simulator]:
    """Sell what comes once."""
    with simulator(size=20) as server:
        server.subscribe(platform("pl"))
        yield server


@pytest.fixture
def app(agency: Simulator, tmp_path: Path) -> Flask:
    return make_site(agency, tmp_path)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a moment alone for a locked database."""
    soon = DATABASES["sqlite"]._replace(connect_options={"timeout": 0.1})
    monkeypatch.setitem(DATABASES, "sqlite", soon)


def list_ordinary_ids(agency: Simulator) -> list[str]:
    rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(20))
    return [str(row["id"]) for row in rows if row and not row["is_editorial"]]


def buy(app: Flask, one: str, folder: Path) -> Result:
    return run(app, "license", one, *ONCE, "--live", "--yes", "--dir", str(folder))


def read_purchases(app: Flask) -> list[Purchase]:
    return Purchases(app.extensions["services"].ledger).list_all()


def journals(folder: Path) -> list[Path]:
    return list(folder.glob(FILE_PATTERN))


def files(folder: Path) -> list[str]:
    return [path.suffix for path in folder.iterdir()] if folder.exists() else []


def connect(folder: Path) -> sqlite3.Connection:
    path = folder / "ledger.db"
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


@contextmanager
def without_table(folder: Path) -> Iterator[None]:
    """Have the ledger refuse every statement about purchases."""
    with closing(connect(folder)) as other:
        other.execute("ALTER TABLE purchases RENAME TO gone")
        yield
        other.execute("ALTER TABLE gone RENAME TO purchases")


@contextmanager
def without_rows(folder: Path) -> Iterator[None]:
    """Have the ledger lose the record, as a standby does that was promoted too early."""
    with closing(connect(folder)) as other:
        other.execute("DELETE FROM purchases")
    yield


@contextmanager
def stopped(server: str, name: str) -> Iterator[None]:
    """Have PostgreSQL end every connection to a database and take none."""
    with psycopg.connect(host=server, user="postgres", autocommit=True) as other:
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        other.execute(ended, [name])
        yield
        other.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


def lose_ledger(agency: Simulator, app: Flask, folder: Path, failing: Failing) -> None:
    """Lose the ledger between the sale and its record: all is known, and written by the next."""
    one, other = list_ordinary_ids(agency)[:2]
    world = failing()
    agency.misbehave(run_first(world.__enter__), on=PATH, method="POST")
    shown = buy(app, one, folder / "files")
    world.__exit__(None, None, None)
    [sold] = agency.purchases
    assert shown.exit_code == 3, shown.output
    assert f"{one}: licensed as {sold.id}" in shown.output
    assert "Error: " in shown.output
    assert files(folder / "files") == [".jpg"]
    [kept] = journals(folder)
    assert sold.id.encode() in kept.read_bytes()
    after = run(app, "license", other, "--live", "--dry-run")
    assert after.exit_code == 0, after.output
    assert f"{one}: licensed as {sold.id}" in after.output
    assert [(row.state, row.license_id) for row in read_purchases(app)] == [("licensed", sold.id)]
    assert journals(folder) == []
    assert "The same was bought" in buy(app, one, folder / "files").output
    assert len(agency.purchases) == 1


@pytest.mark.parametrize("fails", [lock_database, without_table, without_rows])
def test_a_ledger_lost_after_the_sale_swallows_nothing(
    agency: Simulator,
    app: Flask,
    tmp_path: Path,
    fails: Callable[[Path], AbstractContextManager[None]],
) -> None:
    lose_ledger(agency, app, tmp_path, lambda: fails(tmp_path))


@pytest.fixture(scope="module")
def database(postgres: str) -> str:
    return new_database(postgres).replace("+psycopg", "")


@pytest.fixture
def shared(agency: Simulator, tmp_path: Path, database: str) -> Iterator[Flask]:
    """Yield a site whose records are in PostgreSQL, without any record."""
    app = make_site(agency, tmp_path, DATABASE_URL=database)
    with closing(app.extensions["services"].ledger) as ledger:
        with ledger.write_transaction() as connection:
            connection.execute(sa.delete(purchases))
        yield app


def test_a_postgresql_stopped_after_the_sale_swallows_nothing(
    agency: Simulator, shared: Flask, tmp_path: Path, postgres: str, database: str
) -> None:
    name = database.partition("@/")[2].partition("?")[0]
    lose_ledger(agency, shared, tmp_path, lambda: stopped(postgres, name))


def test_a_file_that_comes_once_elsewhere_is_kept_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At iStock the answer names no license: the file is here, and the record gets its name."""
    monkeypatch.chdir(tmp_path)
    [shop] = [one for one in SHOPS if one.name == "istock"]
    with open_shop(shop) as at:
        app = create_app(make_settings(at, tmp_path))
        command = ("license", "--agency", "istock", str(FIRST), "--live", "--yes")
        real = Purchases.close
        monkeypatch.setattr(Purchases, "close", broken)
        shown = run(app, *command)
        assert shown.exit_code == 3, shown.output
        [file] = tmp_path.glob("*.jpg")
        assert f"{FIRST}: licensed as {FIRST}-55-" in shown.output
        monkeypatch.setattr(Purchases, "close", real)
        assert "was bought at" in run(app, *command).output
        [done] = read_purchases(app)
        assert done.state == "licensed"
        assert str(done.license_id) in file.name
        assert at.list_bought() == [str(FIRST)]


def broken(*_: object, **__: object) -> None:
    raise LedgerError("The ledger's database failed.")


ENDS = [
    KeyboardInterrupt(),
    OSError(28, "No space left on device"),
    RuntimeError("a fault of ours"),
    click.Abort(),
    MemoryError(),
]


@pytest.mark.parametrize("error", ENDS, ids=lambda one: type(one).__name__)
def test_whatever_ends_the_command_after_the_sale_is_told_apart(
    agency: Simulator,
    app: Flask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
) -> None:
    """Status 3, with license and link on the screen; the next command fetches and writes."""

    def end(*_: object) -> None:
        raise error

    one = list_ordinary_ids(agency)[0]
    with monkeypatch.context() as patched:
        patched.setattr(purchase_records, "fetch_license_file", end)
        shown = buy(app, one, tmp_path / "files")
    [sold] = agency.purchases
    assert shown.exit_code == 3, shown.output
    assert f"licensed as {sold.id}" in shown.output
    assert f"{agency.url}/" in shown.output
    again = buy(app, one, tmp_path / "files")
    assert again.exit_code == 1
    assert f"license {sold.id}" in again.output
    assert [row.state for row in read_purchases(app)] == ["licensed"]
    assert files(tmp_path / "files") == [".jpg"]


def test_a_journal_that_takes_no_answer_ends_nothing(
    agency: Simulator, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file comes and the ledger has the purchase, so that nothing is left."""

    def note(file: JournalFile, entries: Any, *, room: bool = False) -> None:
        if not room:
            raise OSError(5, "Input/output error")
        real(file, entries, room=room)

    real = JournalFile.write_entries
    monkeypatch.setattr(JournalFile, "write_entries", note)
    shown = buy(app, list_ordinary_ids(agency)[0], tmp_path / "files")
    assert shown.exit_code == 0, shown.output
    assert "can't be written: Input/output error" in shown.output
    assert [row.state for row in read_purchases(app)] == ["licensed"]
    assert (files(tmp_path / "files"), journals(tmp_path)) == ([".jpg"], [])


def test_a_screen_that_takes_nothing_ends_nothing(
    agency: Simulator, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where `| head` has ended: the file comes, the ledger has it, the status is 3."""

    def echo(words: str, **options: Any) -> None:
        if "licensed as" in words:
            raise BrokenPipeError(32, "Broken pipe")
        click.echo(words, **options)

    monkeypatch.setattr(purchase_records, "echo", echo)
    assert buy(app, list_ordinary_ids(agency)[0], tmp_path / "files").exit_code == 3
    assert [row.state for row in read_purchases(app)] == ["licensed"]
    assert files(tmp_path / "files") == [".jpg"]


def test_programs_that_read_no_more_are_told_by_the_status(
    agency: Simulator, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that can't be written after a sale are no failure that sold nothing."""

    def echo(words: str, **options: Any) -> None:
        if words.startswith("["):
            raise OSError(28, "No space left on device")
        click.echo(words, **options)

    monkeypatch.setattr(purchase_records, "echo", echo)
    assert (
        run(app, "license", "--live", "--yes", "--json", list_ordinary_ids(agency)[0]).exit_code
        == 3
    )
    assert [row.state for row in read_purchases(app)] == ["licensed"]


def test_a_file_that_did_not_come_is_fetched_by_the_next_command(
    agency: Simulator, app: Flask, tmp_path: Path
) -> None:
    """Its link is in the journal, which only its owner can read, until it is there."""
    one = list_ordinary_ids(agency)[0]
    agency.misbehave(answer_with(403), on="/gatekeeper/*")
    shown = buy(app, one, tmp_path / "files")
    assert shown.exit_code == 3
    assert "It can't be had later." in shown.output
    assert [row.state for row in read_purchases(app)] == ["licensed"]
    [journal] = journals(tmp_path)
    assert journal.stat().st_mode & 0o777 == 0o600
    shown = run(app, "history", "--live")
    assert "its file is here now" in shown.output
    assert files(tmp_path / "files") == [".jpg"]
    assert journals(tmp_path) == []


def test_links_that_are_over_are_given_up_after_a_day(
    agency: Simulator, app: Flask, tmp_path: Path
) -> None:
    agency.misbehave(answer_with(403), on="/gatekeeper/*", times=None)
    buy(app, list_ordinary_ids(agency)[0], tmp_path / "files")
    old = timedelta(hours=25)
    purchases = app.extensions["services"].ledger
    now = purchases.read_time
    purchases.read_time = lambda: now() + old
    assert "was not fetched" in run(app, "history", "--live").output
    assert journals(tmp_path) == []
    assert "was not fetched" not in run(app, "history", "--live").output


def test_without_a_place_for_the_journal_nothing_is_bought(
    agency: Simulator, tmp_path: Path
) -> None:
    """Where DATA_DIR can't be written, which may be where the ledger is not."""
    place_ledger(tmp_path)
    folder = tmp_path / "file" / "in"
    address = f"sqlite:///{tmp_path}/ledger.db"
    app = make_site(agency, tmp_path, DATABASE_URL=address, DATA_DIR=str(folder))
    shutil.rmtree(folder.parent, ignore_errors=True)  # since the start
    folder.parent.write_text("no folder")
    shown = buy(app, list_ordinary_ids(agency)[0], tmp_path / "files")
    assert shown.exit_code == 1
    assert f"DATA_DIR ({folder}) can't be written: Not a directory. Nothing" in shown.output
    assert agency.purchases == []


def test_an_unknown_outcome_leaves_no_journal(
    agency: Simulator, app: Flask, tmp_path: Path
) -> None:
    """The ledger knows all there is to know; the history settles it."""
    agency.misbehave(hang_up("read"), on=PATH, method="POST")
    assert buy(app, list_ordinary_ids(agency)[0], tmp_path).exit_code == 3
    assert journals(tmp_path) == []


def test_what_is_refused_or_done_leaves_no_journal(
    agency: Simulator, app: Flask, tmp_path: Path
) -> None:
    one, other = list_ordinary_ids(agency)[:2]
    assert buy(app, one, tmp_path).exit_code == 0
    assert buy(app, one, tmp_path).exit_code == 1
    agency.misbehave(answer_with(400), on=PATH, method="POST")
    assert buy(app, other, tmp_path).exit_code == 1
    assert journals(tmp_path) == []


def test_programs_read_what_a_failure_leaves(
    agency: Simulator, app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """License and link, and that the ledger has it not."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(purchase_records, "fetch_license_file", end)
    options = (*ONCE, "--live", "--yes", "--json", "--dir", str(tmp_path / "files"))
    shown = run(app, "license", *list_ordinary_ids(agency)[:2], *options)
    [row, other] = json.loads(shown.stdout)
    [sold] = agency.purchases
    assert shown.exit_code == 3
    assert (row["state"], row["license_id"], row["is_recorded"]) == ("licensed", sold.id, False)
    assert row["link"].startswith(agency.url)
    assert other["state"] == "not sent"
    assert "1 were not sent." in shown.output


def test_a_file_whose_link_was_lost_is_missed(
    agency: Simulator, app: Flask, tmp_path: Path
) -> None:
    """The answer did not arrive, the history has the license: its file came once, to nobody."""
    agency.misbehave(hang_up("acted"), on=PATH, method="POST")
    shown = buy(app, list_ordinary_ids(agency)[0], tmp_path / "files")
    assert f"licensed as {agency.purchases[0].id}" in shown.output
    assert "It can't be had later." in shown.output
    assert shown.exit_code == 3


def test_odd_names_of_licenses_stop_no_ledger(
    agency: Simulator, shared: Flask, tmp_path: Path
) -> None:
    """However long, or with what PostgreSQL refuses; no terminal gets orders."""
    for one, words in zip(
        list_ordinary_ids(agency), ("e" * 150, "e\0" * 40, "e\x1b[8m"), strict=False
    ):
        renamed = _renaming(words)
        agency.misbehave(renamed, on=PATH, method="POST")
        shown = buy(shared, one, tmp_path / "files")
        assert shown.exit_code == 0, shown.output
        assert "\x1b" not in shown.output
        assert journals(tmp_path) == []
    assert [row.state for row in read_purchases(shared)] == ["licensed"] * 3


def _renaming(words: str) -> Fault:
    return Fault(change=lambda answer: Answer(200, _renamed(answer.body, words)))


def _renamed(body: bytes, words: str) -> bytes:
    answer = json.loads(body)
    rows = [{**row, "license_id": words} for row in answer["data"]]
    return json.dumps({**answer, "data": rows}).encode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_end_that_a_system_asks_for_is_told(
    agency: Simulator,
    app: Flask,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    """As Ctrl-C is; afterwards the signal means what it did."""
    monkeypatch.setattr(
        purchase_records, "fetch_license_file", lambda *_: os.kill(os.getpid(), number)
    )
    before = signal.signal(number, signal.SIG_DFL)
    try:
        shown = buy(app, list_ordinary_ids(agency)[0], tmp_path / "files")
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, before)
    assert (shown.exit_code, len(journals(tmp_path))) == (3, 1)
    assert "Interrupted." in shown.output


@pytest.mark.parametrize("moments", ["bought", "printed", "bought and printed"])
def test_programs_are_told_of_a_purchase_whenever_an_end_comes(
    agency: Simulator, app: Flask, monkeypatch: pytest.MonkeyPatch, moments: str
) -> None:
    """Standard output has one whole document with the license."""
    buying, text_of = buy_offers, outputs.format_json

    def interrupt(moment: str) -> None:
        if moment in moments:
            os.kill(os.getpid(), signal.SIGTERM)

    def bought(*args: Any, **options: Any) -> int:
        status = buying(*args, **options)
        interrupt("bought")
        return status

    def printed(value: object) -> str:
        interrupt("printed")
        return text_of(value)

    monkeypatch.setattr(licensing, "buy_offers", bought)
    monkeypatch.setattr(outputs, "format_json", printed)
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        shown = run(app, "license", list_ordinary_ids(agency)[0], "--json", "--yes")
    finally:
        signal.signal(signal.SIGTERM, before)
    (row,) = json.loads(shown.stdout)
    assert (row["state"], row["license_id"]) == ("licensed", agency.purchases[0].id)
    assert "Interrupted." in shown.stderr
    assert shown.exit_code == 3
