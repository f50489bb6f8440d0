"""Clocks that a test sets; `tests.simulator.clock` moves ahead of the real time."""

from typing import Generic, TypeVar

Moment = TypeVar("Moment")


class SetClock(Generic[Moment]):
    """A clock that returns the moment a test has set: seconds as a number, or a date and time."""

    def __init__(self, now: Moment) -> None:
        self.now = now

    def __call__(self) -> Moment:
        return self.now


class PassingClock(SetClock[float]):
    """A clock that moves on by the seconds of each sleep."""

    def sleep(self, seconds: float) -> None:
        self.now += seconds
