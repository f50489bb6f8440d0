"""The pool of connections to one Redis: few enough for its plan, without dead connections."""

import math
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from queue import Empty, Full
from typing import Any, Final, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS: Final = 0.25
"""Default time-out in seconds for connecting, for an answer, and for a free connection."""
MAX_CONNECTIONS: Final = 32
"""Most connections of a process, unless ``REDIS_URL`` says ``max_connections``."""
SMALL_POOL: Final = 4
"""Connections from which on a process reads the server's limit; small sites never need to."""
SHARE: Final = 0.8
"""Part of a server's ``maxclients`` that the processes of a site share."""
GROW_SECONDS: Final = 1.0
"""Seconds after a refusal until one connection more is tried, and then between further tries."""
GROWN_SECONDS: Final = 30.0
"""Seconds after the last refusal until the bound is lifted."""
REFUSAL: Final = re.compile(
    "max number of clients|not ready|reset by peer|closed by server|broken pipe", re.IGNORECASE
)
"""Pattern of redis-py's texts for a connection that the server refuses."""
FULL: Final = re.compile("max number of clients|not ready")
"""Pattern of redis-py's texts for a server all of whose connections are taken."""
MAX_TRIES: Final = 10
"""Tries for a command without a connection: all connections of a plan may be taken for a while."""
FULL_TIMEOUTS: Final = 2
"""Time-outs of the pool for which further tries are made while the server is full."""
PAUSE_SECONDS: Final = 0.05
"""Seconds between the tries of a process that has no connection."""


class _Place:
    """A place in the line for a connection; ``connection`` is None for one still to be made."""

    def __init__(self) -> None:
        self.served = threading.Event()
        self.connection: Any = None


class _IdleConnections:
    """The idle connections, open ones last, and a bound on those in use.

    Waiting threads are served in turn. A connection counts as ``proven`` from its first answer
    until its end; when another fails meanwhile, the server has reached its limit. Methods have the
    names of `queue.Queue`, as redis-py calls them.
    """

    def __init__(self, maxsize: int) -> None:
        self.queue: list[Any] = []
        self._maxsize = maxsize
        self._share = maxsize
        self._line: deque[_Place] = deque()
        self._proven: set[Any] = set()
        self._refused_at: float | None = None
        self._served_at = -math.inf
        self._lock = threading.Lock()

    def put_nowait(self, connection: Any) -> None:  # noqa: ANN401 - or None for one to be made
        """Give a connection back."""
        with self._lock:
            if len(self.queue) >= self._maxsize:
                raise Full
            if connection is not None and connection.is_connected:
                self._proven.add(connection)
                self._served_at = time.monotonic()
                self.queue.append(connection)
                self._close_surplus()
            else:
                if connection is not None and connection not in self._proven:
                    self._refused_at = time.monotonic()
                self._proven.discard(connection)
                if not self._proven:  # no connection serves: an outage, no limit
                    self._refused_at = None
                self.queue.insert(0, connection)
            while self._line and self._has_free():
                place = self._line.popleft()
                place.connection = self.queue.pop()
                place.served.set()

    def get(self, block: bool, timeout: float | None) -> Any:  # noqa: ANN401, FBT001, ARG002 - as redis-py calls it
        """Take a connection, or wait for one up to ``timeout`` seconds."""
        with self._lock:
            if not self._line and self._has_free():
                return self.queue.pop()
            place = _Place()
            self._line.append(place)
        place.served.wait(timeout)
        with self._lock:
            if place.served.is_set():
                return place.connection
            self._line.remove(place)
        raise Empty

    def _has_free(self) -> bool:
        return bool(self.queue) and self._maxsize - len(self.queue) < self._compute_limit()

    def _compute_limit(self) -> int:
        if self._refused_at is None:
            return self._share
        passed = time.monotonic() - self._refused_at
        if passed > GROWN_SECONDS:
            self._refused_at = None
        return min(self._share, max(len(self._proven) + int(passed / GROW_SECONDS), 1))

    @property
    def proven(self) -> int:
        """Return the number of open connections that have served."""
        return len(self._proven)

    def has_served_lately(self) -> bool:
        """Return whether a command was answered within SECONDS."""
        return time.monotonic() - self._served_at < TIMEOUT_SECONDS

    def set_share(self, share: int) -> None:
        """Use at most ``share`` connections from now on."""
        with self._lock:
            self._share = max(min(share, self._maxsize), 1)
            self._close_surplus()

    def _close_surplus(self) -> None:
        """Close idle connections beyond the share; those in use are closed on their return."""
        surplus = len(self._proven) - self._share
        if surplus > 0:
            for connection in [c for c in self.queue if c in self._proven][:surplus]:
                connection.disconnect()
                self._proven.discard(connection)
            self.queue.sort(key=self._proven.__contains__)

    def reconnect(self) -> None:
        """Close the connections: idle ones at once, others after the command under way."""
        with self._lock:
            idle = set(self.queue)
            for connection in self._proven:
                if connection in idle:
                    connection.disconnect()
                else:
                    connection.mark_for_reconnect()
            self._proven -= idle


class Client(redis.Redis):
    """A client whose pool fits what the server takes.

    ``processes`` share the server; None for a pool whose size the owner has set.
    """

    def __init__(self, *, processes: int | None, connection_pool: redis.ConnectionPool) -> None:
        super().__init__(connection_pool=connection_pool)
        self._processes = processes

    def execute_command(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as redis-py has it
        """Send a command; retry while the server refuses new connections."""
        base: Any = super()  # redis-py gives it no types
        begun = time.monotonic()
        for tries in count(1):
            try:
                answer = base.execute_command(*args, **options)
                break
            except redis.ConnectionError as error:
                if not self._may_wait(error, tries, time.monotonic() - begun):
                    raise
        if self._processes and self._idle.proven >= SMALL_POOL:
            self._learn_limit()
        return answer

    def _may_wait(self, error: redis.ConnectionError, tries: int, waited: float) -> bool:
        """Return whether waiting for a proven connection makes sense; a hung server has none.

        ``waited`` are the seconds since the first try.
        """
        text, pool = str(error), cast("Any", self.connection_pool)
        is_full = FULL.search(text) is not None and waited < FULL_TIMEOUTS * pool.timeout
        if isinstance(error, redis.AuthenticationError) or (tries >= MAX_TRIES and not is_full):
            return False
        if not self._idle.has_served_lately():
            if not REFUSAL.search(text):
                return False
            time.sleep(PAUSE_SECONDS)  # another process may be about to close some
        return True

    def reconnect(self) -> None:
        """Connect anew from now on, as the address may lead to another server."""
        self._idle.reconnect()

    @property
    def _idle(self) -> _IdleConnections:
        pool: Any = self.connection_pool
        idle: _IdleConnections = pool.pool
        return idle

    def _learn_limit(self) -> None:
        """Fit the pool once to the server's ``maxclients``, where the server says that number."""
        processes, self._processes = self._processes or 1, None
        with suppress(redis.RedisError, OSError, ValueError, TypeError):
            most: Any = self.info("clients").get("maxclients")
            most = most or self.config_get("maxclients")["maxclients"]  # before Redis 7
            self._idle.set_share(int(int(most) * SHARE) // processes)


def make_client(
    options: Mapping[str, Any], pool: Mapping[str, Any], processes: int, kind: type[Any]
) -> Client:
    """Return a client that connects on its first use.

    ``options`` are arguments of a connection of the ``kind``, ``pool`` those of the pool.
    """
    make_pool: Any = redis.BlockingConnectionPool
    connections = make_pool(
        **{"max_connections": MAX_CONNECTIONS, "timeout": TIMEOUT_SECONDS, **pool},
        connection_class=kind,
        queue_class=_IdleConnections,
        # An idle connection may have been closed: retry once, at once; never after a time-out.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        **{
            "socket_timeout": TIMEOUT_SECONDS,
            "socket_connect_timeout": TIMEOUT_SECONDS,
            # A new connection costs no round trips of its own, which a slow Redis would multiply.
            "protocol": 2,
            "driver_info": None,
            **options,
        },
    )
    sharing = None if "max_connections" in pool else processes
    return Client(processes=sharing, connection_pool=connections)
