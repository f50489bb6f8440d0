"""Requests are answered by as many threads as allowed, and none is lost or piles up."""

import queue
import threading
from collections import Counter

import pytest

from affiliate.serving import request_threads
from affiliate.serving.request_threads import RequestThreads
from tests.support.waiting import wait_until


def test_no_more_requests_are_answered_at_once_than_allowed() -> None:
    """Further requests wait for a thread; all are answered once."""
    threads, go = RequestThreads("test", 3, 100), threading.Event()
    began, ended = queue.SimpleQueue[int](), Counter[int]()

    def answer(number: int) -> None:
        began.put(number)
        go.wait()
        ended[number] += 1

    for number in range(10):
        assert threads.submit(lambda number=number: answer(number))  # type: ignore[misc]
    wait_until(lambda: began.qsize() == 3)
    assert threads.unfinished == 10
    go.set()
    wait_until(lambda: not threads.unfinished)
    assert ended == Counter(range(10))


def test_a_request_beyond_the_bound_is_refused_until_another_ends(
    caplog: pytest.LogCaptureFixture,
) -> None:
    threads, go = RequestThreads("test", 1, 2), threading.Event()
    assert [threads.submit(go.wait) for _ in range(3)] == [True, True, False]  # type: ignore[arg-type]
    assert threads.is_full
    assert "a request is refused: 2 wait or are answered by 1 threads" in caplog.text
    go.set()
    wait_until(lambda: threads.submit(go.wait))  # type: ignore[arg-type]


def test_a_request_that_fails_takes_no_thread_with_it(caplog: pytest.LogCaptureFixture) -> None:
    threads, answered = RequestThreads("test", 1, 10), threading.Event()

    def fail() -> None:
        raise SystemExit

    threads.submit(fail)
    threads.submit(answered.set)
    wait_until(answered.is_set)
    assert "a request could not be answered" in caplog.text


def test_threads_without_requests_end_and_start_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often threads end for want of requests, the next request finds one."""
    monkeypatch.setattr(request_threads, "IDLE_SECONDS", 0.0)
    threads, answers = RequestThreads("idle test", 4, 1000), queue.SimpleQueue[int]()
    for number in range(500):
        threads.submit(lambda number=number: answers.put(number))  # type: ignore[misc]
    wait_until(lambda: answers.qsize() == 500)
    wait_until(lambda: "idle test" not in {thread.name for thread in threading.enumerate()})
    assert not threads.unfinished


def test_without_a_thread_of_the_system_a_request_waits_for_those_there_are(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first request of all is refused, as none would answer it."""
    threads, go, answered = RequestThreads("test", 4, 10), threading.Event(), threading.Event()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert not threads.submit(answered.set)
    assert not threads.unfinished
    assert "can't start new thread" in caplog.text
    assert threads.submit(go.wait)  # type: ignore[arg-type]
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert threads.submit(answered.set)
    go.set()
    wait_until(answered.is_set)
