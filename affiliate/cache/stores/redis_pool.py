"""Keeps the connections to one Redis: few enough for its plan, and none that serves no more."""

import math
import re
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, Full
from typing import Any, Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

SECONDS: Final = 0.25
"""How long a connection, an answer, or a free connection is waited for, unless told otherwise."""
CONNECTIONS: Final = 32
"""The most connections of a process, unless ``REDIS_URL`` says ``max_connections``."""
FEW: Final = 4
"""With so many connections a process asks how many the server takes; small sites never ask."""
SHARE: Final = 0.8
"""The part of a server's ``maxclients`` that the processes of a site share."""
GROW_SECONDS: Final = 1.0
"""How often one connection more is tried after a server has refused one."""
GROWN_SECONDS: Final = 30.0
"""How long after the last refusal the bound is forgotten."""
REFUSED: Final = re.compile("max number of clients|not ready|reset by peer|closed by server")
"""What redis-py says of a connection that the server doesn't take."""
TRIES: Final = 10
"""How often a command is sent that found no connection: a plan's may all be taken for a while."""
PAUSE_SECONDS: Final = 0.05
"""How long a process without any connection waits before it tries again to get one."""


class _Place:
    """A place in the line for a connection: gets one, or None for one to be made."""

    def __init__(self) -> None:
        self.served = threading.Event()
        self.connection: Any = None


class _Idle:
    """The connections that are not in use, open ones last, and a bound on those in use.

    Whoever waits is served in turn. A connection counts as ``proven`` from its first answer until
    it is closed; when another fails meanwhile, the server has taken all that it takes. The
    names are those of `queue.Queue`, by which redis-py knows it.
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
                if not self._proven:  # nobody is served: that is an outage, no bound
                    self._refused_at = None
                self.queue.insert(0, connection)
            while self._line and self._has_one():
                place = self._line.popleft()
                place.connection = self.queue.pop()
                place.served.set()

    def get(self, block: bool, timeout: float | None) -> Any:  # noqa: ANN401, FBT001, ARG002 - as redis-py calls it
        """Take a connection, or wait for one up to ``timeout`` seconds."""
        with self._lock:
            if not self._line and self._has_one():
                return self.queue.pop()
            place = _Place()
            self._line.append(place)
        place.served.wait(timeout)
        with self._lock:
            if place.served.is_set():
                return place.connection
            self._line.remove(place)
        raise Empty

    def _has_one(self) -> bool:
        return bool(self.queue) and self._maxsize - len(self.queue) < self._limit()

    def _limit(self) -> int:
        if self._refused_at is None:
            return self._share
        passed = time.monotonic() - self._refused_at
        if passed > GROWN_SECONDS:
            self._refused_at = None
        return min(self._share, max(len(self._proven) + int(passed / GROW_SECONDS), 1))

    @property
    def proven(self) -> int:
        """Return how many connections have served and are open."""
        return len(self._proven)

    def serves(self) -> bool:
        """Tell whether a command was answered lately."""
        return time.monotonic() - self._served_at < SECONDS

    def fit(self, share: int) -> None:
        """Use at most ``share`` connections from now on."""
        with self._lock:
            self._share = max(min(share, self._maxsize), 1)
            self._close_surplus()

    def _close_surplus(self) -> None:
        """Close idle connections beyond the share; those in use are closed when they are back."""
        surplus = len(self._proven) - self._share
        if surplus > 0:
            for connection in [c for c in self.queue if c in self._proven][:surplus]:
                connection.disconnect()
                self._proven.discard(connection)
            self.queue.sort(key=self._proven.__contains__)

    def renew(self) -> None:
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
        """Send a command; where a new connection is refused, wait for one that has served."""
        base: Any = super()  # redis-py gives it no types
        for tries in range(TRIES):
            try:
                answer = base.execute_command(*args, **options)
            except redis.ConnectionError as error:
                if tries == TRIES - 1 or not self._may_wait(error):
                    raise
            else:
                break
        if self._processes and self._idle.proven >= FEW:
            self._learn()
        return answer

    def _may_wait(self, error: redis.ConnectionError) -> bool:
        """Tell whether a connection that has served can be waited for; a hung server has none."""
        if isinstance(error, redis.AuthenticationError):
            return False
        if not self._idle.serves():
            if not REFUSED.search(str(error)):
                return False
            time.sleep(PAUSE_SECONDS)  # another process may be about to give some back
        return True

    def renew(self) -> None:
        """Connect anew from now on, for the address may lead to another server."""
        self._idle.renew()

    @property
    def _idle(self) -> _Idle:
        pool: Any = self.connection_pool
        idle: _Idle = pool.pool
        return idle

    def _learn(self) -> None:
        """Fit the pool, once, to the clients that the server takes; not every server says."""
        processes, self._processes = self._processes or 1, None
        with suppress(redis.RedisError, OSError, ValueError, TypeError):
            most: Any = self.info("clients").get("maxclients")
            most = most or self.config_get("maxclients")["maxclients"]  # before Redis 7
            self._idle.fit(int(int(most) * SHARE) // processes)


def make_client(
    options: Mapping[str, Any], pool: Mapping[str, Any], processes: int, kind: type[Any]
) -> Client:
    """Return a client that connects when it is used.

    ``options`` are arguments of a connection of the ``kind``, ``pool`` those of the pool.
    """
    make_pool: Any = redis.BlockingConnectionPool
    connections = make_pool(
        **{"max_connections": CONNECTIONS, "timeout": SECONDS, **pool},
        connection_class=kind,
        queue_class=_Idle,
        # A kept connection may have been closed: once more, at once; a time-out is not tried again.
        retry=Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,)),
        **{
            "socket_timeout": SECONDS,
            "socket_connect_timeout": SECONDS,
            # A new connection costs no round trips of its own: a slow Redis would make a second.
            "protocol": 2,
            "driver_info": None,
            **options,
        },
    )
    known = None if "max_connections" in pool else processes
    return Client(processes=known, connection_pool=connections)
