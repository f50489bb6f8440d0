"""Handling of interrupts and end signals in commands that spend money."""

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
    """Treat SIGTERM and SIGHUP as Ctrl-C, so that the command reports its outcome.

    Signals that are ignored or handled already, as by ``nohup``, stay as they are.
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
    """Defer the first interrupt to the end of the block, and call ``notify`` at once.

    Raises:
        KeyboardInterrupt: at the end after one interrupt, immediately at a second interrupt.
    """
    signals: list[int] = []

    def handle_interrupt(number: int, _: FrameType | None) -> None:
        signals.append(number)
        if len(signals) > 1:
            raise KeyboardInterrupt
        with suppress(RuntimeError):  # an interrupt while something else is printed
            notify()

    handlers = {
        number: signal.getsignal(number)
        for number in (signal.SIGINT, *END_SIGNALS)
        if _is_main_thread()
    }
    old_handlers = {
        number: handler for number, handler in handlers.items() if handler in INTERRUPT_HANDLERS
    }
    for number in old_handlers:
        signal.signal(number, handle_interrupt)
    try:
        yield
    finally:
        for number, handler in old_handlers.items():
            signal.signal(number, handler)
    if signals:
        raise KeyboardInterrupt


def _raise_interrupt(*_: object) -> None:
    raise KeyboardInterrupt


INTERRUPT_HANDLERS: Final = (_raise_interrupt, signal.default_int_handler)
"""The handlers by which a signal counts as an interrupt."""


def _is_main_thread() -> bool:
    """Return whether this is the main thread, which alone receives signals."""
    return threading.current_thread() is threading.main_thread()
