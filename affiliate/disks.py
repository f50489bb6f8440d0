"""Writes that outlive a full disk and a power failure, for files that are nobody's database."""

import os
from pathlib import Path


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


def sync_folder(folder: Path) -> None:
    """Have the folder's names on the disk, so that a rename outlives a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
