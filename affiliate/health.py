"""What an agency may still be asked: the owner's quota, shared by all processes."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from affiliate.errors import TooManyCalls

HOUR: Final = 3600


class Counters(Protocol):
    """The part of the store that counts; None says that it can't just now."""

    def incr(self, key: str, by: int, seconds: float) -> int | None: ...


class Quota:
    """At most so many calls to an agency in each hour of the clock.

    ``limits`` has the agencies that have one. While the store is down, each of ``processes``
    keeps to its part.
    """

    def __init__(
        self,
        counters: Counters,
        limits: Mapping[str, int],
        processes: int,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._counters = counters
        self._limits = limits
        self._processes = processes
        self._now = now
        self._own: dict[tuple[str, int], int] = {}
        self._lock = threading.Lock()

    def take(self, agency: str, part: float = 1.0) -> None:
        """Count one call that is about to be made; less important ones may have only a ``part``.

        Raises:
            TooManyCalls: this hour's are spent; it says how long the hour still is.
        """
        limit = self._limits.get(agency)
        if limit is None:
            return
        limit = max(int(limit * part), 1)
        hour = int(self._now() // HOUR)
        name = f"calls:{agency}:{hour}"
        if part < 1 and (self._counters.incr(name, 0, 2 * HOUR) or 0) >= limit:
            raise TooManyCalls(agency, "This hour's calls are kept for searches.", retry_after=60)
        count = self._counters.incr(name, 1, 2 * HOUR)
        if count is None:
            count, limit = self._count_alone(agency, hour), max(limit // self._processes, 1)
        if count > limit:
            rest = (hour + 1) * HOUR - self._now()
            raise TooManyCalls(agency, "This hour's calls are spent.", retry_after=rest)

    def _count_alone(self, agency: str, hour: int) -> int:
        with self._lock:
            self._own = {key: n for key, n in self._own.items() if key[1] == hour}
            self._own[agency, hour] = self._own.get((agency, hour), 0) + 1
            return self._own[agency, hour]
