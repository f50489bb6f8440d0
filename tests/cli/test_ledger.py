"""The owner copies the ledger, puts it back, and takes it back for an older version."""

import errno
import fcntl
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from affiliate.database import migrations
from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from affiliate.errors import LedgerError
from app import create_app
from tests.support.apps import ClientMaker
from tests.support.licensing_command import run
from tests.support.shared_parts import close


@pytest.fixture
def app(client: FlaskClient) -> Flask:
    return client.application


def record(app: Flask, number: int) -> None:
    one = Click(click_id=f"click-{number:04}", agency="demo", id="1", position=1)
    app.extensions["services"].ledger.record(one)


def ids(ledger: Ledger) -> list[str]:
    return [one.click_id for _, one in ledger.stream_clicks()]


def mark(app: Flask, revision: str, readable_from: str | None) -> None:
    """Make the ledger one of a newer version."""
    with app.extensions["services"].ledger.write_transaction() as connection:
        connection.execute(sa.text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        if readable_from:
            connection.execute(
                sa.text(f"INSERT INTO revisions VALUES ('{revision}', '{readable_from}')")
            )


def as_command(folder: Path) -> Flask:
    with click.Context(click.Command("clicks")):
        return create_app({"DATA_DIR": str(folder)})


def test_a_backup_holds_what_was_acknowledged(app: Flask, tmp_path: Path) -> None:
    """It is taken while the site writes, for its owner alone, and named once it is whole."""
    for number in range(3):
        record(app, number)
    made = run(app, "ledger", "backup", str(tmp_path / "backup.db"))
    assert (made.exit_code, "SECRET_KEY" in made.output) == (0, True)
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o600
    record(app, 3)
    again = run(app, "ledger", "backup", str(tmp_path / "backup.db"))
    assert (again.exit_code, "--force" in again.output) == (1, True)
    copy = Ledger(f"sqlite:///{tmp_path}/backup.db")
    assert len(ids(copy)) == 3
    copy.close()
    assert run(app, "ledger", "backup", "--force", str(tmp_path / "backup.db")).exit_code == 0
    assert not list(tmp_path.glob(".*"))


def test_no_backup_takes_the_ledgers_place(app: Flask, tmp_path: Path) -> None:
    """Its file and those beside it are refused by every name, or a running site would lose it."""
    record(app, 1)
    before = (tmp_path / "ledger.db").stat().st_ino
    (tmp_path / "other").symlink_to("ledger.db")
    (tmp_path / "second").hardlink_to(tmp_path / "ledger.db")
    for name in ("ledger.db", "other", "second", "ledger.db-wal", "ledger.db-shm"):
        made = run(app, "ledger", "backup", "--force", str(tmp_path / name))
        assert (made.exit_code, "is the ledger itself" in made.output) == (1, True), name
    assert (tmp_path / "ledger.db").stat().st_ino == before


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP])
def test_a_backup_goes_onto_disks_without_hard_links(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Memory sticks and shares of other systems have none."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    record(app, 1)
    made = run(app, "ledger", "backup", str(tmp_path / "stick.db"))
    assert (made.exit_code, (tmp_path / "stick.db").exists()) == (0, True), made.output
    assert not list(tmp_path.glob(".*"))


def test_a_backup_is_put_back(make_client: ClientMaker, tmp_path: Path) -> None:
    """As the documentation says: stop, move the ledger away, put the copy there, start."""
    app = make_client().application
    record(app, 1)
    run(app, "ledger", "backup", str(tmp_path / "backup.db"))
    record(app, 2)
    close(app)
    for path in tmp_path.glob("ledger.db*"):
        path.replace(tmp_path / f"former-{path.name}")
    (tmp_path / "backup.db").replace(tmp_path / "ledger.db")
    again = make_client().application
    record(again, 3)
    assert ids(again.extensions["services"].ledger) == ["click-0001", "click-0003"]


def test_a_backup_that_cannot_be_made_leaves_nothing(app: Flask, tmp_path: Path) -> None:
    """A folder that is not there is told in a sentence."""
    failed = run(app, "ledger", "backup", str(tmp_path / "none" / "backup.db"))
    assert failed.exit_code == 1
    assert "can't be written: No such file" in failed.output


def test_a_copy_that_breaks_off_leaves_nothing(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk is told of the copy, and what SQLite had beside it goes, too."""

    def fail(part: Path) -> bool:
        for end in ("", "-journal", "-wal"):
            Path(f"{part}{end}").write_bytes(b"half")
        raise LedgerError("the disk is full (SQLITE_FULL).")

    monkeypatch.setattr(app.extensions["services"].ledger, "back_up_to", fail)
    failed = run(app, "ledger", "backup", str(tmp_path / "a b.db"))
    assert (failed.exit_code, "a b.db was not made: the disk is full" in failed.output) == (1, True)
    assert not list(tmp_path.glob("*a b.db*"))


def test_what_a_killed_command_left_is_removed(app: Flask, tmp_path: Path) -> None:
    """The next backup of that name removes it; a copy that is being made stays."""
    for name in (os.getpid(), "0a1b2c3d"):  # of the version before, and of this one
        for end in ("", "-journal", "-lock"):
            (tmp_path / f".b.db.{name}.part{end}").touch()
    (tmp_path / ".b.db.4711.part").touch()
    others = [".b.db.9f8e7d6c.part", ".b.db.9f8e7d6c.part-lock", ".c.db.4711.part", ".b.db.x.part"]
    for name in others:
        (tmp_path / name).touch()
    with (tmp_path / others[1]).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of a container, whose processes have other numbers
        assert run(app, "ledger", "backup", str(tmp_path / "b.db")).exit_code == 0
    assert {path.name for path in tmp_path.glob(".*.part*")} == set(others)


def test_a_copy_is_locked_while_it_is_made(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second command of that name leaves the first one's copy alone."""
    ledger, left = app.extensions["services"].ledger, list[bool]()

    def copied_meanwhile(part: Path) -> bool:
        monkeypatch.undo()
        assert run(app, "ledger", "backup", str(tmp_path / "b.db")).exit_code == 0
        left.append(part.exists())
        return bool(ledger.back_up_to(part))

    monkeypatch.setattr(ledger, "back_up_to", copied_meanwhile)
    assert run(app, "ledger", "backup", str(tmp_path / "b.db"), "--force").exit_code == 0
    assert left == [True]
    assert [path.name for path in tmp_path.glob("*b.db*")] == ["b.db"]


def test_postgresql_has_a_program_of_its_own(make_client: ClientMaker, tmp_path: Path) -> None:
    """The command says which, without the address, and that nothing was copied."""
    app = make_client(DATABASE_URL="postgresql://site:hunter2@127.0.0.1:1/ledger").application
    told = run(app, "ledger", "backup", str(tmp_path / "backup.dump"))
    assert (told.exit_code, "hunter2" in told.output) == (1, False)
    assert "pg_dump --format=custom --no-owner" in told.output
    assert not (tmp_path / "backup.dump").exists()


def test_a_ledger_is_taken_back_and_forth(app: Flask) -> None:
    """What is lost is said before; an older program finds its own tables."""
    record(app, 1)
    asked = run(app, "ledger", "downgrade", "0006", says="n\n")
    assert (asked.exit_code, "- Drop the columns." in asked.output) == (1, True)
    done = run(app, "ledger", "downgrade", "0006", "--yes")
    assert done.exit_code == 0
    with app.extensions["services"].ledger.read_connection() as connection:
        assert migrations.read_revision(connection) == "0006"
        assert not sa.inspect(connection).has_table("revisions")
    assert "flask ledger upgrade" in run(app, "clicks").output  # what a report needs
    assert "nothing is to be done" in run(app, "ledger", "downgrade", "0006").output
    assert run(app, "ledger", "upgrade").exit_code == 0
    assert ids(app.extensions["services"].ledger) == ["click-0001"]


def test_an_unknown_revision_is_named(app: Flask) -> None:
    """Nothing is done for a word that is no revision."""
    failed = run(app, "ledger", "downgrade", "6", "--yes")
    assert (failed.exit_code, "0001" in failed.output) == (1, True)


def test_no_command_changes_tables(app: Flask, tmp_path: Path) -> None:
    """A report of a newer checkout leaves the older version its ledger."""
    run(app, "ledger", "downgrade", "0010", "--yes")
    close(app)
    other = as_command(tmp_path)
    assert run(other, "clicks").exit_code == 0
    with other.extensions["services"].ledger.read_connection() as connection:
        assert migrations.read_revision(connection) == "0010"
    close(other)


@pytest.mark.parametrize("start", [Ledger.upgrade, lambda ledger: ledger.check_writing()])
def test_a_newer_ledger_that_was_only_added_to_is_used(
    app: Flask, tmp_path: Path, caplog: pytest.LogCaptureFixture, start: Callable[[Ledger], None]
) -> None:
    """The server and the commands of an older version go on, and say so."""
    mark(app, "9999", "0001")
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    start(ledger)
    ledger.record(Click(click_id="click-0001", agency="demo", id="1", position=1))
    assert ids(ledger) == ["click-0001"]
    assert "newer version (9999" in caplog.text
    ledger.close()


@pytest.mark.parametrize("readable_from", [None, "9999", "9998"])
@pytest.mark.parametrize("start", [Ledger.upgrade, lambda ledger: ledger.check_writing()])
def test_a_newer_ledger_that_was_changed_is_refused(
    app: Flask, tmp_path: Path, readable_from: str | None, start: Callable[[Ledger], None]
) -> None:
    """Where the database doesn't say that this version can go on, nothing is written."""
    mark(app, "9999", readable_from)
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db")
    with pytest.raises(LedgerError, match=r"newer version .*9999.* flask ledger downgrade 00"):
        start(ledger)
    ledger.close()
    told = run(app, "ledger", "downgrade", "0006", "--yes")
    assert (told.exit_code, "newer version" in told.output) == (1, True)


def test_each_migration_says_who_can_go_on(app: Flask) -> None:
    """The database has a mark of each, which never leads back or past the migration itself."""
    with app.extensions["services"].ledger.read_connection() as connection:
        rows = connection.execute(sa.text("SELECT * FROM revisions ORDER BY revision")).all()
    assert [row[0] for row in rows][-1] == migrations.REVISION
    assert len(rows) == int(migrations.REVISION)
    marks = [row[1] for row in rows]
    assert marks == sorted(marks)
    assert all(readable <= name and re.fullmatch("[0-9]{4}", readable) for name, readable in rows)
