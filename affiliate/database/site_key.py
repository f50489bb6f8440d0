"""The site's own key: signs what pages say of themselves, and hides who asks in counters.

It is made once and kept in the ledger's database, so that pages that a CDN keeps for a month are
still known for the site's own, in all processes and after each deploy. A copy on this machine's
disk serves processes that start while the database is away.
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
from affiliate.database.timeouts import unless_hung
from affiliate.durable_files import write_all
from affiliate.errors import LedgerError

NAME: Final = "site"
BYTES: Final = 32
LOOK_SECONDS: Final = 30.0
"""How long a database that gave no key is left alone."""


log = logging.getLogger(__name__)


class SiteKey:
    """The key of a site, read from the ledger when it is needed first.

    While the database can't be reached the one in the file ``copy`` serves. Where there is none
    another key does: one made of ``spare``, the owner's secret, which all processes have, or else
    one of this process alone.
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
        self._past: frozenset[bytes] = frozenset()
        made = hmac.digest(spare.encode(), b"affiliate-search: a spare site key", "sha256")
        self._spare = made if spare else secrets.token_bytes(BYTES)
        self._looked_at: float | None = None
        self._replaced = ledger.replaced
        self._lock = threading.Lock()

    def digest(self, purpose: str, *texts: str) -> bytes:
        """Return 32 bytes that nobody can make without the key, the same for the same texts.

        ``purpose`` sets digests apart from those of the same texts for another use.
        """
        return _digest(self._key(), purpose, *texts)

    def is_digest(self, begin: bytes, purpose: str, *texts: str) -> bool:
        """Return whether a digest begins so that was made with any key known to this process."""
        known = filter(None, {self._key(), self._copied, self._spare, *self._past})
        made = (_digest(key, purpose, *texts) for key in known)
        return bool(begin) and any(hmac.compare_digest(one[: len(begin)], begin) for one in made)

    def _key(self) -> bytes:
        """Return the key; all wait for the first look, and later ones happen in one request."""
        is_urgent = self._looked_at is None or self._replaced != self._ledger.replaced
        if (is_urgent or self._secret is None) and self._lock.acquire(blocking=is_urgent):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._secret or self._copied or self._spare

    def _look(self) -> None:
        """Read the key where that is due; the key of a ledger that was replaced stays known."""
        if self._replaced != (replaced := self._ledger.replaced):
            self._replaced = replaced
            self._past |= {key for key in (self._secret, self._copied) if key}
            self._copied, self._secret = self._secret or self._copied, None
            self._looked_at = None
        if self._secret is None and self._is_due():
            self._secret = self._read()
            self._looked_at = self._now()

    def _is_due(self) -> bool:
        return self._looked_at is None or self._now() >= self._looked_at + LOOK_SECONDS

    def _read(self) -> bytes | None:
        self._copied = self._copied or self._read_copy()
        try:
            with unless_hung():
                secret = self._kept() or self._made()
        except LedgerError as error:
            if self._copied is None:
                log.warning("pages are signed with a spare key: %s", error)
            return None
        if secret and secret != self._copied:
            self._write_copy(secret)
        return secret

    def _read_copy(self) -> bytes | None:
        with suppress(OSError):
            found = self._copy.read_bytes() if self._copy else b""
            return found if len(found) == BYTES else None
        return None

    def _write_copy(self, secret: bytes) -> None:
        """Write the copy, which is the owner's alone; without one the site goes on."""
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

    def _kept(self) -> bytes | None:
        with self._ledger.reading() as connection:
            wanted = sa.select(keys.c.secret).where(keys.c.name == NAME)
            found: bytes | None = connection.execute(wanted).scalar()
        return found

    def _made(self) -> bytes | None:
        """Keep a new key, unless another process has been first; return the one that is kept."""
        made = self._copied or secrets.token_bytes(BYTES)
        try:
            with self._ledger.writing() as connection:
                connection.execute(sa.insert(keys).values(name=NAME, secret=made))
        except LedgerError:
            if (other := self._kept()) is None:
                raise
            return other
        return made


def _digest(key: bytes, *texts: str) -> bytes:
    parts = "".join(f"{len(text)}:{text}" for text in texts)
    return hmac.digest(key, parts.encode("utf-8", "surrogatepass"), "sha256")
