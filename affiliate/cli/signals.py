"""Ends that a person, a system or a closed terminal asks of a command that spends money."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

END_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def convert_end_signals() -> Iterator[None]:
    """Take an end asked for by a system or a closed terminal as Ctrl-C, so that all is told.

    Signals that somebody ignores or handles, as ``nohup`` does, stay as they are.
    """
    numbers = [
        number
        for number in END_SIGNALS
        if _is_main_thread() and signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in numbers:
        signal.signal(number, _raise_interrupt)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def defer_interrupt(notify: Callable[[], None]) -> Iterator[None]:
    """Hold the first interrupt back until the end, and ``tell`` it; a second one is one at once.

    Raises:
        KeyboardInterrupt: there was one, at the end or at the second.
    """
    received: list[int] = []

    def handle_interrupt(number: int, _: FrameType | None) -> None:
        received.append(number)
        if len(received) > 1:
            raise KeyboardInterrupt
        with suppress(RuntimeError):  # it came while something else was printed
            notify()

    handlers = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, *END_SIGNALS)
        if _is_main_thread()
    }
    deferred = {
        number: handler for number, handler in handlers.items() if handler in INTERRUPT_HANDLERS
    }
    for number in deferred:
        signal.signal(number, handle_interrupt)
    try:
        yield
    finally:
        for number, handler in deferred.items():
            signal.signal(number, handler)
    if received:
        raise KeyboardInterrupt


def _raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


INTERRUPT_HANDLERS: Final = (_raise_interrupt, signal.default_int_handler)
"""Know a signal for an interrupt by these handlers."""


def _is_main_thread() -> bool:
    """Return whether this thread is the one that signals come to."""
    return threading.current_thread() is threading.main_thread()
