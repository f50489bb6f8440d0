"""Makes folders for servers that listen on a socket in the file system."""

import tempfile
from pathlib import Path
from typing import Final

LONGEST: Final = 60
"""Bytes of a path that leave room for the name of a socket; Linux takes 107 in all (unix(7))."""


def socket_folder(prefix: str) -> Path:
    """Make a folder among temporary files, or in ``/tmp`` where their path is too long."""
    usual = tempfile.gettempdir()
    where = usual if len(usual.encode()) <= LONGEST else "/tmp"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=where))
