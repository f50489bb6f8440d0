"""Counts in files that all processes of a machine add up, where a killed process loses nothing.

Each process has a file of its own in a folder, mapped into memory: counting is a write to memory,
without a lock and without a system call. The lock of the file ends with the process, and the next
process goes on with the numbers that the file has. Whoever reads adds up all files.
"""

import fcntl
import hashlib
import logging
import mmap
import os
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from affiliate.durable_files import write_all

SUFFIX: Final = ".counts"
CELL_BYTES: Final = 8
"""The size of a number: a float, whose whole numbers are exact up to 2 ** 53."""
MAX_FILES: Final = 256
"""Processes that count at once; further ones count for themselves alone."""
PRIVATE_MODE: Final = 0o600

log = logging.getLogger(__name__)


class FileCounts(NamedTuple):
    """The numbers of one file, and its place; a file whose process has ended is not ``living``."""

    place: int
    cells: "array[float]"
    living: bool


class SharedCounts:
    """Numbers of this process, by the order of ``names``, in a file of ``folder``.

    Writers change ``cells`` in place, one after the other or under the interpreter's lock. Without
    a folder, or where the folder can't be used, the numbers are those of this process alone.
    Files of other names are begun anew once no process holds them.
    """

    def __init__(self, folder: Path | None, names: Sequence[str]) -> None:
        self._folder = folder
        self._head = hashlib.blake2b("\n".join(names).encode(), digest_size=CELL_BYTES).digest()
        self._bytes = CELL_BYTES * (1 + len(names))
        self._file: int | None = None
        self.place = 0
        """The number of this process's file."""
        self._memory: mmap.mmap | bytearray = bytearray(self._bytes)
        if folder is not None:
            try:
                self._take_file(folder)
            except OSError as error:
                log.warning("metrics are those of one process: %s: %s", folder, error)
        self.cells = memoryview(self._memory)[CELL_BYTES:].cast("d")

    def read_files(self) -> list[FileCounts]:
        """Return the numbers of all processes, those of this process among them."""
        own = FileCounts(self.place, array("d", self.cells.tolist()), living=True)
        if self._file is None or self._folder is None:
            return [own]
        files = [own]
        for path in sorted(self._folder.glob(f"*{SUFFIX}")):
            if path.stem.isdigit() and int(path.stem) != self.place:
                with suppress(OSError):
                    files += self._read_file(path)
        return files

    def _take_file(self, folder: Path) -> None:
        """Lock and map the first file that no process holds.

        Raises:
            OSError: the folder can't be written, or its disk is full.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for place in range(MAX_FILES):
            path = folder / f"{place}{SUFFIX}"
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_MODE)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.pread(file, CELL_BYTES, 0) != self._head or not self._fits(file):
                    os.ftruncate(file, 0)
                    # Written, not only made longer: a full disk must fail here, not at a count.
                    write_all(file, self._head + bytes(self._bytes - CELL_BYTES), 0)
                self._memory = mmap.mmap(file, self._bytes)
            except BlockingIOError:
                os.close(file)
            except OSError:
                os.close(file)
                raise
            else:
                self._file, self.place = file, place
                return
        raise OSError(f"more than {MAX_FILES} processes count")

    def _fits(self, file: int) -> bool:
        return os.fstat(file).st_size == self._bytes

    def _read_file(self, path: Path) -> Iterator[FileCounts]:
        """Yield the numbers of a file with the names of this process."""
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            packed = os.pread(file, self._bytes + 1, 0)
            if len(packed) != self._bytes or packed[:CELL_BYTES] != self._head:
                return
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                living = False
            except BlockingIOError:
                living = True
            yield FileCounts(int(path.stem), array("d", packed[CELL_BYTES:]), living)
        finally:
            os.close(file)
