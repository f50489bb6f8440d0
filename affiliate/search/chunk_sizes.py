"""How much to ask an agency for in one call: full chunks where they come in time, else a page's.

A full chunk serves five pages for one call. Where full chunks mostly come later than a visitor
waits, the places of a page are asked for first, and the full chunk behind them.
"""

import time
from collections.abc import Callable
from typing import Final

from affiliate.search.limits import MarkStore
from affiliate.search.sliding_window import Window

LATE_SECONDS: Final = 2.5
"""A chunk that takes longer misses the page that waits for it."""
MIN_LATE: Final = 3
"""So many late ones, and a clear majority of the last ones, and a size is too large."""
REMEMBER_SECONDS: Final = 3600
"""How long an agency is asked for less before full chunks are tried again, or the reverse."""
SMALL: Final = b"small"
FULL: Final = b"full"


class ChunkSizes:
    """What all processes have learned of the agencies' speed, kept in the store."""

    def __init__(self, store: MarkStore, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._window = Window(store, MIN_LATE, now=now)

    def is_small(self, source: str) -> bool:
        """Tell whether a source is asked for a page's places first."""
        return self._store.get(_size_key(source)) == SMALL

    def record_duration(self, source: str, seconds: float, *, small: bool) -> None:
        """Record how long a chunk of either size took to come, or to fail to come in time."""
        size, late = ("small" if small else "full"), seconds > LATE_SECONDS
        mostly = self._window.add(f"{size}:{source}", bad=late)
        if mostly and self.is_small(source) == small and (small or not self._is_decided(source)):
            self._store.set(_size_key(source), FULL if small else SMALL, REMEMBER_SECONDS)
        elif small or not self.is_small(source):
            return
        elif self._window.add(f"soon:{source}", bad=not late):  # full ones come in time again
            self._store.set(_size_key(source), b"", 1)

    def _is_decided(self, source: str) -> bool:
        """Tell whether a size was chosen for a source within the last hour."""
        return bool(self._store.get(_size_key(source)))


def _size_key(source: str) -> str:
    return f"chunk:{source}"
