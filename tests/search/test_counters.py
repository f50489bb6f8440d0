"""Limits hold while the store that counts is busy, refuses, is gone or loses its counters."""

import fcntl
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from affiliate.agencies.limits import Limit
from affiliate.cache.stores import StoreWithFallback
from affiliate.cache.stores.redis import RedisStore
from affiliate.errors import CallsSpent
from affiliate.search import machine_counters
from affiliate.search.counters import Count, Counts
from affiliate.search.limits import Quota
from affiliate.search.machine_counters import MachineCounts
from tests.support.clocks import SetClock
from tests.support.memory_store import Memory
from tests.support.redis_server import RedisServer
from tests.support.waiting import PATIENCE


class Faulty(Memory):
    """A store that counts until ``fault`` is set: it refuses writing, or hears nothing at all."""

    fault = ""

    def incr(self, key: str, by: int, seconds: float) -> int | None:
        if self.fault == "gone" or (self.fault == "full" and by):
            return None
        return super().incr(key, by, seconds)


@pytest.mark.parametrize(
    ("count", "most", "more", "room"),
    [
        (Count(9), 10, 1, True),
        (Count(10), 10, 1, False),
        (Count(10), 10, 0, True),
        (Count(6, own=2, sharers=2), 10, 0, True),
        (Count(6, own=2, sharers=2), 10, 1, False),
        (Count(0, own=0, sharers=4), 3, 1, True),
        (Count(0, own=1, sharers=4), 3, 1, False),
        (Count(2, own=0, sharers=4), 3, 1, False),
        (Count(20, own=0, sharers=1), 10, 0, False),
    ],
)
def test_what_is_left_is_divided_among_those_who_do_not_know_of_each_other(
    count: Count, most: int, more: int, *, room: bool
) -> None:
    """A process alone has its part of what the last shared count leaves."""
    assert count.has_room(most, more, least=1) is room


@pytest.mark.parametrize("fault", ["full", "gone"])
def test_a_limit_is_held_when_the_store_stops_counting(fault: str) -> None:
    """Two processes that made most calls of an hour have together no more than the rest."""
    store, clock = Faulty(), SetClock(1000.0)
    quotas = [Quota(store, {"a": [Limit(60)]}, 2, now=clock) for _ in range(2)]
    made = 0
    for turn in range(200):
        if turn == 50:
            store.fault = fault
        try:
            quotas[turn % 2].take("a")
            made += 1
        except CallsSpent:
            pass
    assert 58 <= made <= 60
    store.fault = ""  # what each made alone is told, and counted
    assert max(quota.list_spent_calls("a")[0].calls for quota in quotas) == made


@pytest.mark.parametrize("fault", ["full", "gone"])
def test_an_idle_process_reads_what_the_others_have_spent(fault: str) -> None:
    """A full store can be read; of a store that is gone each process has its part at most."""
    store = Faulty()
    busy, idle = (Counts(store, 2) for _ in range(2))
    busy.add("n", 50, 60)
    store.fault = fault
    assert idle.add("n", 1, 60) == Count(50 if fault == "full" else 0, own=1, sharers=2)


def test_what_was_added_alone_is_told_to_the_store_later() -> None:
    """Once the store counts again, its count has all that was added meanwhile."""
    store = Faulty()
    counts = Counts(store, 1)
    counts.add("n", 3, 60)
    store.fault = "gone"
    for number in range(1, 5):
        assert counts.add("n", 1, 60) == Count(3, own=number, sharers=1)
    store.fault = ""
    assert counts.add("n", 0, 60) == Count(7)
    assert store["n"] == b"7"


@pytest.mark.parametrize("processes", [1, 3])
def test_an_evicted_counter_is_restored(processes: int) -> None:
    """Whoever fills a cache so that counters go gains nothing: no process counts backwards."""
    store = Memory()
    counts = [Counts(store, processes) for _ in range(processes)]
    seen = [0] * processes
    for number in range(24):
        found = counts[number % processes].add("n", 1, 60).shared
        assert seen[number % processes] < found <= number + 1
        seen[number % processes] = found
        if number % 5 == 4:
            store.clear()


def test_counters_end() -> None:
    """A counter of which nothing is left in the store begins anew after its time."""
    store, clock = Memory(), SetClock(0.0)
    counts = Counts(store, 1, now=clock)
    counts.add("n", 5, 60)
    clock.now = 61
    store.clear()
    assert counts.add("n", 1, 60) == Count(1)


def test_the_memory_of_counters_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many are counted, a process knows those of late only."""
    monkeypatch.setattr("affiliate.search.counters.MAX_KNOWN_COUNTERS", 50)
    counts = Counts(Memory(), 1)
    for number in range(200):
        counts.add(f"n{number}", 1, 60)
    assert len(counts._known) <= 51


def test_a_busy_store_lets_no_call_through_that_it_does_not_count() -> None:
    """Of many threads at once, whose store counts now and then, no more call than may."""
    store = Faulty()
    quota = Quota(store, {"a": [Limit(50)]}, 1, now=SetClock(1000.0))
    lock, start = threading.Lock(), threading.Barrier(16)
    made: list[int] = []

    def incr(key: str, by: int, seconds: float) -> int | None:
        with lock:
            busy = threading.get_ident() % 3 == 0 or len(made) % 2
            return None if busy and by else Memory.incr(store, key, by, seconds)

    store.incr = incr  # type: ignore[method-assign]

    def work(_: int) -> None:
        start.wait(PATIENCE)
        for _ in range(20):
            try:
                quota.take("a")
            except CallsSpent:
                continue
            made.append(1)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    assert 30 <= len(made) <= 50  # additions that find no room stay counted


def test_a_call_on_its_way_to_a_slow_store_counts() -> None:
    """It was made while the store refused: a thread sends it later, and others count meanwhile."""
    store = Faulty()
    quota = Quota(store, {"a": [Limit(50)]}, 1, now=SetClock(1000.0))
    sending, answer = threading.Event(), threading.Event()
    quota.take("a", calls=48)
    store.fault = "full"
    quota.take("a")
    store.fault = ""

    def wait_once(key: str, by: int, seconds: float) -> int | None:
        store.incr = super(Faulty, store).incr  # type: ignore[method-assign]
        sending.set()
        assert answer.wait(PATIENCE)
        return store.incr(key, by, seconds)

    store.incr = wait_once  # type: ignore[method-assign]
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(quota.take, "a")
        assert sending.wait(PATIENCE)
        quota.take("a")
        with pytest.raises(CallsSpent):
            quota.take("a")
        answer.set()
        with pytest.raises(CallsSpent):
            late.result()


def test_a_redis_that_begins_to_refuse_holds_the_limit(shared_redis: RedisServer) -> None:
    """CALLS_PER_HOUR is kept over two processes when Redis takes no more writing."""
    shared_redis.client().flushall()
    stores = [StoreWithFallback(RedisStore(shared_redis.url)) for _ in range(2)]
    quotas = [Quota(store, {"a": [Limit(60)]}, 2, now=SetClock(1000.0)) for store in stores]
    made = 0
    try:
        for turn in range(160):
            if turn == 40:
                shared_redis.client().config_set("maxmemory", 1)
            try:
                quotas[0 if turn < 30 else turn % 2].take("a")
                made += 1
            except CallsSpent:
                pass
    finally:
        shared_redis.client().config_set("maxmemory", 0)
    assert 58 <= made <= 60


def test_a_process_that_comes_anew_knows_what_its_machine_has_spent(tmp_path: Path) -> None:
    """Killed processes and a store that loses all at the same time open no limit."""
    store, clock = Faulty(), SetClock(1000.0)
    made = 0
    for life in range(12):
        quota = Quota(
            store, {"a": [Limit(30)]}, 4, MachineCounts(tmp_path / "counts", now=clock), now=clock
        )
        store.fault = ("", "gone", "full")[life % 3]
        store.clear()
        clock.now += 3
        for _ in range(5):
            with suppress(CallsSpent):
                quota.take("a")
                made += 1
    assert made == 30
    store.fault = ""
    clock.now += 3
    assert quota.list_spent_calls("a")[0].calls == 30
    assert max(int(number) for number in store.values()) == 30


@pytest.mark.parametrize(
    ("step", "next_hour"),
    [(3600, 10), (3 * 3600, 10), (12 * 3600, 10), (-3600, 0), (-12 * 3600, 10)],
)
@pytest.mark.parametrize("store", [Faulty(), Memory()])
def test_a_process_that_begins_after_the_clock_was_set_counts_in_the_same_hour(
    tmp_path: Path, store: Memory, step: int, next_hour: int
) -> None:
    """Processes of before and after the step share one window, and one limit, until that ends.

    A clock that was set back then comes to the hour that is spent already.
    """
    store.clear()
    clock, steady = SetClock(7_200_900.0), SetClock(50.0)

    def begin() -> Quota:
        here = MachineCounts(tmp_path / "counts", now=clock, steady=steady, boot=7)
        return Quota(store, {"a": [Limit(10)]}, 2, here, now=clock, steady=steady)

    def take(quota: Quota) -> int:
        made = 0
        for _ in range(20):
            with suppress(CallsSpent):
                quota.take("a")
                made += 1
        return made

    old = begin()
    assert take(old) == 10
    clock.now += step
    new = begin()
    assert (take(old), take(new)) == (0, 0)
    clock.now += 2705
    steady.now += 2705
    assert take(old) + take(begin()) == next_hour


def test_a_window_ends_with_the_machine_and_its_calls_are_known_after(tmp_path: Path) -> None:
    """The clock that nobody sets begins anew with each start of the machine."""
    now, steady = SetClock(7_200_900.0), SetClock(5000.0)

    def begin(boot: int) -> Quota:
        here = MachineCounts(tmp_path / "counts", now=now, steady=steady, boot=boot)
        return Quota(Faulty(), {"a": [Limit(10)]}, 1, here, now=now, steady=steady)

    def take(quota: Quota) -> int:
        made = 0
        for _ in range(20):
            with suppress(CallsSpent):
                quota.take("a")
                made += 1
        return made

    assert take(begin(1)) == 10
    now.now, steady.now = 7_203_000.0, 10.0
    assert take(begin(2)) == 0
    now.now, steady.now = 7_203_700.0, 710.0
    assert take(begin(2)) == 10


def test_counts_of_machines_and_of_the_store_are_one(tmp_path: Path) -> None:
    """What each machine has added while the store was gone is added there, once."""
    store = Faulty()
    mine, other = MachineCounts(tmp_path / "mine"), MachineCounts(tmp_path / "other")
    counts = [Counts(store, 2, mine), Counts(store, 2, mine), Counts(store, 1, other)]
    for turn in range(60):
        store.fault = "gone" if 20 <= turn < 40 else ""
        counts[turn % 3].add("n", 1, 60)
    store.fault = ""
    assert [one.add("n", 0, 60) for one in counts] == [Count(60)] * 3


@pytest.mark.parametrize("damage", [b"", b"\0" * 20, b"\xff" * 20_000])
def test_a_damaged_file_of_counts_begins_anew(tmp_path: Path, damage: bytes) -> None:
    """Cut or overwritten, the file is no error; a folder that takes no file is none either."""
    (tmp_path / "counts").write_bytes(damage)
    counts = Counts(Faulty(), 2, MachineCounts(tmp_path / "counts"))
    assert [counts.add("n", 1, 60) for _ in range(2)] == [Count(1), Count(2)]
    new = Counts(Faulty(), 2, MachineCounts(tmp_path / "not yet" / "there" / "counts"))
    assert [new.add("n", 1, 60) for _ in range(2)] == [Count(1), Count(2)]
    nowhere = Counts(Faulty(), 2, MachineCounts(tmp_path / "counts" / "none"))
    assert nowhere.add("n", 1, 60) == Count(1)


def test_a_file_of_counts_keeps_its_size(tmp_path: Path) -> None:
    """Of more counters than it holds those are left out that end first."""
    here = MachineCounts(tmp_path / "counts", now=SetClock(0.0))
    for number in range(600):
        here.begin_adding(f"calls:agency:{number:060}", 1, 100 + number)
    assert (tmp_path / "counts").stat().st_size == 16 * 1024
    assert here.end_adding(f"calls:agency:{599:060}", 1, None) == (1, 0)
    assert here.end_adding(f"calls:agency:{0:060}", 1, None) is None


def test_a_process_that_keeps_the_file_of_counts_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped amid its writing, a process leaves the others with what each knows by itself."""
    monkeypatch.setattr("affiliate.search.machine_counters.TURN_SECONDS", 0.01)
    counts = Counts(Faulty(), 2, MachineCounts(tmp_path / "counts"))
    counts.add("n", 1, 60)
    with (tmp_path / "counts").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert counts.add("n", 1, 60) == Count(2)


def test_threads_wait_for_the_file_of_counts_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One after the other, each of them would wait for all before it."""

    class Taken:
        """A lock that another thread has all the time."""

        def acquire(self, timeout: float) -> bool:
            assert timeout <= machine_counters.TURN_SECONDS
            return False

    here = MachineCounts(tmp_path / "counts")
    monkeypatch.setattr(here, "_lock", Taken())
    with pytest.raises(BlockingIOError):
        here.begin_adding("n", 1, 60)
    assert here.end_adding("n", 1, 1) is None


def test_a_new_process_has_no_room_while_all_that_was_counted_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its part of the whole may be spent; a pace, which is no quota, begins anew each second."""
    monkeypatch.setattr("affiliate.search.machine_counters.TURN_SECONDS", 0.01)
    store = Faulty()
    with (tmp_path / "counts").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        for fault in ("", "gone"):
            store.fault = fault
            new = Counts(store, 2, MachineCounts(tmp_path / "counts"))
            store.clear()
            assert not new.add("hour", 0, 3600).has_room(120, 1)
            assert new.add("second", 0, 2).has_room(120, 1)
        store.fault = ""
        store.incr("hour", 70, 3600)
        assert new.add("hour", 0, 3600).has_room(120, 50)


@pytest.mark.parametrize("fault", ["", "gone"])
def test_what_the_machine_has_counted_holds_though_its_file_is_busy_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """The number that was read with the file's help counts, whatever the store says since."""
    here = MachineCounts(tmp_path / "counts")
    Counts(Faulty(), 2, here).add("n", 119, 60)
    monkeypatch.setattr(here, "end_adding", lambda *_: None)
    store = Faulty()
    store.fault = fault
    counts = Counts(store, 2, here)
    assert counts.add("n", 1, 60).has_room(120)
    assert not counts.add("n", 1, 60).has_room(120)


@pytest.mark.parametrize("fault", ["", "gone"])
@pytest.mark.parametrize("loss", ["a clock that is set forward", "a file that is deleted"])
def test_what_a_process_knows_holds_though_file_and_store_lose_it(
    tmp_path: Path, loss: str, fault: str
) -> None:
    """Counters in both end by a clock that may be set; the window under way does not."""
    store, clock, file = Faulty(), SetClock(1_800_000_000.0), tmp_path / "counts"
    here = MachineCounts(file, now=clock)
    quota = Quota(store, {"a": [Limit(10)]}, 2, here, now=clock, steady=SetClock(0.0))
    store.fault = fault
    for _ in range(8):
        quota.take("a")
    store.clear()
    if loss == "a file that is deleted":
        file.unlink()
    else:
        clock.now += 86_400
    made = 0
    for _ in range(10):
        with suppress(CallsSpent):
            quota.take("a")
            made += 1
    assert made == 2
    store.fault = ""
    assert quota.list_spent_calls("a")[0].calls == 10
    new = Counts(store, 2, MachineCounts(tmp_path / "another machine's"))
    (key,) = (key for key in store if key.startswith("calls:"))
    assert new.add(key, 0, 3600) == Count(10)
