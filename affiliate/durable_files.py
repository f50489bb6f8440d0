"""Lock and write files of no database, so that writes outlive a full disk and a power failure."""

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

POLL_SECONDS: Final = 0.002
"""Look so often whether a lock has become free."""


def write_all(descriptor: int, content: bytes, at: int | None = None) -> None:
    """Write all of the content, at a place in the file or where the file is written next.

    Raises:
        OSError: a disk that is nearly full has taken a part, and fails at the next one.
    """
    rest = memoryview(content)
    while rest:
        done = os.write(descriptor, rest) if at is None else os.pwrite(descriptor, rest, at)
        at = None if at is None else at + done
        rest = rest[done:]


def lock_file(descriptor: int, ends: float, is_wanted: Callable[[], bool] = lambda: True) -> bool:
    """Wait for the exclusive lock of an open file until a monotonic time, as long as wanted.

    Return whether it was taken.

    Raises:
        BlockingIOError: another process has kept it all the time.
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


def sync_folder(folder: Path) -> None:
    """Have the folder's names on the disk, so that a rename outlives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
