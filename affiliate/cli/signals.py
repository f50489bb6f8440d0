"""Ends that a person, a system or a closed terminal asks of a command that spends money."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

ENDS: Final = (signal.SIGTERM, signal.SIGHUP)

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def interruptible() -> Iterator[None]:
    """Take an end asked for by a system or a closed terminal as Ctrl-C, so that all is told.

    Signals that somebody ignores or handles, as ``nohup`` does, stay as they are.
    """
    ends = [one for one in ENDS if _is_main() and signal.getsignal(one) is signal.SIG_DFL]
    for one in ends:
        signal.signal(one, _interrupt)
    try:
        yield
    finally:
        for one in ends:
            signal.signal(one, signal.SIG_DFL)


@contextmanager
def holding_back(tell: Callable[[], None]) -> Iterator[None]:
    """Hold the first interrupt back until the end, and ``tell`` it; a second one is one at once.

    Raises:
        KeyboardInterrupt: there was one, at the end or at the second.
    """
    told: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        told.append(number)
        if len(told) > 1:
            raise KeyboardInterrupt
        with suppress(RuntimeError):  # it came while something else was printed
            tell()

    known = {one: signal.getsignal(one) for one in (signal.SIGINT, *ENDS) if _is_main()}
    interrupts = {one: known[one] for one in known if known[one] in INTERRUPTS}
    for one in interrupts:
        signal.signal(one, note)
    try:
        yield
    finally:
        for one, before in interrupts.items():
            signal.signal(one, before)
    if told:
        raise KeyboardInterrupt


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


INTERRUPTS: Final = (_interrupt, signal.default_int_handler)
"""Know a signal for an interrupt by these handlers."""


def _is_main() -> bool:
    """Return whether this thread is the one that signals come to."""
    return threading.current_thread() is threading.main_thread()
