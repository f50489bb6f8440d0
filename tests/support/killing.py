"""Runs owner's commands in processes that are killed on the way."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from affiliate.licensing.settling import GRACE
from tests.simulator import TOKEN, Simulator
from tests.support.kill_at import FAULT, OVERDUE, Run
from tests.support.ledgers import place_ledger
from tests.support.processes import ROOT, clean_environment, reset_inherited
from tests.support.request_threads import thread_name

KILLED = -9
KILLS = 100 if os.environ.get("SOAK") == "1" else 25
"""How many kills at random moments a test survives."""
TRIES = 8 * KILLS
"""In so many runs that many are surely killed."""
LATER = GRACE.total_seconds() + 1
"""Seconds after which what the history lacks was not bought."""
PATIENCE = 60.0
"""Seconds to wait for what should happen in a server's thread."""

Command = Callable[[Run], tuple[int, float]]


@contextmanager
def runner(module: str = "tests.support.kill_at") -> Iterator[Command]:
    """Run commands in processes of their own; gives status and seconds."""
    with subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
    ) as process:
        asked, told = process.stdin, process.stdout
        assert asked
        assert told

        def run(one: Run) -> tuple[int, float]:
            asked.write(msgspec.json.encode(one) + b"\n")
            asked.flush()
            status, seconds = told.readline().split()
            assert int(status) not in {FAULT, OVERDUE}, one
            return int(status), float(seconds)

        try:
            yield run
        finally:
            asked.close()


@contextmanager
def flask(environ: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a flask command in an environment that holds these alone; killed at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", *arguments],
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
    ) as process:
        try:
            yield process
        finally:
            process.kill()


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
