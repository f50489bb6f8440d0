"""Agencies are asked side by side, once for all who ask, and no one waits longer than it may."""

import threading
from concurrent.futures import ThreadPoolExecutor

from affiliate.fanout import FETCHERS, WAITERS, FanOut, Question


def test_answers_come_under_their_numbers() -> None:
    """Each answer stands under its question's number."""
    questions = {i: Question((str(i),), lambda i=i: i * i) for i in (3, 5)}  # type: ignore[misc]
    assert FanOut().ask(questions, 10, linger=False) == {3: 9, 5: 25}
    assert FanOut().ask({}, 10, linger=False) == {}


def test_with_linger_the_slow_ones_are_left_soon_after_the_first() -> None:
    """What comes much later than the first answer is missing, and goes on behind."""
    fanout, go, done = FanOut(), threading.Event(), threading.Event()

    def fetch() -> None:
        assert go.wait(10)
        done.set()

    questions = {0: Question(("slow",), fetch), 1: Question(("quick",), lambda: None)}
    assert fanout.ask(questions, 10, linger=True) == {1: None}
    go.set()
    assert done.wait(10)


def test_who_asks_the_same_at_once_shares_one_fetch() -> None:
    """Two questions with one key cost one fetch while it is under way."""
    fanout, began, go = FanOut(), threading.Event(), threading.Event()
    calls: list[int] = []

    def fetch() -> int:
        calls.append(1)
        began.set()
        assert go.wait(10)
        return 7

    question = {0: Question(("k",), fetch)}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(fanout.ask, question, 10, linger=False)
        assert began.wait(10)
        assert fanout.ask(question, 0, linger=False) == {}
        go.set()
        assert first.result() == {0: 7}
    assert calls == [1]


def test_with_too_many_waiting_no_one_more_does() -> None:
    """Whoever comes when all places to wait are taken gets nothing, at once."""
    fanout, go = FanOut(), threading.Event()
    all_wait = threading.Barrier(WAITERS + 1)

    def hold() -> bool:
        all_wait.wait(10)
        return go.wait(10)

    with ThreadPoolExecutor(WAITERS) as pool:
        held = [pool.submit(fanout.alone, hold) for _ in range(WAITERS)]
        all_wait.wait(10)
        assert fanout.alone(lambda: True) is None
        assert fanout.ask({0: Question(("k",), lambda: 1)}, 10, linger=False) == {}
        go.set()
        assert all(future.result() for future in held)
    assert fanout.alone(lambda: True) is True


def test_with_too_many_under_way_no_more_begin() -> None:
    """A fetch that finds all threads taken is not begun; its question goes without an answer."""
    fanout, go = FanOut(), threading.Event()
    slow = {i: Question((str(i),), lambda: go.wait(10)) for i in range(FETCHERS)}
    assert fanout.ask(slow, 0, linger=False) == {}
    assert fanout.ask({0: Question(("more",), lambda: True)}, 10, linger=False) == {}
    go.set()
    assert fanout.ask(slow, 10, linger=False) == dict.fromkeys(range(FETCHERS), True)
