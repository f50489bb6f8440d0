"""The database of a ledger: its connections, and the state of its tables.

What stands in the tables is the ledger's; connections and drivers are those of `connections`.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Lock
from typing import Final, cast

import sqlalchemy as sa

from affiliate.database import migrations
from affiliate.database.connections import (
    DATABASES,
    connect_engine,
    file_of,
    look_at_encoding,
    translated,
)
from affiliate.database.sqlite_file import (
    DatabaseFile,
    Present,
    count_transaction,
    identify,
    set_apart,
)
from affiliate.database.timeouts import unless_hung
from affiliate.errors import LedgerLost

MAX_DELETED: Final = 2000
"""Rows that are deleted in one transaction."""
UNFOLDED: Final = 50
"""Transactions that may stay in the log of a SQLite file where ``more_follow``."""

log = logging.getLogger(__name__)


class LedgerDatabase:
    """The database at ``url``; ``now`` tells the time where the database has no clock to share."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._now = now
        # One connection writes, whatever the owner's reports do to the others.
        self._writer = connect_engine(url, max_overflow=0)
        self._reader = connect_engine(url, max_overflow=2)
        self._database = DATABASES[self._writer.dialect.name]
        path = file_of(self._writer)
        self._file = DatabaseFile(path) if path else None
        if self._file:
            self._file.watch(self._writer)
            self._file.watch(self._reader)
            sa.event.listen(self._writer, "handle_error", self._close_readers)
        self.replaced = 0
        """How often another SQLite file was found at the path."""
        self._unfolded = 0
        self._upgrades = False
        self._preparing = Lock()
        self._prepared: tuple[Present | None] | None = None
        self._noticed: tuple[Present | None] | None = None

    def upgrade(self) -> None:
        """Bring the tables up to date; any number of processes may do so at once.

        From then on those of another file, which comes to stand in the place of a SQLite
        database, are brought up to date too.
        """
        self._upgrades = True
        with self._preparing:
            self._prepare(tries=migrations.TRIES)
        with translated():
            look_at_encoding(self._writer)

    def downgrade(self, revision: str) -> None:
        """Take the tables back to a revision, with all that newer ones hold."""
        with translated():
            migrations.downgrade(self._writer, revision)

    def losses(self, revision: str) -> list[str]:
        """Return what `downgrade` would lose, a sentence for each migration."""
        with translated():
            return migrations.losses(self._reader, revision)

    def revision(self) -> str | None:
        """Return the migration that the tables are of; None where there are no tables."""
        with self.reading() as connection:
            return migrations.read_revision(connection)

    def stands_at(self, file: Path) -> bool:
        """Return whether a path is that of one of SQLite's own files, by whatever name."""
        names = [f"{self._file.path}{end}" for end in ("", "-wal", "-shm")] if self._file else []
        own = [found for name in names if (found := identify(Path(name)))]
        return identify(file) in own

    def back_up(self, file: Path) -> bool:
        """Copy a SQLite database into an empty file, online; False where it is no SQLite."""
        if self._file is None:
            return False
        with self.reading() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(file),))
        with translated():
            set_apart(file)
        return True

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Open a short transaction over any of the tables; its end puts its rows on the disk."""
        with self._transaction(self._database.before) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Open a connection that reads any of the tables."""
        self._make_ready()
        with translated(), self._reader.connect() as connection:
            yield connection

    def delete_rows(self, table: sa.Table, where: sa.ColumnElement[bool]) -> None:
        """Delete rows, `MAX_DELETED` in a transaction, as clicks wait meanwhile."""
        columns = [*table.primary_key]
        key = sa.tuple_(*columns) if columns[1:] else columns[0]
        some = sa.select(*columns).where(where).limit(MAX_DELETED)
        deleted = MAX_DELETED
        while deleted == MAX_DELETED:
            with self.writing() as connection:
                deleted = connection.execute(sa.delete(table).where(key.in_(some))).rowcount

    def today(self) -> date:
        """Return the day in UTC."""
        return self._now().astimezone(UTC).date()

    def time(self) -> datetime:
        """Return the time, by a clock that all processes of the database share."""
        if self._database.clock is None:
            return self._now()
        with self.reading() as connection:
            found: datetime = connection.execute(self._database.clock).scalar_one()
        return found

    def close(self) -> None:
        """Let go of all connections."""
        self._writer.dispose()
        self._reader.dispose()

    @contextmanager
    def _transaction(self, first: str, *, more_follow: bool = False) -> Iterator[sa.Connection]:
        self._make_ready()
        with translated(), unless_hung(), self._writer.connect() as connection:
            with connection.begin():
                connection.exec_driver_sql(first)
                yield connection
                is_counted = self._file is not None and _count(connection)
            if is_counted and self._file:
                if not self._file.is_still(connection.info["file"]):
                    raise LedgerLost("The ledger's file was removed or replaced meanwhile.")
                self._unfolded = self._unfolded + 1 if more_follow else UNFOLDED
                if self._unfolded >= UNFOLDED:
                    self._unfolded = 0
                    self._file.fold_in(_driver(connection))

    def _make_ready(self) -> None:
        """See to the tables, at first and whenever another file stands at the path."""
        if self._prepared != (self._present(),):
            with self._preparing:
                if self._prepared != (self._present(),):
                    if self._prepared and self._file:
                        self._notice(self._file)
                    self._prepare()

    def _notice(self, file: DatabaseFile) -> None:
        """Tell and count another file at the path; once, however often that can't be used."""
        if self._noticed != (file.present(),):
            log.error("the ledger's file was removed or replaced: %s", file.path)
            file.await_content()
            self.replaced += 1
            self._noticed = (file.present(),)

    def _prepare(self, tries: int = 1) -> None:
        is_new = self._file is not None and self._file.present()[1] is None
        with translated():
            migrations.upgrade(self._writer, only_new=not self._upgrades, tries=tries)
        if is_new and self._file:
            log.warning("a new ledger was made at %s", self._file.path)
        self._prepared = (self._present(),)

    def _close_readers(self, context: sa.engine.ExceptionContext) -> None:
        """Close idle readers of a SQLite file that can't be written.

        SQLite opens a file for reading alone where its mode or owner forbids writing, and all
        connections of a process share the index of the write-ahead log in the way in which the
        first one opened it. The file is opened for writing again once all are closed.
        """
        if getattr(context.original_exception, "sqlite_errorname", "").startswith(
            "SQLITE_READONLY"
        ):
            self._reader.dispose()

    def _present(self) -> Present | None:
        return self._file.present() if self._file else None


def _count(connection: sa.Connection) -> bool:
    """Count a transaction on a SQLite file; False where nothing was written."""
    driver = _driver(connection)
    if driver.in_transaction:
        count_transaction(driver)
        return True
    return False


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    return cast("sqlite3.Connection", driver)
