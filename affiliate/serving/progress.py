"""Detection of threads of a pool that hang in their requests."""

import sys
import threading
import traceback
from typing import Final

MAX_BEATS: Final = 20
"""Beats after which a request is stuck: 10 seconds in which its process runs. No wait of the site
takes so long, and half a pool may wait at once (`search.fanout.MAX_WAITERS`)."""


class Progress:
    """The threads of a pool that are answering, each with the beat in which its request began.

    Time is counted in beats of the process itself, so that no request ages while the process is
    stopped or the machine is asleep.
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
        """Count a beat."""
        self._beats += 1

    def find_stuck(self) -> list[int]:
        """Return the threads that hang, if more than half of the pool hang; else none."""
        began = list(self._began.items())
        threads = [thread for thread, beat in began if self._beats - beat >= MAX_BEATS]
        return threads if len(threads) > self._most_stuck else []


def format_stack(thread: int) -> str:
    """Return the stack of a thread, the innermost line last; empty for a thread that has ended."""
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - there is no other way to it
    return "".join(traceback.format_stack(frame)).rstrip() if frame else ""
