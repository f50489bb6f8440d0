"""The databases that a ledger may stand in: how they are connected to, and when no longer.

A connection is thrown away at once when its server refuses to write or goes away: the next one may
be to a database that writes.
"""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from affiliate.database.failures import describe_failure
from affiliate.database.timeouts import connect_patiently
from affiliate.errors import LedgerError, LedgerLost, LedgerRefused

PATIENCE: Final = 5
"""Seconds to wait for a connection, a lock, a statement."""
PROBE_SECONDS: Final = 2
"""Seconds that a look at whether the database writes may take in each of its statements."""

log = logging.getLogger(__name__)


class Database(NamedTuple):
    """What differs between the databases; ``before`` comes first in every writing transaction.

    ``probe`` comes first in one that only finds out whether writing works. ``clock`` asks one that
    machines share for the time; None where it is on this machine.
    """

    before: str
    probe: str
    connect: Mapping[str, Any]
    clock: sa.Select[Any] | None = None


DATABASES: Final = {
    "sqlite": Database(
        before="PRAGMA synchronous = FULL",  # in WAL mode, less may lose commits in a power cut
        probe="PRAGMA synchronous = FULL",
        connect={"timeout": PATIENCE},
    ),
    "postgresql": Database(
        before=f"SET LOCAL statement_timeout = '{PATIENCE}s'",
        probe=f"SET LOCAL statement_timeout = '{PROBE_SECONDS}s'",
        connect={
            "client_encoding": "utf8",  # else a SQL_ASCII database answers in bytes
            "connect_timeout": PATIENCE,
            "tcp_user_timeout": PATIENCE * 1000,
            "prepare_threshold": None,  # PgBouncer hands each transaction another connection
        },
        clock=sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))),
    ),
}

REFUSED: Final = (
    sa.exc.DataError,
    sa.exc.IntegrityError,
    sa.exc.NotSupportedError,
    UnicodeError,
    OverflowError,
)
"""What is wrong with a row, and not with the database."""


def connect_engine(address: str, *, max_overflow: int) -> sa.Engine:
    """Return an engine of one lasting connection and up to ``max_overflow`` more.

    Raises:
        LedgerError: no database of a known kind stands at the address.
    """
    try:
        url = sa.make_url(address)
        database = DATABASES[url.get_backend_name()]
    except (sa.exc.ArgumentError, LookupError, ValueError):  # their text holds the address
        raise LedgerError("DATABASE_URL can't be read; is its password percent-encoded?") from None
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise LedgerError("DATABASE_URL must name a SQLite file; one in memory would be lost.")
    engine = sa.create_engine(
        url,
        connect_args=database.connect,
        pool_size=1,
        max_overflow=max_overflow,
        pool_timeout=PATIENCE,
        pool_pre_ping=True,  # a database that was restarted costs no click
        hide_parameters=True,  # visitors' words stay out of logs
    )
    sa.event.listen(engine, "handle_error", _throw_away)
    if engine.dialect.name == "postgresql":
        connect_patiently(engine)
    return engine


def look_at_encoding(engine: sa.Engine) -> None:
    """Log where a database can't hold every word; what it can hold is kept all the same.

    SQL_ASCII holds bytes of any encoding, so those of UTF-8.
    """
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding not in {"UTF8", "SQL_ASCII"}:
        log.warning(
            "The ledger's database has the encoding %s, but words need UTF8: other letters of"
            " clicks are kept as question marks; make one with ENCODING 'UTF8'.",
            encoding,
        )


def file_of(engine: sa.Engine) -> Path | None:
    """Return the path of a SQLite database; None for a server's."""
    return Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None


def _throw_away(context: sa.engine.ExceptionContext) -> None:
    """Mark the connections of a database that writes no more as lost, in SQLAlchemy's words.

    SQLAlchemy leaves the cursor of a lost connection open, and the file of a SQLite database stays
    open until its last cursor is closed.
    """
    error = context.original_exception
    state = getattr(error, "sqlstate", None) or ""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest says more about the same
    broken = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
    if state == "25006" or state.startswith("57P0") or code in broken:
        context.is_disconnect = True
        execution = context.execution_context
        if execution and isinstance(execution.cursor, sqlite3.Cursor):
            execution.cursor.close()


@contextmanager
def translated() -> Iterator[None]:
    """Turn every failure of the database into a `LedgerError`.

    Raises:
        LedgerLost: the connection was lost or thrown away; another may do.
        LedgerRefused: the database does not take a row.
        LedgerError: anything else.
    """
    try:
        yield
    except REFUSED as error:
        raise LedgerRefused(describe_failure(error)) from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        is_lost = getattr(error, "connection_invalidated", False)
        kind = LedgerLost if is_lost else LedgerError
        raise kind(describe_failure(error)) from None
