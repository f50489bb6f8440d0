"""Which agencies the owner has switched off, without a deploy; kept in the ledger's database.

Every process looks again within seconds, behind the requests that it answers meanwhile; after a
quiet time its first request waits for the look.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.schema import switches
from affiliate.database.timeouts import unless_hung
from affiliate.errors import LedgerError

LOOK_SECONDS: Final = 2.0
"""How old what is known may be before a process looks again."""
QUIET_SECONDS: Final = 10.0
"""After so long without a look, requests wait for the next one."""
WAIT_SECONDS: Final = 1.0
"""How long they wait at most."""


log = logging.getLogger(__name__)


class Switches:
    """The agencies that are off; ``now`` is a clock in seconds that never goes back."""

    def __init__(self, ledger: Ledger, now: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._now = now
        self._off: frozenset[str] = frozenset()
        self._looked_at = float("-inf")
        self._lock = threading.Lock()
        self._looked = threading.Event()
        self._looked.set()
        self._patient_until = float("-inf")

    def off(self) -> frozenset[str]:
        """Return the names of those that are off, as known within the last `QUIET_SECONDS`.

        While the database can't be reached or is slow, what was known last goes on.
        """
        if self._now() - self._looked_at < LOOK_SECONDS and self._looked.is_set():
            return self._off
        with self._lock:
            if self._now() - self._looked_at >= LOOK_SECONDS and self._looked.is_set():
                self._begin()
        self._looked.wait(max(self._patient_until - self._now(), 0.0))
        return self._off

    def _begin(self) -> None:
        """Begin a look, which requests wait for when the last one was long ago."""
        first, now = self._looked_at == float("-inf"), self._now()
        quiet = WAIT_SECONDS if now - self._looked_at >= QUIET_SECONDS else 0.0
        self._patient_until = now + (LOOK_SECONDS if first else quiet)
        self._looked_at = now
        self._looked.clear()
        threading.Thread(target=self._look, name="switches", daemon=True).start()

    def _look(self) -> None:
        try:
            with unless_hung():
                self._off = self.read()
        except LedgerError as error:
            log.warning("which agencies are off is as it was: %s", error)
        finally:
            self._looked.set()

    def read(self) -> frozenset[str]:
        """The names of those that are off, from the database now.

        Raises:
            LedgerError: it can't be reached.
        """
        with self._ledger.reading() as connection:
            return frozenset(connection.execute(sa.select(switches.c.agency)).scalars())

    def turn(self, agency: str, *, off: bool) -> None:
        """Switch an agency off or on again; on the disk when this returns.

        Raises:
            LedgerError: it could not be kept.
        """
        with self._ledger.writing() as connection:
            connection.execute(sa.delete(switches).where(switches.c.agency == agency))
            if off:
                at = datetime.now(UTC).replace(tzinfo=None)
                connection.execute(sa.insert(switches).values(agency=agency, off_at=at))
        self._looked_at = min(self._looked_at, self._now() - LOOK_SECONDS)
