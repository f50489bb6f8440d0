"""One fetch for all who ask, with real threads; what the store holds is believed with care."""

import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from affiliate.cache.answers import (
    MAX_ENTRY_BYTES,
    REFRESH_QUEUE,
    AnswerCache,
    CacheRequest,
)
from affiliate.cache.freshness import Entry, Policy
from affiliate.cache.keys import (
    categories_key,
    details_key,
    search_key,
    similar_key,
    suggestions_key,
)
from affiliate.domain.media import SearchQuery
from affiliate.errors import AgencyDown, BadCredentials, TooManyCalls
from tests.support.clocks import SetClock
from tests.support.memory_store import Memory

POLICY = Policy(fresh=100, stale=1000, empty=10)
VALUE = msgspec.msgpack.encode(["a"])


@pytest.fixture
def clock() -> SetClock[float]:
    return SetClock(1000.0)


@pytest.fixture
def cache(clock: SetClock[float]) -> AnswerCache:
    return AnswerCache(Memory(), now=clock)


def make_request(key: str = "k") -> CacheRequest[list[str]]:
    return CacheRequest(key, list[str], POLICY, lambda value: not value)


def failing(error: Exception) -> Callable[[], list[str]]:
    def fetch() -> list[str]:
        raise error

    return fetch


def test_a_second_question_costs_no_fetch(cache: AnswerCache) -> None:
    """What was fetched is answered from the store until it is stale."""
    first = cache.get_or_fetch(make_request(), lambda: ["cat"], 1)
    second = cache.get_or_fetch(make_request(), failing(AssertionError("fetched again")), 1)
    assert (first.value, first.status) == (["cat"], "fetched")
    assert (second.value, second.status, second.fetched_at) == (["cat"], "fresh", 1000.0)


class Lost(Memory):
    """A store that is out of reach: nothing is kept, and everybody has the lease."""

    def get(self, key: str, default: object = None) -> None:  # type: ignore[override]
        del key, default

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        del key, value, timeout
        return False

    def lease(self, key: str, token: str, seconds: float) -> bool:
        del key, token, seconds
        return True

    def release(self, key: str, token: str) -> None:
        del key, token


@pytest.mark.parametrize("store", [Memory, Lost])
def test_many_who_ask_at_once_cost_one_fetch(
    store: type[Memory], clock: SetClock[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty threads on one key call the agency once and share its answer, without a store too."""
    calls: list[int] = []
    cache, joined, join = (
        AnswerCache(store(), now=clock),
        threading.Semaphore(0),
        AnswerCache._join_flight,
    )

    def joining(self: AnswerCache, key: str) -> tuple[Any, bool]:
        found = join(self, key)
        joined.release()
        return found

    def fetch() -> list[str]:
        calls.append(1)
        for _ in range(50):
            joined.acquire(timeout=10)
        return ["cat"]

    monkeypatch.setattr(AnswerCache, "_join_flight", joining)
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(cache.get_or_fetch, make_request(), fetch, 30) for _ in range(50)]
        answers = [future.result() for future in asked]
    assert len(calls) == 1
    assert {tuple(answer.value or ()) for answer in answers} == {("cat",)}


def test_waiters_share_a_failure(cache: AnswerCache) -> None:
    """Those who wait for a fetch that fails get its failure, and no one calls again."""
    calls: list[int] = []
    called, go = threading.Event(), threading.Event()

    def fetch() -> list[str]:
        calls.append(1)
        called.set()
        assert go.wait(10)
        raise AgencyDown("x", "broken")

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(cache.get_or_fetch, make_request(), fetch, 10) for _ in range(8)]
        assert called.wait(10)
        go.set()
        failures = [future.result().failure for future in futures]
    assert len(calls) == 1
    assert [f.kind for f in failures if f] == ["down"] * 8


def test_a_waiter_gives_up_in_time(cache: AnswerCache) -> None:
    """Whoever waits for another's fetch waits no longer than it may."""
    called, go = threading.Event(), threading.Event()

    def fetch() -> list[str]:
        called.set()
        assert go.wait(10)
        return ["cat"]

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(cache.get_or_fetch, make_request(), fetch, 10)
        assert called.wait(10)
        answer = cache.get_or_fetch(make_request(), fetch, 0.01)
        assert answer.failure is not None
        assert answer.failure.kind == "timeout"
        go.set()
        assert leader.result().value == ["cat"]


def test_stale_is_answered_at_once_and_fetched_behind(
    cache: AnswerCache, clock: SetClock[float]
) -> None:
    """A stale answer does not wait for the fetch that it starts, and one is started only."""
    cache.get_or_fetch(make_request(), lambda: ["old"], 1)
    clock.now += 150
    called, go, done = threading.Event(), threading.Event(), threading.Event()

    def fetch() -> list[str]:
        called.set()
        assert go.wait(10)
        done.set()
        return ["new"]

    stale = cache.get_or_fetch(make_request(), fetch, 1)
    assert (stale.value, stale.status, stale.lifetime) == (["old"], "stale", 1)
    assert called.wait(10)
    again = cache.get_or_fetch(make_request(), failing(AssertionError("fetched twice")), 1)
    assert again.value == ["old"]
    go.set()
    assert done.wait(10)
    cache.close()
    assert cache.get_or_fetch(make_request(), failing(AssertionError()), 1).value == ["new"]


def test_stale_outlives_a_failing_agency(cache: AnswerCache, clock: SetClock[float]) -> None:
    """When the refresh fails, the old answer stays, and the agency is left alone for a while."""
    cache.get_or_fetch(make_request(), lambda: ["old"], 1)
    clock.now += 150
    assert (
        cache.get_or_fetch(make_request(), failing(AgencyDown("x", "broken")), 1).status == "stale"
    )
    cache.close()
    answer = cache.get_or_fetch(make_request(), failing(AssertionError("asked too soon")), 1)
    assert (answer.value, answer.status) == (["old"], "stale")


def test_who_finds_a_refresh_under_way_keeps_no_place(
    cache: AnswerCache, clock: SetClock[float]
) -> None:
    """However many ask for one key while it is fetched anew, others are still fetched anew."""
    for key in ("k", "other"):
        cache.get_or_fetch(make_request(key), lambda: ["old"], 1)
    clock.now += 150
    called, go, done = threading.Event(), threading.Event(), threading.Event()

    def fetch() -> list[str]:
        called.set()
        assert go.wait(10)
        return ["new"]

    def other() -> list[str]:
        done.set()
        return ["new"]

    cache.get_or_fetch(make_request(), fetch, 1)
    assert called.wait(10)
    for _ in range(REFRESH_QUEUE):
        assert cache.get_or_fetch(make_request(), other, 1).status == "stale"
    assert not done.is_set()
    cache.get_or_fetch(make_request("other"), other, 1)
    assert done.wait(10)
    go.set()
    cache.close()


class Timed(Memory):
    """Notes for how long each value is to be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.timeouts: list[int] = []

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        self.timeouts.append(timeout)
        return super().set(key, value, timeout)


def test_the_store_keeps_an_answer_as_long_as_it_may_be_shown(clock: SetClock[float]) -> None:
    """Through its stale time, too, and no less after a refresh that failed."""
    store = Timed()
    cache = AnswerCache(store, now=clock)
    cache.get_or_fetch(make_request(), lambda: ["old"], 1)
    clock.now += 150
    cache.refresh_now(make_request(), failing(AgencyDown("x", "broken")), 0)
    assert store.timeouts == [1100, 950]
    cache.get_or_fetch(make_request("lone"), failing(AgencyDown("x", "broken")), 1)
    assert store.timeouts[2:] == [5]


def test_a_renewal_leaves_the_next_one_free(cache: AnswerCache, clock: SetClock[float]) -> None:
    """The right to fetch is given back, after a failure as well."""
    assert cache.refresh_now(make_request(), lambda: ["old"], 0)
    clock.now += 150
    assert not cache.refresh_now(make_request(), failing(AgencyDown("x", "broken")), 0)
    clock.now += 5
    assert cache.refresh_now(make_request(), lambda: ["new"], 0)


def test_clocks_that_differ_a_little_share_their_answers(clock: SetClock[float]) -> None:
    """An answer that a process whose clock is ahead has fetched is not paid for again."""
    store = Memory()
    AnswerCache(store, now=SetClock(clock.now + 30)).get_or_fetch(
        make_request(), lambda: ["cat"], 1
    )
    answer = AnswerCache(store, now=clock).get_or_fetch(
        make_request(), failing(AssertionError()), 1
    )
    assert answer.value == ["cat"]


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (AgencyDown("x", "m"), 5),
        (BadCredentials("x", "m"), 300),
        (TooManyCalls("x", "m", retry_after=77), 77),
    ],
)
def test_a_failure_is_remembered_for_its_kind(
    cache: AnswerCache, clock: SetClock[float], error: Exception, seconds: int
) -> None:
    """A failed agency is not asked again before its time, and is asked after it."""
    assert cache.get_or_fetch(make_request(), failing(error), 1).status == "failed"
    clock.now += seconds - 0.1
    kept = cache.get_or_fetch(make_request(), failing(AssertionError("asked too soon")), 1)
    assert kept.failure is not None
    assert kept.lifetime == pytest.approx(0.1)
    clock.now += 0.2
    assert cache.get_or_fetch(make_request(), lambda: ["back"], 1).value == ["back"]


def test_an_unexpected_error_is_a_failure_and_not_kept(cache: AnswerCache) -> None:
    """A bug in an agency's module shows as its failure; the next question asks again."""
    answer = cache.get_or_fetch(make_request(), failing(KeyError("oops")), 1)
    assert answer.failure is not None
    assert "oops" not in answer.failure.message
    assert cache.get_or_fetch(make_request(), lambda: ["back"], 1).value == ["back"]


@pytest.mark.parametrize("garbage", [b"", b"\x80\x04K\x01.", b"x\x9c\x00", b"\xff" * 100])
def test_a_corrupt_entry_is_a_miss(clock: SetClock[float], garbage: bytes) -> None:
    """Bytes that can't be read are fetched anew, whatever they are."""
    cache = AnswerCache(Memory(k=garbage), now=clock)
    assert cache.get_or_fetch(make_request(), lambda: ["cat"], 1).value == ["cat"]


def test_an_entry_that_cant_be_true_is_a_miss(clock: SetClock[float]) -> None:
    """An answer of nothing at all is fetched anew."""
    packed = zlib.compress(msgspec.msgpack.encode(Entry(value=b"", fetched_at=999)))
    cache = AnswerCache(Memory(k=packed), now=clock)
    assert cache.get_or_fetch(make_request(), lambda: ["cat"], 1).value == ["cat"]


@pytest.mark.parametrize("ahead", [61, 3600, 86400, 10**9])
def test_an_answer_from_before_the_clock_was_set_back_is_shown_and_renewed(
    clock: SetClock[float], ahead: int
) -> None:
    """Nobody waits for an agency because of a clock, and nothing old is fresh for long."""
    store = Memory()
    AnswerCache(store, now=SetClock(clock.now + ahead)).get_or_fetch(
        make_request(), lambda: ["old"], 1
    )
    cache = AnswerCache(store, now=clock)
    first = cache.get_or_fetch(make_request(), lambda: ["new"], 1)
    assert (first.value, first.status) == (["old"], "stale")
    cache.close()
    kept = cache.get_or_fetch(make_request(), failing(AssertionError()), 1)
    assert (kept.value, kept.status) == (["new"], "fresh")


def test_a_planted_bomb_is_a_miss(clock: SetClock[float]) -> None:
    """Bytes that unpack to more than an entry may have are not unpacked, though they be one."""
    huge = Entry(value=msgspec.msgpack.encode(["x" * MAX_ENTRY_BYTES]), fetched_at=clock())
    bomb = zlib.compress(msgspec.msgpack.encode(huge), 1)
    cache = AnswerCache(Memory(k=bomb), now=clock)
    assert cache.get_or_fetch(make_request(), lambda: ["cat"], 1).value == ["cat"]


def test_an_entry_of_another_shape_is_a_miss(clock: SetClock[float]) -> None:
    """An entry that holds another type's answer is fetched anew."""
    store = Memory()
    other = CacheRequest("k", int, POLICY, lambda value: not value)
    AnswerCache(store, now=clock).get_or_fetch(other, lambda: 7, 1)
    assert AnswerCache(store, now=clock).get_or_fetch(make_request(), lambda: ["cat"], 1).value == [
        "cat"
    ]


def test_keys_tell_searches_apart_and_hold_nothing_else() -> None:
    """The key has a version, the agency, the chunk and the words, but no page or agency choice."""
    query = SearchQuery.from_query_string("q=Red++CAT&page=7&agency=demo&junk=1")
    same = SearchQuery.from_query_string("q=red+cat")
    assert (
        search_key("demo:ab", query, 2, 240)
        == search_key("demo:ab", same, 2, 240)
        == "2:search:demo:ab:240.2:q=red+cat"
    )
    others = [("a", query, 2, 240), ("a", query, 3, 240), ("a", query, 2, 48), ("b", query, 2, 240)]
    assert len({search_key(*parts) for parts in others}) == 4


def test_keys_of_other_questions_are_told_apart() -> None:
    """What is similar differs by language and chunk, suggestions by language; clips stand apart."""
    english = SearchQuery(lang="en")
    keys = {
        similar_key("demo", "7", english, 0),
        similar_key("demo", "7", SearchQuery(lang="de"), 0),
        similar_key("demo", "7", SearchQuery(), 0),
        similar_key("demo", "7", english, 1),
        similar_key("demo", "0:7", english, 0),
        similar_key("demo", "7", english.replace(media="video"), 0),
        details_key("demo", "7"),
        details_key("demo", "7", "video"),
        categories_key("demo", "en", "image"),
        categories_key("demo", "en", "video"),
        suggestions_key("demo", "en", "red"),
        suggestions_key("demo", "de", "red"),
        suggestions_key("demo", "en", "red:red"),
    }
    assert len(keys) == 13
    assert "2:similar:demo:0:en:7" in keys
    assert "2:suggest:demo:en:red" in keys
