"""Asks agencies side by side, each in a thread of its own, and waits for no more than it may."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Final, Generic, NamedTuple, TypeVar

LINGER_SECONDS: Final = 0.8
"""How long a page waits for the others after the first agency has answered."""
FETCHERS: Final = 64
WAITERS: Final = 64
"""Requests that may wait for agencies at once: half of a process's threads, so hits go on."""

Given = TypeVar("Given")


class Question(NamedTuple, Generic[Given]):
    """A fetch, which raises nothing; two with the same key are one while it is under way."""

    key: tuple[str, ...]
    fetch: Callable[[], Given]


class FanOut:
    """A process's fetches under way, and who waits for them."""

    def __init__(self) -> None:
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        self._under_way: dict[tuple[str, ...], Future[Any]] = {}
        self._lock = threading.Lock()
        self._waiters = threading.BoundedSemaphore(WAITERS)

    def ask(
        self, questions: Mapping[int, Question[Given]], limit: float, *, linger: bool
    ) -> dict[int, Given]:
        """The answers that come within ``limit`` seconds; with ``linger`` soon after the first.

        The others go on behind. With too many waiting already there is no answer at all.
        """
        return self.alone(lambda: self._answers(questions, limit, linger=linger)) or {}

    def alone(self, wait_for: Callable[[], Given]) -> Given | None:
        """What a call gives that waits for an agency; None when too many wait already."""
        if not self._waiters.acquire(blocking=False):
            return None
        try:
            return wait_for()
        finally:
            self._waiters.release()

    def _answers(
        self, questions: Mapping[int, Question[Given]], limit: float, *, linger: bool
    ) -> dict[int, Given]:
        futures = {i: self._join(one) for i, one in questions.items()}
        done = _await([f for f in futures.values() if f], limit, linger=linger)
        return {i: f.result() for i, f in futures.items() if f in done and f}

    def _join(self, one: Question[Given]) -> Future[Given] | None:
        """The fetch for a question, begun or already under way; None when too many are."""
        with self._lock:
            future = self._under_way.get(one.key)
            if future is None and len(self._under_way) < FETCHERS:
                future = self._fetchers.submit(one.fetch)
                self._under_way[one.key] = future
                future.add_done_callback(lambda _: self._under_way.pop(one.key, None))
            return future


def _await(futures: Sequence[Future[Any]], limit: float, *, linger: bool) -> set[Future[Any]]:
    """The futures done within ``limit`` seconds; with ``linger`` soon after the first."""
    if not futures:
        return set()
    end = time.monotonic() + limit
    done, pending = wait(futures, limit, FIRST_COMPLETED)
    while pending and (left := end - time.monotonic()) > 0:
        if linger:
            end = min(end, time.monotonic() + LINGER_SECONDS)
            linger = False
            continue
        more, pending = wait(pending, left, FIRST_COMPLETED)
        done |= more
    return done
