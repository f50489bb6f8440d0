"""The servers that are measured: each a separate process, on a free port of loopback."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import redis

ROOT: Final = Path(__file__).resolve().parents[1]
START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 5.0
TOKEN: Final = "x"


class MissingProgram(Exception):
    """A program to measure isn't installed."""


class Memory(NamedTuple):
    """A process's bytes of memory, and its part of them where pages are shared by processes."""

    resident: int
    part: int


def read_memory(pid: int) -> Memory:
    """Return the memory of a process; zeros for a process that has ended."""
    sizes = dict.fromkeys(("Rss:", "Pss:"), 0)
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, size, *_ = line.split()
            if name in sizes:
                sizes[name] = int(size) * 1024
    return Memory(*sizes.values())


class Server:
    """A running process with its address and its log."""

    def __init__(self, process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log

    def count_in_log(self, text: str) -> int:
        """Return the number of times that the log has a text."""
        return self.log.read_text(errors="replace").count(text)

    def list_complaints(self, limit: int = 3) -> list[tuple[str, int]]:
        """Return the most frequent lines of the log, without the server's own lines."""
        lines = self.log.read_text(errors="replace").splitlines()
        return Counter(x for x in lines if x and not x.startswith("[")).most_common(limit)

    def list_workers(self) -> list[int]:
        """Return the ids of the process's children."""
        pids = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = path.read_text().rpartition(")")[2].split()
                if int(fields[1]) == self.process.pid:
                    pids.append(int(path.parent.name))
        return pids

    def measure_processor(self) -> float:
        """Return the seconds of processor time that the workers have used."""
        used = 0
        for pid in self.list_workers():
            with suppress(OSError):
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                used += int(fields[11]) + int(fields[12])
        return used / os.sysconf("SC_CLK_TCK")

    def measure_memory(self) -> Memory:
        """Return the memory of the largest worker."""
        return max(map(read_memory, self.list_workers()), default=Memory(0, 0))

    def measure_main_memory(self) -> Memory:
        """Return the memory of the main process."""
        return read_memory(self.process.pid)


class Upstream(Server):
    """The stand-in for the agency."""

    def control(self, **settings: Any) -> dict[str, Any]:  # noqa: ANN401 - as `bench.upstream` reads them
        """Change the answers; return the counts."""
        counts: dict[str, Any] = json.loads(fetch(f"{self.url}/control?{urlencode(settings)}"))
        return counts

    def count_calls(self, words: str | None = None) -> int:
        """Return the number of calls so far, of all words or of the given words."""
        counts = self.control()
        return int(counts["calls"] if words is None else counts["words"].get(words, 0))

    def wait_until_quiet(self, quiet: float = 0.3, most: float = 20.0) -> None:
        """Wait for ``quiet`` seconds without a call, at most for ``most`` seconds."""
        end = time.monotonic() + most
        before, since = -1, time.monotonic()
        while time.monotonic() < end and time.monotonic() < since + quiet:
            counts = self.control()
            if counts["calls"] != before or counts["waiting"]:
                before, since = counts["calls"], time.monotonic()
            time.sleep(0.05)


class Redis(Server):
    """A Redis that keeps nothing on disk; its ``url`` is that of Redis."""

    @property
    def client(self) -> "redis.Redis":
        return redis.Redis.from_url(self.url)

    def kill(self) -> None:
        """Kill the process, as a crash would."""
        self.process.kill()
        self.process.wait()


class Servers:
    """A starter of servers, each in a folder of its own, removed at the end."""

    def __init__(self) -> None:
        self._holder = tempfile.TemporaryDirectory(prefix="affiliate-bench-")
        self.folder = Path(self._holder.name)
        self._number = 0

    def close(self) -> None:
        """Remove the folder."""
        self._holder.cleanup()

    def create_folder(self, name: str) -> Path:
        """Return a new folder."""
        self._number += 1
        folder = self.folder / f"{self._number}-{name}"
        folder.mkdir()
        return folder

    @contextmanager
    def run_upstream(self, *, delay: float = 0.0) -> Iterator[Upstream]:
        """Run the stand-in for the agency, which answers after ``delay`` seconds."""
        log = self.create_folder("upstream") / "log"
        with run_process([sys.executable, "-m", "bench.upstream"], {}, log) as process:
            port = wait_for(process, log, lambda: log.read_text().partition("\n")[0])
            upstream = Upstream(process, f"http://127.0.0.1:{port}", log)
            upstream.control(delay=delay)
            yield upstream

    @contextmanager
    def run_redis(self) -> Iterator[Redis]:
        """Run an empty Redis."""
        folder, port = self.create_folder("redis"), find_free_port()
        command = [find_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
        with run_process(
            [*command, "--save", "", "--dir", str(folder)], {}, folder / "log"
        ) as process:
            ready = "eady to accept connections"
            wait_for(process, folder / "log", lambda: ready in (folder / "log").read_text())
            yield Redis(process, f"redis://127.0.0.1:{port}/0", folder / "log")

    @contextmanager
    def run_site(  # noqa: PLR0913 - what runs, by name
        self,
        upstream: Upstream,
        *,
        store: Redis | None = None,
        workers: int = 1,
        fresh: int = 86400,
        target: str = "",
        database: str = "",
    ) -> Iterator[Server]:
        """Run our site as ``app.py`` serves it, or another application (``target``) made of it."""
        settings = {
            "AGENCIES": "shutterstock",
            "SHUTTERSTOCK_API_TOKEN": TOKEN,
            "SHUTTERSTOCK_URL": upstream.url,
            "CACHE_FRESH_SECONDS": str(fresh),
            **({"REDIS_URL": store.url} if store else {}),
            **({"DATABASE_URL": database} if database else {}),
        }
        command = [sys.executable, *(["-m", "bench.serve", target] if target else ["app.py"])]
        with self._python(command, settings, workers) as server:
            yield server

    @contextmanager
    def run_peer(
        self,
        name: str,
        upstream: Upstream,
        *,
        needs: str = "flask",
        workers: int = 1,
        **settings: Any,  # noqa: ANN401 - any that the peer reads
    ) -> Iterator[Server]:
        """Run an application of `bench.peers` on the same server as the site."""
        if find_spec(needs) is None:
            raise MissingProgram(f"the package of {needs} is missing: see bench/requirements.txt")
        environment = {"UPSTREAM": upstream.url, **{k: str(v) for k, v in settings.items()}}
        command = [sys.executable, "-m", "bench.serve", f"bench.peers:{name}"]
        with self._python(command, environment, workers) as server:
            yield server

    @contextmanager
    def run_federated(self, settings: Mapping[str, str], peer: str = "") -> Iterator[Server]:
        """Run our site with the given settings, or a peer that reads the same settings."""
        target = ["-m", "bench.serve", f"bench.peers:create_{peer}"] if peer else ["app.py"]
        with self._python([sys.executable, *target], settings, 1) as server:
            yield server

    @contextmanager
    def _python(
        self, command: list[str], settings: Mapping[str, str], workers: int
    ) -> Iterator[Server]:
        folder, port = self.create_folder("server"), find_free_port()
        log = folder / "log"
        own = {"PORT": str(port), "WEB_CONCURRENCY": str(workers), "DATA_DIR": str(folder)}
        own |= {"CLIENT_SEARCHES_PER_MINUTE": "0", "CLIENT_SEARCHES_PER_HOUR": "0"}  # one address
        with run_process(command, {**own, **settings}, log) as process:
            server = Server(process, f"http://127.0.0.1:{port}", log)

            def ready() -> bool:
                return log.read_text().count("Started worker-") >= workers and is_alive(server.url)

            wait_for(process, log, ready)
            yield server


@contextmanager
def run_process(
    command: list[str], settings: Mapping[str, str], log: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process in an environment of its own; at the end kill its whole session."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**inherited, "PYTHONUNBUFFERED": "1", **settings},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # the session that the process leads
        process.wait()


def wait_for(process: "subprocess.Popen[bytes]", log: Path, ready: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `ready` gives
    """Return the first true value of ``ready``; raise with the log at an exit or a time-out."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if value := ready():
            return value
        time.sleep(0.02)
    tail = log.read_text(errors="replace")[-3000:]
    raise RuntimeError(f"{process.args!r} did not start:\n{tail}")


def is_alive(url: str) -> bool:
    """Return whether a server's ``/healthz`` answers."""
    try:
        return bool(fetch(f"{url}/healthz"))
    except OSError:
        return False


def fetch(url: str) -> bytes:
    """Return the body at an address."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        body: bytes = answer.read()
        return body


def find_program(name: str) -> str:
    """Return the path of a program.

    Raises:
        Missing: the program isn't installed; the message says how to install it.
    """
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        raise MissingProgram(f"{name} is missing: apt-get install {name}")
    return path


def find_free_port() -> int:
    """Return a port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
