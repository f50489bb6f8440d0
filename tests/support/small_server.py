"""Serves a small WSGI application as the site is served, in processes of its own.

``python -m tests.support.small_server PORT HUNG_SECONDS FACTORY ENDS_AT`` is such a server, over
what the function ``FACTORY`` of this module makes (see `starting_server`).
"""

import gc
import http.client
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from affiliate import logs
from affiliate.serving import hold_listener, progress, requests, serve, server, worker
from affiliate.unfinished_work import hold_process
from tests.support.ports import new_port
from tests.support.processes import ROOT, clean_environment, reset_inherited
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

PROCESSES = 2
THREADS = 8


class SmallServer(NamedTuple):
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def get(self, path: str = "/") -> bytes:
        with closing(self.connect()) as connection:
            connection.request("GET", path)
            return connection.getresponse().read()

    def answers(self) -> bool:
        try:
            return self.get("/pid").isdigit()
        except (OSError, http.client.HTTPException):
            return False

    def workers(self) -> set[int]:
        """Return the processes that answer now, as far as some requests reach them."""
        return {int(self.get("/pid")) for _ in range(10)}


@contextmanager
def small_server(folder: Path, hung_seconds: float = 60) -> Iterator[SmallServer]:
    """Run a server of two processes until the block ends."""
    with starting_server(folder, hung_seconds=hung_seconds) as made:
        wait_until(lambda: made.process.poll() is not None or made.answers())
        assert made.process.poll() is None, made.log.read_text()
        yield made


@contextmanager
def starting_server(
    folder: Path, factory: str = "create", hung_seconds: float = 60, ends_at: int = 0
) -> Iterator[SmallServer]:
    """Start a server that may never answer, and kill what is left of it.

    It is told to end while it starts the process of the number ``ends_at``.
    """
    port = new_port()
    log = folder / f"small-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(port), str(hung_seconds), factory, str(ends_at)],
            cwd=ROOT,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        )
    try:
        yield SmallServer(port, process, log)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def create() -> "WSGIApplication":
    """Make an application that answers with its process or its request, or never."""

    def app(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/fail":
            raise ValueError("no answer")
        if path == "/hang":
            hang()
        if path.startswith("/finish/"):
            with hold_process():
                hang_until(Path(path.removeprefix("/finish")))
            time.sleep(0.3)  # the page takes time to be made
        start("200 OK", [("Content-Type", "text/plain")])
        if path == "/pid":
            return [str(os.getpid()).encode()]
        if path == "/collector":
            return [f"{gc.isenabled()} {gc.get_freeze_count()}".encode()]
        shown = {name: value for name, value in environ.items() if isinstance(value, str)}
        shown["body"] = environ["wsgi.input"].read().decode()
        return iter([b"", json.dumps(shown).encode()])

    return app


def hang() -> None:
    """Never return, like a deadlock."""
    threading.Event().wait()


def hang_until(file: Path) -> None:
    """Say beside a file that the wait begins, and return once the file is there."""
    file.with_name("begun").touch()
    wait_until(file.exists)


def fail() -> None:
    """Fail like an application that can't start."""
    raise ValueError("no application")


def end_at(number: int) -> None:
    """Signal this process to end when it begins to start its process of that number."""
    started = itertools.count(1)

    def look() -> None:
        if next(started) == number:
            os.kill(os.getpid(), signal.SIGINT)

    os.register_at_fork(before=look)


if __name__ == "__main__":
    end_at(int(sys.argv[4]))
    server.HUNG_SECONDS = float(sys.argv[2])  # type: ignore[misc] # sooner than the site
    progress.MAX_BEATS = 4  # type: ignore[misc]
    requests.THREADS = THREADS  # type: ignore[misc]
    worker.STOP_SECONDS = 60  # type: ignore[misc] # a busy machine kills none that is ending
    prepare = partial(logs.configure, "INFO", "text")
    prepare()
    target = f"{__spec__.name}:{sys.argv[3]}"
    with hold_listener("127.0.0.1", int(sys.argv[1])) as listener:
        serve(listener, target, PROCESSES, prepare=prepare)
