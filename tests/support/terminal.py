"""Runs a command of the site on a real terminal, which a test reads and types at."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from tests.support.forks import Fork, fork
from tests.support.waiting import PATIENCE, wait_until

PRESS_SECONDS = 3
"""Seconds after which a person presses Ctrl-C again."""


class Terminal:
    """The view that a person has of a running command."""

    def __init__(self, process: Fork, side: int) -> None:
        self.process = process
        self.shown = ""
        self._side = side
        self._read = 0

    def wait_for_text(self, text: str) -> str:
        """Wait until a text appears after the text seen before; return all up to its end.

        Raises:
            AssertionError: the command ends or dawdles without it.
        """
        end = time.monotonic() + PATIENCE
        while (found := self.shown.find(text, self._read)) < 0:
            assert time.monotonic() < end, self.shown
            assert self._more(end), f"ended without {text!r}: {self.shown}"
        start, self._read = self._read, found + len(text)
        return self.shown[start : self._read]

    def type_line(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._side, line.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._side, b"\x03")

    def interrupt_until_end(self) -> int:
        """Press Ctrl-C every few seconds until the command ends; return its status.

        A terminal drops what is pressed just before a command changes its mode for a question.
        """
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.interrupt()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(PRESS_SECONDS)
        return self.wait_for_end()

    def wait_for_end(self) -> int:
        """Wait for the command's end, and return its status."""
        end = time.monotonic() + PATIENCE
        while self._more(end):
            assert time.monotonic() < end, self.shown
        return self.process.wait(PATIENCE)

    def _more(self, end: float) -> bool:
        """Read the next output; return False at its end."""
        poll = select.poll()  # unlike select() it takes descriptors past 1,023
        poll.register(self._side, select.POLLIN)
        data = b""
        if poll.poll(max(end - time.monotonic(), 0) * 1000):
            with suppress(OSError):  # EIO: the other side is closed
                data = os.read(self._side, 65536)
        self.shown += data.decode("utf-8", "replace")
        return bool(data)


@contextmanager
def open_terminal(environ: Mapping[str, str], *arguments: str) -> Iterator[Terminal]:
    """Run a flask command on a terminal of its own, with ``environ`` alone as its environment."""
    ours, theirs = pty.openpty()
    environ = {"TERM": "xterm", "PYTHONIOENCODING": "utf-8", **environ}
    process = fork(["flask", "--app", "app", *arguments], environ, os.ttyname(theirs))
    wait_until(lambda: os.tcgetpgrp(ours) == process.pid or process.poll() is not None)
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
