"""Redis in all its kinds: with TLS, behind Sentinels, as a Cluster, and when it hangs.

Every server is a real one that the test starts and ends.
"""

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis

from affiliate.cache.stores import StoreWithFallback
from affiliate.cache.stores.redis import RedisStore
from affiliate.cache.stores.redis_pool import TIMEOUT_SECONDS
from affiliate.errors import StoreDown
from tests.support.ports import new_port
from tests.support.redis_server import RedisServer, redis_server, start_redis
from tests.support.upstream import CERTIFICATE, deaf_port, refusing_port
from tests.support.waiting import PATIENCE, wait_for_result, wait_until

PASSWORD = "not secret: of tests only"
SLOTS = 16384


def ask(server: RedisServer, *command: str | int, password: str | None = None) -> Any:
    """Ask a server outright, past the store."""
    with redis.Redis(port=server.port, password=password) as client:
        return client.execute_command(*command)


def down(do: Callable[[], object]) -> bool:
    """Whether the store says of itself that it is out of reach."""
    try:
        do()
    except StoreDown:
        return True
    return False


def keeps_its_promises(store: RedisStore) -> None:
    """Every operation of a store, on enough keys to meet every server behind it."""
    names = [f"k{number}" for number in range(30)]
    for name in names:
        assert store.get(name) is None
        assert store.set(name, name.encode(), 60)
        assert store.get(name) == name.encode()
        assert store.lease(name, "mine", 60)
        assert not store.lease(name, "another's", 60)
        store.release(name, "another's")
        assert not store.lease(name, "another's", 60)
        store.release(name, "mine")
        assert store.lease(name, "another's", 60)
        assert store.incr(name, 2, 60) == 2
        assert store.incr(name, 3, 60) == store.read_counter(name) == 5
    assert sorted(store.keys()) == sorted(names)
    assert store.size()[0] == 30
    assert store.size()[1] > 0
    assert all(one.used and one.maxclients for one in store.read_limits())
    assert all(store.delete(name) for name in names)
    assert not store.delete("k0")
    assert store.keys() == []


def test_a_self_signed_certificate_is_taken_only_when_asked_for(tmp_path: Path) -> None:
    """`rediss://` refuses a certificate that nobody vouches for, unless the owner allows it."""
    port = str(new_port())
    files = ("--tls-cert-file", str(CERTIFICATE), "--tls-key-file", str(CERTIFICATE))
    with redis_server(tmp_path, "--tls-port", port, "--tls-auth-clients", "no", *files):
        url = f"rediss://127.0.0.1:{port}/0"
        with pytest.raises(StoreDown, match="its certificate is not trusted"):
            RedisStore(url).get("k")
        assert RedisStore(f"{url}?ssl_cert_reqs=CERT_NONE").get("k") is None
        with pytest.raises(StoreDown, match="begin REDIS_URL with rediss://"):
            RedisStore(url.replace("rediss", "redis")).get("k")
        keeps_its_promises(RedisStore(url, self_signed=True))


def test_sentinels_and_clusters_speak_tls_too(tmp_path: Path) -> None:
    """`rediss+sentinel://` and `rediss+cluster://` ask every server by TLS."""
    port, door = new_port(), new_port()
    names = ("tls-cert-file", "tls-key-file", "tls-ca-cert-file")
    files = {**dict.fromkeys(names, CERTIFICATE), "tls-auth-clients": "no"}
    quoted = {**dict.fromkeys(names, f'"{CERTIFICATE}"'), "tls-auth-clients": "no"}
    own = {**files, "tls-port": port, "tls-cluster": "yes", "cluster-enabled": "yes"}
    words = [str(w) for name, value in own.items() for w in (f"--{name}", value)]
    conf = {**quoted, "port": 0, "tls-port": door, "tls-replication": "yes"}
    conf["sentinel"] = f"monitor shop 127.0.0.1 {port} 1"
    file = tmp_path / "sentinel.conf"
    file.write_text("\n".join(f"{name} {value}" for name, value in conf.items()))
    with redis_server(tmp_path, "--cluster-port", str(new_port()), *words) as server:
        ask(server, "CLUSTER ADDSLOTSRANGE", 0, SLOTS - 1)
        sentinel = start_redis(tmp_path, tmp_path / "sentinel.log", str(file), "--sentinel")
        try:
            cluster = RedisStore(f"rediss+cluster://127.0.0.1:{port}?ssl_cert_reqs=none")
            wait_until(lambda: not down(lambda: cluster.set("k", b"v", 60)))
            watched = RedisStore(f"rediss+sentinel://127.0.0.1:{door}/shop", self_signed=True)
            wait_until(lambda: not down(lambda: watched.get("k")))
            assert watched.get("k") == b"v"
        finally:
            sentinel.kill()
            sentinel.wait()


class Sentinels:
    """A master with a replica, watched by three Sentinels; ``own`` is the Sentinels' password."""

    def __init__(self, folder: Path, password: str, own: str, stack: ExitStack) -> None:
        self.folder = folder
        self.password = password
        self.own = own
        self.stack = stack
        options = ("--requirepass", password, "--masterauth", password) if password else ()
        self.master = self._server("master", "--repl-diskless-sync-delay", "0", *options)
        follows = ("--replicaof", f"127.0.0.1 {self.master.port}")
        self.replica = self._server("replica", *follows, *options)
        wait_until(lambda: self._role(self.replica)[3] == b"connected")
        self.ports = [new_port() for _ in range(3)]
        for port in self.ports:
            self._watch(port)
        for port in self.ports:
            wait_until(lambda port=port: self._hurries(port))  # type: ignore[misc]
        wait_until(lambda: all(self._watches(port) for port in self.ports))

    @property
    def url(self) -> str:
        account = f":{quote(self.password)}@" if self.password else ""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.ports)
        return f"redis+sentinel://{account}{hosts}/shop"

    def copied(self, name: str) -> Any:
        """Return the value of a name at the replica, a master or not."""
        return ask(self.replica, "GET", f"affiliate:{name}", password=self.password or None)

    def _role(self, server: RedisServer) -> Any:
        return ask(server, "ROLE", password=self.password or None)

    def _server(self, name: str, *options: str) -> RedisServer:
        folder = self.folder / name
        folder.mkdir()
        return self.stack.enter_context(redis_server(folder, *options))

    def _watch(self, port: int) -> None:
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            f"sentinel monitor shop 127.0.0.1 {self.master.port} 2",
            "sentinel down-after-milliseconds shop 300",
            "sentinel failover-timeout shop 2000",
            *([f'sentinel auth-pass shop "{self.password}"'] if self.password else []),
            *([f'requirepass "{self.own}"'] if self.own else []),
        ]
        file = self.folder / f"{port}.conf"
        file.write_text("\n".join(lines))
        log = self.folder / f"{port}.log"
        process = start_redis(self.folder, log, str(file), "--sentinel")
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)

    def _hurries(self, port: int) -> bool:
        """Tell a Sentinel, once it is there, to look around more often than each few seconds."""
        hurry = ("publish-period", 100, "info-period", 100, "ask-period", 100)
        own = self.own or None
        with redis.Redis(port=port, password=own) as client, suppress(redis.ConnectionError):
            return bool(client.execute_command("SENTINEL DEBUG", *hurry))
        return False

    def _watches(self, port: int) -> bool:
        """Whether a Sentinel knows its two fellows and the replica."""
        with redis.Redis(port=port, password=self.own or None) as client:
            state = client.sentinel_master("shop")
        return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)


@contextmanager
def sentinels(folder: Path, password: str = "", own: str = "") -> Iterator[Sentinels]:
    with ExitStack() as stack:
        yield Sentinels(folder, password, own, stack)


def test_sentinels_lead_to_the_master_and_to_the_one_after(tmp_path: Path) -> None:
    """Behind Sentinels, which ask for the same password, the store survives a failover."""
    with sentinels(tmp_path, PASSWORD, PASSWORD) as watched:
        inner = RedisStore(watched.url)
        keeps_its_promises(inner)
        store = StoreWithFallback(inner)
        store.set("before", b"v", 60)
        wait_until(lambda: watched.copied("before") == b"v")
        watched.master.stop()
        assert store.get("before") is None
        assert not store.set("meanwhile", b"w", 60)
        assert store.get("meanwhile") == b"w"
        assert store.lease("k", "t", 60)
        assert store.is_degraded
        wait_until(lambda: store.set("after", b"v", 60))
        assert not store.is_degraded
        assert watched.copied("after") == b"v"
        assert store.get("before") == b"v"


def test_two_lost_sentinels_of_three_are_enough_to_go_on(tmp_path: Path) -> None:
    """Whichever Sentinels hang or are gone, the one that answers is found, and stays found."""
    with (
        sentinels(tmp_path, own="theirs") as watched,
        deaf_port() as hangs,
        refusing_port() as gone,
    ):
        ports = (hangs, gone, hangs, watched.ports[0])
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
        store = RedisStore(f"redis+sentinel://{hosts}/shop/0?sentinel_password=theirs")
        wait_until(lambda: not down(lambda: store.set("k", b"v", 60)))
        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(lambda _: store.get("k"), range(64))) == {b"v"}
        host = f"127.0.0.1:{watched.ports[0]}"
        assert RedisStore(f"redis+sentinel://:theirs@{host}/shop").get("k") == b"v"
        for address, words in (
            (f"redis+sentinel://:wrong@{host}/shop", "does not take the user and password"),
            (f"redis+sentinel://:theirs@{host}/other", "no Sentinel knows a master"),
        ):
            with pytest.raises(StoreDown, match=words):
                RedisStore(address).get("k")


class Cluster:
    """Three masters that share the slots; ``whole`` when a missing one silences the others."""

    def __init__(self, folder: Path, *, whole: bool, stack: ExitStack) -> None:
        self.nodes = []
        buses = []
        for number in range(3):
            node = folder / str(number)
            node.mkdir()
            buses.append(new_port())
            options = {
                "enabled": "yes",
                "port": str(buses[-1]),
                "node-timeout": "500",
                "require-full-coverage": "yes" if whole else "no",
            }
            words = [w for name, value in options.items() for w in (f"--cluster-{name}", value)]
            self.nodes.append(stack.enter_context(redis_server(node, *words)))
        for number, server in enumerate(self.nodes):
            first, last = SLOTS * number // 3, SLOTS * (number + 1) // 3 - 1
            ask(server, "CLUSTER ADDSLOTSRANGE", first, last)
            ask(server, "CLUSTER SET-CONFIG-EPOCH", number + 1)
        for server in self.nodes:
            for other, bus in zip(self.nodes, buses, strict=True):
                ask(server, "CLUSTER MEET", "127.0.0.1", other.port, bus)
        wait_until(lambda: all(self._is_up(node) for node in self.nodes))

    @property
    def url(self) -> str:
        return f"redis+cluster://{','.join(f'127.0.0.1:{node.port}' for node in self.nodes)}"

    def owner(self, name: str) -> RedisServer:
        slot = int(ask(self.nodes[0], "CLUSTER KEYSLOT", f"affiliate:{name}"))
        return next(n for i, n in enumerate(self.nodes) if slot < SLOTS * (i + 1) // 3)

    @staticmethod
    def _is_up(node: RedisServer) -> bool:
        state = ask(node, "CLUSTER INFO")
        return bool(state["cluster_state"] == "ok" and state["cluster_known_nodes"] == "3")


@contextmanager
def cluster(folder: Path, *, whole: bool = False) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(folder, whole=whole, stack=stack)


def test_a_cluster_keeps_every_promise_on_each_of_its_nodes(tmp_path: Path) -> None:
    """Every operation works for keys of every node, and goes along when a slot moves."""
    with cluster(tmp_path) as world:
        store = RedisStore(world.url)
        keeps_its_promises(store)
        names = [f"k{number}" for number in range(30)]
        assert {world.owner(name).port for name in names} == {node.port for node in world.nodes}
        move = moving("wanderer", world)
        next(move)  # under way: what the old place has not is asked of the new one
        assert store.get("wanderer") is None
        assert store.set("wanderer", b"v", 60)
        assert store.get("wanderer") == b"v"
        assert store.lease("wanderer", "t", 60)
        next(move)  # done: the old place sends everyone to the new one
        assert store.get("wanderer") == b"v"
        assert not store.lease("wanderer", "other", 60)
        store.release("wanderer", "t")
        assert store.incr("wanderer", 1, 60) == 1
        assert store.keys() == ["wanderer"]


def moving(name: str, world: Cluster) -> Iterator[None]:
    """Move the slots of a name, its lease and its counter; stops halfway."""
    moves = []
    for key in (name, f"lease:{name}", f"count:{name}"):
        old = world.owner(key)
        new = next(node for node in world.nodes if node is not old)
        moves.append((old, new, ask(old, "CLUSTER KEYSLOT", f"affiliate:{key}")))
    for old, new, slot in moves:
        ask(new, "CLUSTER SETSLOT", slot, "IMPORTING", ask(old, "CLUSTER MYID"))
        ask(old, "CLUSTER SETSLOT", slot, "MIGRATING", ask(new, "CLUSTER MYID"))
    yield
    for old, new, slot in moves:
        for node in (new, old):
            ask(node, "CLUSTER SETSLOT", slot, "NODE", ask(new, "CLUSTER MYID"))
    yield


def test_a_lost_node_of_a_cluster_costs_its_own_keys_only(tmp_path: Path) -> None:
    """With one node killed the others' keys go on, and the lost ones are known to be at once."""
    with cluster(tmp_path) as world:
        store = RedisStore(world.url)
        names = [f"k{number}" for number in range(30)]
        for name in names:
            store.set(name, b"v", 60)
        lost = world.nodes[1]
        lost.stop()
        owners = {name: world.owner(name) for name in names}
        its, others = ([n for n in names if (owners[n] is lost) == gone] for gone in (True, False))
        assert [down(lambda name=name: store.get(name)) for name in its] == [True] * len(its)  # type: ignore[misc]
        assert {store.get(name) for name in others} == {b"v"}
        assert its
        guarded = StoreWithFallback(store)
        for name in names:
            assert guarded.set(name, b"w", 60) or guarded.get(name) == b"w"
        lost.start()
        wait_until(lambda: all(guarded.set(name, b"x", 60) for name in names))
        assert not guarded.is_degraded


def test_a_cluster_that_is_whole_or_nothing_is_down_when_it_says_so(tmp_path: Path) -> None:
    """The usual setting silences all nodes for a lost one: that is an outage, not a refusal."""
    with cluster(tmp_path, whole=True) as world:
        store = RedisStore(world.url)
        name = next(n for n in "abcdefgh" if world.owner(n) is world.nodes[0])
        store.set(name, b"v", 60)
        world.nodes[2].stop()
        wait_until(lambda: down(lambda: store.get(name)))
        guarded = StoreWithFallback(store)
        wait_until(lambda: guarded.get(name) is None)
        assert guarded.is_degraded


CROWD = 200
IN_LINE = CROWD * TIMEOUT_SECONDS
"""Seconds that a crowd takes at the least whose callers wait one after the other."""


def rush(store: StoreWithFallback) -> None:
    """Have a crowd of threads ask at once, while nobody answers; none stands in line."""
    start = threading.Barrier(CROWD)

    def work(number: int) -> None:
        start.wait(PATIENCE)
        store.get(f"k{number % 30}")

    with ThreadPoolExecutor(CROWD) as pool:
        asked = [pool.submit(work, number) for number in range(CROWD)]
        assert wait(asked, IN_LINE / 2).not_done == set()
        assert [one.exception() for one in asked] == [None] * CROWD


@pytest.mark.parametrize("kind", ["redis", "rediss", "redis+sentinel", "redis+cluster"])
def test_servers_that_never_answer_cost_a_short_wait(kind: str) -> None:
    """Accepted and left alone, one caller goes on without an answer, and a crowd all at once."""
    with ExitStack() as stack:
        deaf = [socket.create_server(("127.0.0.1", 0), backlog=500) for _ in range(3)]
        for server in deaf:
            stack.enter_context(server)
        hosts = [f"127.0.0.1:{server.getsockname()[1]}" for server in deaf]
        path = "/shop" if kind == "redis+sentinel" else ""
        url = f"{kind}://{','.join(hosts) if '+' in kind else hosts[0]}{path}"
        store = StoreWithFallback(RedisStore(url))
        assert wait_for_result(lambda: store.get("k")) is None
        assert store.is_degraded
        rush(StoreWithFallback(RedisStore(url)))


@contextmanager
def hanging(*servers: RedisServer) -> Iterator[None]:
    """Servers stopped in their tracks, which go on at the end."""
    processes = [server.process for server in servers if server.process]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


def test_a_cluster_that_hangs_keeps_a_crowd_no_longer_than_one(tmp_path: Path) -> None:
    """When all nodes stop in their tracks nobody stands in line, and all is right after."""
    with cluster(tmp_path) as world:
        names = [f"k{number}" for number in range(30)]
        store = RedisStore(world.url)
        for name in names:
            store.set(name, name.encode(), 60)
        guarded = StoreWithFallback(store)
        with hanging(*world.nodes):
            rush(guarded)
        assert guarded.is_degraded
        wait_until(lambda: all(guarded.get(name) for name in names))
        assert [store.get(name) for name in names] == [name.encode() for name in names]


@pytest.mark.parametrize("kind", ["redis", "sentinel"])
def test_a_late_answer_is_never_taken_for_anothers(tmp_path: Path, kind: str) -> None:
    """What comes after its asker gave up is thrown away, not given to the next who asks."""
    with ExitStack() as stack:
        if kind == "redis":
            server = stack.enter_context(redis_server(tmp_path))
            store = RedisStore(server.url)
        else:
            watched = stack.enter_context(sentinels(tmp_path))
            server, store = watched.master, RedisStore(watched.url)
        names = [f"k{number}" for number in range(10)]
        for name in names:
            store.set(name, name.encode(), 60)
        with hanging(server), pytest.raises(StoreDown):
            store.get("k0")
        wait_until(lambda: not down(lambda: store.get("k1")))
        assert [store.get(name) for name in names] == [name.encode() for name in names]


def test_a_new_connection_asks_only_for_what_is_wanted(tmp_path: Path) -> None:
    """No greetings, which an old Redis would refuse and for which a slow one would be waited."""
    with redis_server(tmp_path) as server:
        RedisStore(server.url).get("k")
        with redis.Redis(port=server.port, protocol=2, driver_info=None) as client:
            assert list(client.info("commandstats")) == ["cmdstat_get"]
