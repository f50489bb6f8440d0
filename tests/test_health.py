"""The hour's quota and the breaker, counted by a store or by the process alone."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest

from affiliate.errors import (
    AgencyDown,
    AgencyError,
    AgencyTimeout,
    BadAnswer,
    BadCredentials,
    Forbidden,
    NotFound,
    RequestRefused,
    StoreDown,
    Suspended,
    TooManyCalls,
)
from affiliate.health import FAILURES, OPEN_SECONDS, PROBE_SECONDS, Breaker, Limit, Quota
from affiliate.stores import Guarded
from tests.support.clocks import SetClock
from tests.support.memory_store import Memory


class Silent:
    """A store that can't count just now."""

    def incr(self, key: str, by: int, seconds: float) -> None:
        assert key
        assert by
        assert seconds


def test_the_hours_calls_are_shared_and_end() -> None:
    """Two processes on one store make so many calls together, then wait for the next hour."""
    store, clock = Memory(), SetClock(1000.0)
    quotas = [Quota(store, {"a": [Limit(5)]}, 2, now=clock) for _ in range(2)]
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
    quota = Quota(store, {"a": [Limit(1)]}, 1)
    for _ in range(10):
        quota.take("b")
    assert store == {}


def test_without_the_store_each_process_keeps_to_its_part() -> None:
    """While nothing is shared, a process of four makes a fourth of the calls."""
    clock = SetClock(1000.0)
    quota = Quota(Silent(), {"a": [Limit(20)]}, 4, now=clock)
    for _ in range(5):
        quota.take("a")
    with pytest.raises(TooManyCalls):
        quota.take("a")
    clock.now = 4000
    quota.take("a")


def test_every_process_may_call_a_little_without_the_store() -> None:
    """Of more processes than calls each still makes one."""
    quota = Quota(Silent(), {"a": [Limit(3)]}, 4, now=SetClock(1000.0))
    quota.take("a")
    with pytest.raises(TooManyCalls):
        quota.take("a")


def test_less_important_calls_leave_the_rest_to_others() -> None:
    """Those that may have half of the calls are refused after it, and searches go on."""
    quota = Quota(Memory(), {"a": [Limit(4)]}, 1, now=SetClock(1000.0))
    for _ in range(2):
        quota.take("a", 0.5)
    with pytest.raises(TooManyCalls) as caught:
        quota.take("a", 0.5)
    assert caught.value.retry_after == 60
    for _ in range(2):
        quota.take("a")
    with pytest.raises(TooManyCalls):
        quota.take("a")


@pytest.mark.parametrize("counters", [Memory, Silent])
def test_an_agency_may_have_several_limits(counters: type[Memory | Silent]) -> None:
    """So many in a minute, and so many in a day."""
    clock = SetClock(1000.0)
    quota = Quota(counters(), {"a": [Limit(2, 60), Limit(3, 86400)]}, 1, now=clock)
    clock.now = 86400
    for _ in range(2):
        quota.take("a")
    with pytest.raises(TooManyCalls) as caught:
        quota.take("a")
    assert caught.value.retry_after == 60
    clock.now += 60
    quota.take("a")
    with pytest.raises(TooManyCalls) as caught:
        quota.take("a")
    assert caught.value.retry_after == 3600
    clock.now += 86400
    quota.take("a")


class Timed:
    """A store whose entries, counters and leases end by a clock."""

    def __init__(self, clock: SetClock[float]) -> None:
        self.clock = clock
        self.entries: dict[str, tuple[bytes, float]] = {}

    def get(self, key: str) -> bytes | None:
        value, ends = self.entries.get(key, (b"", 0.0))
        return value if ends > self.clock.now else None

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        self.entries[key] = (value, self.clock.now + timeout)
        return True

    def lease(self, key: str, token: str, seconds: float) -> bool:
        name = f"lease:{key}"
        if self.get(name) is None:
            self.entries[name] = (token.encode(), self.clock.now + seconds)
        return self.get(name) == token.encode()

    def incr(self, key: str, by: int, seconds: float) -> int | None:
        value, ends = self.entries.get(key, (b"0", 0.0))
        if ends <= self.clock.now:
            value, ends = b"0", self.clock.now + seconds
        self.entries[key] = (b"%d" % (int(value) + by), ends)
        return int(self.entries[key][0])


class Uncounted(Timed):
    """A store that can't count just now, and keeps values in the process."""

    def incr(self, key: str, by: int, seconds: float) -> None:
        assert key
        assert by
        assert seconds


def suspended(breaker: Breaker, agency: str = "a") -> float:
    """For how long an agency is left alone; 0 when a call may pass."""
    try:
        breaker.admit(agency)
    except Suspended as error:
        return error.retry_after
    return 0.0


def fails(breaker: Breaker, times: int, kind: type[AgencyError] = AgencyDown) -> None:
    for _ in range(times):
        breaker.failed(kind("a", "It is down."))


@pytest.mark.parametrize("kind", [AgencyDown, AgencyTimeout, BadAnswer, Forbidden])
@pytest.mark.parametrize("store", [Timed, Uncounted])
def test_an_agency_that_keeps_failing_is_left_alone(
    kind: type[AgencyError], store: type[Timed]
) -> None:
    """Five failures within half a minute, then no call for half a minute."""
    clock = SetClock(1000.0)
    breaker = Breaker(store(clock), now=clock)
    fails(breaker, FAILURES - 1, kind)
    assert suspended(breaker) == 0
    fails(breaker, 1, kind)
    assert suspended(breaker) == OPEN_SECONDS
    assert suspended(breaker, "b") == 0


def test_all_processes_leave_it_alone() -> None:
    """What two processes see fail counts together, and a third has not asked yet."""
    clock = SetClock(1000.0)
    store = Timed(clock)
    first, second, third = (Breaker(store, now=clock) for _ in range(3))
    fails(first, 3)
    fails(second, 2)
    assert suspended(third) == OPEN_SECONDS
    assert third.suspended("a")


@pytest.mark.parametrize("store", [Timed, Uncounted])
def test_rare_failures_are_forgotten(store: type[Timed]) -> None:
    """One each ten seconds is no reason to leave an agency out."""
    clock = SetClock(1000.0)
    breaker = Breaker(store(clock), now=clock)
    for _ in range(20):
        fails(breaker, 1)
        clock.now += 10
        assert suspended(breaker) == 0


def test_after_a_while_one_call_tries_it_again_and_the_others_wait() -> None:
    """The probe may pass; when it never ends, another takes its place."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    assert suspended(breaker) == 1
    clock.now += PROBE_SECONDS
    assert suspended(breaker) == 0


def test_a_probe_that_fails_leaves_it_alone_once_more() -> None:
    """One failure is enough then; a success makes it as it was before."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    fails(breaker, 1)
    assert suspended(breaker) == OPEN_SECONDS
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    breaker.answered("a")
    clock.now += 1
    fails(breaker, FAILURES - 1)
    assert suspended(breaker) == 0


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TooManyCalls("a", "Enough.", retry_after=77), 77),
        (TooManyCalls("a", "Enough."), 60),
        (BadCredentials("a", "No."), 300),
    ],
)
def test_what_an_agency_says_of_itself_counts_at_once(error: AgencyError, seconds: float) -> None:
    """Too many calls, or a key that it does not take: no other search will fare better."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    breaker.failed(error)
    assert suspended(breaker) == seconds


@pytest.mark.parametrize("kind", [NotFound, RequestRefused])
def test_what_is_about_one_question_speaks_for_the_agency(kind: type[AgencyError]) -> None:
    """A picture that is gone, or a word that it does not understand."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, 3 * FAILURES, kind)
    assert suspended(breaker) == 0
    fails(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    fails(breaker, 1, kind)
    clock.now += 1
    assert suspended(breaker) == 0


def test_a_mark_that_can_not_be_read_is_none() -> None:
    clock = SetClock(1000.0)
    store = Timed(clock)
    store.set("open:a", b"\xff", 60)
    assert suspended(Breaker(store, now=clock)) == 0


def test_an_answer_to_a_call_from_before_ends_nothing() -> None:
    """Of calls under way one is told to wait; those that still get through don't undo that."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    breaker.failed(TooManyCalls("a", "Enough.", retry_after=500))
    breaker.answered("a")
    breaker.failed(NotFound("a", "Gone."))
    assert suspended(breaker) == 500
    breaker.failed(AgencyTimeout("a", "Late."))
    assert suspended(breaker) == 500


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_clock_that_is_set_anew_leaves_no_agency_out_for_long(jump: float) -> None:
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, FAILURES)
    clock.now += jump
    assert suspended(breaker) <= PROBE_SECONDS
    breaker.answered("a")
    assert not breaker.suspended("a")


class Failing(Timed):
    """A store that can be out of reach."""

    down = True

    def get(self, key: str) -> bytes | None:
        self._reach()
        return super().get(key)

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        self._reach()
        return super().set(key, value, timeout)

    def incr(self, key: str, by: int, seconds: float) -> int | None:
        self._reach()
        return super().incr(key, by, seconds)

    def lease(self, key: str, token: str, seconds: float) -> bool:
        self._reach()
        return super().lease(key, token, seconds)

    def _reach(self) -> None:
        if self.down:
            raise StoreDown("out of reach")


def test_without_the_store_a_process_leaves_alone_what_fails_it_and_goes_on_when_it_is_back() -> (
    None
):
    clock = SetClock(1000.0)
    store = Failing(clock)
    breaker = Breaker(Guarded(store, now=clock), now=clock)
    fails(breaker, FAILURES)
    assert suspended(breaker) == OPEN_SECONDS
    store.down = False
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    breaker.answered("a")
    clock.now += 2
    fails(breaker, FAILURES - 1)
    assert suspended(breaker) == 0


def test_of_many_threads_one_tries_an_agency_again() -> None:
    clock = SetClock(1000.0)
    breaker = Breaker(Locked(clock), now=clock)
    fails(breaker, FAILURES)
    clock.now += OPEN_SECONDS
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: suspended(breaker), range(64)))
    assert sorted(waits) == [0, *[1] * 63]


class Locked(Timed):
    """A store whose leases are taken by one at a time, as real ones are."""

    lock = Lock()

    def lease(self, key: str, token: str, seconds: float) -> bool:
        with self.lock:
            return super().lease(key, token, seconds)
