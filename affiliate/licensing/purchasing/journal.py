"""The journal of purchases: what was asked and what the agency said, until the ledger has it.

Each command that buys writes a file of its own into ``DATA_DIR``: lines of JSON, of which each
holds all that is known of one purchase by then; the newest one counts. What is about to be bought
is on the disk before the request is sent, and the agency's answer before anything else is done
with it, in room that was taken up before. The file is gone once the ledger has every purchase and
what comes only once was fetched; a later command finds what a failure or a kill has left.

A file belongs to the process that holds its lock, which ends with the process.
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
"""Bytes kept free for what the agency answers of one purchase; signed links take some hundreds."""
MAX_FILE_BYTES: Final = 64 * 2**20
"""No file of ours is larger; one that is was not written here and is left alone."""
FILE_MODE: Final = 0o600


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one purchase.

    ``purchase`` is as the agency's answer has it, pending before that. ``folder`` is where its file
    goes, ``once`` that the file can be had right after the purchase alone, ``link`` its address
    until it is there, which is a secret. ``written`` tells that the ledger has the purchase.
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
        """Return whether anything is left to be done."""
        return bool(self.link) or not self.written


class JournalFile:
    """The file of one command, locked by its process; ``entries`` is what it holds.

    Methods raise `OSError` when the disk is full or can't be written; ``entries`` then is as
    before.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._end = 0
        self.entries: dict[str, Entry] = {}

    def read_entries(self) -> Self:
        """Read what was written; a line that was cut off is none."""
        size = os.fstat(self._descriptor).st_size
        content = os.pread(self._descriptor, min(size, MAX_FILE_BYTES), 0).rstrip(b"\0")
        self._end = len(content)
        for line in content.split(b"\n"):
            with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                one = decoding.decode_json(line.strip(b"\0"), Entry)
                self.entries[one.purchase.purchase_id] = one
        return self

    def write_entries(self, entries: Iterable[Entry], *, room: bool = False) -> None:
        """Write entries to the disk; with ``room``, reserve some for the answer to each."""
        known = {one.purchase.purchase_id: one for one in entries}
        lines = b"".join(b"\n" + msgspec.json.encode(one) + b"\n" for one in known.values())
        spare = bytes(RESERVED_BYTES * len(known)) if room else b""
        try:
            write_all(self._descriptor, lines + spare, self._end)
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError):
                write_all(self._descriptor, bytes(len(lines)), self._end)
            raise
        self._end += len(lines)
        self.remember_entries(known.values())

    def remember_entries(self, entries: Iterable[Entry]) -> None:
        """Add entries to those in memory alone."""
        self.entries |= {one.purchase.purchase_id: one for one in entries}

    @property
    def open_entries(self) -> list[Entry]:
        """Return the entries with something left to do, in the order of the purchases."""
        return [one for one in self.entries.values() if one.is_open]

    def close(self) -> None:
        """Let go of the file, and take it away where nothing is left to be done."""
        if not self.open_entries:
            with suppress(OSError):  # an entry that is done is found done
                self.path.unlink(missing_ok=True)
                sync_folder(self.path.parent)
        os.close(self._descriptor)


class Journal:
    """The files in one folder, which is made where it is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def create_file(self) -> Iterator[JournalFile]:
        """Make a new file for one command.

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
        """Lock and give what commands have left that failed or were killed, oldest first."""
        found = [file for path in self._list_paths() if (file := _lock_leftover(path))]
        try:
            yield found
        finally:
            for file in found:
                file.close()

    def _list_paths(self) -> list[Path]:
        with suppress(OSError):
            return sorted(self._folder.glob(FILE_PATTERN), key=lambda path: path.stat().st_mtime_ns)
        return []


def build_unwritable_refusal(folder: Path, error: OSError) -> PurchaseRefused:
    """Return the refusal to buy where nothing can be written down."""
    reason = os.strerror(error.errno or 0)
    return PurchaseRefused(f"DATA_DIR ({folder}) can't be written: {reason}. Nothing was sent.")


def _create_locked(path: Path) -> JournalFile | None:
    """Make a file with some room; None where another process took it for an abandoned file."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, FILE_MODE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        write_all(descriptor, bytes(RESERVED_BYTES), 0)
        os.fsync(descriptor)
    except OSError:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise
    if path.exists():
        return JournalFile(path, descriptor)
    os.close(descriptor)
    return None


def _lock_leftover(path: Path) -> JournalFile | None:
    """Return a file that no process holds, with its entries; None for any other."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
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
