"""A circuit breaker around a store, and a small memory per process for the time without a store."""

import logging
import math
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from affiliate.errors import StoreDown, StoreRefused

BREAKER_SECONDS: Final = 1.0
"""Seconds for which the circuit breaker stays open before one request probes the store."""
LOCAL_BYTES: Final = 16 * 1024 * 1024
ENTRY_BYTES: Final = 250
"""Bytes of memory that an entry takes beside its key and its value."""
LOCAL_SECONDS: Final = 600.0
REFUSED_SECONDS: Final = 60.0
"""Seconds for which a refusal to write counts as degraded, and is not logged again."""
MAX_SLOW_ANSWERS: Final = 5
"""Number of slow answers in a row that counts as an outage."""

log = logging.getLogger(__name__)

Value = TypeVar("Value")


class StoreWithFallback:
    """A store that never raises: during an outage one request a second waits for the store.

    During an outage, and after a refusal by the store, values stay in this process's memory;
    ``is_degraded`` is True then. The store is a `SQLiteStore` or a `RedisStore`.
    """

    def __init__(
        self,
        store: Any,  # noqa: ANN401 - either
        *,
        slow_seconds: float = math.inf,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self._slow_seconds = slow_seconds
        self._slow_in_a_row = 0
        self._refused_at = -math.inf
        self._now = now
        self._retry_at = 0.0
        self._is_down = False
        self._trouble = ""
        self._probing = threading.Lock()
        self._local = _ProcessMemory()
        self._lock = threading.Lock()

    @property
    def is_degraded(self) -> bool:
        """Return whether the store is out of reach, or has lately refused a write."""
        return self._is_down or self._now() < self._refused_at + REFUSED_SECONDS

    @property
    def trouble(self) -> str:
        """Reason why the store is degraded, without its address; empty while the store works."""
        return self._trouble if self.is_degraded else ""

    def get(self, key: str) -> bytes | None:
        """Return the value of this process's memory, else that of the store."""
        value = self._local.get(key, self._now())  # newer than the value that the store has
        return value if value is not None else self._call_store(lambda: self.store.get(key), None)

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        """Keep a value in the store, else in this process; return False for this process alone."""
        if self._call_store(lambda: self.store.set(key, value, timeout), default=False):
            self._local.drop(key)
            self._refused_at = -math.inf
            return True
        self._local.set(key, value, self._now() + min(timeout, LOCAL_SECONDS))
        return False

    def lease(self, key: str, token: str, seconds: float) -> bool:
        """Take the lease of a key; without a store each process leads for itself."""
        return self._call_store(lambda: self.store.lease(key, token, seconds), default=True)

    def extend(self, key: str, token: str, seconds: float) -> None:
        """Let a lease last ``seconds`` from now."""
        self._call_store(lambda: self.store.extend(key, token, seconds), None)

    def release(self, key: str, token: str) -> None:
        """Give a lease back; a lease that can't be given back runs out by itself."""
        self._call_store(lambda: self.store.release(key, token), None)

    def incr(self, key: str, by: int, seconds: float) -> int | None:
        """Add to a counter shared by all processes; return None while the store can't count."""
        count: int | None = self._call_store(lambda: self.store.incr(key, by, seconds), None)
        return count

    def _call_store(self, operation: Callable[[], Value], default: Value) -> Value:
        """Return the store's answer, or the default; open and close the breaker."""
        if self._is_down and not self._may_probe():
            return default
        try:
            value = self._call_timed(operation)
        except StoreRefused as error:
            if self._now() >= self._refused_at + REFUSED_SECONDS:
                log.warning("the cache keeps answers in the process: %s", error)
            self._refused_at = self._now()
            self._trouble = str(error)
            return default
        except StoreDown as error:
            self._open_breaker(str(error))
            return default
        except Exception as error:  # noqa: BLE001 - no page may fail because of its cache
            self._open_breaker(f"its client failed ({type(error).__name__})")
            return default
        if self._is_down:
            log.warning("the cache has its store back")
            self._is_down = False
        return value

    def _open_breaker(self, trouble: str) -> None:
        """Go on without the store for BREAKER_SECONDS; log the reason at the begin of an outage."""
        if not self._is_down:
            log.warning("the cache goes on without its store: %s", trouble)
        self._is_down = True
        self._trouble = trouble
        self._retry_at = self._now() + BREAKER_SECONDS

    def _call_timed(self, operation: Callable[[], Value]) -> Value:
        """Return the store's answer.

        Raises:
            StoreDown: the store gave MAX_SLOW_ANSWERS slow answers in a row.
        """
        started = self._now()
        value = operation()
        if self._now() - started <= self._slow_seconds:
            self._slow_in_a_row = 0
            return value
        self._slow_in_a_row += 1
        if self._slow_in_a_row >= MAX_SLOW_ANSWERS and (self._is_down or self._is_slow()):
            raise StoreDown("it answers too slowly")
        return value

    def _is_slow(self) -> bool:
        """Return whether the store itself is slow, not this process under load."""
        if not self._probing.acquire(blocking=False):
            return False  # another thread is probing
        try:
            for _ in range(MAX_SLOW_ANSWERS):
                started = self._now()
                self.store.get("probe")
                if self._now() - started <= self._slow_seconds:
                    self._slow_in_a_row = 0
                    return False
            return True
        finally:
            self._probing.release()

    def _may_probe(self) -> bool:
        """Return whether this request is the one to probe the store during an outage."""
        with self._lock:
            if self._now() < self._retry_at:
                return False
            self._retry_at = self._now() + BREAKER_SECONDS
            return True


class _ProcessMemory:
    """The values of this process: an LRU cache, bounded in bytes."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str, now: float) -> bytes | None:
        if not self._values:
            return None
        with self._lock:
            value, expires = self._values.get(key, (b"", 0.0))
            if expires <= now:
                return None
            self._values.move_to_end(key)
            return value

    def set(self, key: str, value: bytes, expires: float) -> None:
        with self._lock:
            self._remove(key)
            self._values[key] = (value, expires)
            self._bytes += _entry_size(key, value)
            while self._bytes > LOCAL_BYTES:
                oldest_key, (oldest, _) = self._values.popitem(last=False)
                self._bytes -= _entry_size(oldest_key, oldest)

    def drop(self, key: str) -> None:
        if self._values:
            with self._lock:
                self._remove(key)

    def _remove(self, key: str) -> None:
        if key in self._values:
            self._bytes -= _entry_size(key, self._values.pop(key)[0])


def _entry_size(key: str, value: bytes) -> int:
    """Return the bytes that an entry takes in memory."""
    return sys.getsizeof(key) + len(value) + ENTRY_BYTES
