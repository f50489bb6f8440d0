"""A PostgreSQL that says nothing is given up, where somebody waits for it."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import psycopg
import pytest
import sqlalchemy as sa

from affiliate.database import engine, timeouts
from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from affiliate.database.schema import click_days
from affiliate.errors import LedgerError
from tests.support.postgres import new_database


def find_process(connection: sa.Connection) -> int:
    """Return the process of the server behind a connection."""
    process: int = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    return process


@contextmanager
def freeze(process: int) -> Iterator[None]:
    """Freeze a process of the server."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_frozen_server_holds_no_click(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection on which nothing comes is closed, and another is tried; reports may wait."""
    monkeypatch.setattr(timeouts, "HUNG_SECONDS", 0.2)
    with closing(Ledger(new_database(postgres))) as ledger:
        ledger.upgrade()
        ledger.record(Click(click_id="click-000001", agency="demo", id="1", position=1))
        with ledger._writer.connect() as connection:
            process = find_process(connection)
        with freeze(process):
            ledger.record(Click(click_id="click-000002", agency="demo", id="1", position=1))
        with ledger.read_connection() as connection:
            connection.exec_driver_sql("SELECT pg_sleep(0.4)")
        assert [one.click_id for _, one in ledger.stream_clicks()] == [
            "click-000001",
            "click-000002",
        ]


def test_a_connection_that_froze_while_idle_holds_no_reader(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands have no limit for their reports, and yet go on with another connection."""
    monkeypatch.setattr(timeouts, "HUNG_SECONDS", 0.2)
    with closing(Ledger(new_database(postgres))) as ledger:
        with ledger.read_connection() as connection:
            process = find_process(connection)
        with freeze(process):
            assert ledger.read_revision() is not None


@pytest.fixture
def server(postgres: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Ledger]]:
    """Yield the address of a database, and its ledger as a server of the site has it."""
    monkeypatch.setattr(engine, "READ_SECONDS", 0.2)
    url = new_database(postgres)
    with closing(Ledger(url)) as ledger:
        ledger.upgrade()
        ledger.limit_reads()
        yield url, ledger


READS = [Ledger.read_snapshot, Ledger.read_connection]


@pytest.mark.parametrize("read", READS)
def test_a_server_that_freezes_amid_a_report_is_given_up(
    server: tuple[str, Ledger],
    read: Callable[[Ledger], AbstractContextManager[sa.Connection]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page of the desk holds no thread of a process for longer than a report may take."""
    monkeypatch.setattr(engine, "GRACE_SECONDS", 0.1)

    def freeze_amid() -> None:
        with read(server[1]) as connection, freeze(find_process(connection)):
            connection.exec_driver_sql("SELECT 1")

    with pytest.raises(LedgerError, match="does not answer in time"):
        freeze_amid()


@pytest.mark.parametrize("read", READS)
def test_a_report_waits_for_no_lock_for_long(
    server: tuple[str, Ledger], read: Callable[[Ledger], AbstractContextManager[sa.Connection]]
) -> None:
    """The server gives up as well, and the next report has the same connection."""
    url, ledger = server
    processes = set()

    def report() -> None:
        with read(ledger) as connection:
            processes.add(find_process(connection))
            connection.execute(click_days.select())

    with psycopg.connect(url.replace("+psycopg", "")) as idle:
        idle.execute("LOCK TABLE click_days")
        with pytest.raises(LedgerError, match="look for locks"):
            report()
    report()
    assert len(processes) == 1
