"""The joins of one report's sales to clicks, as a report of another account has none."""

from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from affiliate.database.engine import LedgerDatabase
from affiliate.database.schema import actions, clicks
from affiliate.domain.actions import Action
from affiliate.domain.times import to_naive_utc

BATCH: Final = 300
"""Sales that are looked up by one query."""


class ReportJoins(msgspec.Struct, frozen=True):
    """The sales of a report since the first click that is kept, and those joined to clicks."""

    sales: int
    joined: int


def count_report_joins(
    database: LedgerDatabase, network: str, reported: Sequence[Action]
) -> ReportJoins:
    """Count the joined sales of a report that was imported; older sales can't be joined.

    Raises:
        LedgerError: the database is out of reach.
    """
    joined = 0
    with database.read_connection() as connection:
        first = connection.scalar(sa.select(sa.func.min(clicks.c.at)))
        if first is None:
            return ReportJoins(0, 0)
        ids = [one.action_id for one in reported if to_naive_utc(one.occurred_at) >= first]
        for start in range(0, len(ids), BATCH):
            query = sa.select(sa.func.count()).where(
                actions.c.network == network,
                actions.c.action_id.in_(ids[start : start + BATCH]),
                actions.c.joined_by != "unknown",
            )
            joined += connection.scalar(query) or 0
    return ReportJoins(len(ids), joined)
