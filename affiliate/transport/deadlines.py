"""Sockets with a deadline, for `transport.client` and `transport.mail` alone.

Every connection registers its socket with the call that it serves, for the watchdog to shut.
"""

import heapq
import itertools
import logging
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

log = logging.getLogger(__name__)


class Attempt:
    """One attempt: its deadline, and a second handle on its socket for the watchdog to shut."""

    def __init__(self, deadline: float, connect_seconds: float) -> None:
        self.deadline = deadline
        self.connect_deadline = min(deadline, time.monotonic() + connect_seconds)
        self.expired = False
        self.sent = False  # from the first byte of the request on
        self._handle: socket.socket | None = None
        self._lock = threading.Lock()
        self._closed = False

    def seconds_left(self) -> float:
        return self.deadline - time.monotonic()

    def hold_socket(self, sock: socket.socket) -> None:
        """Keep a duplicate of a socket, as the TLS layer takes the original's descriptor away."""
        with self._lock:
            self._drop_handle()
            self._handle = socket.fromfd(sock.fileno(), sock.family, sock.type)
            if self.expired:
                _shut_socket(self._handle)

    def expire(self) -> None:
        with self._lock:
            if not self._closed:
                self.expired = True
                if self._handle is not None:
                    _shut_socket(self._handle)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop_handle()

    def _drop_handle(self) -> None:
        if self._handle is not None:
            self._handle.close()
            self._handle = None


def _shut_socket(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("a socket was closed before its deadline")


class Watchdog:
    """One thread that expires every call whose deadline has passed; deadlines may be put off."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Attempt]] = []
        self._numbers = itertools.count()
        self._wake = threading.Condition()
        self._started = False
        self.closed = False

    def close(self) -> None:
        """Expire every call under way, and every later call at its beginning."""
        with self._wake:
            self.closed = True
            calls = [call for _, _, call in self._heap]
        for call in calls:
            call.expire()

    def watch(self, call: Attempt) -> None:
        with self._wake:
            if self.closed:
                call.expire()
            heapq.heappush(self._heap, (call.deadline, next(self._numbers), call))
            if not self._started:
                self._started = True
                threading.Thread(target=self._expire_calls, name="watchdog", daemon=True).start()
            self._wake.notify()

    def _expire_calls(self) -> None:
        while True:
            with self._wake:
                while not self._heap or self._heap[0][0] > time.monotonic():
                    wait = self._heap[0][0] - time.monotonic() if self._heap else None
                    self._wake.wait(wait)
                call = heapq.heappop(self._heap)[2]
                if call.seconds_left() > 0:
                    heapq.heappush(self._heap, (call.deadline, next(self._numbers), call))
                    continue
            call.expire()


class _ThreadState(threading.local):
    attempt: Attempt | None = None


thread_state = _ThreadState()
_resolvers = ThreadPoolExecutor(max_workers=32, thread_name_prefix="resolver")
"""Threads for name resolution, which can't be interrupted but is abandoned at the deadline."""
_lookups: dict[tuple[str, int], Future[Any]] = {}
"""Look-ups under way by host and port, so that a name that hangs takes one thread for all calls."""
_lookups_lock = threading.Lock()


def _look_up(host: str, port: int) -> Future[Any]:
    """Begin to resolve a name, or join the look-up under way."""
    with _lookups_lock:
        lookup = _lookups.get((host, port))
        if lookup is None or lookup.done():
            lookup = _resolvers.submit(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
            _lookups[host, port] = lookup
            lookup.add_done_callback(lambda _: _lookups.pop((host, port), None))
        return lookup


def has_address(host: str, seconds: float) -> bool:
    """Return whether the name service knows an address of a host within ``seconds``."""
    lookup = _resolvers.submit(socket.getaddrinfo, host, None)
    try:
        return bool(lookup.result(seconds))
    except (OSError, UnicodeError, FutureTimeoutError):
        lookup.cancel()
        return False


def connect(host: str, port: int, call: Attempt) -> socket.socket:
    """Resolve and connect within the call's connect deadline, trying each address in turn."""
    lookup = _look_up(host, port)
    try:
        addresses = lookup.result(max(call.connect_deadline - time.monotonic(), 0))
    except FutureTimeoutError:
        raise TimeoutError from None
    failure: OSError = ConnectionRefusedError()
    for untried, (family, kind, protocol, _, address) in zip(
        range(len(addresses), 0, -1), addresses, strict=True
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            left = (call.connect_deadline - time.monotonic()) / untried
            sock.settimeout(max(left, 0.001))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        else:
            call.hold_socket(sock)
            return sock
    raise failure


class _WatchedConnection:
    """A mixin for urllib3's connections that registers their sockets with the call they serve."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        call = thread_state.attempt
        assert call is not None  # noqa: S101 - Transport alone opens these
        return connect(self._dns_host, self.port or 80, call)  # type: ignore[attr-defined]

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as urllib3 calls it
        if thread_state.attempt is not None and self.sock is not None:
            thread_state.attempt.hold_socket(self.sock)  # a kept connection, used again
        super().request(*args, **kwargs)  # type: ignore[misc]

    def send(self, data: Any) -> None:  # noqa: ANN401 - as urllib3 calls it
        if self.sock is None:
            self.connect()  # type: ignore[attr-defined]
        if thread_state.attempt is not None:
            thread_state.attempt.sent = True
        super().send(data)  # type: ignore[misc]


class _HTTP(_WatchedConnection, HTTPConnection):
    pass


class _HTTPS(_WatchedConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _HTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _HTTPS


class WatchedAdapter(HTTPAdapter):
    """The adapter of requests, over watched connections."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as requests does
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
