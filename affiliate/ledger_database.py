"""The database of a ledger: its connections, and the state of its tables.

What stands in the tables is the ledger's; connections and drivers are those of `databases`.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Lock

import sqlalchemy as sa

from affiliate import migrations
from affiliate.databases import (
    DATABASES,
    connect_engine,
    file_of,
    identify,
    look_at_encoding,
    translated,
)
from affiliate.errors import LedgerLost
from affiliate.patience import unless_hung

log = logging.getLogger(__name__)


class LedgerDatabase:
    """The database at ``url``; ``now`` tells the time where the database has no clock to share."""

    def __init__(self, url: str, now: Callable[[], datetime]) -> None:
        self._now = now
        # One connection writes, whatever the owner's reports do to the others.
        self._writer = connect_engine(url, max_overflow=0)
        self._reader = connect_engine(url, max_overflow=2)
        self._database = DATABASES[self._writer.dialect.name]
        self._path = file_of(self._writer)
        self._upgrades = False
        self._preparing = Lock()
        self._prepared: tuple[object] | None = None

    def upgrade(self) -> None:
        """Bring the tables up to date; any number of processes may do so at once.

        From then on those of another file, which comes to stand in the place of a SQLite
        database, are brought up to date too.
        """
        self._upgrades = True
        with self._preparing:
            self._prepare()
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
        names = [f"{self._path}{end}" for end in ("", "-wal", "-shm")] if self._path else []
        own = [found for name in names if (found := identify(Path(name)))]
        return identify(file) in own

    def back_up(self, file: Path) -> bool:
        """Copy a SQLite database into an empty file, online; False where it is no SQLite."""
        if self._path is None:
            return False
        with self.reading() as connection:
            connection.exec_driver_sql("VACUUM INTO ?", (str(file),))
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
    def _transaction(self, first: str) -> Iterator[sa.Connection]:
        self._make_ready()
        with translated(), unless_hung(), self._writer.begin() as connection:
            connection.exec_driver_sql(first)
            yield connection
            file = connection.info.get("file")
        if self._path and identify(self._path) != file:
            raise LedgerLost("The ledger's file was removed or replaced meanwhile.")

    def _make_ready(self) -> None:
        """See to the tables, at first and whenever another file stands at the path."""
        if self._prepared != (self._identity(),):
            with self._preparing:
                if self._prepared != (self._identity(),):
                    if self._prepared:
                        log.error("the ledger's file was removed or replaced: %s", self._path)
                    self._prepare()

    def _prepare(self) -> None:
        is_new = self._path is not None and self._identity() is None
        with translated():
            migrations.upgrade(self._writer, only_new=not self._upgrades)
        if is_new:
            log.warning("a new ledger was made at %s", self._path)
        self._prepared = (self._identity(),)

    def _identity(self) -> tuple[int, int] | None:
        return identify(self._path) if self._path else None
