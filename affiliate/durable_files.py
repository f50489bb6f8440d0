"""Locks and writes of files outside databases, which outlive a full disk and a power failure.

The size of any file, and the room of its disk, are measured here, too.
"""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

RESERVED_BYTES: Final = 16 * 2**20
"""Bytes of a disk that caches and downloads leave free for the ledger; a third of the disk where
that is less."""
POLL_SECONDS: Final = 0.002
"""Seconds between two attempts to take a lock."""


def write_all(descriptor: int, content: bytes, at: int | None = None) -> None:
    """Write all of the content, at a position in the file or where the file is written next.

    Raises:
        OSError: a disk that is nearly full has taken a part, and fails at the next part.
    """
    rest = memoryview(content)
    while rest:
        count = os.write(descriptor, rest) if at is None else os.pwrite(descriptor, rest, at)
        at = None if at is None else at + count
        rest = rest[count:]


def lock_file(descriptor: int, ends: float, is_wanted: Callable[[], bool] = lambda: True) -> bool:
    """Wait for the exclusive lock of an open file until a monotonic time, as long as wanted.

    Return whether the lock was taken.

    Raises:
        BlockingIOError: another process has held the lock all the time.
    """
    while is_wanted():
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > ends:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return True
    return False


def measure_file(path: Path) -> int:
    """Return the bytes of a file; 0 for no file."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def measure_room(folder: Path) -> tuple[int, int]:
    """Return the free bytes of a folder's disk, and how many of these stay free for the ledger."""
    disk = os.statvfs(folder)
    whole, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
    return free, min(RESERVED_BYTES, whole // 3)


def sync_folder(folder: Path) -> None:
    """Write the folder's names to the disk, so that a rename outlives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
