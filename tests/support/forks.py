"""Starts the site and its commands as forks of a process that has loaded them.

Python and the site's imports take most of the time of a short program. For a fork all else is as
for a start: environment, signals, umask, folder, session, output, what runs at the exit.
"""

import atexit
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from tests.support.processes import ROOT, reset_inherited

LOADED = "tests.support.loaded"


class Fork:
    """A process that was forked, with what tests use of `subprocess.Popen`."""

    def __init__(self, process: "multiprocessing.context.ForkServerProcess") -> None:
        assert process.pid
        self.pid = process.pid
        self._process = process

    def poll(self) -> int | None:
        """Return the status, or minus the signal that ended the process; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the status as `poll` does.

        Raises:
            subprocess.TimeoutExpired: it still runs.
        """
        self._process.join(timeout)
        status = self.poll()
        if status is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return status

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()


def fork_context() -> ForkServerContext:
    """Return the context that forks from a process which has loaded the site and has no threads."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([LOADED])
    return context


def fork(arguments: Sequence[str], environ: Mapping[str, str], out: Path | str) -> Fork:
    """Run a program, named first, with its output added to a file, or on the terminal ``out``."""
    process = fork_context().Process(
        target=_run, args=(list(arguments), dict(environ), str(out)), name=arguments[0]
    )
    process.start()
    return Fork(process)


def _run(arguments: list[str], environ: dict[str, str], out: str) -> None:
    """Replace this forked process by a program."""
    os.setsid()  # so that workers can be ended with it, and a terminal becomes its own
    begin_child(environ)
    _connect(out)
    sys.argv = arguments
    program: Any = importlib.import_module(LOADED).PROGRAMS[arguments[0]]
    try:
        program()
    finally:
        atexit._run_exitfuncs()  # multiprocessing's own end leaves them out


def begin_child(environ: Mapping[str, str]) -> None:
    """Give a forked process what a program finds at its start."""
    multiprocessing.set_start_method(None, force=True)  # the system's, not that of this process
    os.chdir(ROOT)
    reset_inherited()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()


def _connect(out: str) -> None:
    """Redirect output to a file with no input, or input and output to a terminal."""
    writes = os.open(out, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o666)
    reads = writes if os.isatty(writes) else os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((reads, writes, writes)):
        os.dup2(source, target)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as Python opens it
    sys.stdout = open(1, "w", 1 if os.isatty(1) else -1, encoding="utf-8", closefd=False)  # noqa: SIM115
