"""A store in one SQLite file, for all processes of a machine, bounded in bytes."""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask_caching.backends.base import BaseCache

from affiliate.database.sqlite_file import checkpoint_pages
from affiliate.durable_files import measure_room
from affiliate.errors import StoreDown, StoreRefused

BUSY_SECONDS: Final = 0.25
MAX_CONNECTIONS: Final = 32
TURN_SECONDS: Final = 1.0
"""Seconds that a thread waits for other threads of its process, each of which takes a moment."""
CLOCK_SECONDS: Final = 60.0
"""Seconds past the end of a new lease: a lease that ends later predates a clock set back."""
MAX_EVICTED: Final = 64
SPARE_BYTES: Final = 2**20
"""Largest cache file, in bytes, that is not deleted on a full disk."""
TOUCHED_ENTRIES: Final = 1000
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries
    (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL, used REAL NOT NULL);
CREATE INDEX IF NOT EXISTS entries_used ON entries (used);
CREATE TABLE IF NOT EXISTS leases
    (key TEXT PRIMARY KEY, token TEXT NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters
    (key TEXT PRIMARY KEY, number INTEGER NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS counters_expires ON counters (expires);
"""

log = logging.getLogger(__name__)


class SQLiteStore(BaseCache):
    """A store in one file that survives kill -9 (WAL), a full disk and damage (a new file).

    The ledger may be on the same disk: with little room left the file grows no more, with none
    left the file is deleted.
    """

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__()
        self._path = path
        self._limit = limit
        self._idle: deque[tuple[sqlite3.Connection, int]] = deque()
        self._read_places = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._write_turn = threading.BoundedSemaphore(1)
        self._replacement = threading.Lock()
        self._touched: dict[str, float] = {}

    @classmethod
    def factory(
        cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
    ) -> "SQLiteStore":
        """Make a store from ``CACHE_FILE`` and ``CACHE_BYTES``; Flask-Caching calls this."""
        return cls(Path(config["CACHE_FILE"]), config["CACHE_BYTES"])

    def get(self, key: str) -> bytes | None:
        """Return the value; None when the key is absent or expired.

        Raises:
            StoreDown: the file can't be read at all.
        """
        with self._use_connection() as db:
            row = db.execute(
                "SELECT value FROM entries WHERE key = ? AND expires > ?", (key, time.time())
            ).fetchone()
        if row is None:
            return None
        if len(self._touched) < TOUCHED_ENTRIES:
            self._touched[key] = time.time()
        value: bytes = row[0]
        return value

    def set(self, key: str, value: bytes, timeout: int | timedelta | None = None) -> bool:
        """Keep a value for ``timeout`` seconds.

        Raises:
            StoreRefused: the file is busy or the disk full.
            StoreDown: the file can't be written at all.
        """
        now = time.time()
        seconds = self._to_seconds(timeout or self.default_timeout)
        touched, self._touched = self._touched, {}
        with self._write_transaction() as db:
            db.executemany(
                "UPDATE entries SET used = ? WHERE key = ?", [(t, k) for k, t in touched.items()]
            )
            self._make_room(db, now)
            while self._is_disk_short() and not self._fits_free_pages(db, len(value)):
                if not self._drop_entries(db, now, 4):
                    raise StoreRefused("the disk has little room left, which is the ledger's")
            db.execute(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)",
                (key, value, now + seconds, now),
            )
        return True

    def delete(self, key: str) -> bool:
        """Delete a value; return False when there was none."""
        with self._write_transaction() as db:
            return db.execute("DELETE FROM entries WHERE key = ?", (key,)).rowcount > 0

    def clear(self) -> bool:
        """Delete all values."""
        with self._write_transaction() as db:
            db.execute("DELETE FROM entries")
        return True

    def lease(self, key: str, token: str, seconds: float) -> bool:
        """Take the lease of a key in one statement; return False when another process has it.

        A busy file counts as a lease of another: "database is locked" never means "fetch".
        """
        now = time.time()
        try:
            with self._write_transaction() as db:
                done = db.execute(
                    "INSERT INTO leases VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE"
                    " SET token = excluded.token, expires = excluded.expires"
                    " WHERE leases.expires <= ? OR leases.expires > ?",
                    (key, token, now + seconds, now, now + seconds + CLOCK_SECONDS),
                )
                return done.rowcount > 0
        except StoreBusy:
            return False

    def extend(self, key: str, token: str, seconds: float) -> None:
        """Let a lease last ``seconds`` from now, if the token still holds the lease."""
        with self._write_transaction() as db:
            db.execute(
                "UPDATE leases SET expires = ? WHERE key = ? AND token = ?",
                (time.time() + seconds, key, token),
            )

    def release(self, key: str, token: str) -> None:
        """Give a lease back, if the token still holds the lease."""
        with self._write_transaction() as db:
            db.execute("DELETE FROM leases WHERE key = ? AND token = ?", (key, token))

    def incr(self, key: str, by: int, seconds: float) -> int:
        """Add to a counter that begins at 0 and ends ``seconds`` after its beginning.

        Adding 0 only reads the counter, without a turn at writing.
        """
        if not by:
            return self.read_counter(key)
        now = time.time()
        with self._write_transaction() as db:
            row = db.execute(
                "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " number = excluded.number + CASE WHEN expires > ? THEN number ELSE 0 END,"
                " expires = CASE WHEN expires > ? THEN expires ELSE excluded.expires END"
                " RETURNING number",
                (key, by, now + seconds, now, now),
            ).fetchone()
            if row[0] == by:  # for each new counter two old ones go, so that these never add up
                db.execute(
                    "DELETE FROM counters WHERE key IN"
                    " (SELECT key FROM counters WHERE expires <= ? LIMIT 2)",
                    (now,),
                )
        number: int = row[0]
        return number

    def read_counter(self, key: str) -> int:
        """Return the value of a counter."""
        with self._use_connection() as db:
            row = db.execute(
                "SELECT number FROM counters WHERE key = ? AND expires > ?", (key, time.time())
            ).fetchone()
        return row[0] if row else 0

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys, of entries that have not expired, that begin with the prefix."""
        with self._use_connection() as db:
            rows = db.execute(
                "SELECT key FROM entries WHERE key >= ? AND key < ? AND expires > ?",
                (prefix, prefix + "\U0010ffff", time.time()),
            )
            return [row[0] for row in rows]

    def size(self) -> tuple[int, int]:
        """Return the number of entries, and the bytes that the file uses."""
        with self._use_connection() as db:
            (entries,) = db.execute("SELECT count(*) FROM entries").fetchone()
            return entries, self._count_bytes(db)

    def measure(self) -> int:
        """Return the bytes that the file uses, without a look at its entries."""
        with self._use_connection() as db:
            return self._count_bytes(db)

    def close(self) -> None:
        """Close the connections that nobody is using; the store may be used again."""
        with suppress(IndexError):
            while True:
                self._idle.pop()[0].close()

    def _make_room(self, db: sqlite3.Connection, now: float) -> None:
        """Make room in small steps beyond the limit; drop expired leases and counters, too."""
        if self._count_bytes(db) > self._limit:
            self._drop_entries(db, now)
            db.execute("DELETE FROM leases WHERE expires <= ?", (now,))
            db.execute("DELETE FROM counters WHERE expires <= ?", (now,))

    @staticmethod
    def _drop_entries(db: sqlite3.Connection, now: float, most: int = MAX_EVICTED) -> int:
        """Drop entries, the expired first, then the least recently used; return how many."""
        deleted = db.execute(
            "DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE expires <= ? LIMIT ?)",
            (now, most),
        ).rowcount
        if deleted < most:
            deleted += db.execute(
                "DELETE FROM entries WHERE key IN (SELECT key FROM entries ORDER BY used LIMIT ?)",
                (most - deleted,),
            ).rowcount
        return deleted

    def _is_disk_short(self) -> bool:
        """Return whether the disk has less room than is reserved."""
        free, reserved = measure_room(self._path.parent)
        return free < reserved

    @staticmethod
    def _fits_free_pages(db: sqlite3.Connection, length: int) -> bool:
        """Return whether a value fits into free pages of the file."""
        free = db.execute("PRAGMA freelist_count").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
        return bool(free * size > length + 4 * size)

    @staticmethod
    def _count_bytes(db: sqlite3.Connection) -> int:
        pages, free, size = (
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        used: int = (pages - free) * size
        return used

    @contextmanager
    def _write_transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that holds the write lock from its beginning.

        Writers of a process wait for their turn here, apart from readers. On a full disk the file
        is deleted first, whoever filled the disk: a write that fits into free pages of the file is
        no sign that the ledger's writes fit anywhere.
        """
        self._delete_on_full_disk(self._inode())
        with self._use_connection(self._write_turn) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    @contextmanager
    def _use_connection(
        self, places: threading.BoundedSemaphore | None = None
    ) -> Iterator[sqlite3.Connection]:
        """Yield one of few connections; turn SQLite's errors into those of a store."""
        places = places or self._read_places
        if not places.acquire(timeout=TURN_SECONDS):
            raise StoreBusy("all connections to the cache file are in use")
        db: sqlite3.Connection | None = None
        file = 0
        try:
            db, file = self._open_connection()
            yield db
            self._idle.append((db, file))
        except sqlite3.Error as error:
            if db is not None:
                db.close()
            raise self._translate_error(error, file or self._inode()) from None
        except BaseException:
            if db is not None:
                self._idle.append((db, file))
            raise
        finally:
            places.release()

    def _inode(self) -> int:
        """Return the inode of the file at the path; 0 for none."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    def _open_connection(self) -> tuple[sqlite3.Connection, int]:
        """Return a connection to the file at the path, and the file's inode."""
        while self._idle:
            try:
                db, file = self._idle.pop()
            except IndexError:
                break  # another thread was quicker
            if file == self._inode():
                return db, file
            db.close()  # its file was damaged or deleted
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreDown(
                f"the folder of the cache file can't be made: {error.strerror}"
            ) from None
        with suppress(OSError):
            self._path.touch(mode=0o600)  # SQLite gives its other files the same mode
        db = sqlite3.connect(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA cache_size = -1000")
            db.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages(self._path)}")
            db.executescript(SCHEMA)
        except sqlite3.Error:
            db.close()
            raise
        return db, self._inode()

    def _translate_error(self, error: sqlite3.Error, file: int) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return StoreBusy("the cache file is busy")
        if code == sqlite3.SQLITE_FULL:
            self._delete_on_full_disk(file)
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}:
            return StoreRefused(f"the cache file can't be written: {error}")
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            self._rename_damaged(file)
        return StoreDown(f"the cache file fails: {error}")

    def _delete_on_full_disk(self, file: int) -> None:
        """Delete the file on a full disk, so that the ledger goes on."""
        with suppress(OSError), self._replacement:
            free, reserved = measure_room(self._path.parent)
            if free >= reserved / 4 or self._path.stat().st_size <= SPARE_BYTES:
                return
            if file and self._inode() == file:
                log.warning("the disk is full; the cache is deleted, as the ledger needs room")
                for end in ("", "-wal", "-shm"):
                    Path(f"{self._path}{end}").unlink(missing_ok=True)
                self.close()  # an open file keeps its room

    def _rename_damaged(self, file: int) -> None:
        """Rename a damaged file away, unless another thread or process has done that."""
        with self._replacement:
            try:
                if file and self._inode() == file:
                    log.warning("the cache file is damaged; it is renamed and begun anew")
                    self._path.replace(f"{self._path}.damaged")
                    for end in ("-wal", "-shm"):
                        Path(f"{self._path}{end}").unlink(missing_ok=True)
            except OSError as error:
                log.warning("the damaged cache file can't be renamed: %s", error.strerror)


class StoreBusy(StoreRefused):
    """The file is locked by another for longer than BUSY_SECONDS or TURN_SECONDS."""
