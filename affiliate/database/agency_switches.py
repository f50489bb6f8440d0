"""The agencies that the owner has switched off without a deploy, in the ledger's database.

Every process reads the switches again within seconds, in the background of its requests; after a
quiet time the first request waits for the read.
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
from affiliate.database.timeouts import limit_waits
from affiliate.errors import LedgerError

REFRESH_SECONDS: Final = 2.0
"""Age in seconds from which on a process reads the switches again."""
QUIET_SECONDS: Final = 10.0
"""Seconds without a read after which requests wait for the next read."""
WAIT_SECONDS: Final = 1.0
"""Longest wait of a request, in seconds."""


log = logging.getLogger(__name__)


class AgencySwitches:
    """The agencies that are switched off; ``now`` is a monotonic clock in seconds."""

    def __init__(self, ledger: Ledger, now: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._now = now
        self._off: frozenset[str] = frozenset()
        self._read_at = float("-inf")
        self._lock = threading.Lock()
        self._read_done = threading.Event()
        self._read_done.set()
        self._wait_until = float("-inf")

    def off_agencies(self) -> frozenset[str]:
        """Return the names of the agencies that are off, read within the last `QUIET_SECONDS`.

        While the database is out of reach or slow, the last known names stay.
        """
        if self._now() - self._read_at < REFRESH_SECONDS and self._read_done.is_set():
            return self._off
        with self._lock:
            if self._now() - self._read_at >= REFRESH_SECONDS and self._read_done.is_set():
                self._begin_read()
        self._read_done.wait(max(self._wait_until - self._now(), 0.0))
        return self._off

    def _begin_read(self) -> None:
        """Begin a read; requests wait for the result if the last read was long ago."""
        first, now = self._read_at == float("-inf"), self._now()
        quiet = WAIT_SECONDS if now - self._read_at >= QUIET_SECONDS else 0.0
        self._wait_until = now + (REFRESH_SECONDS if first else quiet)
        self._read_at = now
        self._read_done.clear()
        threading.Thread(target=self._refresh, name="switches", daemon=True).start()

    def _refresh(self) -> None:
        try:
            with limit_waits():
                self._off = self.read_off_agencies()
        except LedgerError as error:
            log.warning("which agencies are off is as it was: %s", error)
        finally:
            self._read_done.set()

    def read_off_agencies(self) -> frozenset[str]:
        """Return the names of the agencies that are off, from the database.

        Raises:
            LedgerError: the database can't be reached.
        """
        with self._ledger.read_connection() as connection:
            return frozenset(connection.execute(sa.select(switches.c.agency)).scalars())

    def switch_agency(self, agency: str, *, off: bool) -> None:
        """Switch an agency off or on again; the switch is on the disk when this returns.

        Raises:
            LedgerError: the database can't be written.
        """
        with self._ledger.write_transaction() as connection:
            connection.execute(sa.delete(switches).where(switches.c.agency == agency))
            if off:
                at = datetime.now(UTC).replace(tzinfo=None)
                connection.execute(sa.insert(switches).values(agency=agency, off_at=at))
        self._read_at = min(self._read_at, self._now() - REFRESH_SECONDS)
