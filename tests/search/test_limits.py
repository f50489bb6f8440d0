"""The hour's quota and the breaker, counted by a store or by the process alone."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

import pytest

from affiliate.agencies.limits import Limit
from affiliate.cache.stores import StoreWithFallback
from affiliate.errors import (
    AgencyDown,
    AgencyError,
    AgencyTimeout,
    BadAnswer,
    BadCredentials,
    Blocked,
    CallsSpent,
    Forbidden,
    NotFound,
    PaceExceeded,
    RequestRefused,
    StoreDown,
    Suspended,
    TooManyCalls,
)
from affiliate.search.limits import (
    MAX_PACE_SECONDS,
    MIN_FAILURES,
    OPEN_SECONDS,
    PROBE_SECONDS,
    Breaker,
    Quota,
)
from tests.support.clocks import PassingClock, SetClock
from tests.support.memory_store import Memory


class Silent:
    """A store that can't count just now."""

    def incr(self, key: str, by: int, seconds: float) -> None:
        assert key
        assert by >= 0
        assert seconds


def test_the_hours_calls_are_shared_and_end() -> None:
    """Two processes on one store make so many calls together, then wait for the next hour."""
    store, clock = Memory(), SetClock(1000.0)
    quotas = [Quota(store, {"a": [Limit(5)]}, 2, now=clock) for _ in range(2)]
    for number in range(5):
        quotas[number % 2].take("a")
    with pytest.raises(CallsSpent) as caught:
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
    with pytest.raises(CallsSpent):
        quota.take("a")
    clock.now = 4000
    quota.take("a")


@pytest.mark.parametrize(
    ("limit", "processes", "calls", "made"),
    [
        (Limit(3), 4, 1, 0),
        (Limit(5), 4, 2, 0),
        (Limit(8), 4, 2, 4),
        (Limit(1), 1, 2, 0),
        (Limit(1, 1), 4, 1, 4),  # a pace is no quota
    ],
)
def test_parts_of_a_limit_are_no_more_than_the_limit(
    limit: Limit, processes: int, calls: int, made: int
) -> None:
    """Without the store, however many processes there are, and whatever a question costs."""
    clock = SetClock(1000.0)
    quotas = [Quota(Silent(), {"a": [limit]}, processes, now=clock) for _ in range(processes)]
    asked = 0
    for quota in quotas * 3:
        with suppress(CallsSpent, PaceExceeded):
            quota.take("a", calls=calls)
            asked += 1
    assert asked == made


HALF_HOUR = 1800


@pytest.mark.parametrize("step", [-7200, -3600, -600, 600, 3600, 7200, 10**8])
@pytest.mark.parametrize("fault", ["", "gone"])
def test_a_clock_that_is_set_gives_no_calls(fault: str, step: int) -> None:
    """Two processes make no more calls in an hour that passes, and go on in the next."""
    store, clock, steady = Memory(), SetClock(3_600_600.0), SetClock(50.0)
    quotas = [Quota(store, {"a": [Limit(10)]}, 2, now=clock, steady=steady) for _ in range(2)]

    def take(times: int) -> int:
        made = 0
        for turn in range(times):
            with suppress(CallsSpent):
                quotas[turn % 2].take("a")
                made += 1
        return made

    made = take(6)
    clock.now += step
    if fault:
        store.incr = lambda *_: None  # type: ignore[method-assign]
    made += take(20)
    clock.now += HALF_HOUR
    steady.now += HALF_HOUR
    assert made + take(20) == 10
    assert max(quota.list_spent_calls("a")[0].rest for quota in quotas) <= HALF_HOUR
    clock.now += 2 * HALF_HOUR
    steady.now += 2 * HALF_HOUR
    assert take(20) == (0 if step == -3600 else 10)  # the hour that comes again is spent


@pytest.mark.parametrize(
    ("error", "step"),
    [
        *((BadCredentials("a", "No."), step) for step in (-86400, -3600, -600, -120)),
        *((TooManyCalls("a", "Slowly.", retry_after=600), step) for step in (-86400, -3600)),
    ],
)
def test_a_clock_that_is_set_back_keeps_no_agency_shut(error: AgencyError, step: int) -> None:
    """What was left alone before is tried again, not left alone for longer."""
    clock = SetClock(100_000.0)
    breaker = Breaker(Memory(), now=clock)
    breaker.record_failure("a", error)
    assert breaker.get_suspension("a")
    clock.now += step
    assert breaker.get_suspension("a") is None
    breaker.admit("a")


def test_less_important_calls_leave_the_rest_to_others() -> None:
    """Those that may have half of the calls are refused after it, and searches go on."""
    quota = Quota(Memory(), {"a": [Limit(4)]}, 1, now=SetClock(1000.0))
    for _ in range(2):
        quota.take("a", 0.5)
    with pytest.raises(CallsSpent) as caught:
        quota.take("a", 0.5)
    assert caught.value.retry_after == 60
    for _ in range(2):
        quota.take("a")
    with pytest.raises(CallsSpent):
        quota.take("a")


@pytest.mark.parametrize("counters", [Memory, Silent])
def test_an_agency_may_have_several_limits(counters: type[Memory | Silent]) -> None:
    """So many in a minute, and so many in a day."""
    clock = SetClock(1000.0)
    quota = Quota(counters(), {"a": [Limit(2, 60), Limit(3, 86400)]}, 1, now=clock)
    clock.now = 86400
    for _ in range(2):
        quota.take("a")
    with pytest.raises(CallsSpent) as caught:
        quota.take("a")
    assert caught.value.retry_after == 60
    clock.now += 60
    quota.take("a")
    with pytest.raises(CallsSpent) as caught:
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
        breaker.record_failure("a", kind("a", "It is down."))


@pytest.mark.parametrize("kind", [AgencyDown, AgencyTimeout, BadAnswer, Blocked])
@pytest.mark.parametrize("store", [Timed, Uncounted])
def test_an_agency_that_keeps_failing_is_left_alone(
    kind: type[AgencyError], store: type[Timed]
) -> None:
    """Five failures and no success, then no call for half a minute."""
    clock = SetClock(1000.0)
    breaker = Breaker(store(clock), now=clock)
    fails(breaker, MIN_FAILURES - 1, kind)
    assert suspended(breaker) == 0
    fails(breaker, 1, kind)
    assert suspended(breaker) == OPEN_SECONDS
    assert suspended(breaker, "b") == 0


SINGLE: list[AgencyError] = [
    Forbidden("a", "Not with this key."),
    NotFound("a", "It is gone."),
    RequestRefused("a", "It can't search so."),
]


@pytest.mark.parametrize("error", SINGLE)
def test_a_question_that_is_refused_shuts_nobody_out(error: AgencyError) -> None:
    """However often single questions are refused, the agency may be asked others."""
    breaker = Breaker(Timed(SetClock(1000.0)), now=SetClock(1000.0))
    for _ in range(50):
        breaker.record_failure("a", error)
    assert suspended(breaker) == 0


def test_all_processes_leave_it_alone() -> None:
    """What two processes see fail counts together, and a third has not asked yet."""
    clock = SetClock(1000.0)
    store = Timed(clock)
    first, second, third = (Breaker(store, now=clock) for _ in range(3))
    fails(first, 3)
    fails(second, 2)
    assert suspended(third) == OPEN_SECONDS
    assert third.get_suspension("a") == (OPEN_SECONDS, "")


@pytest.mark.parametrize("store", [Timed, Uncounted])
def test_failures_of_long_ago_are_forgotten(store: type[Timed]) -> None:
    """One a minute is no reason to leave an agency out."""
    clock = SetClock(1000.0)
    breaker = Breaker(store(clock), now=clock)
    for _ in range(20):
        fails(breaker, 1)
        clock.now += 60
        assert suspended(breaker) == 0


@pytest.mark.parametrize("store", [Timed, Uncounted])
@pytest.mark.parametrize("every", [2, 3, 10, 33])
def test_an_agency_that_mostly_answers_is_never_left_alone(store: type[Timed], every: int) -> None:
    """However many calls fail, their share counts: up to a half of them shuts nobody out."""
    clock = SetClock(1000.0)
    breaker = Breaker(store(clock), now=clock)
    for number in range(400):
        if number % every:
            breaker.record_success("a")
        else:
            fails(breaker, 1)
        clock.now += 0.3
        assert suspended(breaker) == 0


@pytest.mark.parametrize("store", [Timed, Uncounted])
@pytest.mark.parametrize("before", [0, 7, 10, 300])
def test_an_agency_that_begins_to_fail_is_soon_left_alone(store: type[Timed], before: int) -> None:
    """However many calls went well before, after two windows of failures it is shut."""
    clock = SetClock(1000.0)
    breaker = Breaker(store(clock), now=clock)
    for _ in range(before):
        breaker.record_success("a")
    failures = 0
    while not suspended(breaker):
        fails(breaker, 1)
        failures += 1
        assert failures <= 20
    assert failures >= MIN_FAILURES


@pytest.mark.parametrize("start", [1000.0, 1079.5, 1200.0])
def test_the_turn_of_a_period_hides_no_failures(start: float) -> None:
    """Failures on both sides of it count together."""
    clock = SetClock(start)
    breaker = Breaker(Timed(clock), now=clock)
    for _ in range(MIN_FAILURES):
        fails(breaker, 1)
        clock.now += 0.2
    assert suspended(breaker) > 0


def test_failures_of_side_calls_shut_no_search() -> None:
    """Details, suggestions and the like may fail by themselves; only limits count for all."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    for kind in (AgencyDown, AgencyTimeout, BadAnswer, BadCredentials):
        for _ in range(20):
            breaker.record_failure("a", kind("a", "It is down."), searches=False)
        assert suspended(breaker) == 0
    breaker.record_failure("a", TooManyCalls("a", "Enough.", retry_after=7), searches=False)
    assert suspended(breaker) == 7


def test_a_source_s_failures_say_nothing_of_another_key() -> None:
    """A revoked key, here or on another machine, silences itself alone."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    breaker.record_failure("a:revoked", BadCredentials("a", "No."))
    assert suspended(breaker, "a:revoked") == 300
    assert suspended(breaker, "a:good") == 0


def test_who_is_left_alone_is_told_why_and_can_be_asked_again_at_once() -> None:
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    breaker.record_failure("a", BadCredentials("a", "No."))
    clock.now += 16
    assert breaker.get_suspension("a") == (284, "credentials")
    with pytest.raises(Suspended, match="key") as caught:
        breaker.admit("a")
    assert (caught.value.why, caught.value.retry_after) == ("credentials", 284)
    breaker.end_suspension("a")
    assert (breaker.get_suspension("a"), suspended(breaker)) == (None, 0)


def test_after_a_while_one_call_tries_it_again_and_the_others_wait() -> None:
    """The probe may pass; when it never ends, another takes its place."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, MIN_FAILURES)
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    assert suspended(breaker) == 1
    clock.now += PROBE_SECONDS
    assert suspended(breaker) == 0


def test_a_probe_that_fails_leaves_it_alone_once_more() -> None:
    """One failure is enough then; a success makes it as it was before."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, MIN_FAILURES)
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    fails(breaker, 1)
    assert suspended(breaker) == OPEN_SECONDS
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    breaker.record_success("a")
    clock.now += 1
    fails(breaker, MIN_FAILURES - 1)
    assert suspended(breaker) == 0


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TooManyCalls("a", "Enough.", retry_after=77), 77),
        (TooManyCalls("a", "Enough."), 1),
        (BadCredentials("a", "No."), 300),
    ],
)
def test_what_an_agency_says_of_itself_counts_at_once(error: AgencyError, seconds: float) -> None:
    """Too many calls, or a key that it does not take: no other search will fare better."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    breaker.record_failure("a", error)
    assert suspended(breaker) == seconds


def test_without_a_time_a_refusal_of_calls_waits_a_second_and_doubles() -> None:
    """Up to a minute while it goes on; what comes of calls under way meanwhile doubles nothing."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    waits = []
    for _ in range(8):
        for _ in range(3):
            breaker.record_failure("a", TooManyCalls("a", "Enough."))
        waits.append(suspended(breaker))
        clock.now += waits[-1]
        assert suspended(breaker) == 0
    assert waits == [1, 2, 4, 8, 16, 32, MAX_PACE_SECONDS, MAX_PACE_SECONDS]
    breaker.record_success("a")
    clock.now += 1
    breaker.record_failure("a", TooManyCalls("a", "Enough."))
    assert suspended(breaker) == 1


def test_a_call_waits_for_its_turn_behind_a_refusal_if_that_is_soon() -> None:
    """Within the patience of a visitor; who would wait longer is refused at once."""
    clock = PassingClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock, sleep=clock.sleep)
    breaker.record_failure("a", TooManyCalls("a", "Enough."))
    breaker.admit("a", 3)
    assert clock.now == 1001
    with pytest.raises(Suspended):  # the probe is under way and does not end
        breaker.admit("a", 0.5)
    breaker.record_success("a")
    breaker.admit("a", 3)
    breaker.record_failure("a", TooManyCalls("a", "Enough.", retry_after=4))
    with pytest.raises(Suspended) as caught:
        breaker.admit("a", 3)
    assert caught.value.retry_after == 4


def test_calls_are_paced_by_the_second_within_patience() -> None:
    """The sixth of five a second goes out in the next one; who can't wait is told the truth."""
    clock = PassingClock(1000.5)
    quota = Quota(Memory(), {"a": [Limit(100), Limit(5, 1)]}, 1, now=clock, sleep=clock.sleep)
    for _ in range(5):
        quota.take("a", patience=3)
    assert clock.now == 1000.5
    with pytest.raises(CallsSpent) as caught:
        quota.take("a")
    assert (caught.value.kind, caught.value.retry_after) == ("quota", 1)
    quota.take("a", patience=3)
    assert clock.now == 1001


@pytest.mark.parametrize("kind", [NotFound, RequestRefused])
def test_what_is_about_one_question_speaks_for_the_agency(kind: type[AgencyError]) -> None:
    """A picture that is gone, or a word that it does not understand."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, 3 * MIN_FAILURES, kind)
    assert suspended(breaker) == 0
    fails(breaker, MIN_FAILURES)
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
    breaker.record_failure("a", TooManyCalls("a", "Enough.", retry_after=500))
    breaker.record_success("a")
    breaker.record_failure("a", NotFound("a", "Gone."))
    assert suspended(breaker) == 500
    breaker.record_failure("a", AgencyTimeout("a", "Late."))
    assert suspended(breaker) == 500


@pytest.mark.parametrize("jump", [-86400.0, 86400.0])
def test_a_clock_that_is_set_anew_leaves_no_agency_out_for_long(jump: float) -> None:
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, MIN_FAILURES)
    clock.now += jump
    assert suspended(breaker) <= PROBE_SECONDS
    breaker.record_success("a")
    assert breaker.get_suspension("a") is None


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
    breaker = Breaker(StoreWithFallback(store, now=clock), now=clock)
    fails(breaker, MIN_FAILURES)
    assert suspended(breaker) == OPEN_SECONDS
    store.down = False
    clock.now += OPEN_SECONDS
    assert suspended(breaker) == 0
    breaker.record_success("a")
    clock.now += 2
    fails(breaker, MIN_FAILURES - 1)
    assert suspended(breaker) == 0


def test_of_many_threads_one_tries_an_agency_again() -> None:
    clock = SetClock(1000.0)
    breaker = Breaker(Locked(clock), now=clock)
    fails(breaker, MIN_FAILURES)
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


def test_successes_of_side_calls_hide_no_failing_search() -> None:
    """Each failing search is followed by a suggestion that comes; it is left alone all the same."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    for _ in range(MIN_FAILURES):
        fails(breaker, 1)
        breaker.record_success("a", searches=False)
    assert suspended(breaker) == OPEN_SECONDS
    clock.now += OPEN_SECONDS
    breaker.admit("a", searches=False)  # side calls go on, and say nothing
    breaker.record_success("a", searches=False)
    assert suspended(breaker) == 0
    fails(breaker, 1)
    assert suspended(breaker) == OPEN_SECONDS


def test_without_the_store_one_call_of_a_process_tries_an_agency_again() -> None:
    clock = SetClock(1000.0)
    breaker = Breaker(StoreWithFallback(Failing(clock), now=clock), now=clock)
    fails(breaker, MIN_FAILURES)
    clock.now += OPEN_SECONDS
    assert [suspended(breaker) for _ in range(5)] == [0, 1, 1, 1, 1]


def test_calls_without_room_in_one_window_count_in_none() -> None:
    """Refused background calls leave the minute's calls to pages, with a store or without."""
    for store in (Memory(), Silent()):
        clock = SetClock(86400.0)
        quota = Quota(store, {"a": [Limit(20, 60), Limit(200, 86400)]}, 1, now=clock)
        for _ in range(5):
            for _ in range(20):
                quota.take("a")
            clock.now += 60
        for _ in range(50):
            with pytest.raises(CallsSpent):
                quota.take("a", 0.5)
        for _ in range(20):
            quota.take("a")


def test_several_calls_count_together_or_not_at_all() -> None:
    quota = Quota(Memory(), {"a": [Limit(3)]}, 1, now=SetClock(1000.0))
    quota.take("a", calls=2)
    with pytest.raises(CallsSpent):
        quota.take("a", calls=2)
    quota.take("a")


def test_whoever_is_asked_again_begins_anew() -> None:
    """One failure after the owner's command is no majority."""
    clock = SetClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock)
    fails(breaker, 10)
    breaker.end_suspension("a")
    clock.now += 1
    breaker.record_success("a")
    fails(breaker, 1)
    assert suspended(breaker) == 0


def test_a_clock_set_back_puts_no_call_to_sleep() -> None:
    """A wait for a turn that would be longer than the patience is none."""
    clock = PassingClock(1000.0)
    breaker = Breaker(Timed(clock), now=clock, sleep=clock.sleep)
    breaker.record_failure("a", TooManyCalls("a", "Enough."))
    clock.now -= 600
    with pytest.raises(Suspended):
        breaker.admit("a", 15)
    assert clock.now == 400
