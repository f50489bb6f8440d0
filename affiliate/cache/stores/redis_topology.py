"""Clients of one Redis, of a Sentinel's master, or of a Cluster, with short timeouts."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
import redis
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError

from affiliate.cache.stores.redis_pool import TIMEOUT_SECONDS, Client, make_client
from affiliate.config.redis_address import Node, RedisAddress, read_redis_address

ACCOUNT_OPTIONS: Final = {"username", "password"}
NO_PASSWORD_TEXTS: Final = ("without any password", "no password is set")
"""Texts of a server without a password that refuses one."""


class _MultiNodeClient(ABC):
    """A client of several servers, one of which owns a key; any of ``nodes`` knows the owner.

    redis-py's own clients of Sentinel and Cluster are not used. When all nodes hang, threads
    learn the map of slots in line there: the last of 100 waited 75 s. After a time-out it keeps
    a Sentinel master's connection, and gives the late answer for one key to the next. And not
    all of its errors are of its own family.
    """

    slots: int

    unknown_owner: str
    """Error text for a key whose owner no node knows."""

    def __init__(self, address: RedisAddress, processes: int) -> None:
        self._given_nodes = address.nodes
        self._nodes = [*address.nodes]
        self._address = address
        self._options = {**address.options}
        self._processes = processes
        self._owners: dict[int, Node] = {}
        self._clients: dict[Node, Client] = {}
        self._learning = threading.Lock()
        self._trouble: redis.RedisError | None = None

    @abstractmethod
    def _fetch_owners(self, node: Node) -> dict[int, Node]:
        """Return the owner of each slot, as a node knows them; empty where the node knows none."""

    def get(self, name: str) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._send_to_owner(name, lambda owner: owner.get(name))

    def set(self, name: str, value: bytes | str, **how: Any) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._send_to_owner(name, lambda owner: owner.set(name, value, **how))

    def delete(self, name: str) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._send_to_owner(name, lambda owner: owner.delete(name))

    def eval(self, script: str, keys: int, name: str, *more: Any) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._send_to_owner(name, lambda owner: owner.eval(script, keys, name, *more))

    def scan_iter(self, match: str, count: int) -> Iterator[bytes]:
        for owner in self._list_owners():
            yield from self._client(owner).scan_iter(match=match, count=count)

    def info(self, section: str | None = None) -> dict[Node, Any]:
        return {owner: self._client(owner).info(section) for owner in self._list_owners()}

    def reconnect(self) -> None:
        """Connect anew from now on, as addresses may lead to other servers."""
        for client in [*self._clients.values()]:
            client.reconnect()

    def _send_to_owner(self, name: str, send: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as redis-py has it
        slot = key_slot(name.encode(), self.slots)
        owner = self._find_owner(slot)
        try:
            return send(self._client(owner))
        except AskError as error:
            other = self._client((error.host or owner[0], error.port))
            if isinstance(error, MovedError):
                self._owners[slot] = (error.host or owner[0], error.port)
                return send(other)
            other_line: Any = other.pipeline(transaction=False)
            with other_line as line:
                line.execute_command("ASKING")
                send(line)
                return line.execute()[-1]
        except (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, ClusterDownError):
            self._learn_owners(owner)
            raise

    def _find_owner(self, slot: int) -> Node:
        if slot not in self._owners:
            self._learn_owners()
        try:
            return self._owners[slot]
        except KeyError:
            raise self._trouble or redis.ConnectionError(self.unknown_owner) from None

    def _list_owners(self) -> list[Node]:
        self._find_owner(0)
        return [*dict.fromkeys(self._owners.values())]

    def _learn_owners(self, failed: Node | None = None) -> None:
        """Learn the owners from the first node that knows them, in one thread at a time."""
        if not self._learning.acquire(timeout=TIMEOUT_SECONDS if failed is None else 0):
            return
        try:
            end = time.monotonic() + 2 * TIMEOUT_SECONDS
            for node in [*self._nodes]:
                if node == failed or time.monotonic() > end:
                    continue
                try:
                    owners = self._fetch_owners(node)
                    self._trouble = None
                except redis.RedisError as error:
                    owners, self._trouble = {}, error
                if owners:
                    self._owners = owners
                    return
                self._nodes.remove(node)  # the last to ask from now on
                self._nodes.append(node)
        finally:
            self._learning.release()

    def _client(self, node: Node) -> Client:
        if node not in self._clients:
            self._clients.setdefault(node, self._make_client(node, self._options))
        return self._clients[node]

    def _make_client(self, node: Node, options: Mapping[str, Any]) -> Client:
        return _make_node_client(
            self._address, {"host": node[0], "port": node[1], **options}, self._processes
        )


class _Sentinels(_MultiNodeClient):
    """The master of a service, as its Sentinels know the master.

    Sentinels may want an account of their own, the master's, or none; the master may be without a
    password where the Sentinels have one.
    """

    slots = 1
    unknown_owner = "no Sentinel knows a master of that name"

    def __init__(self, address: RedisAddress, processes: int) -> None:
        super().__init__(address, processes)
        account = {n: v for n, v in address.options.items() if n in ACCOUNT_OPTIONS}
        accounts: list[Mapping[str, str]]
        accounts = [address.sentinel] if address.sentinel else [{}, account] if account else [{}]
        plain = {n: v for n, v in address.options.items() if n not in {*ACCOUNT_OPTIONS, "db"}}
        self._sentinels = {
            node: [self._make_client(node, {**plain, **account}) for account in accounts]
            for node in address.nodes
        }

    def _fetch_owners(self, node: Node) -> dict[int, Node]:
        command = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._address.service)
        *first, last = self._sentinels[node]
        master = None
        for client in first:
            with suppress(redis.AuthenticationError):
                master = client.execute_command(*command)
                break
        else:
            master = last.execute_command(*command)
        return {0: (master[0].decode(), int(master[1]))} if master else {}

    def _send_to_owner(self, name: str, send: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as redis-py has it
        try:
            return super()._send_to_owner(name, send)
        except redis.AuthenticationError as error:
            if "password" not in self._options or not any(
                t in str(error) for t in NO_PASSWORD_TEXTS
            ):
                raise
        self._options = {n: v for n, v in self._options.items() if n not in ACCOUNT_OPTIONS}
        self._clients = {}
        return super()._send_to_owner(name, send)


class _Cluster(_MultiNodeClient):
    """The masters of a Cluster, as its nodes know them."""

    slots = REDIS_CLUSTER_HASH_SLOTS
    unknown_owner = "no node says who has the key"

    def _fetch_owners(self, node: Node) -> dict[int, Node]:
        owners = {}
        table = self._client(node).execute_command("CLUSTER SLOTS")
        for first, last, (host, port, *_), *_ in table:
            owner = (host.decode() if host else node[0], int(port))
            owners.update(dict.fromkeys(range(first, last + 1), owner))
        if owners:
            self._nodes = [*dict.fromkeys([*owners.values(), *self._given_nodes])]
        return owners


def make_redis_client(url: str, *, self_signed: bool, processes: int = 1) -> Any:  # noqa: ANN401 - a Client or its like
    """Return a client for the address in ``REDIS_URL``; the client connects on its first use.

    ``processes`` share the server's connections.

    Raises:
        ValueError: the address can't be read.
    """
    address = read_redis_address(url)
    if address.tls and self_signed:
        options = {**address.options, "ssl_cert_reqs": "none", "ssl_check_hostname": False}
        address = msgspec.structs.replace(address, options=options)
    if address.kind in {"sentinel", "cluster"}:
        kind = _Sentinels if address.kind == "sentinel" else _Cluster
        return kind(address, processes)
    nodes = [{"host": host, "port": port} for host, port in address.nodes]
    return _make_node_client(address, {**dict(*nodes), **address.options}, processes)


def _make_node_client(address: RedisAddress, options: Mapping[str, Any], processes: int) -> Client:
    kind: type[Any] = SSLConnection if address.tls else Connection
    if address.kind == "unix":
        kind = UnixDomainSocketConnection
    return make_client(options, address.pool, processes, kind)
