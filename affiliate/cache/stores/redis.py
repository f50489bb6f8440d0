"""A store in Redis, on a client of our own: short timeouts, a bounded pool, TTL always set.

The forms of ``REDIS_URL`` are read by `affiliate.config.redis_address`.
"""

import math
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final, NamedTuple

import redis
from flask import Flask
from flask_caching.backends.base import BaseCache
from redis.exceptions import ClusterDownError

from affiliate.cache.stores.redis_topology import make_redis_client
from affiliate.errors import StoreDown, StoreRefused

PREFIX: Final = "affiliate:"
RELEASE: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end"
)
EXTEND: Final = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then"
    " return redis.call('pexpire', KEYS[1], ARGV[2]) end"
)
COUNT: Final = (
    "local n = redis.call('incrby', KEYS[1], ARGV[1])"
    " if n == tonumber(ARGV[1]) then redis.call('pexpire', KEYS[1], ARGV[2]) end return n"
)
RECONNECT_SECONDS: Final = 5.0
"""Shortest time in seconds between two closings of all connections because of refusals."""
FAILURE_TEXTS: Final = (
    ("without any password|no password is set", "it has no password; take yours out of REDIS_URL"),
    (
        "invalid (username|password)|WRONGPASS|authentication required|NOAUTH",
        "it does not take the user and password of REDIS_URL; copy both anew, percent-encoded",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED|certificate",
        "its certificate is not trusted; set REDIS_SELF_SIGNED=1 or add ssl_ca_certs to REDIS_URL",
    ),
    ("WRONG_VERSION_NUMBER|record layer", "it speaks no TLS; begin REDIS_URL with redis://"),
    (
        "max number of clients|not ready",
        "all its connections are taken; lower max_connections in REDIS_URL",
    ),
    ("No connection available", "this process's connections to it are all in use"),
    ("invalid database|DB index", "it has no database of that number"),
    ("no Sentinel knows", "no Sentinel knows a master of the name in REDIS_URL; mend the name"),
    ("no node says", "no node of the cluster says who has a key"),
    ("loading", "it is loading its data; it will be back by itself"),
    ("refused", "nothing listens at its host and port; start Redis or mend the port"),
    (
        "Name or service|getaddrinfo|nodename|name resolution",
        "its host name is not known; mend REDIS_URL or the network's names",
    ),
    ("No such file", "no server has its socket there; start Redis or mend the path"),
    ("timed? ?out|timeout", "no answer in time; look at the server, its host and firewalls"),
    ("unreachable|No route", "no way leads to its host; look at networks and firewalls"),
    (
        "closed by server|reset by peer|broken pipe|EOF",
        "it closed the connection; where it wants TLS, begin REDIS_URL with rediss://",
    ),
)
"""Meaning of and remedy for a failure, by a pattern in redis-py's text."""


class ServerLimits(NamedTuple):
    """Bytes and connections of one server, used and allowed; 0 for no limit or an unknown one.

    ``policy`` is the server's eviction policy, ``evicted`` the number of keys evicted since its
    start.
    """

    used: int
    maxmemory: int
    policy: str
    clients: int
    maxclients: int
    evicted: int


class RedisStore(BaseCache):
    """One Redis, a Sentinel's master, or a Cluster; every operation touches one key."""

    def __init__(self, url: str, *, self_signed: bool = False, processes: int = 1) -> None:
        super().__init__()
        self._url = url
        self._self_signed = self_signed
        self._processes = processes
        self._client: Any = None
        self._creation = threading.Lock()
        self._reconnected_at = -math.inf

    @classmethod
    def factory(
        cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]
    ) -> "RedisStore":
        """Make a store from ``CACHE_REDIS_URL``, ``..._SELF_SIGNED`` and ``..._PROCESSES``."""
        return cls(
            config["CACHE_REDIS_URL"],
            self_signed=config.get("CACHE_REDIS_SELF_SIGNED", False),
            processes=config.get("CACHE_REDIS_PROCESSES", 1),
        )

    def get(self, key: str) -> bytes | None:
        """Return the value; None when the key is absent.

        Raises:
            StoreDown: Redis is out of reach.
        """
        with self._use_client() as client:
            value = client.get(PREFIX + key)
        return value if isinstance(value, bytes) else None

    def set(self, key: str, value: bytes, timeout: int | timedelta | None = None) -> bool:
        """Keep a value for ``timeout`` seconds.

        Raises:
            StoreRefused: Redis is full or read-only.
            StoreDown: Redis is out of reach.
        """
        seconds = self._to_seconds(timeout or self.default_timeout)
        with self._use_client() as client:
            client.set(PREFIX + key, value, ex=seconds)
        return True

    def delete(self, key: str) -> bool:
        """Delete a value; return False when there was none."""
        with self._use_client() as client:
            return bool(client.delete(PREFIX + key))

    def lease(self, key: str, token: str, seconds: float) -> bool:
        """Take the lease of a key; return False when another process has the lease."""
        with self._use_client() as client:
            name = f"{PREFIX}lease:{key}"
            return bool(client.set(name, token, nx=True, px=int(seconds * 1000)))

    def extend(self, key: str, token: str, seconds: float) -> None:
        """Let a lease last ``seconds`` from now, if the token still holds the lease."""
        with self._use_client() as client:
            client.eval(EXTEND, 1, f"{PREFIX}lease:{key}", token, int(seconds * 1000))

    def release(self, key: str, token: str) -> None:
        """Give a lease back, if the token still holds the lease."""
        with self._use_client() as client:
            client.eval(RELEASE, 1, f"{PREFIX}lease:{key}", token)

    def incr(self, key: str, by: int, seconds: float) -> int:
        """Add to a counter that begins at 0 and ends ``seconds`` after its beginning.

        Adding 0 only reads the counter, also from a read-only Redis.
        """
        if not by:
            return self.read_counter(key)
        with self._use_client() as client:
            return int(client.eval(COUNT, 1, f"{PREFIX}count:{key}", by, int(seconds * 1000)))

    def read_counter(self, key: str) -> int:
        """Return the value of a counter."""
        with self._use_client() as client:
            return int(client.get(f"{PREFIX}count:{key}") or 0)

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with the prefix."""
        pattern = "".join(f"[{c}]" if c in "*?[" else c for c in PREFIX + prefix) + "*"
        with self._use_client() as client:
            keys = client.scan_iter(match=pattern, count=1000)
            names = [name.decode().removeprefix(PREFIX) for name in keys]
        return [name for name in names if not name.startswith(("lease:", "count:"))]

    def size(self) -> tuple[int, int]:
        """Return the number of entries, and the bytes that Redis uses for all its data."""
        with self._use_client() as client:
            info = client.info("memory")
            nodes = info.values() if "used_memory" not in info else [info]
            return len(self.keys()), sum(int(node["used_memory"]) for node in nodes)

    def read_limits(self) -> list["ServerLimits"]:
        """Return usage, limits and eviction policy of each server."""
        with self._use_client() as client:
            info = client.info()
        nodes = info.values() if "used_memory" not in info else [info]
        return [
            ServerLimits(
                used=int(node["used_memory"]),
                maxmemory=int(node.get("maxmemory", 0)),
                policy=str(node.get("maxmemory_policy", "")),
                clients=int(node.get("connected_clients", 0)),
                maxclients=int(node.get("maxclients", 0)),
                evicted=int(node.get("evicted_keys", 0)),
            )
            for node in nodes
        ]

    @contextmanager
    def _use_client(self) -> Iterator[Any]:
        """Yield the client; turn its errors into store errors that don't hold the address."""
        try:
            yield self._client or self._make_client()
        except ClusterDownError:
            raise StoreDown("Redis can't be used: a part of it is down") from None
        except redis.ResponseError as error:
            self._reconnect()
            raise StoreRefused(_describe_refusal(error)) from None
        except (redis.RedisError, OSError, ValueError) as error:
            raise StoreDown(describe_failure(error)) from None

    def _make_client(self) -> Any:  # noqa: ANN401 - a client of one of three kinds
        with self._creation:
            if self._client is None:
                self._client = make_redis_client(
                    self._url, self_signed=self._self_signed, processes=self._processes
                )
        return self._client

    def _reconnect(self) -> None:
        """Connect anew once in RECONNECT_SECONDS: the address may lead to another server by now.

        https://github.com/envoyproxy/ratelimit/issues/1191
        """
        now = time.monotonic()
        if now >= self._reconnected_at + RECONNECT_SECONDS:
            self._reconnected_at = now
            with suppress(redis.RedisError, OSError):
                self._client.reconnect()


def describe_failure(error: BaseException) -> str:
    """Return a sentence on the meaning of a failure and its remedy, without the address."""
    text = str(error)
    for pattern, words in FAILURE_TEXTS:
        if re.search(pattern, text, re.IGNORECASE):
            return f"Redis can't be used: {words}"
    return f"Redis can't be used: {type(error).__name__}"


def _describe_refusal(error: redis.ResponseError) -> str:
    """Return what Redis says, or what to do where Redis is full."""
    words = str(error)
    if "maxmemory" in words:
        return "Redis is full: set maxmemory-policy to allkeys-lru, or raise maxmemory"
    return f"Redis refuses: {words[:80]}"
