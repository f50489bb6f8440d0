"""Connections to the databases of a ledger, SQLite and PostgreSQL, and the loss of connections.

A connection is thrown away at once when its server refuses to write or goes away: the next
connection may lead to a database that can be written.
"""

import logging
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from affiliate.database.failures import describe_failure
from affiliate.database.timeouts import use_thread_limit
from affiliate.errors import LedgerError, LedgerLost, LedgerRefused

WAIT_SECONDS: Final = 5
"""Seconds to wait for a connection, a lock, a statement."""
PROBE_SECONDS: Final = 2
"""Seconds that each statement of a write probe may take."""

log = logging.getLogger(__name__)


class DatabaseKind(NamedTuple):
    """The differences between the databases.

    ``first_statement`` begins every writing transaction, ``probe_statement`` one that only probes
    whether writing works. ``clock`` reads the time of a database that machines share; None for a
    database on this machine.
    """

    first_statement: str
    probe_statement: str
    connect_options: Mapping[str, Any]
    clock: sa.Select[Any] | None = None


DATABASES: Final = {
    "sqlite": DatabaseKind(
        first_statement="PRAGMA synchronous = FULL",  # less loses commits in a power cut (WAL)
        probe_statement="PRAGMA synchronous = FULL",
        connect_options={"timeout": WAIT_SECONDS},
    ),
    "postgresql": DatabaseKind(
        first_statement=f"SET LOCAL statement_timeout = '{WAIT_SECONDS}s'",
        probe_statement=f"SET LOCAL statement_timeout = '{PROBE_SECONDS}s'",
        connect_options={
            "client_encoding": "utf8",  # else a SQL_ASCII database answers in bytes
            "connect_timeout": WAIT_SECONDS,
            "tcp_user_timeout": WAIT_SECONDS * 1000,
            "keepalives_idle": WAIT_SECONDS,  # else a lost host is waited for for two hours
            "keepalives_interval": WAIT_SECONDS,
            "keepalives_count": 3,
            "prepare_threshold": None,  # PgBouncer hands each transaction another connection
        },
        clock=sa.select(sa.func.clock_timestamp(type_=sa.DateTime(timezone=True))),
    ),
}

ROW_ERRORS: Final = (
    sa.exc.DataError,
    sa.exc.IntegrityError,
    sa.exc.NotSupportedError,
    UnicodeError,
    OverflowError,
)
"""Errors of a row, not of the database."""


def build_engine(address: str, *, max_overflow: int) -> sa.Engine:
    """Return an engine that keeps one connection and opens up to ``max_overflow`` more.

    Raises:
        LedgerError: the address can't be read, or its database is unsupported or in memory.
    """
    try:
        url = sa.make_url(address)
        database = DATABASES[url.get_backend_name()]
    except (sa.exc.ArgumentError, LookupError, ValueError):  # with the address in their text
        raise LedgerError("DATABASE_URL can't be read; is its password percent-encoded?") from None
    if url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}:
        raise LedgerError("DATABASE_URL must name a SQLite file; one in memory would be lost.")
    engine = sa.create_engine(
        url,
        connect_args=database.connect_options,
        pool_size=1,
        max_overflow=max_overflow,
        pool_timeout=WAIT_SECONDS,
        pool_pre_ping=True,  # a database that was restarted costs no click
        hide_parameters=True,  # visitors' words stay out of logs
    )
    sa.event.listen(engine, "handle_error", _mark_disconnect)
    if engine.dialect.name == "postgresql":
        use_thread_limit(engine)
    return engine


def check_encoding(engine: sa.Engine) -> None:
    """Warn of a database that can't hold every word; such words are kept in part.

    SQL_ASCII holds bytes of any encoding, hence those of UTF-8.
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


def sqlite_path(engine: sa.Engine) -> Path | None:
    """Return the path of a SQLite database; None for the database of a server."""
    return Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None


def _mark_disconnect(context: sa.engine.ExceptionContext) -> None:
    """Tell SQLAlchemy that the connections of a database are lost that can no longer be written.

    SQLAlchemy leaves the cursor of a lost connection open, and the file of a SQLite database stays
    open until its last cursor is closed.
    """
    error = context.original_exception
    state = getattr(error, "sqlstate", None) or ""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # higher bits detail the same error
    broken = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}
    if state == "25006" or state.startswith("57P0") or code in broken:
        context.is_disconnect = True
        execution = context.execution_context
        if execution and isinstance(execution.cursor, sqlite3.Cursor):
            execution.cursor.close()


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn every failure of the database into a `LedgerError`.

    Raises:
        LedgerLost: the connection was lost or thrown away; another may work.
        LedgerRefused: the database does not take a row.
        LedgerError: any other failure.
    """
    try:
        yield
    except ROW_ERRORS as error:
        raise LedgerRefused(describe_failure(error)) from None
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        is_lost = getattr(error, "connection_invalidated", False)
        kind = LedgerLost if is_lost else LedgerError
        raise kind(describe_failure(error)) from None
