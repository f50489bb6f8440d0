"""The database of a ledger: transactions, the state of its tables, and replaced SQLite files.

The content of the tables belongs to `ledger` and its neighbors, drivers to `connections`.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock, local
from typing import Final, cast

import sqlalchemy as sa

from affiliate.database import migrations
from affiliate.database.connections import (
    DATABASES,
    build_engine,
    check_encoding,
    sqlite_path,
    translate_errors,
)
from affiliate.database.sqlite_file import (
    DatabaseFile,
    FileVersion,
    assign_new_id,
    count_transaction,
    identify_file,
)
from affiliate.database.timeouts import limit_waits
from affiliate.domain.times import to_naive_utc
from affiliate.durable_files import measure_file
from affiliate.errors import LedgerLost

MAX_DELETED: Final = 2000
"""Rows that are deleted in one transaction."""
MAX_IN_LOG: Final = 50
"""Transactions that may stay in the log of a SQLite file where ``more_follow``."""
READ_SECONDS: Final = 30
"""Seconds that PostgreSQL may take for a statement that reads, after `limit_reads`."""
GRACE_SECONDS: Final = 5
"""Further seconds in which a busy server may say so; one that hangs does not."""
SNAPSHOT_SETTINGS: Final = {"jit": "off", "random_page_cost": "1.1"}
"""Settings of PostgreSQL for sums, which compile for longer than they save, and whose indexes are
in memory or on disks that read any page as fast as the next."""

log = logging.getLogger(__name__)


class _Snapshot(local):
    """The snapshot that a thread has opened."""

    connection: sa.Connection | None = None

    def find(self) -> sa.Connection | None:
        """Return the connection of an open snapshot, or None."""
        return self.connection if self.connection and not self.connection.closed else None


class LedgerDatabase:
    """The database at ``url``; ``now`` is the clock where the database has none to share."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._now = now
        # One connection is for writing alone, apart from the owner's reports.
        self._writer = build_engine(url, max_overflow=0)
        self._reader = build_engine(url, max_overflow=2)
        self._is_closed = False
        for engine in (self._writer, self._reader):
            sa.event.listen(engine, "checkin", self._close_late)
        self._database = DATABASES[self._writer.dialect.name]
        path = sqlite_path(self._writer)
        self._file = DatabaseFile(path) if path else None
        if self._file:
            self._file.watch(self._writer)
            self._file.watch(self._reader)
            sa.event.listen(self._writer, "handle_error", self._close_readers)
        self._read_settings: dict[str, str] = {}
        self._snapshot = _Snapshot()
        self.replacements = 0
        """Number of times that another SQLite file was found at the path."""
        self._in_log = 0
        self._upgrades = False
        self._preparing = Lock()
        self._prepared: tuple[FileVersion | None] | None = None
        self._reported: tuple[FileVersion | None] | None = None

    def upgrade(self) -> None:
        """Bring the tables up to date; any number of processes may do so at once.

        From then on the tables of any other file that takes the place of a SQLite database are
        brought up to date, too.
        """
        self._upgrades = True
        with self._preparing:
            self._prepare_tables(tries=migrations.MAX_TRIES)
        with translate_errors():
            check_encoding(self._writer)

    def limit_reads(self) -> None:
        """Give up statements that read for longer than `READ_SECONDS`, as a server does.

        An owner's command waits for as long as a report takes.
        """
        self._read_settings = {"statement_timeout": f"{READ_SECONDS}s"}

    def downgrade(self, revision: str) -> None:
        """Take the tables back to a revision; the data of newer revisions is lost."""
        with translate_errors():
            migrations.downgrade(self._writer, revision)

    def describe_losses(self, revision: str) -> list[str]:
        """Return the losses of `downgrade`, a sentence for each migration."""
        with translate_errors():
            return migrations.describe_losses(self._reader, revision)

    def read_revision(self) -> str | None:
        """Return the newest migration of the tables; None for a database without tables."""
        with self.read_connection() as connection:
            return migrations.read_revision(connection)

    def is_own_file(self, file: Path) -> bool:
        """Return whether a path leads to one of the SQLite database's files, by whatever name."""
        names = [f"{self._file.path}{end}" for end in ("", "-wal", "-shm")] if self._file else []
        own = [file_id for name in names if (file_id := identify_file(Path(name)))]
        return identify_file(file) in own

    def measure(self) -> int:
        """Return the bytes of the database."""
        if self._file:
            return sum(measure_file(Path(f"{self._file.path}{end}")) for end in ("", "-wal"))
        with self.read_connection() as connection:
            size = sa.select(sa.func.pg_database_size(sa.func.current_database()))
            return int(connection.execute(size).scalar_one())

    def back_up_to(self, file: Path) -> bool:
        """Copy a SQLite database into an empty file, online; return False for PostgreSQL."""
        if self._file is None:
            return False
        with self.read_connection() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(file),))
        with translate_errors():
            assign_new_id(file)
        return True

    @contextmanager
    def write_transaction(self) -> Iterator[sa.Connection]:
        """Open a short transaction over any of the tables; its rows are on the disk at its end."""
        with self._transaction(self._database.first_statement) as connection:
            yield connection

    @contextmanager
    def read_connection(self) -> Iterator[sa.Connection]:
        """Open a connection to read any of the tables; in a snapshot of this thread, its own."""
        if known := self._snapshot.find():
            with translate_errors():
                yield known
            return
        with self._open_reader() as connection:
            _set_locally(connection, self._read_settings)
            yield connection

    @contextmanager
    def read_snapshot(self) -> Iterator[sa.Connection]:
        """Open a connection whose reads all see one state of the database.

        A snapshot inside of another, in the same thread, is the same: what is written meanwhile,
        by whichever thread, is not seen. No generator may be left waiting inside.
        """
        if known := self._snapshot.find():
            with translate_errors():
                yield known
            return
        with self._open_reader() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:
                connection.execution_options(isolation_level="REPEATABLE READ")
                _set_locally(connection, SNAPSHOT_SETTINGS | self._read_settings)
            self._snapshot.connection = connection
            try:
                yield connection
            finally:
                self._snapshot.connection = None

    @contextmanager
    def _open_reader(self) -> Iterator[sa.Connection]:
        """Open a connection to read.

        A server that is frozen is found within seconds by the test of the connection, also by
        commands, whose statements have no limit.
        """
        self._make_ready()
        seconds = READ_SECONDS + GRACE_SECONDS
        limit = limit_waits(seconds) if self._read_settings else nullcontext()
        with translate_errors(), limit:
            with limit_waits():
                connection = self._reader.connect()
            with connection:
                yield connection

    def delete_rows(self, table: sa.Table, where: sa.ColumnElement[bool]) -> None:
        """Delete rows, at most `MAX_DELETED` in a transaction, as clicks wait meanwhile."""
        deleted = MAX_DELETED
        while deleted == MAX_DELETED:
            with self.write_transaction() as connection:
                deleted = self.delete_some(connection, table, where)

    @staticmethod
    def delete_some(
        connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]
    ) -> int:
        """Delete at most `MAX_DELETED` rows in a transaction; return the number of them."""
        columns = [*table.primary_key]
        key = sa.tuple_(*columns) if columns[1:] else columns[0]
        some = sa.select(*columns).where(where).limit(MAX_DELETED)
        return connection.execute(sa.delete(table).where(key.in_(some))).rowcount

    def today(self) -> date:
        """Return the day in UTC."""
        return self._now().astimezone(UTC).date()

    def now(self) -> datetime:
        """Return the time in UTC without a zone, as in the tables."""
        return to_naive_utc(self._now())

    def read_time(self) -> datetime:
        """Return the time by a clock that all processes of the database share."""
        if self._database.clock is None:
            return self._now()
        with self.read_connection() as connection:
            now: datetime = connection.execute(self._database.clock).scalar_one()
        return now

    def close(self) -> None:
        """Close all connections; those that threads use then are closed once they are returned.

        SQLite folds its log into the file only when the last connection is closed.
        """
        self._is_closed = True
        self._writer.dispose()
        self._reader.dispose()

    def _close_late(self, _: object, record: sa.pool.ConnectionPoolEntry) -> None:
        """Close a connection that is returned after `close`: no other call would."""
        if self._is_closed:
            record.invalidate()

    @contextmanager
    def _transaction(self, first: str, *, more_follow: bool = False) -> Iterator[sa.Connection]:
        self._make_ready()
        with translate_errors(), limit_waits(), self._writer.connect() as connection:
            with connection.begin():
                connection.exec_driver_sql(first)
                if self._file:  # the driver would begin at the first write, behind what is read
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                if self._file:
                    count_transaction(_driver_connection(connection))
            if self._file:
                if not self._file.is_unchanged(connection.info["file"]):
                    raise LedgerLost("The ledger's file was removed or replaced meanwhile.")
                self._in_log = self._in_log + 1 if more_follow else MAX_IN_LOG
                if self._in_log >= MAX_IN_LOG:
                    self._in_log = 0
                    self._file.checkpoint(_driver_connection(connection))

    def _make_ready(self) -> None:
        """Prepare the tables, at first and whenever another file is at the path."""
        if self._prepared != (self._file_version(),):
            with self._preparing:
                if self._prepared != (self._file_version(),):
                    if self._prepared and self._file:
                        self._report_replacement(self._file)
                    self._prepare_tables()

    def _report_replacement(self, file: DatabaseFile) -> None:
        """Log and count another file at the path; once, however often the file can't be used."""
        if self._reported != (file.read_version(),):
            log.error("the ledger's file was removed or replaced: %s", file.path)
            file.await_content()
            self.replacements += 1
            self._reported = (file.read_version(),)

    def _prepare_tables(self, tries: int = 1) -> None:
        is_new = self._file is not None and self._file.read_version()[1] is None
        with translate_errors():
            migrations.upgrade(self._writer, only_new=not self._upgrades, tries=tries)
        if is_new and self._file:
            log.warning("a new ledger was made at %s", self._file.path)
        self._prepared = (self._file_version(),)

    def _close_readers(self, context: sa.engine.ExceptionContext) -> None:
        """Close idle readers of a SQLite file that can't be written.

        SQLite opens a file for reading alone where its mode or owner forbids writing, and all
        connections of a process share the index of the write-ahead log in the mode of its first
        opening. The file is opened for writing again once all connections are closed.
        """
        if getattr(context.original_exception, "sqlite_errorname", "").startswith(
            "SQLITE_READONLY"
        ):
            self._reader.dispose()

    def _file_version(self) -> FileVersion | None:
        return self._file.read_version() if self._file else None


def _set_locally(connection: sa.Connection, settings: Mapping[str, str]) -> None:
    """Change settings of PostgreSQL for a transaction, whose first statement this is."""
    if settings and connection.dialect.name == "postgresql":
        changes = (sa.func.set_config(name, value, True) for name, value in settings.items())
        connection.execute(sa.select(*changes))


def _driver_connection(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    return cast("sqlite3.Connection", driver)
