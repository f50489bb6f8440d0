"""The pause before a process that ended by itself gets a successor."""

import signal
from typing import Final

STEADY_SECONDS: Final = 10.0
"""Seconds of life after which a process counts as working."""
MAX_PAUSE_SECONDS: Final = 30.0
"""Longest pause in seconds before a successor starts."""


class EarlyExits:
    """A count, for each place, of processes in a row that ended young."""

    def __init__(self) -> None:
        self._in_a_row: dict[int, int] = {}

    def next_pause(self, place: int, life_seconds: float) -> float:
        """Return the seconds until a successor starts: none at first, then ever more.

        ``life_seconds`` is the age at which the process ended.
        """
        young = self._in_a_row.get(place, 0) if life_seconds < STEADY_SECONDS else 0
        self._in_a_row[place] = young + 1
        return min(2.0 ** (young - 1), MAX_PAUSE_SECONDS) if young else 0.0


def describe_exit(exit_code: int | None) -> str:
    """Describe the end of a process in words: a negative exit code is that of a signal."""
    if exit_code is None or exit_code >= 0:
        return f"ended with status {exit_code}"
    if exit_code == -signal.SIGKILL:
        return "was killed, as the system does where memory runs out"
    names = {number.value: number.name for number in signal.Signals}
    return f"was ended by {names.get(-exit_code, f'signal {-exit_code}')}"
