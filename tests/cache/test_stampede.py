"""Many visitors, several server processes, one agency that counts its calls.

The agency's stand-in runs in the test's process, each server and the clients in their own.
"""

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from affiliate.cache.answers import REFRESH_THREADS
from tests.support.ports import new_port
from tests.support.processes import start_python
from tests.support.redis_server import RedisServer, redis_server
from tests.support.shutterstock import TOKEN, Answer, Shutterstock, shutterstock
from tests.support.site_server import SiteServer, running_sites
from tests.support.soak import SOAK
from tests.support.waiting import wait_for_result, wait_until

CLIENTS = 50
BROKEN = Answer(503, b'{"message": "broken"}')
SEARCH = "/api/search?q=cat&wait=1"


class World(NamedTuple):
    """An agency, the sites that ask it, and their Redis if they have one."""

    agency: Shutterstock
    sites: list[SiteServer]
    redis: RedisServer | None

    def burst(self, path: str = SEARCH) -> "Burst":
        return Burst(CLIENTS, *(site.url + path for site in self.sites))


class Burst:
    """Clients under way; all their requests are on the wire once it is made."""

    def __init__(self, count: int, *addresses: str) -> None:
        self.process = start_python("-m", "tests.support.burst", str(count), *addresses)
        assert self.process.stdout
        assert wait_for_result(self.process.stdout.readline) == "sent\n"

    def answers(self) -> list[tuple[int, str, int]]:
        """Status, X-Cache and number of pictures of each answer."""
        assert self.process.stdout
        with self.process:
            try:
                return [
                    tuple(json.loads(line))
                    for line in wait_for_result(self.process.stdout.readlines)
                ]
            finally:
                self.process.kill()


def get(address: str) -> tuple[dict[str, str], Any]:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return dict(answer.headers), json.loads(answer.read())


@contextmanager
def world(
    folder: Path, store: str, processes: int, settings: dict[str, str] | None = None
) -> Iterator[World]:
    with ExitStack() as stack:
        agency = stack.enter_context(shutterstock(100))
        environ = {"SHUTTERSTOCK_URL": agency.url, "SHUTTERSTOCK_API_TOKEN": TOKEN}
        redis = None
        if store == "redis":
            redis = stack.enter_context(redis_server(folder))
            environ["REDIS_URL"] = redis.url
        ports = [new_port() for _ in range(processes)]
        sites = stack.enter_context(running_sites(folder, environ | (settings or {}), ports))
        yield World(agency, sites, redis)


STORES = ["sqlite", "redis"]


@pytest.mark.parametrize("store", STORES)
def test_fifty_clients_on_a_cold_key_cost_one_call(tmp_path: Path, store: str) -> None:
    """Three processes that share a store make one call for all, whether it succeeds or fails.

    When the process that fetches is killed, its lease runs out and another one fetches.
    """
    with world(tmp_path, store, 3) as w:
        for words, fault, pictures in (("cat", None, 48), ("dog", BROKEN, 0)):
            w.agency.requests.clear()
            w.agency.answer = fault
            w.agency.gate.clear()
            burst = w.burst(f"/api/search?q={words}&wait=1")
            wait_until(lambda: len(w.agency.requests) > 0)
            w.agency.gate.set()
            answers = [(status, count) for status, _, count in burst.answers()]
            assert answers == [(200, pictures)] * CLIENTS
            assert len(w.agency.searches()) == 1

        leader, other, _ = w.sites
        w.agency.requests.clear()
        w.agency.answer = None
        w.agency.gate.clear()
        orphan = Burst(1, f"{leader.url}/api/search?q=bird&wait=1")
        wait_until(lambda: len(w.agency.requests) == 1)
        os.killpg(leader.process.pid, signal.SIGKILL)
        orphan.answers()
        w.agency.gate.set()
        wait_until(lambda: len(get(f"{other.url}/api/search?q=bird&wait=1")[1]["items"]) == 48)
        assert len(w.agency.searches()) == 2


@pytest.mark.parametrize("store", STORES if SOAK else ["sqlite"])
def test_fifty_clients_on_an_expired_key_are_answered_at_once(tmp_path: Path, store: str) -> None:
    """A stale answer goes out to all while one call, well or failing, is made behind."""
    with world(tmp_path, store, 2, {"CACHE_FRESH_SECONDS": "1"}) as w:
        for words, fault in (("cat", None), ("dog", BROKEN)):
            path = f"/api/search?q={words}&wait=1"
            w.agency.requests.clear()
            get(w.sites[0].url + path)
            w.agency.gate.clear()
            w.agency.answer = fault
            wait_until(lambda path=path: get(w.sites[0].url + path)[0]["x-cache"] == "STALE")  # type: ignore[misc]
            answers = w.burst(path).answers()
            assert [(status, count) for status, _, count in answers] == [(200, 48)] * CLIENTS
            assert {mark for _, mark, _ in answers} == {"STALE"}
            w.agency.gate.set()
            assert len(w.agency.searches()) == 2


def test_fifty_clients_meet_no_error_when_redis_hangs_or_is_killed(tmp_path: Path) -> None:
    """A stopped Redis costs a short wait; answers come within the page's deadline.

    Without Redis each process asks once for itself, and nobody sees an error.
    """
    with world(tmp_path, "redis", 2) as w:
        get(w.sites[0].url + SEARCH)
        assert w.redis is not None
        assert w.redis.process is not None
        w.redis.process.send_signal(signal.SIGSTOP)
        try:
            answers = w.burst("/api/search?q=fox&wait=1").answers()
        finally:
            w.redis.process.send_signal(signal.SIGCONT)
        assert [(status, count) for status, _, count in answers] == [(200, 48)] * CLIENTS
        wait_until(lambda: _ready_after_a_search(w.sites[0].url))

        w.agency.requests.clear()
        w.redis.stop()
        answers = w.burst("/api/search?q=dog&wait=1").answers()
        assert [(status, count) for status, _, count in answers] == [(200, 48)] * CLIENTS
        assert len(w.agency.searches()) <= len(w.sites)
        ready = get(w.sites[0].url + "/readyz")[1]
        assert ready["cache"] == "degraded"
        w.redis.start()
        wait_until(lambda: _ready_after_a_search(w.sites[0].url))


def _ready_after_a_search(url: str) -> bool:
    get(f"{url}/api/search?q=bird&wait=1")
    return bool(get(url + "/readyz")[1]["cache"] == "ok")


def test_a_server_told_to_end_does_so_within_seconds(tmp_path: Path) -> None:
    """SIGTERM with twenty stale answers to fetch anew gives up those under way, no call more.

    A burst of SIGTERM, to all its processes, ends a server as one does.
    """
    with world(tmp_path, "sqlite", 2, {"CACHE_FRESH_SECONDS": "1"}) as w:
        site, other = w.sites
        addresses = [f"{site.url}/api/search?q=n{number}&wait=1" for number in range(20)]
        for address in addresses:
            get(address)
        w.agency.gate.clear()
        for address in addresses:
            wait_until(lambda address=address: get(address)[0]["x-cache"] == "STALE")  # type: ignore[misc]
        wait_until(lambda: len(w.agency.requests) == 20 + REFRESH_THREADS)
        site.process.terminate()
        assert site.process.wait(9) == 0
        assert len(w.agency.requests) == 20 + REFRESH_THREADS
        w.agency.gate.set()
        for _ in range(50):
            with suppress(ProcessLookupError):
                os.killpg(other.process.pid, signal.SIGTERM)
        other.process.wait(15)
