"""The hour's quota, counted by a store or by the process alone."""

import pytest

from affiliate.errors import TooManyCalls
from affiliate.health import Quota
from tests.test_cache import Clock, Memory


class Silent:
    """A store that can't count just now."""

    def incr(self, key: str, by: int, seconds: float) -> None:
        assert key
        assert by
        assert seconds


def test_the_hours_calls_are_shared_and_end() -> None:
    """Two processes on one store make so many calls together, then wait for the next hour."""
    store, clock = Memory(), Clock()
    quotas = [Quota(store, {"a": 5}, 2, now=clock) for _ in range(2)]
    for number in range(5):
        quotas[number % 2].take("a")
    with pytest.raises(TooManyCalls) as caught:
        quotas[0].take("a")
    assert caught.value.retry_after == 3600 - 1000
    clock.now = 3600
    quotas[1].take("a")


def test_an_agency_without_a_limit_is_not_counted() -> None:
    """Without a setting nothing is counted or refused."""
    store = Memory()
    quota = Quota(store, {"a": 1}, 1)
    for _ in range(10):
        quota.take("b")
    assert store == {}


def test_without_the_store_each_process_keeps_to_its_part() -> None:
    """While nothing is shared, a process of four makes a fourth of the calls."""
    clock = Clock()
    quota = Quota(Silent(), {"a": 20}, 4, now=clock)
    for _ in range(5):
        quota.take("a")
    with pytest.raises(TooManyCalls):
        quota.take("a")
    clock.now = 4000
    quota.take("a")
