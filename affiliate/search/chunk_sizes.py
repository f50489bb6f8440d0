"""The sizes of chunks: full chunks where they come in time, else the places of a page.

A full chunk serves five pages for one call. Where full chunks mostly come later than a visitor
waits, the places of a page are asked for first, and the full chunk behind them.
"""

import time
from collections.abc import Callable
from typing import Final

from affiliate.search.limits import MarkStore
from affiliate.search.sliding_window import Window

LATE_SECONDS: Final = 2.5
"""Seconds after which a chunk misses the page that waits."""
MIN_LATE: Final = 3
"""The number of late chunks, beside a clear majority of the last chunks, that makes a size too
large."""
REMEMBER_SECONDS: Final = 3600
"""Seconds for which a chosen size lasts, before the other size is tried again."""
SMALL: Final = b"small"
FULL: Final = b"full"


class ChunkSizes:
    """The chunk size of each source, learned by all processes and kept in the store."""

    def __init__(self, store: MarkStore, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._window = Window(store, MIN_LATE, now=now)

    def is_small(self, source: str) -> bool:
        """Return whether a source is asked for a page's places first."""
        return self._store.get(_size_key(source)) == SMALL

    def record_duration(self, source: str, seconds: float, *, small: bool) -> None:
        """Record the seconds that a chunk of either size took, or took until its timeout."""
        size, late = ("small" if small else "full"), seconds > LATE_SECONDS
        is_majority = self._window.add(f"{size}:{source}", bad=late)
        if (
            is_majority
            and self.is_small(source) == small
            and (small or not self._is_decided(source))
        ):
            self._store.set(_size_key(source), FULL if small else SMALL, REMEMBER_SECONDS)
        elif small or not self.is_small(source):
            return
        elif self._window.add(f"soon:{source}", bad=not late):  # full chunks come in time again
            self._store.set(_size_key(source), b"", 1)

    def _is_decided(self, source: str) -> bool:
        """Return whether a size was chosen for a source within the last hour."""
        return bool(self._store.get(_size_key(source)))


def _size_key(source: str) -> str:
    return f"chunk:{source}"
