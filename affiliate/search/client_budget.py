"""Budgets of visitors: the calls to agencies that each client, and each blog, may cause.

Costs are counted in windows of the clock and shared by all processes through the store; while the
store is down, each process goes on from the counts that it knows.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from affiliate.agencies.limits import Limit
from affiliate.search.counters import Counters, Counts, Windows

SEARCH_COST: Final = 4
"""The cost of a search that the cache can't answer, however many agencies are asked, and of a
picture's details and similar pictures."""
PICK_COST: Final = 2
"""The cost of a picture that an embed names."""
BESIDE_COST: Final = 1
"""The cost of calls behind an answer: suggestions, details of a picture that is known."""
MAX_REFUSED_CLIENTS: Final = 10_000
"""The number of clients without room that a process knows; the first are forgotten first."""


class Budget:
    """Counts of each client's cost; ``limits`` are costs in windows of seconds.

    While the store is down, each of ``processes`` has its part of the client's remaining budget.
    """

    def __init__(
        self,
        counters: Counters,
        limits: Sequence[Limit],
        processes: int,
        *,
        now: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
    ) -> None:
        self._counts = Counts(counters, processes)
        self._limits = limits
        self._windows = Windows(now, steady)
        self._refused: OrderedDict[tuple[str, int], None] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, client: str, cost: int, times: int = 1) -> float:
        """Count a cost that a client is about to cause, in a budget of ``times`` the limits.

        Return 0 where there is room, else the seconds until there is room again. Costs of a client
        without room are not counted.
        """
        for limit in self._limits:
            window, rest = self._windows.current_window(limit.seconds)
            key = f"client:{client}:{limit.seconds}:{window}"
            if (key, times) not in self._refused:
                count = self._counts.add(key, cost, limit.seconds)
                if count.has_room(times * limit.calls, least=cost):
                    continue
                self._remember_refusal((key, times))
            return rest
        return 0.0

    def _remember_refusal(self, key: tuple[str, int]) -> None:
        """Remember that a client has no room in a window, so that a flood writes nothing.

        The key holds the multiple of the budget, as the same client may have a larger budget later.
        """
        with self._lock:
            self._refused[key] = None
            if len(self._refused) > MAX_REFUSED_CLIENTS:
                self._refused.popitem(last=False)
