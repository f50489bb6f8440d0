"""Finds out before the first write that the site may not write into ``DATA_DIR``."""

import os
from pathlib import Path
from typing import Final

FILES: Final = ("ledger.db", "cache.db")
"""Files of the folder that may belong to another user, as after a restored backup."""


def describe_unwritable_folder(folder: Path) -> str | None:
    """Return why the site may not write into a folder, with the remedy; None if it may.

    A folder that does not exist yet is judged by the nearest parent, in which it is made.
    """
    folder = folder.absolute()
    nearest = next(parent for parent in (folder, *folder.parents) if os.access(parent, os.F_OK))
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        if os.statvfs(nearest).f_flag & os.ST_RDONLY:
            words = "the file system is read-only. Mount a volume there, or set another DATA_DIR."
            return f"DATA_DIR {folder} can't be written: {words}"
        return f"DATA_DIR {folder} can't be written: {_describe_owner(nearest)}"
    for path in (folder / name for name in FILES):
        if os.access(path, os.F_OK) and not os.access(path, os.R_OK | os.W_OK):
            return f"{path} can't be written: {_describe_owner(path)}"
    return None


def _describe_owner(path: Path) -> str:
    """Return a sentence with owner and mode of a path, and one with the command that helps."""
    status = path.stat()
    user, group = os.geteuid(), os.getegid()
    return (
        f"{path} belongs to user {status.st_uid} and group {status.st_gid} (mode"
        f" {status.st_mode & 0o7777:o}), the site runs as user {user} and group {group}."
        f" As root: chown -R {user}:{group} {path.parent if path.is_file() else path}"
    )
