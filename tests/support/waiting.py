"""Waits for what happens in other threads and processes."""

import threading
from collections.abc import Callable


def wait_until(happens: Callable[[], bool]) -> None:
    """Look again and again until it happens; a test's own time limit is ten seconds."""
    pause = threading.Event()
    for _ in range(1000):
        if happens():
            return
        pause.wait(0.01)
    raise AssertionError("it did not happen within ten seconds")
