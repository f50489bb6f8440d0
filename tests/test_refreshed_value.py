"""A value is refreshed behind its readers, who wait only as long as they are told to."""

import threading

import pytest

from affiliate.refreshed_value import RefreshedValue
from tests.support.clocks import SetClock
from tests.support.waiting import PATIENCE, wait_until


def test_readers_get_the_known_value_while_one_refresh_runs() -> None:
    clock, gate, begun = SetClock(0.0), threading.Event(), list[int]()

    def refresh(known: int) -> int:
        begun.append(known)
        gate.wait(PATIENCE)
        return known + 1

    value = RefreshedValue(refresh, 0, 10, name="number", now=clock)
    assert [value.get(), value.get()] == [0, 0]
    clock.now += 20
    assert (value.get(), begun) == (0, [0])
    gate.set()
    wait_until(lambda: value.get() == 2)
    assert begun == [0, 1]


def test_a_refresh_that_raises_leaves_the_value_and_the_next_one_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    clock, results = SetClock(0.0), iter([1])
    value = RefreshedValue(
        lambda _: next(results), 0, 10, name="number", max_wait=lambda _: PATIENCE, now=clock
    )
    assert value.get() == 1
    clock.now += 10
    assert value.get() == 1
    results = iter([2])
    value.expire()
    assert value.get() == 2


def test_without_another_thread_the_known_value_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the end of a process, or where it may have no more threads."""

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    clock = SetClock(0.0)
    value = RefreshedValue(
        lambda known: known + 1, 0, 10, name="number", max_wait=lambda _: PATIENCE, now=clock
    )
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        assert value.get() == 0
    clock.now += 10
    assert value.get() == 1
