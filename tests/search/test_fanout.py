"""Agencies are asked side by side, once for all who ask, and no one waits longer than it may."""

import threading
from collections.abc import Callable
from concurrent import futures
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from affiliate.search.fanout import (
    LINGER_SECONDS,
    MAX_FETCHERS,
    MAX_QUEUED,
    MAX_WAITERS,
    FanOut,
    Question,
)
from tests.support.waiting import wait_until


def question(key: str, fetch: Callable[[], Any], agency: str = "a") -> Question[Any]:
    return Question(agency, (key,), fetch)


def busy(fanout: FanOut, go: threading.Event, first: threading.Event | None = None) -> None:
    """Take all threads of agency ``a`` until an event, one of them until the ``first``."""
    began = threading.Barrier(MAX_FETCHERS + 1)

    def hold(until: threading.Event) -> bool:
        began.wait(10)
        return until.wait(10)

    events = [first or go, *[go] * (MAX_FETCHERS - 1)]
    held = [question(f"held {i}", lambda e=e: hold(e)) for i, e in enumerate(events)]  # type: ignore[misc]
    fanout.ask(dict(enumerate(held)), 0)
    began.wait(10)


def test_answers_come_under_their_numbers() -> None:
    """Each answer stands under its question's number."""
    questions = {i: question(str(i), lambda i=i: i * i) for i in (3, 5)}  # type: ignore[misc]
    assert FanOut().ask(questions, 10) == {3: 9, 5: 25}
    assert FanOut().ask({}, 10) == {}


def test_the_slow_ones_are_left_soon_after_the_first_that_shows_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What comes much later than the first answer is missing, and goes on behind."""
    fanout, go, done = FanOut(), threading.Event(), threading.Event()
    waits: list[float] = []

    def wait(pending: set[Future[str]], seconds: float, when: str) -> Any:
        waits.append(seconds)
        return futures.wait(pending, seconds, when)

    def fetch() -> str:
        assert go.wait(10)
        done.set()
        return "late"

    monkeypatch.setattr("affiliate.search.fanout.wait", wait)
    questions = {0: question("slow", fetch), 1: question("quick", lambda: "picture")}
    assert fanout.ask(questions, 10, shows=bool) == {1: "picture"}
    assert waits[-1] <= LINGER_SECONDS
    go.set()
    assert done.wait(10)


def test_an_answer_that_shows_nothing_begins_no_countdown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a failure, which comes at once, the others have the whole time that there is."""
    monkeypatch.setattr("affiliate.search.fanout.LINGER_SECONDS", 0.0)
    fanout, looked_at = FanOut(), threading.Event()

    def shows(answer: str) -> bool:
        looked_at.set()
        return bool(answer)

    def fetch() -> str:
        assert looked_at.wait(10)
        return "picture"

    questions = {0: question("bad", str), 1: question("good", fetch, "b")}
    assert fanout.ask(questions, 10, shows=shows) == {0: "", 1: "picture"}


def test_who_asks_the_same_at_once_shares_one_fetch() -> None:
    """Two questions with one key cost one fetch while it is under way."""
    fanout, began, go = FanOut(), threading.Event(), threading.Event()
    calls: list[int] = []

    def fetch() -> int:
        calls.append(1)
        began.set()
        assert go.wait(10)
        return 7

    asked = {0: question("k", fetch)}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fanout.ask, asked, 10)
        assert began.wait(10)
        assert fanout.ask(asked, 0) == {}
        go.set()
        assert first.result() == {0: 7}
    assert calls == [1]


def test_with_too_many_waiting_a_fetch_is_begun_but_not_waited_for() -> None:
    """Whoever comes when all places to wait are taken is late at once, and asks again."""
    fanout, go, fetched = FanOut(), threading.Event(), threading.Event()
    all_wait = threading.Barrier(MAX_WAITERS + 1)

    def shows(answer: object) -> bool:  # runs in the thread that waits
        if answer == "quick":
            all_wait.wait(10)
        return False

    def wait() -> dict[int, Any]:
        quick, slow = question("quick", lambda: "quick", "b"), question("slow", lambda: go.wait(10))
        return fanout.ask({0: quick, 1: slow}, 10, shows=shows)

    with ThreadPoolExecutor(MAX_WAITERS) as pool:
        waiting = [pool.submit(wait) for _ in range(MAX_WAITERS)]
        all_wait.wait(10)
        assert fanout.ask({0: question("more", fetched.set)}, 10) in ({}, {0: None})
        assert fetched.wait(10)
        assert fanout.ask({0: question("held", lambda: go.wait(10))}, 10) == {}
        go.set()
        assert all(future.result() == {0: "quick", 1: True} for future in waiting)
    assert fanout.ask({0: question("more", lambda: 1)}, 10) == {0: 1}


def test_a_slow_agency_takes_no_place_of_another() -> None:
    """With all threads of one agency taken, another is answered as ever."""
    fanout, go = FanOut(), threading.Event()
    busy(fanout, go)
    assert fanout.ask({0: question("quick", lambda: 1, "b")}, 10) == {0: 1}
    go.set()


def test_of_the_fetches_that_wait_for_a_thread_the_newest_begins_first() -> None:
    """Whoever asked last still waits; whose page asks again counts as new."""
    fanout, go, first, order = FanOut(), threading.Event(), threading.Event(), list[str]()
    busy(fanout, go, first)
    few = {name: question(name, lambda name=name: order.append(name)) for name in "xyz"}  # type: ignore[misc]
    for name in "xyzx":
        fanout.ask({0: few[name]}, 0)
    first.set()
    wait_until(lambda: len(order) == len(few))
    assert order == ["x", "z", "y"]
    go.set()


def test_what_nobody_waits_for_comes_behind_all_pages() -> None:
    """Even behind those that are asked for later."""
    fanout, go, first, order = FanOut(), threading.Event(), threading.Event(), list[str]()
    busy(fanout, go, first)
    few = {name: question(name, lambda name=name: order.append(name)) for name in "xyz"}  # type: ignore[misc]
    fanout.begin_in_background(few["x"])
    fanout.begin_in_background(few["y"])
    fanout.ask({0: few["z"]}, 0)
    first.set()
    wait_until(lambda: len(order) == len(few))
    assert order == ["z", "x", "y"]
    go.set()


def test_past_a_full_queue_the_oldest_is_given_up() -> None:
    """A flood keeps its newest fetches; who waits for one given up is late, not in error."""
    fanout, go = FanOut(), threading.Event()
    busy(fanout, go)
    flood = {i: question(f"flood {i}", lambda: True) for i in range(MAX_QUEUED + 5)}
    quick = {-1: question("quick", lambda: True, "b")}

    def shows(_: object) -> bool:
        go.set()  # all have joined by now
        return False

    found = fanout.ask(flood | quick, 10, shows=shows)
    assert sorted(found) == [-1, *range(5, MAX_QUEUED + 5)]
