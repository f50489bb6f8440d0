"""Redis as hosts sell it: few connections, and servers that change behind one address."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from queue import Empty

import pytest
import redis

from affiliate.cache.stores import StoreWithFallback
from affiliate.cache.stores.redis import RedisStore, describe_failure
from affiliate.cache.stores.redis_pool import _IdleConnections
from affiliate.errors import StoreDown, StoreRefused
from tests.support.folders import socket_folder
from tests.support.redis_server import RedisServer, redis_server
from tests.support.waiting import PATIENCE, wait_until

PASSWORD = "hunter2"
THREADS = 32


def command(server: RedisServer, text: str) -> None:
    server.client().execute_command(*text.split())  # type: ignore[no-untyped-call]


@contextmanager
def open_store(url: str, *, processes: int = 1) -> Iterator[RedisStore]:
    """Yield a store that leaves no connection to a server which takes few."""
    store = RedisStore(url, processes=processes)
    try:
        yield store
    finally:
        if store._client is not None:
            store._client.connection_pool.disconnect()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Yield a Redis that takes 20 clients."""
    with redis_server(tmp_path_factory.mktemp("small"), "--maxclients", "20") as server:
        yield server


@pytest.mark.parametrize(("query", "processes"), [("", 2), ("&max_connections=30", 1)])
def test_busy_processes_fit_a_plan_of_20_connections(
    small: RedisServer, query: str, processes: int
) -> None:
    """However many threads ask at once, none goes without Redis, whatever bound is set."""
    url = f"{small.url}?timeout=9&socket_timeout=9&socket_connect_timeout=9{query}"
    start = threading.Barrier(2 * THREADS)
    with ExitStack() as opened:
        stores = [
            StoreWithFallback(opened.enter_context(open_store(url, processes=2)))
            for _ in range(processes)
        ]

        def work(number: int) -> list[bytes | None]:
            store = stores[number % processes]
            start.wait(PATIENCE)
            found = []
            for turn in range(8):
                store.set(f"k{number}-{turn}", b"v", 60)
                found.append(store.get(f"k{number}-{turn}"))
            return found

        with ThreadPoolExecutor(2 * THREADS) as pool:
            assert all(one == [b"v"] * 8 for one in pool.map(work, range(2 * THREADS)))
        assert not any(store.is_degraded for store in stores)
        if not query:  # what is left is for commands and for the next deploy
            assert small.client().info("clients")["connected_clients"] <= 17


def test_a_command_waits_for_a_connection_as_long_as_the_owner_says(small: RedisServer) -> None:
    """Where others have all connections, `timeout` bounds how often a new one is tried."""

    def refusals() -> int:
        return int(control.info("stats")["rejected_connections"])

    patient = f"{small.url}?socket_timeout=9&socket_connect_timeout=9&timeout={PATIENCE / 2:g}"
    with (
        small.client() as control,
        open_store(patient) as store,
        ExitStack() as others,
        ThreadPoolExecutor(1) as pool,
    ):
        control.ping()
        for _ in range(19):
            others.enter_context(open_store(patient)).get("k")
        before = refusals()
        done = pool.submit(store.set, "k", b"v", 60)
        wait_until(lambda: done.done() or refusals() > before + 25)
        others.close()
        assert done.result(PATIENCE)


def test_a_bound_that_the_owner_sets_is_kept(small: RedisServer) -> None:
    """`max_connections` bounds the connections of a process; nobody waits in vain for one."""
    with open_store(f"{small.url}?max_connections=2") as store, ThreadPoolExecutor(THREADS) as pool:
        assert all(pool.map(lambda n: store.set(f"k{n}", b"v", 60), range(200)))
        assert len(store._client.connection_pool._connections) <= 2


REFUSALS = [
    ("replicaof 127.0.0.1 1", "replicaof no one"),
    ("config set maxmemory 1", "config set maxmemory 0"),
    ("config set min-replicas-to-write 1", "config set min-replicas-to-write 0"),
    ("acl setuser default -set", "acl setuser default +set"),
]


def test_a_failover_behind_one_address_is_followed() -> None:
    """A refusal to write closes the connections, so that the next write finds the new server."""
    folder = socket_folder("redis-")
    sockets = [folder / name for name in ("old", "new", "moving")]
    with (
        redis_server(folder, "--unixsocket", str(sockets[0])) as old,
        redis_server(folder, "--unixsocket", str(sockets[1])) as new,
    ):
        for harm, mend in REFUSALS:
            sockets[2].unlink(missing_ok=True)
            sockets[2].symlink_to(sockets[0])
            store = RedisStore(f"unix://{sockets[2]}")
            assert store.set("before", b"v", 60)
            command(old, harm)
            sockets[2].unlink()
            sockets[2].symlink_to(sockets[1])
            with pytest.raises(StoreRefused):
                store.set(harm, b"v", 60)
            assert store.set(harm, b"v", 60)
            assert new.client().get(f"affiliate:{harm}") == b"v"
            command(old, mend)


def test_refusals_close_connections_once_in_a_while(
    small: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis that stays full is not connected to anew for each answer that it refuses."""
    closed: list[int] = []
    store = RedisStore(small.url)
    store.set("k", b"v", 60)
    renew = store._client.reconnect

    def count() -> None:
        closed.append(1)
        renew()

    monkeypatch.setattr(store._client, "reconnect", count)
    for _ in range(8):
        with pytest.raises(StoreRefused):
            store.lease("k", "t", -1)
    assert len(closed) == 1


@pytest.mark.parametrize("error", [TypeError("hunter2"), AttributeError("x"), RuntimeError("x")])
def test_no_failure_of_a_client_reaches_a_page(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a client raises, the store is degraded, which the log tells once."""

    class Broken:
        def get(self, *_: object) -> bytes:
            raise error

        set = lease = incr = get

    store = StoreWithFallback(Broken(), now=lambda: 0.0)
    for _ in range(3):
        assert store.get("k") is None
        assert not store.set("k2", b"v", 60)
        assert store.lease("k", "t", 60)
        assert store.incr("n", 1, 60) is None
    assert store.is_degraded
    assert [type(error).__name__ in one for one in caplog.messages] == [True]
    assert type(error).__name__ in store.trouble
    assert PASSWORD not in caplog.text + store.trouble


FAILURES = [
    (redis.AuthenticationError("invalid username-password pair or user is disabled."), "password"),
    (redis.AuthenticationError("Authentication required."), "password"),
    (redis.ConnectionError("Error 111 connecting to hunter2:1. Connection refused."), "listens"),
    (redis.ConnectionError("Error -2 connecting to hunter2:1. Name or service not known."), "name"),
    (redis.ConnectionError("Error 113 connecting to hunter2:1. No route to host."), "no way"),
    (redis.ConnectionError("Error 2 connecting to unix:hunter2. No such file."), "socket"),
    (redis.ConnectionError("max number of clients reached"), "max_connections"),
    (redis.ConnectionError("Connection not ready"), "max_connections"),
    (redis.ConnectionError("Error 32 while writing to socket. Broken pipe."), "rediss://"),
    (redis.ConnectionError("Connection closed by server."), "rediss://"),
    (redis.ConnectionError("Invalid Database"), "database of that number"),
    (redis.BusyLoadingError("Redis is loading the dataset in memory"), "loading"),
    (redis.TimeoutError("Timeout connecting to server"), "in time"),
    (redis.ConnectionError("hunter2"), "ConnectionError"),
]


@pytest.mark.parametrize(("error", "told"), FAILURES)
def test_a_failure_of_redis_is_told_in_words(error: Exception, told: str) -> None:
    """What keeps Redis from answering is named, and nothing of its address."""
    assert told in describe_failure(error)
    assert PASSWORD not in describe_failure(error)


def test_an_unreadable_address_is_a_store_out_of_reach() -> None:
    """A store made without the settings' check fails as one that doesn't answer."""
    with pytest.raises(StoreDown):
        RedisStore("redis://h?family=0").get("k")


BUSY = "No connection available."
CLOSED = "Connection closed by server."
TAKEN = "max number of clients reached"


@pytest.mark.parametrize(
    ("text", "has_served", "tries", "waited", "waits"),
    [
        (BUSY, True, 9, 99.0, True),  # others are served, in turn
        (BUSY, True, 10, 99.0, False),
        (BUSY, False, 1, 0.0, False),  # the server hangs
        (CLOSED, False, 9, 99.0, True),
        (CLOSED, False, 10, 0.1, False),  # it may speak TLS: no time-out is long enough
        (TAKEN, False, 9, 99.0, True),
        (TAKEN, False, 99, 17.9, True),
        (TAKEN, True, 99, 17.9, True),
        (TAKEN, False, 99, 18.1, False),
    ],
)
def test_only_a_full_server_is_tried_for_long(  # noqa: PLR0913, PLR0917 - a case, and its end
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    has_served: bool,  # noqa: FBT001 - a case
    tries: int,
    waited: float,
    waits: bool,  # noqa: FBT001 - a case
) -> None:
    """The owner's time-out of nine seconds is for a connection that others may give up."""
    monkeypatch.setattr("affiliate.cache.stores.redis_pool.PAUSE_SECONDS", 0)
    client = RedisStore("redis://127.0.0.1:1?timeout=9")._make_client()
    monkeypatch.setattr(client._idle, "has_served_lately", lambda: has_served)
    assert client._may_wait(redis.ConnectionError(text), tries, waited) is waits


class Link:
    """A connection as the pool sees one."""

    def __init__(self, *, is_connected: bool) -> None:
        self.is_connected = is_connected


def test_a_refusal_bounds_a_pool_until_nobody_is_served() -> None:
    """A failure beside others that serve is a bound of the server's; one alone is an outage."""
    idle = _IdleConnections(4)
    for _ in range(4):
        idle.put_nowait(None)
    serving, refused = Link(is_connected=True), Link(is_connected=False)
    assert [idle.get(block=True, timeout=0) for _ in range(2)] == [None] * 2
    idle.put_nowait(serving)
    idle.put_nowait(refused)
    assert idle.get(block=True, timeout=0) is serving
    with pytest.raises(Empty):
        idle.get(block=True, timeout=0)
    serving.is_connected = False
    idle.put_nowait(serving)
    assert idle._compute_limit() == 4
