"""Clients of one Redis, of a Sentinel's master, or of a Cluster, with short timeouts."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote

import redis
from redis.backoff import NoBackoff
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, ClusterDownError, MovedError
from redis.retry import Retry

SECONDS: Final = 0.25
CONNECTIONS: Final = 32

Address = tuple[str, int]


class _Several(ABC):
    """Several servers, one of which has a key; any of ``nodes`` can tell which.

    redis-py's own clients of Sentinel and Cluster are not used. When all nodes hang, threads
    learn the map of slots in line there: the last of 100 waited 75 s. After a time-out it keeps
    a Sentinel master's connection, and gives the late answer for one key to the next. And not
    all of its errors are of its own family.
    """

    slots: int

    def __init__(self, nodes: list[Address], account: dict[str, str]) -> None:
        self._given = nodes
        self._nodes = [*nodes]
        self._account = account
        self._owners: dict[int, Address] = {}
        self._clients: dict[Address, Any] = {}
        self._learning = threading.Lock()

    @abstractmethod
    def _told(self, node: Address) -> dict[int, Address]:
        """Who owns which slot, as a node tells it; nothing when it doesn't know."""

    def get(self, name: str) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._ask(name, lambda owner: owner.get(name))

    def set(self, name: str, value: bytes | str, **how: Any) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._ask(name, lambda owner: owner.set(name, value, **how))

    def delete(self, name: str) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._ask(name, lambda owner: owner.delete(name))

    def eval(self, script: str, keys: int, name: str, *more: Any) -> Any:  # noqa: ANN401 - as redis-py has it
        return self._ask(name, lambda owner: owner.eval(script, keys, name, *more))

    def scan_iter(self, match: str, count: int) -> Iterator[bytes]:
        for owner in self._all():
            yield from self._client(owner).scan_iter(match=match, count=count)

    def info(self, section: str) -> dict[Address, Any]:
        return {owner: self._client(owner).info(section) for owner in self._all()}

    def _ask(self, name: str, ask: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - as redis-py has it
        slot = key_slot(name.encode(), self.slots)
        owner = self._owner(slot)
        try:
            return ask(self._client(owner))
        except AskError as error:
            other = self._client((error.host or owner[0], error.port))
            if isinstance(error, MovedError):
                self._owners[slot] = (error.host or owner[0], error.port)
                return ask(other)
            with other.pipeline(transaction=False) as line:
                line.execute_command("ASKING")
                ask(line)
                return line.execute()[-1]
        except (redis.ConnectionError, redis.TimeoutError, redis.ReadOnlyError, ClusterDownError):
            self._learn(owner)
            raise

    def _owner(self, slot: int) -> Address:
        if slot not in self._owners:
            self._learn()
        try:
            return self._owners[slot]
        except KeyError:
            raise redis.ConnectionError("no node says who has the key") from None

    def _all(self) -> list[Address]:
        self._owner(0)
        return [*dict.fromkeys(self._owners.values())]

    def _learn(self, failed: Address | None = None) -> None:
        """Learn who has what, from the first node that tells; one thread does, the others go on."""
        if not self._learning.acquire(timeout=SECONDS if failed is None else 0):
            return
        try:
            end = time.monotonic() + 2 * SECONDS
            for node in [*self._nodes]:
                if node == failed or time.monotonic() > end:
                    continue
                with suppress(redis.RedisError):
                    if owners := self._told(node):
                        self._owners = owners
                        return
                self._nodes.remove(node)  # to be asked last from now on
                self._nodes.append(node)
        finally:
            self._learning.release()

    def _client(self, node: Address) -> Any:  # noqa: ANN401 - redis.Redis
        if node not in self._clients:
            self._clients.setdefault(node, _one(host=node[0], port=node[1], **self._account))
        return self._clients[node]


class _Sentinels(_Several):
    """The master of a service, as its Sentinels know it."""

    slots = 1

    def __init__(self, nodes: list[Address], account: dict[str, str], service: str) -> None:
        super().__init__(nodes, account)
        self._service = service
        self._sentinels = {node: _one(host=node[0], port=node[1]) for node in nodes}

    def _told(self, node: Address) -> dict[int, Address]:
        command = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._service)
        master = self._sentinels[node].execute_command(*command)
        return {0: (master[0].decode(), int(master[1]))} if master else {}


class _Cluster(_Several):
    """The masters of a Cluster, as its nodes know them."""

    slots = REDIS_CLUSTER_HASH_SLOTS

    def _told(self, node: Address) -> dict[int, Address]:
        owners = {}
        table = self._client(node).execute_command("CLUSTER SLOTS")
        for first, last, (host, port, *_), *_ in table:
            owner = (host.decode() if host else node[0], int(port))
            owners.update(dict.fromkeys(range(first, last + 1), owner))
        if owners:
            self._nodes = [*dict.fromkeys([*owners.values(), *self._given])]
        return owners


def client_of(url: str, *, self_signed: bool) -> Any:  # noqa: ANN401 - redis.Redis or its like
    """A client for the address that ``REDIS_URL`` gives; it connects when it is used."""
    scheme, _, rest = url.partition("://")
    if scheme in {"redis+cluster", "redis+sentinel"}:
        account, nodes, path = _parts(rest)
        if scheme == "redis+cluster":
            return _Cluster(nodes, account)
        return _Sentinels(nodes, account, path or "mymaster")
    if scheme == "rediss" and self_signed:
        return _one(url, ssl_cert_reqs="none", ssl_check_hostname=False)
    return _one(url)


def _one(url: str = "redis://", **options: Any) -> Any:  # noqa: ANN401 - redis.Redis
    pool = redis.BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=SECONDS,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        # A kept connection may have been closed: once more, at once; a time-out is not tried again.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        # A new connection costs no round trips of its own: a slow Redis would make them a second.
        protocol=2,
        driver_info=None,
        **options,
    )
    return redis.Redis(connection_pool=pool)


def _parts(rest: str) -> tuple[dict[str, Any], list[tuple[str, int]], str]:
    """What stands behind the scheme: account, hosts with ports, and the path."""
    hosts, _, path = rest.partition("/")
    account, _, hosts = hosts.rpartition("@")
    user, _, password = account.partition(":")
    names = {"username": unquote(user), "password": unquote(password)}
    nodes = []
    for one in hosts.split(","):
        host, _, port = one.rpartition(":")
        nodes.append((host.strip("[]"), int(port)))
    return {name: value for name, value in names.items() if value}, nodes, path
