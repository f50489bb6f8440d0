"""The file of a SQLite database, watched: another may come to stand at its path, or in its place.

A file that is moved there is another to the system. One that is copied over it (``cp``, ``rsync
--inplace``) is not, while open connections would go on with what they know of the one before and
mix both. So each database has an id, and a number that each transaction raises and puts into the
file before its rows count as kept: who finds another id, or a lower number than before, has
another database before it.
"""

import os
import secrets
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry as PoolEntry

PAGE: Final = 4096
"""Bytes of a page of SQLite's."""
NUMBERS: Final = 2**31
"""So many numbers there are; after the last comes 0."""
SETTLED_NS: Final = 50_000_000
"""Nanoseconds after which a second change of a file has another time than the first."""

COPY_SECONDS: Final = 0.25
"""How long a copy may take to begin."""


class _State(NamedTuple):
    """What a look at the path finds; no two files, and no two states of one, have the same."""

    device: int
    inode: int
    size: int
    changed_ns: int
    written_ns: int

    @property
    def file(self) -> tuple[int, int]:
        return self.device, self.inode

    def is_settled(self) -> bool:
        """Return whether the next change will have another time."""
        return time.time_ns() - self.changed_ns > SETTLED_NS


class _Marks(NamedTuple):
    """What tells a state of a database from those of others, and from its own before."""

    database: int
    number: int
    is_short: bool
    """Whether the file has fewer pages than there are, as in the middle of folding a log in."""

    def continues(self, before: "_Marks") -> bool:
        """Return whether this can be what has become of an earlier state."""
        step = (self.number - before.number) % NUMBERS
        return before.database in {0, self.database} and step < NUMBERS // 2


Present = tuple[int, tuple[int, int] | None]
"""What stands at a path now: how many databases have gone from there, and which file it is."""


def identify(path: Path) -> tuple[int, int] | None:
    """Return what tells the file at a path from all others; None where there is none."""
    state = _look(path)
    return state and state.file


def checkpoint_pages(path: Path) -> int:
    """Return after how many pages a SQLite file's log is folded in: fewer on a small disk."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return 256
    return min(max(disk.f_blocks * disk.f_frsize // PAGE // 64, 32), 256)


def count_transaction(connection: sqlite3.Connection) -> None:
    """Raise the database's number within the open transaction; the first one names it, too."""
    if not _value(connection, "application_id"):
        _name(connection)
    number = (_value(connection, "user_version") + 1) % NUMBERS
    connection.execute(f"PRAGMA user_version = {number}")


def set_apart(copy: Path) -> None:
    """Make a copy of a database one of its own, which is known when it stands in the other's place.

    It has a write-ahead log, as processes that still hold the other would not let it have one.
    """
    with closing(_connect(copy, "mode=rw")) as connection:
        _name(connection)
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")


class DatabaseFile:
    """The file at ``path``; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._gone = 0
        self._state: _State | None = None
        self._is_settled = False
        self._marks: _Marks | None = None
        self._known_log: tuple[int, int] | None = None

    def watch(self, engine: sa.Engine) -> None:
        """Let an engine use no connection to a database that no longer stands at the path."""
        sa.event.listen(engine, "connect", self._connected)
        sa.event.listen(engine, "checkout", self._taken)
        sa.event.listen(engine, "checkin", self._given_back)
        sa.event.listen(engine, "close", self._closing)

    def present(self) -> Present:
        """Return what stands at the path; another value than before when that is another."""
        with self._lock:
            state = _look(self.path)
            if state != self._state:
                self._see(state)
            return self._present()

    def is_still(self, present: Present) -> bool:
        """Return whether the same stands at the path, even if that was changed just now."""
        with self._lock:
            if not self._is_settled:
                self._see(_look(self.path))
        return self.present() == present

    def _present(self) -> Present:
        return self._gone, self._state and self._state.file

    def await_content(self) -> None:
        """Wait a moment where the file is empty, as at the begin of a copy over what was there."""
        ends = time.monotonic() + COPY_SECONDS
        while (state := _look(self.path)) and state.size == 0 and time.monotonic() < ends:
            time.sleep(COPY_SECONDS / 10)

    def fold_in(self, connection: sqlite3.Connection) -> None:
        """Put what was committed into the file itself, as far as readers and the disk let that."""
        with suppress(sqlite3.Error):  # it stays in the log
            connection.execute("PRAGMA wal_checkpoint")
        self.present()

    def _see(self, state: _State | None) -> None:
        """Find out whether what is at the path has become of what was there.

        A file that can't be read now is left as it is: to take its log away would lose clicks.
        """
        before = self._state
        try:
            marks = _read_marks(self.path) if state else None
        except sqlite3.Error:
            if state and before and state.file == before.file:
                return
            marks = None
        if before and not self._continues(before, state, marks):
            self._gone += 1
            self._set_aside_log()
        self._state, self._marks = state, marks
        self._is_settled = state is None or state.is_settled()

    def _continues(self, before: _State, state: _State | None, marks: _Marks | None) -> bool:
        """Return whether what is at the path can be what has become of what was there."""
        if state is None or state.file != before.file:
            return False
        if marks is None or self._marks is None:
            return marks == self._marks
        is_cut_off = marks.is_short and state.size < before.size
        is_filled = before.size == 0 and marks.database != 0  # a new one is named later
        return marks.continues(self._marks) and not is_cut_off and not is_filled

    def _connected(self, connection: sqlite3.Connection, record: PoolEntry) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # `fold_in` looks at the file before
        self._known_log = None  # made anew if nobody had the file open
        record.info["file"] = self.present()

    def _taken(self, _: sqlite3.Connection, record: PoolEntry, __: object) -> None:
        if record.info["file"] != self.present():
            raise sa.exc.InvalidatePoolError

    def _given_back(self, _: sqlite3.Connection | None, record: PoolEntry) -> None:
        with self._lock:  # later another process may have put its own log there
            if self._known_log is None and record.info.get("file") == self._present():
                self._known_log = identify(self._beside("-wal"))

    def _closing(self, connection: sqlite3.Connection, record: PoolEntry) -> None:
        """Keep a connection from writing its log into a file that was copied over its own.

        SQLite writes all that is in the log when the last connection to a file is closed, unless
        that is interrupted.
        """
        if not self.is_still(record.info["file"]):
            connection.interrupt()

    def _beside(self, end: str) -> Path:
        """Return the path of another file of SQLite's, which is not beside a link to this one."""
        return Path(f"{self.path.resolve()}{end}")

    def _set_aside_log(self) -> None:
        """Rename the write-ahead log of what is gone, or its pages would join another's.

        https://www.sqlite.org/howtocorrupt.html, 1.4
        """
        log = self._beside("-wal")
        if self._known_log and identify(log) == self._known_log:
            with suppress(OSError):
                log.replace(f"{log}.replaced")
                self._beside("-shm").unlink(missing_ok=True)
        self._known_log = None


def _look(path: Path) -> _State | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return _State(found.st_dev, found.st_ino, found.st_size, found.st_ctime_ns, found.st_mtime_ns)


def _read_marks(path: Path) -> _Marks | None:
    """Read what stands in the file itself, whatever is in its log; None for no database.

    SQLite opens and closes the file: closing another descriptor would end its locks.
    https://www.sqlite.org/howtocorrupt.html, 2.2
    """
    with closing(_connect(path, "mode=ro&immutable=1")) as connection:
        try:
            return _marks(connection, is_short=False)
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_NOTADB:
                return None
            if code != sqlite3.SQLITE_CORRUPT:
                raise
        connection.execute("PRAGMA writable_schema = ON")  # so that missing pages are borne
        return _marks(connection, is_short=True)


def _connect(path: Path, how: str) -> sqlite3.Connection:
    """Open a file that is there; SQLite would make one that has gone meanwhile."""
    return sqlite3.connect(f"file:{quote(os.fspath(path))}?{how}", uri=True)


def _marks(connection: sqlite3.Connection, *, is_short: bool) -> _Marks:
    return _Marks(
        _value(connection, "application_id"), _value(connection, "user_version"), is_short
    )


def _name(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {secrets.randbelow(NUMBERS - 1) + 1}")


def _value(connection: sqlite3.Connection, name: str) -> int:
    found: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return found
