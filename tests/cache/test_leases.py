"""A lease lasts for as long as its fetch, and ends soon after its process has died."""

import threading

import pytest

from affiliate.cache.leases import LEASE_SECONDS, Leases
from tests.support.clocks import SetClock
from tests.support.waiting import wait_until


class Shelf:
    """A store whose leases end by a clock; counts how often they are extended."""

    def __init__(self, clock: SetClock[float]) -> None:
        self.clock = clock
        self.held: dict[str, tuple[str, float]] = {}
        self.extended = 0
        self.lock = threading.Lock()

    def lease(self, key: str, token: str, seconds: float) -> bool:
        with self.lock:
            if self.held.get(key, ("", 0.0))[1] > self.clock.now:
                return False
            self.held[key] = (token, self.clock.now + seconds)
            return True

    def extend(self, key: str, token: str, seconds: float) -> None:
        with self.lock:
            if self.held.get(key, ("", 0.0))[0] == token:
                self.held[key] = (token, self.clock.now + seconds)
                self.extended += 1

    def release(self, key: str, token: str) -> None:
        with self.lock:
            if self.held.get(key, ("", 0.0))[0] == token:
                del self.held[key]


@pytest.fixture
def clock() -> SetClock[float]:
    return SetClock(1000.0)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("affiliate.cache.leases.EXTEND_SECONDS", 0.001)


def test_one_of_two_processes_holds_a_lease(clock: SetClock[float]) -> None:
    store = Shelf(clock)
    first, second = Leases(store), Leases(store)
    with first.hold("k") as holds, second.hold("k") as other, second.hold("l") as elsewhere:
        assert (holds, other, elsewhere) == (True, False, True)
    with second.hold("k") as holds:
        assert holds


def test_a_lease_lasts_for_as_long_as_its_block(clock: SetClock[float]) -> None:
    """A fetch of a minute keeps every other process from fetching too."""
    store = Shelf(clock)
    first, second = Leases(store), Leases(store)
    with first.hold("k"):
        for _ in range(30):
            before = store.extended
            wait_until(lambda before=before: store.extended > before + 1)  # type: ignore[misc]
            clock.now += LEASE_SECONDS - 1
            with second.hold("k") as holds:
                assert not holds


def test_a_lease_that_is_given_back_is_extended_no_more(clock: SetClock[float]) -> None:
    """Also after a fetch that failed; what another process holds by then stays its own."""
    store = Shelf(clock)
    leases = Leases(store)
    with pytest.raises(KeyError), leases.hold("k"):
        raise KeyError
    assert store.held == {}
    with leases.hold("other"):
        wait_until(lambda: store.extended > 2)
        assert list(store.held) == ["other"]
