"""Waits for events in other threads and processes."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

Given = TypeVar("Given")
PATIENCE: Final = 60.0
"""Seconds after which a test has failed: far more than anything takes on a busy machine."""


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
    """Check again and again until ``condition`` is true; fail after ``seconds``.

    The pauses between looks grow to a tenth of a second, as a look may cost a request.
    """
    pause = threading.Event()
    start = time.monotonic()
    while not condition():
        waited = time.monotonic() - start
        assert waited < seconds, f"it did not happen within {seconds:g} seconds"
        pause.wait(min(0.01 + waited / 10, 0.1))


def wait_for_result(work: Callable[[], Given], seconds: float = PATIENCE) -> Given:
    """Return the result of work that must end by itself; fail after ``seconds``.

    It runs in a thread, so that a test whose server hangs can say so and let the server go.
    """
    done: Future[Given] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return done.result(seconds)
