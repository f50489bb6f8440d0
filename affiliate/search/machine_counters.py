"""Counts of limits in a file that all processes of a machine share, where nothing is evicted.

The store that counts for all machines may lose its counters or be gone, and the process that knew
the last counters may be killed. The machine's additions are then still in the file, for the process
that follows and after a restart of the site.
"""

import hashlib
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from affiliate.domain import decoding
from affiliate.durable_files import lock_file, write_all
from affiliate.search.counters import seconds_since_boot

FILE_BYTES: Final = 16 * 1024
"""The size of the file, allocated once: a disk that is full later changes nothing."""
HEAD_BYTES: Final = 8
"""Bytes of the checksum and the length of the body."""
PRIVATE_MODE: Final = 0o600
TURN_SECONDS: Final = 1.0
"""Seconds to wait for other threads and processes; a stopped process may hold the file for long,
and all others wait side by side."""
MEND_SECONDS: Final = 2.0
"""Seconds for which one process alone corrects the store, as two would add the same."""
BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
"""The file of Linux that identifies the current start of the machine."""
WINDOW: Final = "window:"
"""The beginning of the keys of windows; other keys are of counters."""


class Entry(msgspec.Struct, array_like=True):
    """A counter: its number, its end, and the additions that the store lacks.

    ``flying`` additions are on their way to the store, the others are ``unsent``. At ``mending`` a
    process has begun to correct the store's counter. An entry ends at ``steady`` by the clock that
    nobody sets, as long as the machine's start has the number ``boot``; after a restart of the
    machine, and where starts have no number, at ``ends`` by the time of day. The current window
    stands beside the counters, with its ``number``.
    """

    number: int
    ends: float
    flying: int = 0
    unsent: int = 0
    mending: float = 0.0
    steady: float = 0.0
    boot: int = 0


Entries = dict[str, Entry]


class MachineCounts:
    """Counters in the file at ``path``; safe to share between threads.

    ``now`` is the time of day, ``steady`` a clock that nobody sets, by default the given ``now``;
    ``boot`` is the number of the machine's start. Where the file can't be used nothing is counted,
    and callers know of their own process alone.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
        boot: int | None = None,
    ) -> None:
        self._path = path
        self._now = now or time.time
        self._steady = steady or now or seconds_since_boot
        self._boot = _read_boot_number() if boot is None else boot
        self._lock = Lock()

    def begin_adding(
        self, key: str, by: int, seconds: float, least: int = 0
    ) -> tuple[int, int] | None:
        """Add to a counter that ends ``seconds`` after its beginning.

        The counter had ``least``, as the caller knows: the file may be gone, or the clock set
        forward. Return the addition to send to the store, which `end_adding` must confirm, and
        the number here; None where nothing can be counted.

        Raises:
            BlockingIOError: other processes hold the file, which has the count.
        """
        try:
            with self._open_entries() as entries:
                known = entries.setdefault(key, self._build_entry(0, seconds))
                sent, known.unsent = known.unsent + by, 0
                known.number = max(known.number, least) + by
                known.flying += sent
                return sent, known.number
        except BlockingIOError:
            raise
        except OSError:
            return None

    def end_adding(self, key: str, sent: int, stored: int | None) -> tuple[int, int] | None:
        """Record the store's number after an addition was sent; None where the store got nothing.

        Return the number here, and the number to which the caller must correct the store: 0 where
        the store has this number, or another process corrects the store.
        """
        try:
            with self._open_entries() as entries:
                if (known := entries.get(key)) is None:
                    return None
                known.flying = max(known.flying - sent, 0)
                known.unsent += sent if stored is None else 0
                known.number = max(known.number, stored or 0)
                least, now = known.number - known.flying - known.unsent, self._now()
                if stored is None or stored >= least or abs(known.mending - now) < MEND_SECONDS:
                    return known.number, 0
                known.mending = now
                return known.number, least
        except OSError:
            return None

    def hold_window(
        self, seconds: int, window: int, ends: float, steady: float
    ) -> tuple[int, float]:
        """Return the current window of so many seconds of the machine's processes, and its end.

        ``window`` is the caller's window by the clock, with its end by the steady clock; the
        machine's processes take the caller's where they have no current window, or no usable file.
        """
        try:
            with self._open_entries() as entries:
                key = f"{WINDOW}{seconds}"
                current = entries.get(key)
                if current and current.number != window and 0 < current.steady - steady <= seconds:
                    return current.number, current.steady
                entries[key] = self._build_entry(window, ends - steady)
        except OSError:
            pass
        return window, ends

    def _build_entry(self, number: int, seconds: float) -> Entry:
        """Return an entry that ends in so many seconds."""
        ends, steady = self._now() + seconds, self._steady() + seconds
        return Entry(number, ends, steady=steady, boot=self._boot)

    def _has_ended(self, key: str, entry: Entry) -> bool:
        """Return whether an entry has ended, as windows of other starts of the machine have."""
        if entry.boot != self._boot and key.startswith(WINDOW):
            return True
        if entry.boot and entry.boot == self._boot:
            return entry.steady < self._steady()
        return entry.ends < self._now()

    @contextmanager
    def _open_entries(self) -> Iterator[Entries]:
        """Yield the counters, and write them back.

        Raises:
            OSError: the file can't be used; BlockingIOError where other processes hold the file.
        """
        ends = time.monotonic() + TURN_SECONDS
        if not self._lock.acquire(timeout=TURN_SECONDS):
            raise BlockingIOError
        try:
            file = self._open_file()
            try:
                lock_file(file, ends)
                entries = self._read_entries(file)
                yield entries
                self._write_entries(file, entries)
            finally:
                os.close(file)
        finally:
            self._lock.release()

    def _open_file(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path, flags, PRIVATE_MODE)
        except FileNotFoundError:  # nothing else may need the folder yet
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, flags, PRIVATE_MODE)

    def _read_entries(self, file: int) -> Entries:
        """Return the counters that have not ended; none of a file that is new or was truncated."""
        if os.fstat(file).st_size < FILE_BYTES:
            write_all(file, bytes(FILE_BYTES), 0)
        packed = os.pread(file, FILE_BYTES, 0)
        checksum, length = (int.from_bytes(packed[at : at + 4], "big") for at in (0, 4))
        body = packed[HEAD_BYTES : HEAD_BYTES + length]
        if zlib.crc32(body) != checksum or not body:
            return {}
        try:
            entries = decoding.decode_msgpack(body, Entries)
        except (ValueError, TypeError):
            return {}
        return {key: entry for key, entry in entries.items() if not self._has_ended(key, entry)}

    def _write_entries(self, file: int, entries: Entries) -> None:
        body = msgspec.msgpack.encode(entries)
        while HEAD_BYTES + len(body) > FILE_BYTES:
            # Counters go first: the store has their numbers; windows have no successor yet.
            del entries[min(entries, key=lambda key: (key.startswith(WINDOW), entries[key].ends))]
            body = msgspec.msgpack.encode(entries)
        head = zlib.crc32(body).to_bytes(4, "big") + len(body).to_bytes(4, "big")
        os.pwrite(file, head + body, 0)


def _read_boot_number() -> int:
    """Return the number of this start of the machine; 0 where the system has no number."""
    try:
        boot_id = BOOT_ID.read_bytes()
    except OSError:
        return 0
    return int.from_bytes(hashlib.blake2b(boot_id, digest_size=6).digest(), "big")
