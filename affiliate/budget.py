"""What visitors may cost: a budget of calls to agencies for each client, and for each blog.

It is counted in windows of the clock and shared by all processes through the store; while that is
down, each process goes on from what it knows.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from affiliate.counts import Counters
from affiliate.health import Limit

SEARCH: Final = 4
"""What a search costs that the cache can't answer, however many agencies are asked; a picture's
details and what is similar to it cost the same."""
PICK: Final = 2
"""What a picture costs that an embed names."""
BESIDE: Final = 1
"""What is asked for behind an answer costs: suggestions, and more of a picture that is known."""
CLIENTS: Final = 10_000
"""So many clients are known to a process; those that asked the longest ago are forgotten."""


class Known(NamedTuple):
    """What a process knows of a client's window: its cost, by the store's count or its own."""

    cost: int = 0
    shared: bool = False


class Budget:
    """Counts what each client costs; ``limits`` are costs in windows of seconds.

    While the store is down, a client of which nothing is known has one part of ``processes``.
    """

    def __init__(
        self,
        counters: Counters,
        limits: Sequence[Limit],
        processes: int,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._counters = counters
        self._limits = limits
        self._processes = processes
        self._now = now
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str, cost: int, times: int = 1) -> float:
        """Count what a client is about to cost, who has the budget of so many ``times`` one.

        Return 0 where there is room, else the seconds until there is room again. Nothing more is
        counted of a client without room.
        """
        now = self._now()
        for limit in self._limits:
            window, gone = divmod(now, limit.seconds)
            key = f"client:{client}:{limit.seconds}:{int(window)}"
            if not self._has_room(key, cost, times * limit.calls, limit.seconds):
                return limit.seconds - gone
        return 0.0

    def _has_room(self, key: str, cost: int, most: int, seconds: int) -> bool:
        with self._lock:
            known = self._known.get(key, Known())
        if known.cost <= most:
            count = self._counters.incr(key, cost, seconds)
            counted = (
                Known(known.cost + cost, known.shared)
                if count is None
                else Known(count, shared=True)
            )
            self._remember(key, counted)
            known = counted
        return known.cost <= (most if known.shared else max(most // self._processes, cost))

    def _remember(self, key: str, known: Known) -> None:
        with self._lock:
            self._known[key] = known
            self._known.move_to_end(key)
            if len(self._known) > CLIENTS:
                self._known.popitem(last=False)
