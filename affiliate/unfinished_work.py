"""Work for which an ending process waits: a purchase between its request and its record.

A purchase that is cut loses nothing that the journal and the agency's history can't settle, except
the link of a file that comes once. Therefore `affiliate.serving` lets the work end first, and the
buyer be told.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

ANSWER_SECONDS: Final = 1.0
"""Seconds after the work in which its page is made and sent."""

_lock = threading.Lock()
_count = 0
_answered_at = 0.0


@contextmanager
def hold_process() -> Iterator[None]:
    """Have this process, if it is told to end, wait for the end of the block and its answer."""
    _change_count(1)
    try:
        yield
    finally:
        _change_count(-1)


def is_held() -> bool:
    """Return whether work is under way, or being answered, for which this process has to wait."""
    return _count > 0 or time.monotonic() < _answered_at


def _change_count(change: int) -> None:
    global _count, _answered_at  # noqa: PLW0603 - the process has one count
    with _lock:
        _count += change
        if change < 0:
            _answered_at = time.monotonic() + ANSWER_SECONDS
