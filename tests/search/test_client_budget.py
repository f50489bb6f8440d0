"""What clients may cost is counted together by all processes, and by each while they can't."""

import pytest

from affiliate.agencies.limits import Limit
from affiliate.search.client_budget import MAX_REFUSED_CLIENTS, Budget
from tests.support.clocks import SetClock
from tests.support.memory_store import Memory

LIMITS = (Limit(8, 60), Limit(20, 3600))


class Unreliable(Memory):
    """A store whose counters can be out of reach."""

    down = False

    def incr(self, key: str, by: int, seconds: float) -> int | None:
        return None if self.down else super().incr(key, by, seconds)


def test_a_client_has_so_much_in_each_window() -> None:
    """The rest of the window is told; another client is not touched; the hour counts on."""
    clock = SetClock(3_600_040.0)
    budget = Budget(Memory(), LIMITS, 1, now=clock)
    assert [budget.take("a", 4) for _ in range(4)] == [0, 0, 20, 20]
    assert budget.take("b", 4) == 0
    clock.now += 60
    assert [budget.take("a", 4) for _ in range(3)] == [0, 0, 20]
    clock.now += 60
    assert [budget.take("a", 4) for _ in range(2)] == [0, 3600 - 160]


def test_a_client_without_room_has_it_with_more_budgets() -> None:
    """The address of a proxy may send requests of its own, and those of many."""
    budget = Budget(Memory(), LIMITS, 1, now=SetClock(3_600_040.0))
    assert [budget.take("a", 4) for _ in range(3)] == [0, 0, 20]
    assert budget.take("a", 4, times=10) == 0
    assert budget.take("a", 4) == 20


def test_processes_count_together() -> None:
    """What one process has let through, the next knows of."""
    store, clock = Memory(), SetClock(6000.0)
    first, second = (Budget(store, LIMITS, 2, now=clock) for _ in range(2))
    taken = [budget.take("a", 2) for _ in range(4) for budget in (first, second)]
    assert taken.count(0) == 4


@pytest.mark.parametrize(("before", "after"), [(0, 1), (1, 0), (2, 0)])
def test_a_process_goes_on_from_what_it_knows(before: int, after: int) -> None:
    """While the store is down, two processes have each half of what a client had left."""
    store, clock = Unreliable(), SetClock(6000.0)
    budget = Budget(store, LIMITS, 2, now=clock)
    assert [budget.take("a", 4) for _ in range(before)] == [0] * before
    store.down = True
    assert [budget.take("a", 4) for _ in range(5)].count(0) == after


def test_a_client_without_room_is_not_written() -> None:
    """A flood costs the store nothing once it is refused."""
    store, clock = Memory(), SetClock(6000.0)
    budget = Budget(store, LIMITS, 1, now=clock)
    for _ in range(3):
        budget.take("a", 4)
    before = dict(store)
    assert [budget.take("a", 4) for _ in range(100)].count(0) == 0
    assert store == before


def test_blogs_have_several_clients_room() -> None:
    """A budget of so many times one."""
    budget = Budget(Memory(), LIMITS[:1], 1, now=SetClock(6000.0))
    assert [budget.take("blog", 4, 10) for _ in range(25)].count(0) == 20


def test_what_a_process_knows_is_bounded() -> None:
    """Millions of addresses fill no memory."""
    budget = Budget(Memory(), LIMITS, 1, now=SetClock(6000.0))
    for number in range(MAX_REFUSED_CLIENTS + 10):
        budget.take(str(number), 9)
    assert len(budget._refused) == MAX_REFUSED_CLIENTS


@pytest.mark.parametrize("step", [-3600, -600, 600, 3600])
def test_a_clock_that_is_set_gives_nobody_more(step: int) -> None:
    """A client's minute lasts a minute."""
    clock, steady = SetClock(36_010.0), SetClock(0.0)
    budget = Budget(Memory(), [Limit(4, 60)], 1, now=clock, steady=steady)
    assert budget.take("c", 4) == 0
    clock.now += step
    steady.now += 30
    assert 0 < budget.take("c", 4) <= 50
    clock.now += 60
    steady.now += 60
    assert budget.take("c", 4) == 0
