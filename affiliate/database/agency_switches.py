"""The agencies that the owner has switched off without a deploy, in the ledger's database.

Every process reads the switches again within seconds, in the background of its requests; after a
quiet time the first request waits for the read.
"""

import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa

from affiliate.database.inserts import replace_row
from affiliate.database.ledger import Ledger
from affiliate.database.schema import switches
from affiliate.database.timeouts import limit_waits
from affiliate.errors import LedgerError
from affiliate.refreshed_value import RefreshedValue

REFRESH_SECONDS: Final = 2.0
"""Age in seconds from which on a process reads the switches again."""
QUIET_SECONDS: Final = 10.0
"""Seconds without a read after which requests wait for the next read."""
WAIT_SECONDS: Final = 1.0
"""Longest wait of a request, in seconds; the first read of a process has `REFRESH_SECONDS`."""


log = logging.getLogger(__name__)


class AgencySwitches:
    """The agencies that are switched off; ``now`` is a monotonic clock in seconds."""

    def __init__(self, ledger: Ledger, now: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._off = RefreshedValue(
            self._refresh,
            frozenset[str](),
            REFRESH_SECONDS,
            name="switches",
            max_wait=_max_wait,
            now=now,
        )

    def off_agencies(self) -> frozenset[str]:
        """Return the names of the agencies that are off, read within the last `QUIET_SECONDS`.

        While the database is out of reach or slow, the last known names stay.
        """
        return self._off.get()

    def _refresh(self, known: frozenset[str]) -> frozenset[str]:
        try:
            with limit_waits():
                return self.read_off_agencies()
        except LedgerError as error:
            log.warning("which agencies are off is as it was: %s", error)
            return known

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
            if off:
                row = {"agency": agency, "off_at": datetime.now(UTC).replace(tzinfo=None)}
                replace_row(connection, switches, row)
            else:
                connection.execute(sa.delete(switches).where(switches.c.agency == agency))
        self._off.expire()


def _max_wait(age: float) -> float:
    """Return the seconds that requests wait for a read, by the age of the last read."""
    if age == math.inf:
        return REFRESH_SECONDS
    return WAIT_SECONDS if age >= QUIET_SECONDS else 0.0
