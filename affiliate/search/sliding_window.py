"""A sliding window over the last calls of all processes, to tell when most calls were bad."""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from affiliate.search.counters import Counters

HALF: Final = 10
MAX_CALLS: Final = 2 * HALF
"""The calls in a window of two halves, the current and the previous: the last 10 to 20 calls."""
MAJORITY: Final = 0.6
"""The share of bad calls above which they are a clear majority."""
PERIOD_SECONDS: Final = 120
"""Seconds after which the counts begin anew; calls from before the last period don't count."""


class Window:
    """Counts of calls by a name, in the store, or in the process while the store can't count.

    ``least`` is the number of bad calls without which there is no majority.
    """

    def __init__(
        self, store: Counters, least: int, *, now: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._least = least
        self._now = now
        self._own: dict[str, deque[tuple[float, bool]]] = {}
        self._lock = threading.Lock()

    def add(self, name: str, calls: int = 1, *, bad: bool) -> bool:
        """Count calls; return whether the last call and a clear majority of the calls were bad."""
        period = int(self._now() // PERIOD_SECONDS)
        key = _window_key(name, period)
        number = self._store.incr(key, calls, 2 * PERIOD_SECONDS)
        if number is None:
            return self._add_alone(name, calls, bad=bad)
        if not bad:
            return False
        half, place = divmod(number - 1, HALF)
        bad_calls = self._store.incr(f"{key}:{half}", 1, 2 * PERIOD_SECONDS) or 1
        before = HALF * half or self._read_count(_window_key(name, period - 1))
        before_half, before_place = divmod(max(before - 1, 0), HALF)
        if before:
            key = key if half else _window_key(name, period - 1)
            bad_calls += self._read_count(f"{key}:{before_half}")
        return self._is_majority(bad_calls, place + 1 + (before_place + 1 if before else 0))

    def _read_count(self, key: str) -> int:
        return self._store.incr(key, 0, 2 * PERIOD_SECONDS) or 0

    def _add_alone(self, name: str, calls: int, *, bad: bool) -> bool:
        with self._lock:
            now = self._now()
            window = self._own.setdefault(name, deque(maxlen=MAX_CALLS))
            window.extend([(now, bad)] * calls)
            recent = [is_bad for at, is_bad in window if now - PERIOD_SECONDS < at <= now]
            return bad and self._is_majority(sum(recent), len(recent))

    def _is_majority(self, bad_calls: int, calls: int) -> bool:
        return bad_calls >= self._least and bad_calls > MAJORITY * calls


def _window_key(name: str, period: int) -> str:
    return f"window:{name}:{period}"
