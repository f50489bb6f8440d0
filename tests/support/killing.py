"""Runs owner's commands in processes that are killed before their end."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from affiliate.licensing.purchasing.settlement import GRACE
from tests.simulator import TOKEN, Simulator
from tests.support.forks import fork_context
from tests.support.kill_at import FAULT, OVERDUE, Run, serve
from tests.support.ledgers import place_ledger
from tests.support.processes import clean_environment
from tests.support.request_threads import thread_name
from tests.support.soak import SOAK

KILLED = -9
KILLS = 100 if SOAK else 5
"""How many kills at random moments a test survives."""
TRIES = 8 * KILLS
"""In so many runs that many are surely killed."""
LATER = GRACE.total_seconds() + 1
"""Seconds after which what the history lacks was not bought."""
PATIENCE = 60.0
"""Seconds to wait for what should happen in a server's thread."""


class Command:
    """A runner of commands, each in a fork of a process that has loaded all modules."""

    def __init__(self, process: "Connection[Run | int, Any]") -> None:
        self._process = process

    def __call__(self, one: Run) -> tuple[int, float]:
        """Run a command to its end; return its status, or minus the signal, and the seconds."""
        status, seconds = self.end(self.start(one))
        assert status not in {FAULT, OVERDUE}, one
        return status, seconds

    def start(self, one: Run) -> int:
        """Start a command and return the number of its process."""
        pid: int = self._ask(one)
        return pid

    def end(self, pid: int) -> tuple[int, float]:
        """Wait for a command's end; return status and seconds as `__call__` does."""
        status, seconds = self._ask(pid)
        return status, seconds

    def _ask(self, what: Run | int) -> Any:
        self._process.send(what)
        return self._process.recv()


@contextmanager
def runner(log: Path | None = None) -> Iterator[Command]:
    """Run commands in processes of their own; yield a function for status and seconds.

    What they print goes to the file ``log``, where one is named.
    """
    ours, theirs = Pipe()
    process = fork_context().Process(target=serve, args=(theirs, clean_environment(), log))
    process.start()
    theirs.close()
    try:
        with ours:
            yield Command(ours)
    finally:
        process.join(PATIENCE)


def wait_until_handled(url: str) -> None:
    """Wait until a server of this process has acted on all requests of ended processes.

    It takes connections one after the other: once it has closed this one it has taken theirs, and
    each has a thread that ends with it.
    """
    address = urlsplit(url)
    port = address.port or 80
    with socket.create_connection((address.hostname, port), PATIENCE) as one:
        one.shutdown(socket.SHUT_WR)
        assert one.recv(1) == b""
    for thread in threading.enumerate():
        if thread.name == thread_name(port):
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a request was not answered"


def make_settings(agency: Simulator, folder: Path, **settings: str) -> dict[str, str]:
    """Return the settings of a site that may buy there."""
    place_ledger(folder)
    return {
        "DATA_DIR": str(folder),
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_LICENSE_URL": agency.url,
        **settings,
    }
