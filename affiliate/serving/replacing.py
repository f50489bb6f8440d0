"""Decides when a process that ended by itself gets a successor."""

import signal
from typing import Final

STEADY_SECONDS: Final = 10.0
"""A process that has lived for so long counts as one that works."""
MAX_PAUSE_SECONDS: Final = 30.0
"""The longest pause before a successor starts."""


class Failures:
    """Counts how often the process in each place ended young, one after the other."""

    def __init__(self) -> None:
        self._in_a_row: dict[int, int] = {}

    def next_pause(self, place: int, lived: float) -> float:
        """Return the seconds until a successor starts: none at first, then ever more.

        ``lived`` is how long the process did, in seconds.
        """
        young = self._in_a_row.get(place, 0) if lived < STEADY_SECONDS else 0
        self._in_a_row[place] = young + 1
        return min(2.0 ** (young - 1), MAX_PAUSE_SECONDS) if young else 0.0


def describe_exit(exit_code: int | None) -> str:
    """Say in words how a process ended: a negative exit code is that of a signal."""
    if exit_code is None or exit_code >= 0:
        return f"ended with status {exit_code}"
    if exit_code == -signal.SIGKILL:
        return "was killed, as the system does where memory runs out"
    names = {one.value: one.name for one in signal.Signals}
    return f"was ended by {names.get(-exit_code, f'signal {-exit_code}')}"
