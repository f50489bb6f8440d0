"""Leases of keys in the store: one process at a time fetches for all, however long that takes."""

import logging
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Protocol

LEASE_SECONDS: Final = 5.0
"""How long a lease lasts when its process has died: so long the others wait in vain."""
EXTEND_SECONDS: Final = 1.0
"""How often the leases that are held are extended."""

log = logging.getLogger(__name__)


class Store(Protocol):
    """What leases need of the store, which never raises."""

    def lease(self, key: str, token: str, seconds: float) -> bool: ...
    def extend(self, key: str, token: str, seconds: float) -> None: ...
    def release(self, key: str, token: str) -> None: ...


class Leases:
    """The leases that this process holds, extended while their fetches are under way."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, str] = {}
        self._changed = threading.Condition()
        self._extends = False

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        """Hold the lease of a key for the time of the block; False when another process has it."""
        token = secrets.token_hex(8)
        if not self._store.lease(key, token, LEASE_SECONDS):
            yield False
            return
        self._keep(key, token)
        try:
            yield True
        finally:
            with self._changed:
                self._held.pop(token, None)
            self._store.release(key, token)

    def _keep(self, key: str, token: str) -> None:
        with self._changed:
            self._held[token] = key
            if not self._extends:
                threading.Thread(target=self._extend_all, name="leases", daemon=True).start()
                self._extends = True
            self._changed.notify()

    def _extend_all(self) -> None:
        """Extend what is held, each second; wait without a limit while nothing is."""
        while True:
            with self._changed:
                while not self._held:
                    self._changed.wait()
                young = set(self._held)
                self._changed.wait_for(lambda: False, EXTEND_SECONDS)
                held = {token: key for token, key in self._held.items() if token in young}
            try:
                for token, key in held.items():
                    self._store.extend(key, token, LEASE_SECONDS)
            except Exception:  # whatever it was, later leases are extended
                log.exception("leases could not be extended; another process may fetch too")
