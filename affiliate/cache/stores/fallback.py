"""What makes a store optional: a breaker, and a little memory of the process's own."""

import logging
import math
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, TypeVar

from affiliate.errors import StoreDown, StoreRefused

OPEN_SECONDS: Final = 1.0
"""How long a store that failed is left alone before one request looks again."""
LOCAL_BYTES: Final = 16 * 1024 * 1024
ENTRY_BYTES: Final = 250
"""What an entry of the process takes beside its key and its value."""
LOCAL_SECONDS: Final = 600.0
REFUSED_SECONDS: Final = 60.0
"""How long a refusal to write counts as degraded, and is not logged again."""
SLOW_TIMES: Final = 5
"""So many slow answers in a row count as none."""

log = logging.getLogger(__name__)

Value = TypeVar("Value")


class Guarded:
    """A store that never raises: while it is down, the wait is paid by one request a second.

    Meanwhile, and for what the store refuses to take, values stay in this process. ``degraded``
    says so. The store is a `SQLiteStore` or a `RedisStore`.
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
        self._slow = 0
        self._refused_at = -math.inf
        self._now = now
        self._retry_at = 0.0
        self._down = False
        self._trouble = ""
        self._probing = threading.Lock()
        self._local = _Local()
        self._lock = threading.Lock()

    @property
    def degraded(self) -> bool:
        """Return whether the store is out of reach just now, or lately refused to be written."""
        return self._down or self._now() < self._refused_at + REFUSED_SECONDS

    @property
    def trouble(self) -> str:
        """Why the store is degraded, without its address; empty while it is not."""
        return self._trouble if self.degraded else ""

    def get(self, key: str) -> bytes | None:
        """The value from the store, or what the process keeps itself."""
        kept = self._local.get(key, self._now())  # newer than what the store did not take
        return kept if kept is not None else self._ask(lambda: self.store.get(key), None)

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        """Keep a value in the store, or else in the process; False when in the process only."""
        if self._ask(lambda: self.store.set(key, value, timeout), default=False):
            self._local.drop(key)
            self._refused_at = -math.inf
            return True
        self._local.set(key, value, self._now() + min(timeout, LOCAL_SECONDS))
        return False

    def lease(self, key: str, token: str, seconds: float) -> bool:
        """Take the lease of a key; without a store each process leads for itself."""
        return self._ask(lambda: self.store.lease(key, token, seconds), default=True)

    def extend(self, key: str, token: str, seconds: float) -> None:
        """Let a lease last ``seconds`` from now."""
        self._ask(lambda: self.store.extend(key, token, seconds), None)

    def release(self, key: str, token: str) -> None:
        """Give a lease back; one that can't be given back runs out by itself."""
        self._ask(lambda: self.store.release(key, token), None)

    def incr(self, key: str, by: int, seconds: float) -> int | None:
        """Add to a counter shared by all processes; None when it can't be counted now."""
        count: int | None = self._ask(lambda: self.store.incr(key, by, seconds), None)
        return count

    def _ask(self, ask: Callable[[], Value], default: Value) -> Value:
        """Return what the store says, or the default; opens and closes the breaker."""
        if self._down and not self._looks_again():
            return default
        try:
            value = self._timed(ask)
        except StoreRefused as error:
            if self._now() >= self._refused_at + REFUSED_SECONDS:
                log.warning("the cache keeps answers in the process: %s", error)
            self._refused_at = self._now()
            self._trouble = str(error)
            return default
        except StoreDown as error:
            self._leave_alone(str(error))
            return default
        except Exception as error:  # noqa: BLE001 - no page may fail because of its cache
            self._leave_alone(f"its client failed ({type(error).__name__})")
            return default
        if self._down:
            log.warning("the cache has its store back")
            self._down = False
        return value

    def _leave_alone(self, trouble: str) -> None:
        """Go on without the store for a moment; say why when that begins."""
        if not self._down:
            log.warning("the cache goes on without its store: %s", trouble)
        self._down = True
        self._trouble = trouble
        self._retry_at = self._now() + OPEN_SECONDS

    def _timed(self, ask: Callable[[], Value]) -> Value:
        """Return what the store says; one slow answer after the other is as good as none."""
        started = self._now()
        value = ask()
        if self._now() - started <= self._slow_seconds:
            self._slow = 0
            return value
        self._slow += 1
        if self._slow >= SLOW_TIMES and (self._down or self._is_slow()):
            raise StoreDown("it answers too slowly")
        return value

    def _is_slow(self) -> bool:
        """Return whether the store itself is slow, not this process with much to do at once."""
        if not self._probing.acquire(blocking=False):
            return False  # another finds out
        try:
            for _ in range(SLOW_TIMES):
                started = self._now()
                self.store.get("probe")
                if self._now() - started <= self._slow_seconds:
                    self._slow = 0
                    return False
            return True
        finally:
            self._probing.release()

    def _looks_again(self) -> bool:
        """Return whether this request is the one that tries the store that was down."""
        with self._lock:
            if self._now() < self._retry_at:
                return False
            self._retry_at = self._now() + OPEN_SECONDS
            return True


class _Local:
    """Values of this process: least recently used first out, bounded in bytes."""

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
            self._drop(key)
            self._values[key] = (value, expires)
            self._bytes += _size(key, value)
            while self._bytes > LOCAL_BYTES:
                gone, (last, _) = self._values.popitem(last=False)
                self._bytes -= _size(gone, last)

    def drop(self, key: str) -> None:
        if self._values:
            with self._lock:
                self._drop(key)

    def _drop(self, key: str) -> None:
        if key in self._values:
            self._bytes -= _size(key, self._values.pop(key)[0])


def _size(key: str, value: bytes) -> int:
    """Return the bytes that an entry takes in memory."""
    return sys.getsizeof(key) + len(value) + ENTRY_BYTES
