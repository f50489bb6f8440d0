"""Leases of keys in the store: one process at a time fetches for all, however long the fetch."""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

LEASE_SECONDS: Final = 5.0
"""Seconds that a lease outlives its process; the others wait in vain meanwhile."""
EXTEND_SECONDS: Final = 1.0
"""Seconds between two extensions of the leases of this process."""

log = logging.getLogger(__name__)


class LeaseStore(Protocol):
    """The store of leases; never raises."""

    def lease(self, key: str, token: str, seconds: float) -> bool: ...
    def extend(self, key: str, token: str, seconds: float) -> None: ...
    def release(self, key: str, token: str) -> None: ...


class Leases:
    """The leases of this process, extended while their fetches are under way."""

    def __init__(self, store: LeaseStore) -> None:
        self._store = store
        self._tokens: dict[str, str] = {}
        self._changed = threading.Condition()
        self._is_extending = False

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        """Hold the lease of a key during the block; yield False when another process has it."""
        token = secrets.token_hex(8)
        if not self._store.lease(key, token, LEASE_SECONDS):
            yield False
            return
        self._register_lease(key, token)
        try:
            yield True
        finally:
            with self._changed:
                self._tokens.pop(token, None)
            self._store.release(key, token)

    def _register_lease(self, key: str, token: str) -> None:
        with self._changed:
            self._tokens[token] = key
            if not self._is_extending:
                threading.Thread(target=self._extend_leases, name="leases", daemon=True).start()
                self._is_extending = True
            self._changed.notify()

    def _extend_leases(self) -> None:
        """Extend all leases every EXTEND_SECONDS; wait without a limit while there are none."""
        while True:
            with self._changed:
                while not self._tokens:
                    self._changed.wait()
                young = set(self._tokens)
                self._changed.wait_for(lambda: False, EXTEND_SECONDS)
                due = {token: key for token, key in self._tokens.items() if token in young}
            try:
                for token, key in due.items():
                    self._store.extend(key, token, LEASE_SECONDS)
            except Exception:  # later leases must be extended all the same
                log.exception("leases could not be extended; another process may fetch too")
