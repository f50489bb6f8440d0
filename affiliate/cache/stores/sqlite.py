"""A store in one SQLite file, for all processes of a machine, bounded in bytes."""

import logging
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from flask import Flask
from flask_caching.backends.base import BaseCache

from affiliate.database.sqlite_file import checkpoint_pages
from affiliate.errors import StoreDown, StoreRefused

BUSY_SECONDS: Final = 0.25
CONNECTIONS: Final = 32
TURN_SECONDS: Final = 1.0
"""How long a thread waits for its process's others; each of them takes a moment only."""
CLOCK_SECONDS: Final = 60.0
"""A lease that ends so much later than its kind does is of before the clock was set back."""
EVICT_ENTRIES: Final = 64
RESERVED_BYTES: Final = 16 * 2**20
"""Room that is left on the disk for the ledger, or a third of a smaller disk."""
SPARE_BYTES: Final = 2**20
"""What a cache is worth on a full disk; a larger one is deleted there."""
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
    """The file survives kill -9 (WAL), a full disk and damage (begun anew).

    The ledger may stand on the same disk: where room becomes scarce the file grows no more, and
    where there is none left the file is deleted.
    """

    def __init__(self, path: Path, limit: int) -> None:
        super().__init__()
        self._path = path
        self._limit = limit
        self._idle: queue.LifoQueue[tuple[sqlite3.Connection, int]] = queue.LifoQueue()
        self._reading = threading.BoundedSemaphore(CONNECTIONS)
        self._turn = threading.BoundedSemaphore(1)
        self._mending = threading.Lock()
        self._touched: dict[str, float] = {}

    @classmethod
    def factory(
        cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
    ) -> "SQLiteStore":
        """Made by Flask-Caching from ``CACHE_FILE`` and ``CACHE_BYTES``."""
        return cls(Path(config["CACHE_FILE"]), config["CACHE_BYTES"])

    def get(self, key: str) -> bytes | None:
        """The value; None when it is absent or expired.

        Raises:
            StoreDown: the file can't be read at all.
        """
        with self._connection() as db:
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
        with self._writing() as db:
            db.executemany(
                "UPDATE entries SET used = ? WHERE key = ?", [(t, k) for k, t in touched.items()]
            )
            self._evict(db, now)
            while self._is_short() and not self._fits(db, len(value)):
                if not self._drop_some(db, now, 4):
                    raise StoreRefused("the disk has little room left, which is the ledger's")
            db.execute(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)",
                (key, value, now + seconds, now),
            )
        return True

    def delete(self, key: str) -> bool:
        """Forget a value; False when there was none."""
        with self._writing() as db:
            return db.execute("DELETE FROM entries WHERE key = ?", (key,)).rowcount > 0

    def clear(self) -> bool:
        """Forget everything."""
        with self._writing() as db:
            db.execute("DELETE FROM entries")
        return True

    def lease(self, key: str, token: str, seconds: float) -> bool:
        """Take the lease of a key, in one statement; False when another has it.

        A busy file counts as another's: "database is locked" never means "fetch".
        """
        now = time.time()
        try:
            with self._writing() as db:
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
        """Let a lease last ``seconds`` from now, if it is still the token's."""
        with self._writing() as db:
            db.execute(
                "UPDATE leases SET expires = ? WHERE key = ? AND token = ?",
                (time.time() + seconds, key, token),
            )

    def release(self, key: str, token: str) -> None:
        """Give a lease back, if it is still the token's."""
        with self._writing() as db:
            db.execute("DELETE FROM leases WHERE key = ? AND token = ?", (key, token))

    def incr(self, key: str, by: int, seconds: float) -> int:
        """Add to a counter that begins at 0 and ends ``seconds`` after its beginning.

        To add 0 is to read it, which needs no turn at writing.
        """
        if not by:
            return self.count(key)
        now = time.time()
        with self._writing() as db:
            row = db.execute(
                "INSERT INTO counters VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET"
                " number = excluded.number + CASE WHEN expires > ? THEN number ELSE 0 END,"
                " expires = CASE WHEN expires > ? THEN expires ELSE excluded.expires END"
                " RETURNING number",
                (key, by, now + seconds, now, now),
            ).fetchone()
            if row[0] == by:  # a new one: two old ones go, so that they never add up
                db.execute(
                    "DELETE FROM counters WHERE key IN"
                    " (SELECT key FROM counters WHERE expires <= ? LIMIT 2)",
                    (now,),
                )
        number: int = row[0]
        return number

    def count(self, key: str) -> int:
        """Return what a counter stands at."""
        with self._connection() as db:
            row = db.execute(
                "SELECT number FROM counters WHERE key = ? AND expires > ?", (key, time.time())
            ).fetchone()
        return row[0] if row else 0

    def keys(self, prefix: str = "") -> list[str]:
        """The keys that begin so, of entries that have not expired."""
        with self._connection() as db:
            rows = db.execute(
                "SELECT key FROM entries WHERE key >= ? AND key < ? AND expires > ?",
                (prefix, prefix + "\U0010ffff", time.time()),
            )
            return [row[0] for row in rows]

    def size(self) -> tuple[int, int]:
        """Return how many entries there are, and the bytes that the file uses."""
        with self._connection() as db:
            (entries,) = db.execute("SELECT count(*) FROM entries").fetchone()
            return entries, self._bytes(db)

    def close(self) -> None:
        """Close the connections that nobody is using; the store may be used again."""
        with suppress(queue.Empty):
            while True:
                self._idle.get_nowait()[0].close()

    def _evict(self, db: sqlite3.Connection, now: float) -> None:
        """Make room in small steps, with what else is of no use any more."""
        if self._bytes(db) > self._limit:
            self._drop_some(db, now)
            db.execute("DELETE FROM leases WHERE expires <= ?", (now,))
            db.execute("DELETE FROM counters WHERE expires <= ?", (now,))

    @staticmethod
    def _drop_some(db: sqlite3.Connection, now: float, most: int = EVICT_ENTRIES) -> int:
        """Drop entries, the expired first, then the least recently used; return how many."""
        gone = db.execute(
            "DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE expires <= ? LIMIT ?)",
            (now, most),
        ).rowcount
        if gone < most:
            gone += db.execute(
                "DELETE FROM entries WHERE key IN (SELECT key FROM entries ORDER BY used LIMIT ?)",
                (most - gone,),
            ).rowcount
        return gone

    def _room(self) -> tuple[int, int]:
        """Return how many bytes are free on the disk, and how many of them are to stay so."""
        disk = os.statvfs(self._path.parent)
        whole, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
        return free, min(RESERVED_BYTES, whole // 3)

    def _is_short(self) -> bool:
        """Tell whether the disk has no more room than is to be left."""
        free, reserved = self._room()
        return free < reserved

    @staticmethod
    def _fits(db: sqlite3.Connection, length: int) -> bool:
        """Tell whether a value fits into pages of the file that are free."""
        free = db.execute("PRAGMA freelist_count").fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
        return bool(free * size > length + 4 * size)

    @staticmethod
    def _bytes(db: sqlite3.Connection) -> int:
        pages, free, size = (
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        used: int = (pages - free) * size
        return used

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection within a transaction that holds the write lock from its beginning.

        A process's writers wait for their turn here, so that they never stand in readers' way.
        Where the disk is full the file is begun anew, whoever filled the disk: a write that fits
        into free pages of the file is no sign that the ledger's will fit anywhere.
        """
        self._give_way(self._inode())
        with self._connection(self._turn) as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.rollback()
                raise
            db.commit()

    @contextmanager
    def _connection(
        self, places: threading.BoundedSemaphore | None = None
    ) -> Iterator[sqlite3.Connection]:
        """One of few connections; the errors of SQLite become ours."""
        places = places or self._reading
        if not places.acquire(timeout=TURN_SECONDS):
            raise StoreBusy("all connections to the cache file are in use")
        db: sqlite3.Connection | None = None
        file = 0
        try:
            db, file = self._open()
            yield db
            self._idle.put((db, file))
        except sqlite3.Error as error:
            if db is not None:
                db.close()
            raise self._translated(error, file or self._inode()) from None
        except BaseException:
            if db is not None:
                self._idle.put((db, file))
            raise
        finally:
            places.release()

    def _inode(self) -> int:
        """Return which file stands under the path now; 0 for none."""
        try:
            return self._path.stat().st_ino
        except OSError:
            return 0

    def _open(self) -> tuple[sqlite3.Connection, int]:
        """A connection to the file that stands under the path, and which file that is."""
        while not self._idle.empty():
            with suppress(queue.Empty):
                db, file = self._idle.get_nowait()
                if file == self._inode():
                    return db, file
                db.close()  # to a damaged file, renamed away since
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

    def _translated(self, error: sqlite3.Error, file: int) -> Exception:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return StoreBusy("the cache file is busy")
        if code == sqlite3.SQLITE_FULL:
            self._give_way(file)
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}:
            return StoreRefused(f"the cache file can't be written: {error}")
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            self._begin_anew(file)
        return StoreDown(f"the cache file fails: {error}")

    def _give_way(self, file: int) -> None:
        """Delete the file where the disk is full, so that the ledger goes on."""
        with suppress(OSError), self._mending:
            free, reserved = self._room()
            if free >= reserved / 4 or self._path.stat().st_size <= SPARE_BYTES:
                return
            if file and self._inode() == file:
                log.warning("the disk is full; the cache is deleted, as the ledger needs room")
                for end in ("", "-wal", "-shm"):
                    Path(f"{self._path}{end}").unlink(missing_ok=True)
                self.close()  # what is open keeps its room

    def _begin_anew(self, file: int) -> None:
        """Rename a damaged file away, unless that has been done already."""
        with self._mending:
            try:
                if file and self._inode() == file:
                    log.warning("the cache file is damaged; it is renamed and begun anew")
                    self._path.replace(f"{self._path}.damaged")
                    for end in ("-wal", "-shm"):
                        Path(f"{self._path}{end}").unlink(missing_ok=True)
            except OSError as error:
                log.warning("the damaged cache file can't be renamed: %s", error.strerror)


class StoreBusy(StoreRefused):
    """Another has the file for longer than we wait."""
