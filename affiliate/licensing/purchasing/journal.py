"""The journal of purchases: requests and the agency's answers, until the ledger has both.

Each command that buys writes its own file into ``DATA_DIR``. Each line of JSON holds all that is
known of a purchase at the time of writing; the newest line counts. A purchase is on the disk before
the request is sent. The agency's answer is written before any other use, into space reserved
beforehand. The file is removed once the ledger has every purchase and files that can't be had later
are fetched; a later command finds the files that a failure or a kill has left.

A file belongs to the process that holds its lock; the lock ends with the process.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

import msgspec

from affiliate.database.purchases import Purchase
from affiliate.domain import decoding
from affiliate.durable_files import sync_folder, write_all
from affiliate.errors import PurchaseRefused

FILE_PATTERN: Final = "purchases-*.journal"
RESERVED_BYTES: Final = 8192
"""Bytes reserved for the agency's answer to one purchase; signed links take some hundreds."""
MAX_FILE_BYTES: Final = 64 * 2**20
"""The maximum size of a journal's file; only these bytes are read."""
FILE_MODE: Final = 0o600
READ_FLAGS: Final = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
"""Flags by which a file is opened at once, whatever lies there: a pipe would wait for a writer."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The known state of one purchase.

    ``purchase`` is pending until the agency's answer. ``folder`` is the folder for the file;
    ``once`` tells that the file can be had only right after the purchase; ``link`` is the file's
    address, a secret, until the file is fetched. ``written`` purchases are in the ledger.
    """

    purchase: Purchase
    folder: str = ""
    once: bool = False
    link: str = ""
    written: bool = False

    def __repr__(self) -> str:
        """Return the purchase, without the link."""
        return f"Entry({self.purchase!r}, written={self.written})"

    @property
    def is_open(self) -> bool:
        """Return whether the file or the record in the ledger is still missing."""
        return bool(self.link) or not self.written


class JournalFile:
    """The file of one command, locked by its process; ``entries`` holds the entries by purchase id.

    Methods raise `OSError` when the disk is full or can't be written, and then leave ``entries``
    unchanged.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._end = 0
        self.entries: dict[str, Entry] = {}

    def read_entries(self) -> Self:
        """Read the written entries; ignore a line that was cut off."""
        size = os.fstat(self._descriptor).st_size
        content = os.pread(self._descriptor, min(size, MAX_FILE_BYTES), 0).rstrip(b"\0")
        self._end = len(content)
        for line in content.split(b"\n"):
            with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                entry = decoding.decode_json(line.strip(b"\0"), Entry)
                self.entries[entry.purchase.purchase_id] = entry
        return self

    def write_entries(self, entries: Iterable[Entry], *, room: bool = False) -> None:
        """Write entries to the disk; with ``room``, reserve space for the answer to each."""
        latest = {entry.purchase.purchase_id: entry for entry in entries}
        lines = b"".join(b"\n" + msgspec.json.encode(entry) + b"\n" for entry in latest.values())
        spare = bytes(RESERVED_BYTES * len(latest)) if room else b""
        try:
            write_all(self._descriptor, lines + spare, self._end)
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError):
                write_all(self._descriptor, bytes(len(lines)), self._end)
            raise
        self._end += len(lines)
        self.remember_entries(latest.values())

    def remember_entries(self, entries: Iterable[Entry]) -> None:
        """Add entries in memory, without writing to the disk."""
        self.entries |= {entry.purchase.purchase_id: entry for entry in entries}

    @property
    def open_entries(self) -> list[Entry]:
        """Return the open entries, in the order of the purchases."""
        return [entry for entry in self.entries.values() if entry.is_open]

    def close(self) -> None:
        """Close the file; remove the file if no entry is open."""
        if not self.open_entries:
            with suppress(OSError):  # a later command finds a finished entry finished
                self.path.unlink(missing_ok=True)
                sync_folder(self.path.parent)
        os.close(self._descriptor)


class Journal:
    """The journal's files in a folder, which is created where missing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def create_file(self) -> Iterator[JournalFile]:
        """Create a new file for one command.

        Raises:
            PurchaseRefused: the folder can't be written, so that nothing must be bought.
        """
        file = self._create_file()
        try:
            yield file
        finally:
            file.close()

    def _create_file(self) -> JournalFile:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            file = None
            while file is None:
                file = _create_locked(self._folder / FILE_PATTERN.replace("*", uuid4().hex))
            sync_folder(self._folder)
        except OSError as error:
            raise build_unwritable_refusal(self._folder, error) from None
        return file

    @contextmanager
    def lock_leftovers(self) -> Iterator[list[JournalFile]]:
        """Lock and yield the files of commands that failed or were killed, oldest first."""
        files = [file for path in self._list_paths() if (file := _lock_leftover(path))]
        try:
            yield files
        finally:
            for file in files:
                file.close()

    def find_entry(self, purchase_id: str) -> Entry | None:
        """Return the entry of a purchase, also of a buyer that is running; None for none."""
        for path in self._list_paths():
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY | READ_FLAGS)
                try:
                    entries = JournalFile(path, descriptor).read_entries().entries
                finally:
                    os.close(descriptor)
                if purchase_id in entries:
                    return entries[purchase_id]
        return None

    def _list_paths(self) -> list[Path]:
        with suppress(OSError):
            return sorted(self._folder.glob(FILE_PATTERN), key=lambda path: path.stat().st_mtime_ns)
        return []


def build_unwritable_refusal(folder: Path, error: OSError) -> PurchaseRefused:
    """Return the refusal to buy where the journal can't be written."""
    reason = os.strerror(error.errno or 0)
    return PurchaseRefused(f"DATA_DIR ({folder}) can't be written: {reason}. Nothing was sent.")


def _create_locked(path: Path) -> JournalFile | None:
    """Create a file with reserved space; None where another process has it as a leftover.

    That process removes the file, at the latest after it has fetched the files of other leftovers.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        write_all(descriptor, bytes(RESERVED_BYTES), 0)
        os.fsync(descriptor)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    if path.exists():
        return JournalFile(path, descriptor)
    os.close(descriptor)
    return None


def _lock_leftover(path: Path) -> JournalFile | None:
    """Return a file that no other process has locked, with its entries; None for any other file."""
    try:
        descriptor = os.open(path, os.O_RDWR | READ_FLAGS)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(descriptor).st_ino:
            return JournalFile(path, descriptor).read_entries()
    except OSError:
        pass
    os.close(descriptor)
    return None
