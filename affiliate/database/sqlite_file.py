"""The watched file of a SQLite database: another file may take its path or its content.

A file that is moved to the path has another inode. A file copied over the old one (``cp``, ``rsync
--inplace``) has the same, while open connections would go on with cached pages of the old database
and mix both. Therefore each database has an id, and a number that each transaction raises and
writes into the file before its rows count as written: another id, or a lower number than before,
means another database.
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

BACKUP_NOTE: Final = "last-backup"
"""Name of the empty file in ``DATA_DIR`` whose time is that of the last backup."""
PAGE_BYTES: Final = 4096
"""Bytes of a page of SQLite."""
NUMBER_RANGE: Final = 2**31
"""Count of transaction numbers; after the last comes 0."""
SETTLED_NS: Final = 50_000_000
"""Nanoseconds after which a second change of a file has another time than the first."""

COPY_SECONDS: Final = 0.25
"""Seconds that a copy over the file may take to begin."""


class _FileState(NamedTuple):
    """The state of the file at the path; no two files, and no two states of a file, are equal."""

    device: int
    inode: int
    size: int
    changed_ns: int
    written_ns: int

    @property
    def file(self) -> tuple[int, int]:
        return self.device, self.inode

    def is_settled(self) -> bool:
        """Return whether the next change of the file will have another time."""
        return time.time_ns() - self.changed_ns > SETTLED_NS


class _Marks(NamedTuple):
    """The id and number that tell a state of a database from other databases and earlier states."""

    database: int
    number: int
    is_short: bool
    """True for a file with fewer pages than the database, as in the middle of a checkpoint."""

    def can_follow(self, earlier: "_Marks") -> bool:
        """Return whether this can be the ``earlier`` state, or follow it, in one database."""
        step = (self.number - earlier.number) % NUMBER_RANGE
        return earlier.database in {0, self.database} and step < NUMBER_RANGE // 2


FileVersion = tuple[int, tuple[int, int] | None]
"""The version of the file at a path: the number of replaced databases, and device and inode."""


def identify_file(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the file at a path; None for no file."""
    state = _read_state(path)
    return state and state.file


def checkpoint_pages(path: Path) -> int:
    """Return the pages of a log after which SQLite makes a checkpoint: fewer on a small disk."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return 256
    return min(max(disk.f_blocks * disk.f_frsize // PAGE_BYTES // 64, 32), 256)


def count_transaction(connection: sqlite3.Connection) -> None:
    """Raise the database's number within the open transaction; the first also sets the id."""
    if not _read_pragma(connection, "application_id"):
        _assign_id(connection)
    number = (_read_pragma(connection, "user_version") + 1) % NUMBER_RANGE
    connection.execute(f"PRAGMA user_version = {number}")


def assign_new_id(copy: Path) -> None:
    """Give a copy of a database an id of its own, to be recognized in the place of the original.

    The copy gets a write-ahead log now, as processes with the original open would prevent that
    later.
    """
    with closing(_open_existing(copy, "mode=rw")) as connection:
        _assign_id(connection)
        connection.commit()
        connection.execute("PRAGMA journal_mode = WAL")


class DatabaseFile:
    """The file at ``path``; safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = Lock()
        self._replacements = 0
        self._state: _FileState | None = None
        self._is_settled = False
        self._marks: _Marks | None = None
        self._known_log: tuple[int, int] | None = None

    def watch(self, engine: sa.Engine) -> None:
        """Keep an engine from using connections to a database that has left the path."""
        sa.event.listen(engine, "connect", self._on_connect)
        sa.event.listen(engine, "checkout", self._on_checkout)
        sa.event.listen(engine, "checkin", self._on_checkin)
        sa.event.listen(engine, "close", self._on_close)

    def read_version(self) -> FileVersion:
        """Return the version of the file at the path; another value for another database."""
        with self._lock:
            state = _read_state(self.path)
            if state != self._state:
                self._update_state(state)
            return self._build_version()

    def is_unchanged(self, version: FileVersion) -> bool:
        """Return whether the same database is at the path, even if it was changed just now."""
        with self._lock:
            if not self._is_settled:
                self._update_state(_read_state(self.path))
        return self.read_version() == version

    def _build_version(self) -> FileVersion:
        return self._replacements, self._state and self._state.file

    def await_content(self) -> None:
        """Wait up to `COPY_SECONDS` while the file is empty, as at the begin of a copy over it."""
        ends = time.monotonic() + COPY_SECONDS
        while (state := _read_state(self.path)) and state.size == 0 and time.monotonic() < ends:
            time.sleep(COPY_SECONDS / 10)

    def checkpoint(self, connection: sqlite3.Connection) -> None:
        """Write committed pages into the file itself, as far as readers and the disk permit."""
        with suppress(sqlite3.Error):  # the pages stay in the log
            connection.execute("PRAGMA wal_checkpoint")
        self.read_version()

    def _update_state(self, state: _FileState | None) -> None:
        """Find out whether the file at the path continues the last known database.

        An unreadable file is left as it is: taking its log away would lose clicks.
        """
        before = self._state
        try:
            marks = _read_marks(self.path) if state else None
        except sqlite3.Error:
            if state and before and state.file == before.file:
                return
            marks = None
        if before and not self._continues(before, state, marks):
            self._replacements += 1
            self._set_aside_log()
        self._state, self._marks = state, marks
        self._is_settled = state is None or state.is_settled()

    def _continues(
        self, before: _FileState, state: _FileState | None, marks: _Marks | None
    ) -> bool:
        """Return whether the file at the path can continue the last known database."""
        if state is None or state.file != before.file:
            return False
        if marks is None or self._marks is None:
            return marks == self._marks
        is_cut_off = marks.is_short and state.size < before.size
        is_filled = before.size == 0 and marks.database != 0  # a new database gets its id later
        return marks.can_follow(self._marks) and not is_cut_off and not is_filled

    def _on_connect(self, connection: sqlite3.Connection, record: PoolEntry) -> None:
        connection.execute("PRAGMA wal_autocheckpoint = 0")  # the engine checks the file before
        self._known_log = None  # SQLite makes a new log if nobody had the file open
        record.info["file"] = self.read_version()

    def _on_checkout(self, _: sqlite3.Connection, record: PoolEntry, __: object) -> None:
        if record.info["file"] != self.read_version():
            raise sa.exc.InvalidatePoolError

    def _on_checkin(self, _: sqlite3.Connection | None, record: PoolEntry) -> None:
        with self._lock:  # later the log may be that of another process
            if self._known_log is None and record.info.get("file") == self._build_version():
                self._known_log = identify_file(self._sibling_path("-wal"))

    def _on_close(self, connection: sqlite3.Connection, record: PoolEntry) -> None:
        """Keep a connection from writing its log into a file that was copied over its own.

        SQLite writes the whole log when the last connection to a file is closed, unless the
        connection is interrupted.
        """
        if not self.is_unchanged(record.info["file"]):
            connection.interrupt()

    def _sibling_path(self, end: str) -> Path:
        """Return the path of the log or its index, beside the file that a link leads to."""
        return Path(f"{self.path.resolve()}{end}")

    def _set_aside_log(self) -> None:
        """Rename the write-ahead log of a replaced database, lest its pages join another database.

        https://www.sqlite.org/howtocorrupt.html, 1.4
        """
        log = self._sibling_path("-wal")
        if self._known_log and identify_file(log) == self._known_log:
            with suppress(OSError):
                log.replace(f"{log}.replaced")
                self._sibling_path("-shm").unlink(missing_ok=True)
        self._known_log = None


def _read_state(path: Path) -> _FileState | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return _FileState(stat.st_dev, stat.st_ino, stat.st_size, stat.st_ctime_ns, stat.st_mtime_ns)


def _read_marks(path: Path) -> _Marks | None:
    """Read the marks in the file itself, whatever is in its log; None for no database.

    SQLite itself opens and closes the file: closing another descriptor would end SQLite's locks.
    https://www.sqlite.org/howtocorrupt.html, 2.2
    """
    with closing(_open_existing(path, "mode=ro&immutable=1")) as connection:
        try:
            return _query_marks(connection, is_short=False)
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code == sqlite3.SQLITE_NOTADB:
                return None
            if code != sqlite3.SQLITE_CORRUPT:
                raise
        connection.execute("PRAGMA writable_schema = ON")  # else missing pages are an error
        return _query_marks(connection, is_short=True)


def _open_existing(path: Path, how: str) -> sqlite3.Connection:
    """Open a file that exists; by its path alone SQLite would make a missing file."""
    return sqlite3.connect(f"file:{quote(os.fspath(path))}?{how}", uri=True)


def _query_marks(connection: sqlite3.Connection, *, is_short: bool) -> _Marks:
    return _Marks(
        _read_pragma(connection, "application_id"),
        _read_pragma(connection, "user_version"),
        is_short,
    )


def _assign_id(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA application_id = {secrets.randbelow(NUMBER_RANGE - 1) + 1}")


def _read_pragma(connection: sqlite3.Connection, name: str) -> int:
    found: int = connection.execute(f"PRAGMA {name}").fetchone()[0]
    return found
