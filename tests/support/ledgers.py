"""Gives tests ledgers whose tables are up to date; an upgrade takes longer than most tests."""

import functools
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql

from affiliate.database.ledger import Ledger
from affiliate.database.migrations import REVISION
from tests.support.postgres import new_database


@functools.cache
def read_upgraded_ledger() -> bytes:
    """Return the file of a SQLite ledger that was upgraded and never used."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with closing(Ledger(f"sqlite:///{path}")) as ledger:
            ledger.upgrade()
        return path.read_bytes()


def place_ledger(folder: Path) -> str:
    """Put a ledger into a folder, unless there is one, and return the ledger's address."""
    path = folder / "ledger.db"
    if not path.exists():
        path.write_bytes(read_upgraded_ledger())
    return f"sqlite:///{path}"


@functools.cache
def _upgrade_database(server: str) -> str:
    url = new_database(server)
    with closing(Ledger(url)) as ledger:
        ledger.upgrade()
    return url


def empty_database(server: str) -> str:
    """Return the address of an empty ledger on a PostgreSQL, whose tables are up to date.

    The process's tests have the same one after another: to make a database and its tables takes
    longer than most tests.
    """
    url = _upgrade_database(server)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        rows = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> 'alembic_version'"
        )
        tables = sql.SQL(", ").join(sql.Identifier(*row) for row in rows)
        connection.execute(sql.SQL("TRUNCATE {} RESTART IDENTITY").format(tables))
        connection.execute("UPDATE alembic_version SET version_num = %s", [REVISION])
    return url


def has_waiting_transaction(ledger: Ledger) -> bool:
    """Return whether a connection to a ledger on PostgreSQL waits for the lock of another."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with ledger.read_connection() as connection:
        return bool(connection.execute(waiting).scalar())


@contextmanager
def new_ledger(folder: Path) -> Iterator[Ledger]:
    """Yield a ledger in a folder, and close the ledger at the end."""
    with closing(Ledger(place_ledger(folder))) as ledger:
        yield ledger
