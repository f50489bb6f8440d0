"""Notices that the threads of a pool don't get on with their requests."""

import sys
import threading
import traceback
from typing import Final

MAX_BEATS: Final = 20
"""Beats after which a request is stuck: 10 seconds in which its process runs. Nothing that the
site waits for takes so long, and half a pool may wait at once (`search.fanout.WAITERS`)."""


class Progress:
    """The threads of a pool that are answering, each with the beat in which its request began.

    Time is counted in beats of the process itself, so that a process that was stopped, or a
    machine that was asleep, has no request that is older for that.
    """

    def __init__(self, threads: int) -> None:
        self._most_stuck = threads // 2
        self._began: dict[int, int] = {}
        self._beats = 0

    def __enter__(self) -> None:
        self._began[threading.get_ident()] = self._beats

    def __exit__(self, *_: object) -> None:
        del self._began[threading.get_ident()]

    def count_beat(self) -> None:
        """Count the time that has passed."""
        self._beats += 1

    def find_stuck(self) -> list[int]:
        """Return the threads that hang, if they are more than half of the pool; else none."""
        began = list(self._began.items())
        threads = [thread for thread, beat in began if self._beats - beat >= MAX_BEATS]
        return threads if len(threads) > self._most_stuck else []


def format_stack(thread: int) -> str:
    """Return the lines of code that a thread is at, the innermost last; empty once it has ended."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - there is no other way to it
    return "".join(traceback.format_stack(frame)).rstrip() if frame else ""
