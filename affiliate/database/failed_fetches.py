"""The last fetch of sales that has failed, by network, until a fetch of the network succeeds."""

from datetime import datetime
from typing import Final

import msgspec
import sqlalchemy as sa

from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import replace_row
from affiliate.database.schema import failed_fetches

MAX_REASON: Final = 300
"""Characters that the column takes; longer texts are cut."""


class FailedFetch(msgspec.Struct, frozen=True):
    """A failed fetch: its time in UTC without a zone, and its reason, which holds no secret."""

    network: str
    at: datetime
    reason: str


class FailedFetches:
    """The failed fetches in a database; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def record(self, network: str, reason: str) -> None:
        """Write that a fetch has failed now, in place of an earlier one of the network.

        The reason is kept as a sentence.
        """
        sentence = f"{reason[: MAX_REASON - 1].rstrip(' .')}."
        row = {"network": network, "at": self._database.now(), "reason": sentence}
        with self._database.write_transaction() as connection:
            replace_row(connection, failed_fetches, row)

    def forget(self, network: str) -> None:
        """Delete the failed fetch of a network, as after a fetch that has succeeded."""
        with self._database.write_transaction() as connection:
            connection.execute(sa.delete(failed_fetches).where(failed_fetches.c.network == network))

    def find_all(self) -> dict[str, FailedFetch]:
        """Return the failed fetch of each network that has one."""
        with self._database.read_connection() as connection:
            rows = connection.execute(sa.select(failed_fetches)).all()
        return {row.network: FailedFetch(row.network, row.at, row.reason) for row in rows}
