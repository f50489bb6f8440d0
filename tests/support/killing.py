"""Runs owner's commands in processes that are killed on the way."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from affiliate.licensing.settling import GRACE
from tests.simulator import TOKEN, Simulator
from tests.support.kill_at import FAULT, OVERDUE, Run
from tests.support.ledgers import place_ledger
from tests.support.processes import ROOT, clean_environment, reset_inherited
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
    """Runs commands, each in a fork of one process that has loaded all they need."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def __call__(self, one: Run) -> tuple[int, float]:
        """Run a command to its end; its status, or minus the signal that ended it, and seconds."""
        status, seconds = self.end(self.start(one))
        assert status not in {FAULT, OVERDUE}, one
        return status, seconds

    def start(self, one: Run) -> int:
        """Start a command; the number of its process."""
        return int(self._ask(one))

    def end(self, pid: int) -> tuple[int, float]:
        """Wait for a command's end, as when it is called."""
        status, seconds = self._ask(pid).split()
        return int(status), float(seconds)

    def _ask(self, what: Run | int) -> bytes:
        asked, told = self.process.stdin, self.process.stdout
        assert asked
        assert told
        asked.write(msgspec.json.encode(what) + b"\n")
        asked.flush()
        return told.readline()


@contextmanager
def runner(module: str = "tests.support.kill_at", log: Path | None = None) -> Iterator[Command]:
    """Run commands in processes of their own; gives status and seconds.

    What they print goes to the file ``log``, where one is named.
    """
    with (
        log.open("ab") if log else nullcontext() as out,
        subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=out,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        ) as process,
    ):
        try:
            yield Command(process)
        finally:
            assert process.stdin
            process.stdin.close()


def digest(url: str) -> None:
    """Wait until a server of this process has acted on all that processes sent that are gone.

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


def site(agency: Simulator, folder: Path, **settings: str) -> dict[str, str]:
    """Return the settings of a site that may buy there."""
    place_ledger(folder)
    return {
        "DATA_DIR": str(folder),
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_LICENSE_URL": agency.url,
        **settings,
    }
