"""What runs in a soak: the site with its services and agencies, each of which can be hurt."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.simulator import Simulator
from tests.soak import agencies
from tests.soak.plan import Plan
from tests.support.ports import new_port
from tests.support.postgres import OwnPostgres, own_postgres
from tests.support.redis_server import RedisServer
from tests.support.site_server import SiteServer, running_site
from tests.support.waiting import PATIENCE, wait_until

DISK: Final = "24m"
"""The size of the disk that holds the site's journals, where it is one of its own."""
SECRET_KEY: Final = "fJ3vQ9tLx2Rk7ZbW0mYc5NhA8sDgE4uP"
PASSWORD: Final = "soak-owner-horse-battery"
REDIS_PASSWORD: Final = "soak-redis-passw0rd"
FRESH_SECONDS: Final = 20


class World:
    """All that runs.

    ``disk`` is the folder of the site's data, on a disk of its own where ``small`` says so.
    """

    def __init__(self, plan: Plan, disk: Path, *, small: bool) -> None:
        self.plan = plan
        self.disk = disk
        self.small = small
        self.began = time.time()
        self.redis: RedisServer
        self.postgres: OwnPostgres
        self.agencies: agencies.Agencies
        self.shop: Simulator
        self.site: SiteServer
        self.veteran = 0
        """The worker that nothing is done to, so that its growth can be seen."""
        self._folder = disk.parent
        self._port = new_port()
        self._running = ExitStack()

    def start(self) -> None:
        """Start the site."""
        settings = self.settings()
        server = running_site(self.disk, settings, self._port, is_new=True, logs=self._folder)
        self.site = self._running.enter_context(server)
        wait_until(lambda: len(self.workers()) == self.plan.workers)
        self.veteran = self.workers()[0]

    def stop(self, *, kill: bool = True) -> None:
        """Kill all processes of the site, or have them end."""
        if not kill:
            self.site.process.terminate()
            self.site.process.wait(PATIENCE)
        self._running.close()

    @property
    def database(self) -> str:
        """Return the address of the ledger's database."""
        return self.postgres.url

    def settings(self) -> dict[str, str]:
        """Return the settings of the site and of the owner's commands."""
        return {
            **self.agencies.settings(self.shop),
            "DATA_DIR": str(self.disk),
            "DATABASE_URL": self.database.replace("+psycopg", ""),
            "REDIS_URL": self.redis.url,
            "WEB_CONCURRENCY": str(self.plan.workers),
            "TRUSTED_PROXIES": "1",
            "CACHE_FRESH_SECONDS": str(FRESH_SECONDS),
            "SECRET_KEY": SECRET_KEY,
            "OWNER_PASSWORD": PASSWORD,
            "ACCESS_LOG": "1",
            "SITE_TOPICS": "flower, cat",
        }

    def secrets(self) -> list[str]:
        """Return what no line of log may hold."""
        return [SECRET_KEY, PASSWORD, REDIS_PASSWORD, *agencies.secrets()]

    def workers(self) -> list[int]:
        """Return the processes of the site that answer, the oldest first."""
        return sorted(pid for pid in children(self.site.process.pid) if is_worker(pid))

    def log(self) -> str:
        return self.site.log.read_text(errors="replace")


@contextmanager
def world(plan: Plan, folder: Path) -> Iterator[World]:
    """Run everything of a soak, with what it keeps in a folder."""
    with ExitStack() as stack:
        disk = folder / "data"
        disk.mkdir()
        small = stack.enter_context(_small_disk(disk))
        made = World(plan, disk, small=small)
        made.redis = stack.enter_context(_redis(folder))
        made.postgres = stack.enter_context(own_postgres())
        made.agencies, made.shop = stack.enter_context(agencies.agencies(plan))
        stack.callback(made.stop)
        made.start()
        yield made


@contextmanager
def _small_disk(folder: Path) -> Iterator[bool]:
    """Mount a small disk at a folder where that may be done; tell whether it was."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(folder)]
    done = os.geteuid() == 0 and subprocess.run(mount, capture_output=True, check=False)
    small = bool(done) and done.returncode == 0  # type: ignore[union-attr]
    try:
        yield small
    finally:
        if small:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


@contextmanager
def _redis(folder: Path) -> Iterator[RedisServer]:
    server = RedisServer(folder, "--requirepass", REDIS_PASSWORD)
    server.url = f"redis://:{REDIS_PASSWORD}@127.0.0.1:{server.port}/0"
    server.start()
    try:
        yield server
    finally:
        server.stop()


def children(pid: int) -> list[int]:
    """Return the processes that the threads of a process have started and that live."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, task.read_text().split())
    return found


def is_worker(pid: int) -> bool:
    """Tell whether a child of the site's main process answers requests."""
    with suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        return command != b"" and b"resource_tracker" not in command
    return False


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, unless it is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
