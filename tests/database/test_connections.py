"""Connections to databases that write no more, or stand no more at their path, are given up."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from multiprocessing import Pipe
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from affiliate.database.clicks import Click
from affiliate.database.connections import DATABASES
from affiliate.database.ledger import Ledger
from affiliate.database.sqlite_file import _read_marks, assign_new_id
from affiliate.errors import LedgerError
from tests.support.forks import fork_context
from tests.support.ledger_processes import record_before_and_after_mending
from tests.support.ledgers import new_ledger, place_ledger, read_upgraded_ledger
from tests.support.postgres import new_database, standby
from tests.support.waiting import wait_until


def click(number: int, words: str = "cat") -> Click:
    return Click(click_id=f"click-{number:06}", agency="demo", id="1", position=1, words=words)


def ids(ledger: Ledger) -> list[str]:
    return [one.click_id[-1] for _, one in ledger.stream_clicks()]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Ledger]:
    """Yield a ledger in a file, as a server has it, with one click."""
    with new_ledger(tmp_path) as ledger:
        ledger.upgrade()
        ledger.record(click(1))
        yield ledger


def remove_all(folder: Path) -> None:
    for path in folder.glob("ledger.db*"):
        path.unlink()


def remove_file(folder: Path) -> None:
    (folder / "ledger.db").unlink()


def remove_folder(folder: Path) -> None:
    shutil.rmtree(folder)


def restore(folder: Path) -> None:
    """Move a backup over the file, whose log stays behind."""
    (folder / "backup.db").write_bytes(read_upgraded_ledger())
    (folder / "backup.db").replace(folder / "ledger.db")


def restore_nothing(folder: Path) -> None:
    (folder / "empty").touch()
    (folder / "empty").replace(folder / "ledger.db")


def restore_before(folder: Path) -> None:
    """Move a file of the first version over the ledger."""
    with closing(sqlite3.connect(folder / "old.db")) as old:
        old.executescript(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);"
            "INSERT INTO alembic_version VALUES ('0001');"
            "CREATE TABLE clicks (click_id VARCHAR(64) PRIMARY KEY, at DATETIME NOT NULL,"
            "agency VARCHAR(100) NOT NULL, id VARCHAR(100) NOT NULL, media VARCHAR(5) NOT NULL,"
            "words VARCHAR(500) NOT NULL, position INTEGER NOT NULL, site VARCHAR(253) NOT NULL);"
        )
    (folder / "old.db").replace(folder / "ledger.db")


def restore_another(folder: Path) -> None:
    """Copy the file of another site over the ledger."""
    (folder / "ledger.db").write_bytes(read_upgraded_ledger())


def empty(folder: Path) -> None:
    (folder / "ledger.db").write_bytes(b"")


def replace_by_link(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "there.db").write_bytes(read_upgraded_ledger())
    (folder / "ledger.db").unlink()
    (folder / "ledger.db").symlink_to(folder / "elsewhere" / "there.db")


@pytest.mark.parametrize(
    "replace",
    [
        remove_all,
        remove_file,
        remove_folder,
        restore,
        restore_nothing,
        restore_before,
        restore_another,
        empty,
        replace_by_link,
    ],
    ids=lambda one: one.__name__,
)
def test_no_click_goes_to_a_file_that_is_gone(
    serving: Ledger, tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    """Whatever happens to the file under the site, what is acknowledged stands at its path."""
    serving.record(click(2))
    replace(tmp_path)
    serving.check_writing()
    for number in (3, 4):
        serving.record(click(number))
    with closing(Ledger(place_ledger(tmp_path))) as another:
        assert ids(another) == ["3", "4"]
        with another.read_connection() as connection:
            checked = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    assert checked == "ok"


def copy_as_told(ledger: Ledger, to: Path) -> None:
    ledger.back_up_to(to)


def copy_by_sqlite(ledger: Ledger, to: Path) -> None:
    """Copy the ledger as ``.backup`` of SQLite's own program does."""
    del ledger
    with (
        closing(sqlite3.connect(to.parent / "ledger.db")) as there,
        closing(sqlite3.connect(to)) as copy,
    ):
        there.backup(copy)


def copy_file(ledger: Ledger, to: Path) -> None:
    """Copy the file alone, without its log."""
    del ledger
    shutil.copyfile(to.parent / "ledger.db", to)


@pytest.mark.parametrize("copy", [copy_as_told, copy_by_sqlite, copy_file])
@pytest.mark.parametrize("later", [1, 60])
def test_a_copy_over_the_file_is_noticed(
    serving: Ledger,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    copy: Callable[[Ledger, Path], None],
    later: int,
) -> None:
    """The file stays the same to the system, but what follows stands in what was copied there."""
    with closing(Ledger(place_ledger(tmp_path))) as other:  # as another process has it
        copy(serving, tmp_path / "copy.db")
        for number in range(later):
            other.record(click(1000 + number))
        serving.check_writing()
        shutil.copyfile(tmp_path / "copy.db", tmp_path / "ledger.db")
        serving.record(click(3))
        other.record(click(4))
        serving.record(click(5))
    assert "removed or replaced" in caplog.text
    with closing(Ledger(place_ledger(tmp_path))) as another:
        assert sorted(ids(another)) == ["1", "3", "4", "5"]
        with another.read_connection() as connection:
            checked = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
    assert checked == "ok"


def cut_off(folder: Path) -> None:
    with (folder / "ledger.db").open("rb+") as file:
        file.truncate(20_000)


def begin_copy(folder: Path) -> None:
    """Copy the first half of another file over the ledger."""
    (folder / "ledger.db").write_bytes(read_upgraded_ledger()[:20_000])


def write_junk(folder: Path) -> None:
    (folder / "ledger.db").write_bytes(b"junk" * 20_000)


def put_folder(folder: Path) -> None:
    (folder / "ledger.db").unlink()
    (folder / "ledger.db").mkdir()


@pytest.mark.parametrize("spoil", [cut_off, begin_copy, write_junk, put_folder])
def test_clicks_wait_until_a_spoilt_file_is_put_right(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    """What can't be written to the ledger is kept beside it, and is there once a backup is."""
    with closing(Ledger(place_ledger(tmp_path), journal=tmp_path / "journal")) as ledger:
        ledger.upgrade()
        ledger.record(click(1))
        spoil(tmp_path)
        ledger.record(click(2))
        assert ledger.describe_click_state() == "kept"
        if (tmp_path / "ledger.db").is_dir():
            (tmp_path / "ledger.db").rmdir()
        (tmp_path / "ledger.db").write_bytes(read_upgraded_ledger())
        wait_until(lambda: ledger.describe_click_state() == "ok")
        assert ids(ledger) == ["2"]


def test_a_file_that_goes_while_a_click_is_written_costs_no_click(
    serving: Ledger, tmp_path: Path
) -> None:
    """A commit to a file that was removed meanwhile counts as none; the click is written anew."""

    def remove(_: sa.Connection) -> None:
        sa.event.remove(serving._writer, "commit", remove)
        remove_all(tmp_path)

    sa.event.listen(serving._writer, "commit", remove)
    serving.record(click(2))
    with closing(Ledger(place_ledger(tmp_path))) as another:
        assert ids(another) == ["2"]


def test_the_log_of_a_copy_that_came_with_it_stays(serving: Ledger, tmp_path: Path) -> None:
    """A file that is restored together with its log is read with it."""
    other = tmp_path / "other"
    other.mkdir()
    with new_ledger(other) as ledger:
        ledger.record(click(7))
        for name in ("ledger.db-wal", "ledger.db"):  # not folded in yet
            shutil.copy(other / name, tmp_path / f"copy-{name}")
            (tmp_path / f"copy-{name}").replace(tmp_path / name)
        (tmp_path / "ledger.db-shm").unlink()
    serving.record(click(8))
    assert ids(serving) == ["7", "8"]


def test_the_log_of_a_file_stays_short(serving: Ledger, tmp_path: Path) -> None:
    """Some hundred clicks take a small disk no more than a megabyte beside the file."""
    for number in range(400):
        serving.record(click(number))
    assert (tmp_path / "ledger.db-wal").stat().st_size < 1.3e6


def test_the_log_is_folded_in_at_the_end(serving: Ledger, tmp_path: Path) -> None:
    """After a process has closed its ledger the file alone holds all clicks."""
    serving.close()
    assert not (tmp_path / "ledger.db-wal").exists()
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "ledger.db", tmp_path / "copy")
    with closing(Ledger(place_ledger(tmp_path / "copy"))) as copy:
        assert ids(copy) == ["1"]


def test_a_thread_that_reads_at_the_end_keeps_no_connection(
    serving: Ledger, tmp_path: Path
) -> None:
    """The log is folded in once the thread is done, begun before or after the close."""
    with serving.read_connection() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM clicks").scalar()  # opens the file
        serving.close()
        assert (tmp_path / "ledger.db-wal").exists()
    assert not (tmp_path / "ledger.db-wal").exists()
    assert ids(serving) == ["1"]
    assert not (tmp_path / "ledger.db-wal").exists()


def test_a_file_that_can_be_written_again_is_written_at_once(serving: Ledger) -> None:
    """After a moment of read-only the next click is kept."""
    with serving._writer.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")  # this connection refuses for good
    serving.record(click(2))
    assert ids(serving) == ["1", "2"]


@pytest.mark.parametrize("parts", [[""], ["-wal", "-shm"], ["-shm"], ["", "-wal", "-shm"]])
def test_a_file_whose_mode_is_mended_is_written_without_a_restart(parts: list[str]) -> None:
    """Once owner and mode are right again, a process that could only read the files writes.

    Clicks that can't be written leave no file open.
    """
    ours, theirs = Pipe()
    fork_context().Process(target=record_before_and_after_mending, args=(parts, theirs)).start()
    assert ours.poll(60)
    assert ours.recv() == (0, ["before", "kept"])


def alter(server: str, url: str, setting: str) -> None:
    name = sa.make_url(url).database
    with psycopg.connect(host=server, user="postgres", autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} {setting}".encode())


def test_a_session_that_refuses_to_write_is_left(postgres: str) -> None:
    """A server that was read-only for a moment costs no click, though old sessions refuse on."""
    url = new_database(postgres)
    with closing(Ledger(url)) as first:
        first.upgrade()
    alter(postgres, url, "SET default_transaction_read_only = on")
    with closing(Ledger(url)) as ledger:
        with pytest.raises(LedgerError, match="read-only"):
            ledger.record(click(1))
        with pytest.raises(LedgerError, match="read-only"):
            ledger.check_writing()
        with ledger._writer.connect() as connection:  # a session of the read-only time
            connection.execute(sa.select(1))
        alter(postgres, url, "RESET default_transaction_read_only")
        ledger.record(click(2))
        assert ids(ledger) == ["2"]


def test_a_table_that_is_locked_is_told(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look at whether clicks can be written ends while another holds their table."""
    url, probe = new_database(postgres), "SET LOCAL statement_timeout = '0.1s'"
    assert DATABASES["postgresql"].probe_statement == "SET LOCAL statement_timeout = '2s'"
    soon = DATABASES["postgresql"]._replace(probe_statement=probe)
    monkeypatch.setitem(DATABASES, "postgresql", soon)
    with closing(Ledger(url)) as ledger, closing(Ledger(url)) as other:
        ledger.upgrade()
        ledger.check_writing()
        with other.write_transaction() as connection:
            connection.exec_driver_sql("LOCK TABLE clicks")
            with pytest.raises(LedgerError, match="took too long"):
                ledger.check_writing()
        ledger.check_writing()
        assert ids(ledger) == []


@pytest.mark.parametrize("encoding", ["", "&client_encoding=utf8"])
def test_words_cost_no_clicks_in_a_database_that_cannot_hold_them(
    postgres: str, encoding: str
) -> None:
    """Words in signs that the database doesn't have are kept as marks, all others as they are."""
    url = new_database(postgres, "LATIN1")
    with closing(Ledger(url + encoding)) as ledger:
        ledger.upgrade()
        for number, words in enumerate(("cat", "猫", "it\u2019s", "größe")):
            ledger.record(click(number, words))
        kept = [one.words for _, one in ledger.stream_clicks()]
    assert kept == ["cat", "?", "it?s", "größe"]


def test_clicks_wait_for_a_standby_until_it_is_promoted(postgres: str, tmp_path: Path) -> None:
    """What a replica refuses is kept on the disk, and stands in the database that it becomes."""
    url = new_database(postgres)
    with closing(Ledger(url)) as first:
        first.upgrade()
    with (
        standby(postgres) as replica,
        closing(Ledger(url.replace(postgres, replica.folder), journal=tmp_path / "j")) as ledger,
    ):
        ledger.upgrade()
        for number in range(3):
            ledger.record(click(number))
        assert ledger.describe_click_state() == "kept"
        replica.promote()
        wait_until(lambda: ledger.describe_click_state() == "ok")
        ledger.record(click(3))
        assert ids(ledger) == ["0", "1", "2", "3"]


def test_a_file_that_is_no_database_is_told_and_counted_once(
    serving: Ledger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However often the file is tried; the next one that comes there is another."""
    for number, text in ((1, b"no database"), (2, b"none, either")):
        (tmp_path / "other").write_bytes(text * 1000)
        (tmp_path / "other").replace(tmp_path / "ledger.db")
        for _ in range(3):
            with pytest.raises(LedgerError, match="NOTADB"):
                serving.check_writing()
        assert serving.replacements == number
        assert caplog.text.count("removed or replaced") == number
    restore(tmp_path)
    serving.check_writing()
    assert serving.replacements == 3


def test_a_look_at_a_file_that_has_gone_makes_none(tmp_path: Path) -> None:
    """Nor is a copy that was removed taken for a whole one."""
    for look in (_read_marks, assign_new_id):
        with pytest.raises(sqlite3.OperationalError):
            look(tmp_path / "gone?.db")
    assert not list(tmp_path.iterdir())
