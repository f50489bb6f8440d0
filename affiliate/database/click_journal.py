"""A journal on disk of clicks that the ledger's database can't take now.

All processes of a machine append to one file of JSON lines, each line synced before its click
counts. A process that writes the lines to the database renames the file first, so that new lines
never wait for old ones; lines of a killed process are left to the next. A torn line is skipped.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

from affiliate.durable_files import lock_file, measure_file, sync_folder, write_all
from affiliate.errors import JournalFailed

MAX_BYTES: Final = 16 * 2**20
"""Most bytes of the journal: 50,000 to 100,000 clicks, by the length of their words."""
TURN_SECONDS: Final = 2.0
"""Longest wait in seconds for another process that appends."""
CHUNK_ROWS: Final = 500
"""Rows that are written to the database in one transaction."""

log = logging.getLogger(__name__)

Row = dict[str, Any]
Read = Callable[[Row], Row]


class ClickJournal:
    """The journal at ``path``, of at most ``limit`` bytes; rows have their time in ``at``.

    ``read`` makes a row of a line's object, or raises ValueError for an object that is no click.
    """

    def __init__(self, path: Path, read: Read, limit: int = MAX_BYTES) -> None:
        self._path = path
        self._read = read
        self._old = path.with_name(f"{path.name}.old")
        self._limit = limit

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows; the rows are on the disk when this returns.

        Raises:
            JournalFailed: the journal is full, or the disk can't be written.
        """
        lines = b"".join(map(_format_line, rows))
        with _translate_errors(), self._open_locked() as file:
            if self.size() + len(lines) > self._limit:
                raise JournalFailed(f"{self._path} is full.")
            end = os.fstat(file).st_size
            try:
                write_all(file, self._end_torn_line(end) + lines)
                os.fsync(file)
            except OSError:
                os.ftruncate(file, end)
                raise

    def replay(self, write: Callable[[Sequence[Row]], None]) -> int:
        """Pass the rows to ``write`` in their order, then delete them; return their number.

        An error of ``write`` ends the replay; rows that were not deleted are passed again the next
        time. Nothing is done while another process replays the file.

        Raises:
            JournalFailed: the disk can't be read or written.
        """
        written = 0
        with _translate_errors():
            while (file := self._take_old()) is not None:
                try:
                    written += self._replay_file(file, write)
                finally:
                    os.close(file)
        return written

    def _replay_file(self, file: int, write: Callable[[Sequence[Row]], None]) -> int:
        written = 0
        with open(file, "rb", closefd=False) as lines:
            rows = filter(None, map(self._parse_line, lines))
            while chunk := list(islice(rows, CHUNK_ROWS)):
                write(chunk)
                written += len(chunk)
        self._old.unlink()
        return written

    def size(self) -> int:
        """Return the bytes that wait, those being written to the database included."""
        return sum(measure_file(path) for path in (self._path, self._old))

    def has_room(self) -> bool:
        """Return whether rows can be added."""
        try:
            with self._open_locked():
                room = os.statvfs(self._path.parent)
        except OSError:
            return False
        return self.size() < self._limit and room.f_bavail > 0

    @contextmanager
    def _open_locked(self) -> Iterator[int]:
        """Open the file for appending, made if missing, and keep other writers out."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        ends = time.monotonic() + TURN_SECONDS
        while True:
            is_new = not self._path.exists()
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                if _lock_current(file, self._path, ends):
                    if is_new:
                        sync_folder(self._path.parent)
                    yield file
                    return
            finally:
                os.close(file)

    def _end_torn_line(self, end: int) -> bytes:
        """Return the line end that a line torn by a kill lacks; empty for a whole line."""
        if not end:
            return b""
        with self._path.open("rb") as file:
            file.seek(end - 1)
            return b"" if file.read(1) == b"\n" else b"\n"

    def _take_old(self) -> int | None:
        """Return the file whose rows are next; None if none is left or another process has it."""
        if not self._old.exists() and self._path.exists():
            with self._open_locked():
                if not self._old.exists():
                    self._path.replace(self._old)
        try:
            file = os.open(self._old, os.O_RDWR)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(file, self._old):
                return file
        except BlockingIOError:
            pass
        os.close(file)
        return None

    def _parse_line(self, line: bytes) -> Row | None:
        try:
            row = json.loads(line)
            return self._read({**row, "at": datetime.fromisoformat(row["at"])})
        except (ValueError, TypeError, KeyError, RecursionError):
            log.warning("a torn line of the journal of clicks is skipped")
            return None


def _format_line(row: Mapping[str, Any]) -> bytes:
    text = json.dumps({**row, "at": row["at"].isoformat()}, separators=(",", ":"))
    return text.encode() + b"\n"


def _lock_current(file: int, path: Path, ends: float) -> bool:
    """Wait for the lock of an open file; return False once another file is at its path.

    A renamed file stays locked while its rows are written to the database.
    """
    return lock_file(file, ends, lambda: _is_at(file, path)) and _is_at(file, path)


def _is_at(file: int, path: Path) -> bool:
    """Return whether an open file is still the file at a path."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        raise JournalFailed(
            f"The journal of clicks{where} can't be used: {error.strerror}."
        ) from None
