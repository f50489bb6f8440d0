"""The site's own key: signs the click links of pages, and hides clients in counters.

The key is made once and kept in the ledger's database, so that pages that a CDN keeps for a month
still count as the site's own, in all processes and after each deploy. A copy on this machine's disk
serves processes that start while the database is out of reach.
"""

import hmac
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.schema import keys
from affiliate.database.timeouts import limit_waits
from affiliate.durable_files import write_all
from affiliate.errors import LedgerError

KEY_NAME: Final = "site"
KEY_BYTES: Final = 32
RETRY_SECONDS: Final = 30.0
"""Seconds until the next try after a database gave no key."""


log = logging.getLogger(__name__)


class SiteKey:
    """The key of a site, read from the ledger at its first use.

    While the database can't be reached, the key in the file ``copy`` serves. Without that file a
    spare key serves: made of ``spare``, the owner's secret, which all processes have, or else
    random and of this process alone.
    """

    def __init__(
        self,
        ledger: Ledger,
        spare: str = "",
        copy: Path | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._now = now
        self._copy = copy
        self._secret: bytes | None = None
        self._copied: bytes | None = None
        self._past_keys: frozenset[bytes] = frozenset()
        spare_key = hmac.digest(spare.encode(), b"affiliate-search: a spare site key", "sha256")
        self._spare = spare_key if spare else secrets.token_bytes(KEY_BYTES)
        self._read_at: float | None = None
        self._replacements = ledger.replacements
        self._lock = threading.Lock()

    def digest(self, purpose: str, *texts: str) -> bytes:
        """Return 32 bytes that only the key can make, the same for the same texts.

        ``purpose`` separates digests of the same texts for different uses.
        """
        return _digest(self._current_key(), purpose, *texts)

    def is_digest(self, begin: bytes, purpose: str, *texts: str) -> bool:
        """Return whether ``begin`` begins a digest made with any key known to this process."""
        known = filter(None, {self._current_key(), self._copied, self._spare, *self._past_keys})
        digests = (_digest(key, purpose, *texts) for key in known)
        return bool(begin) and any(
            hmac.compare_digest(digest[: len(begin)], begin) for digest in digests
        )

    def _current_key(self) -> bytes:
        """Return the key; all threads wait for the first read, one thread for later reads."""
        is_urgent = self._read_at is None or self._replacements != self._ledger.replacements
        if (is_urgent or self._secret is None) and self._lock.acquire(blocking=is_urgent):
            try:
                self._refresh()
            finally:
                self._lock.release()
        return self._secret or self._copied or self._spare

    def _refresh(self) -> None:
        """Read the key if a read is due; the key of a replaced ledger stays valid."""
        if self._replacements != (replaced := self._ledger.replacements):
            self._replacements = replaced
            self._past_keys |= {key for key in (self._secret, self._copied) if key}
            self._copied, self._secret = self._secret or self._copied, None
            self._read_at = None
        if self._secret is None and self._is_due():
            self._secret = self._read_key()
            self._read_at = self._now()

    def _is_due(self) -> bool:
        return self._read_at is None or self._now() >= self._read_at + RETRY_SECONDS

    def _read_key(self) -> bytes | None:
        self._copied = self._copied or self._read_copy()
        try:
            with limit_waits():
                secret = self._read_stored() or self._store_new()
        except LedgerError as error:
            if self._copied is None:
                log.warning("pages are signed with a spare key: %s", error)
            return None
        if secret and secret != self._copied:
            self._write_copy(secret)
        return secret

    def _read_copy(self) -> bytes | None:
        with suppress(OSError):
            secret = self._copy.read_bytes() if self._copy else b""
            return secret if len(secret) == KEY_BYTES else None
        return None

    def _write_copy(self, secret: bytes) -> None:
        """Write the copy, readable by the owner alone; the site goes on without one."""
        if self._copy is None:
            return
        part = self._copy.with_name(f"{self._copy.name}.{secrets.token_hex(8)}")
        with suppress(OSError):
            try:
                file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                try:
                    write_all(file, secret)
                finally:
                    os.close(file)
                part.replace(self._copy)
            finally:
                part.unlink(missing_ok=True)

    def _read_stored(self) -> bytes | None:
        with self._ledger.read_connection() as connection:
            query = sa.select(keys.c.secret).where(keys.c.name == KEY_NAME)
            secret: bytes | None = connection.execute(query).scalar()
        return secret

    def _store_new(self) -> bytes | None:
        """Store a new key, unless another process has been first; return the stored key."""
        secret = self._copied or secrets.token_bytes(KEY_BYTES)
        try:
            with self._ledger.write_transaction() as connection:
                connection.execute(sa.insert(keys).values(name=KEY_NAME, secret=secret))
        except LedgerError:
            if (other := self._read_stored()) is None:
                raise
            return other
        return secret


def _digest(key: bytes, *texts: str) -> bytes:
    parts = "".join(f"{len(text)}:{text}" for text in texts)
    return hmac.digest(key, parts.encode("utf-8", "surrogatepass"), "sha256")
