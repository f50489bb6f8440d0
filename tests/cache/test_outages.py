"""The whole site while its Redis fails in every way it can: visitors notice nothing."""

import itertools
import json
import os
import pickle
import re
import signal
import socket
import threading
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
import redis

from affiliate.cache.keys import FORMAT
from tests.support.redis_server import RedisServer, redis_server
from tests.support.shutterstock import TOKEN, Shutterstock, shutterstock
from tests.support.site_server import SiteServer, running_site
from tests.support.waiting import wait_until

VISITORS = 8
SOON = 10.0
"""Seconds until a well Redis is in use again; on a busy machine answers may be slow once more."""


class World(NamedTuple):
    """A site, the agency that it asks, and a count for words that nobody searched before."""

    agency: Shutterstock
    settings: dict[str, str]
    site: SiteServer
    numbers: "itertools.count[int]"

    def search(self, words: str, shown_on: str = "") -> None:
        """Ask past the page cache, by another ``shown_on``; as pages do again while it is late."""
        site = f"&site={shown_on}.example" if shown_on else ""

        def shown() -> bool:
            answer = get(f"{self.site.url}/api/search?q={words}&wait=1{site}")
            states = {one["status"] for one in answer["agencies"]}
            assert "failed" not in states
            assert "late" in states or len(answer["items"]) == 48
            return "late" not in states

        wait_until(shown, SOON)

    def count_searches(self, *words: str) -> list[int]:
        """Count the agency's searches for each of these words."""
        found = [params["query"] for params in self.agency.searches()]
        return [found.count([text]) for text in words]

    def news(self) -> str:
        return f"word{next(self.numbers)}"

    def visit(self) -> None:
        """Several visitors at once, each with a search of their own, then all with one."""
        with ThreadPoolExecutor(VISITORS) as pool:
            for words in ([self.news() for _ in range(VISITORS)], [self.news()] * VISITORS):
                list(pool.map(self.search, words))

    def cache(self) -> str:
        """Return the state of the cache that the site, which stays ready, reports."""
        ready = get(f"{self.site.url}/readyz")
        assert ready["status"] == "ok"
        return str(ready["cache"])

    def is_had(self, words: str) -> bool:
        """Tell whether a search of before is answered without another call."""
        self.search(words, "blog")
        return self.count_searches(words) == [1]

    def is_kept(self, server: RedisServer) -> bool:
        """Tell whether the answer to a new search reaches Redis."""
        words = self.news()
        self.search(words)
        return any(words.encode() in key for key in server.client().keys("*:search:*"))


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=20) as answer:
        assert answer.status == 200
        return json.loads(answer.read())


@contextmanager
def world(folder: Path, redis_url: str) -> Iterator[World]:
    """Yield a site that uses a Redis, and in which no unexpected error is raised."""
    with ExitStack() as stack:
        agency = stack.enter_context(shutterstock(100))
        settings = {
            "REDIS_URL": redis_url,
            "SHUTTERSTOCK_URL": agency.url,
            "SHUTTERSTOCK_API_TOKEN": TOKEN,
            "CLIENT_SEARCHES_PER_MINUTE": "100000",
            "CLIENT_SEARCHES_PER_HOUR": "100000",
        }
        site = stack.enter_context(running_site(folder, settings))
        one = World(agency, settings, site, itertools.count())
        yield one
        assert "Traceback" not in site.log.read_text()


class LongWay:
    """Passes bytes on to a Redis and back, the answers after ``delay`` seconds each."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.delay = 0.0
        self.never = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"redis://127.0.0.1:{self.listener.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.port))
            for source, target, late in ((near, far, False), (far, near, True)):
                threading.Thread(
                    target=self._pass, args=(source, target, late), daemon=True
                ).start()

    def _pass(self, source: socket.socket, target: socket.socket, late: bool) -> None:  # noqa: FBT001 - one of two
        try:
            while data := source.recv(65536):
                if late:
                    self.never.wait(self.delay)
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()


Shared = tuple[RedisServer, World]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """Yield a Redis and a site that uses it, for all tests that leave them unchanged."""
    folder = tmp_path_factory.mktemp("outages")
    with redis_server(folder) as server, world(folder, server.url) as w:
        yield server, w


@pytest.fixture
def shared(kept: Shared) -> Iterator[Shared]:
    """Empty the shared Redis, and forget what the agency was asked before."""
    server, w = kept
    server.client().flushall()
    w.agency.requests.clear()
    wait_until(lambda: w.cache() == "ok")
    yield kept
    assert "Traceback" not in w.site.log.read_text()


def test_a_site_starts_and_serves_before_its_redis(tmp_path: Path) -> None:
    """Refused from the start, it goes on alone, says so, and takes Redis in once it is there."""
    server = RedisServer(tmp_path)
    with world(tmp_path, server.url) as w:
        w.visit()
        assert w.cache() == "degraded"
        try:
            server.start()
            wait_until(lambda: w.cache() == "ok")
            wait_until(lambda: w.is_kept(server), SOON)
        finally:
            server.stop()


def test_a_redis_that_hangs_in_mid_use_is_left_alone_until_it_answers(shared: Shared) -> None:
    """Stopped in its tracks, it costs a moment, not each visitor's time; then it is used again."""
    server, w = shared
    w.visit()
    wait_until(lambda: w.cache() == "ok")
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        w.visit()
        assert w.cache() == "degraded"
    finally:
        server.process.send_signal(signal.SIGCONT)
    wait_until(lambda: w.cache() == "ok")
    wait_until(lambda: w.is_kept(server), SOON)


def test_a_redis_that_is_slow_is_done_without(tmp_path: Path) -> None:
    """At 100 ms an answer pages stay in time; the cache goes on alone until it is quick again."""
    with redis_server(tmp_path) as server:
        way = LongWay(server.port)
        with way.listener, world(tmp_path, way.url) as w:
            w.visit()
            way.delay = 0.1
            w.visit()
            wait_until(lambda: w.cache() == "degraded")
            w.visit()
            way.delay = 0.0
            wait_until(lambda: w.cache() == "ok")
            wait_until(lambda: w.is_kept(server), SOON)


@pytest.mark.parametrize(
    ("harm", "cure"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ],
    ids=["out of memory", "read-only"],
)
def test_a_redis_that_takes_nothing_more_is_still_read(
    shared: Shared, harm: tuple[str, ...], cure: tuple[str, ...]
) -> None:
    """What it holds is used, what is new stays in the process and is asked for once."""
    server, w = shared
    before, meanwhile = [w.news() for _ in range(20)], w.news()
    for words in before:
        w.search(words)
    server.client().execute_command(*harm)  # type: ignore[no-untyped-call]
    try:
        with pytest.raises(redis.ResponseError):
            server.client().set("k", bytes(10**6))
        w.visit()
        assert any(w.is_had(words) for words in before)  # on a busy machine a look may be late
        w.search(meanwhile)
        w.search(meanwhile, "blog")
        assert w.count_searches(meanwhile) == [1]
        assert w.cache() == "degraded"
    finally:
        server.client().execute_command(*cure)  # type: ignore[no-untyped-call]
    wait_until(lambda: w.is_kept(server), SOON)
    w.search(meanwhile, "another")


def test_a_redis_emptied_in_mid_use_fills_again(shared: Shared) -> None:
    """After a flush every search is asked for once more, and the cache was never degraded."""
    server, w = shared
    words = w.news()
    for shown_on in ("one", "two"):
        w.search(words, shown_on)
    assert w.count_searches(words) == [1]
    server.client().flushall()
    for shown_on in ("three", "four"):
        w.search(words, shown_on)
    assert w.count_searches(words) == [2]
    assert w.cache() == "ok"


class Trap:
    """Leaves a file behind if anyone unpickles it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return (os.mkdir, (str(self.path),))


def no_utf8(value: bytes) -> bytes:
    """Return a value of the same form whose text is no UTF-8."""
    text, noise = re.compile(b"Made-up|application"), b"\xff" * 8
    try:
        return zlib.compress(text.sub(noise[:7], zlib.decompress(value)))
    except zlib.error:  # a finished page, whose headers stand in the open
        return text.sub(noise, value)


GARBAGE: dict[str, Callable[[bytes, Path], bytes]] = {
    "random": lambda value, _: os.urandom(len(value)),
    "empty": lambda _, __: b"",
    "half": lambda value, _: value[: len(value) // 2],
    "pickle": lambda _, trap: pickle.dumps(Trap(trap)),
    "zippedpickle": lambda _, trap: zlib.compress(pickle.dumps(Trap(trap))),
    "older": lambda _, __: zlib.compress(msgspec.msgpack.encode({"v": 0, "result": ["a"]})),
    "othertypes": lambda _, __: zlib.compress(msgspec.msgpack.encode({"value": [1], "empty": 2})),
    "noutf8": lambda value, _: no_utf8(value),
    "deep": lambda _, __: zlib.compress(b"\x81\xa1z" + b"\x91" * 100_000 + b"\xc0"),
}


def test_garbage_in_the_place_of_a_value_is_a_miss(shared: Shared, tmp_path: Path) -> None:
    """Nothing of it is run or shown; the agency is asked once more, and the value is good again."""
    server, w = shared
    trap = tmp_path / "trap"
    for kind in GARBAGE:
        w.search(kind)
    for key in server.client().scan_iter(f"affiliate:{FORMAT}:*"):
        kind = next((kind for kind in GARBAGE if f"q={kind}".encode() in key), "")
        if not kind:  # of a search of the test before
            continue
        good = server.client().get(key)
        assert isinstance(good, bytes)
        bad = GARBAGE[kind](good, trap)
        assert bad != good
        server.client().set(key, bad, keepttl=True)
    with running_site(tmp_path, w.settings) as other:  # it has nothing of its own yet
        newcomer = w._replace(site=other)
        for kind in GARBAGE:
            for one, shown_on in ((newcomer, ""), (newcomer, "blog"), (w, "blog")):
                one.search(kind, shown_on)
        assert newcomer.cache() == w.cache() == "ok"
        assert "Traceback" not in newcomer.site.log.read_text()
    assert w.count_searches(*GARBAGE) == [2] * len(GARBAGE)
    assert not trap.exists()
