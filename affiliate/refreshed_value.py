"""A value that is read again in the background of its readers: stale-while-revalidate."""

import math
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")


def never_wait(_age: float) -> float:
    """Return 0: readers get the known value at once."""
    return 0.0


class RefreshedValue(Generic[Value]):
    """The value that ``refresh`` last made of the one before, made again after ``seconds``.

    One thread of the given name refreshes at a time, while readers get the known value.
    ``max_wait`` returns the seconds that readers wait for a refresh, by the age of the one before,
    which is infinite for the first. ``now`` is a monotonic clock in seconds.
    """

    def __init__(  # noqa: PLR0913 - what is refreshed, how often, and who waits
        self,
        refresh: Callable[[Value], Value],
        initial: Value,
        seconds: float,
        *,
        name: str,
        max_wait: Callable[[float], float] = never_wait,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._refresh = refresh
        self._value = initial
        self._seconds = seconds
        self._name = name
        self._max_wait = max_wait
        self._now = now
        self._lock = threading.Lock()
        self._begun_at = float("-inf")
        self._wait_until = float("-inf")
        self._done = threading.Event()
        self._done.set()

    def get(self, most: float = math.inf) -> Value:
        """Return the known value; begin a refresh where the value is old, and wait if need be.

        A reader waits ``most`` seconds at the longest.
        """
        if not self._is_due() and self._done.is_set():
            return self._value
        with self._lock:
            if self._is_due() and self._done.is_set():
                self._begin()
        self._done.wait(min(max(self._wait_until - self._now(), 0.0), most))
        return self._value

    @property
    def is_refreshing(self) -> bool:
        """Return whether a refresh runs."""
        return not self._done.is_set()

    def expire(self) -> None:
        """Have the next reader begin a refresh."""
        self._begun_at = min(self._begun_at, self._now() - self._seconds)

    def _is_due(self) -> bool:
        return self._now() - self._begun_at >= self._seconds

    def _begin(self) -> None:
        now = self._now()
        self._wait_until = now + self._max_wait(now - self._begun_at)
        self._done.clear()
        self._begun_at = now
        try:
            threading.Thread(target=self._run, name=self._name, daemon=True).start()
        except RuntimeError:  # the process ends, or may have no more threads
            self._done.set()

    def _run(self) -> None:
        try:
            self._value = self._refresh(self._value)
        finally:
            self._done.set()
