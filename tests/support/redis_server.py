"""Runs a real Redis for tests, on a port of its own."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.support.ports import new_port
from tests.support.processes import clean_environment, reset_inherited
from tests.support.waiting import wait_until


class RedisServer:
    """A redis-server process that writes nothing to disk but its log."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = new_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, and return once the server answers."""
        log = self.folder / f"redis-{self.port}.log"
        own = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "")
        self.process = start_redis(self.folder, log, *own, *self.options)
        wait_until(self._is_ready)
        assert self.process.poll() is None, f"redis-server did not start:\n{log.read_text()}"

    def _is_ready(self) -> bool:
        """Tell whether the server takes connections, or has ended."""
        assert self.process
        if self.process.poll() is not None:
            return True
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5):
                return True
        except OSError:
            return False

    def stop(self) -> None:
        """Kill the server as a crash would, and wait for its end."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> redis.Redis:
        """Return a plain client that looks into the server."""
        return redis.Redis(port=self.port)


def start_redis(folder: Path, log: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start the program in a folder, with its output in the log."""
    program = shutil.which("redis-server")
    assert program, "redis-server is missing; `make test` says how to install it"
    with log.open("ab") as out:
        return subprocess.Popen(
            [program, *arguments],
            cwd=folder,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            preexec_fn=reset_inherited,  # noqa: PLW1509 - system calls, which take no lock
        )


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Run a Redis until the block ends."""
    server = RedisServer(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.stop()
