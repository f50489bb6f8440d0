"""A pool hangs when most of its threads have been at one request for long."""

import threading
from contextlib import ExitStack

import pytest

from affiliate.serving.progress import MAX_BEATS, Progress, format_stack


def working(pool: Progress, number: int, stack: ExitStack) -> list[int]:
    """Have as many threads begin a request that ends with the stack."""
    go = threading.Event()
    begun = threading.Barrier(number + 1)

    def answer() -> None:
        with pool:
            begun.wait()
            go.wait()

    threads = [threading.Thread(target=answer) for _ in range(number)]
    for thread in threads:
        thread.start()
        stack.callback(thread.join)
    stack.callback(go.set)
    begun.wait()
    return [thread.ident or 0 for thread in threads]


@pytest.mark.parametrize(
    ("old", "new", "beats", "hangs"),
    [
        (0, 0, MAX_BEATS, False),
        (4, 0, MAX_BEATS, False),  # half may wait for agencies at once
        (5, 0, MAX_BEATS, True),
        (8, 0, MAX_BEATS, True),
        (8, 0, MAX_BEATS - 1, False),  # slow
        (5, 3, MAX_BEATS, True),  # three that still get on don't help those who wait behind
        (4, 4, MAX_BEATS, False),  # busy
    ],
)
def test_a_pool_hangs_when_more_than_half_of_it_does(
    old: int, new: int, beats: int, *, hangs: bool
) -> None:
    pool = Progress(8)
    with ExitStack() as stack:
        threads = working(pool, old, stack)
        pool.count_beat()
        working(pool, new, stack)
        for _ in range(beats - 1):
            pool.count_beat()
        assert sorted(pool.find_stuck()) == (sorted(threads) if hangs else [])
        if hangs:
            assert "answer" in format_stack(threads[0])
    assert pool.find_stuck() == []


def test_requests_that_end_never_make_a_pool_hang() -> None:
    """However many there are: each is younger than those before."""
    pool = Progress(1)
    for _ in range(3 * MAX_BEATS):
        with pool:
            pool.count_beat()
            assert pool.find_stuck() == []


def test_a_thread_that_has_ended_is_nowhere() -> None:
    assert not format_stack(0)
