"""Gives tests ledgers whose tables are up to date; an upgrade takes longer than most tests."""

import functools
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from affiliate.database.ledger import Ledger


@functools.cache
def upgraded() -> bytes:
    """Return the file of a SQLite ledger that was upgraded and never used."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        with closing(Ledger(f"sqlite:///{path}")) as ledger:
            ledger.upgrade()
        return path.read_bytes()


def place_ledger(folder: Path) -> str:
    """Put a ledger into a folder, unless it has one; the ledger's address."""
    path = folder / "ledger.db"
    if not path.exists():
        path.write_bytes(upgraded())
    return f"sqlite:///{path}"


@contextmanager
def new_ledger(folder: Path) -> Iterator[Ledger]:
    """A ledger in a folder, closed at the end."""
    with closing(Ledger(place_ledger(folder))) as ledger:
        yield ledger
