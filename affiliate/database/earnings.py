"""Actions of affiliate networks in the ledger, with each state that a report has shown.

A report shows actions as of a time. Of each field the newest report decides that has the field,
whichever is imported first: imports may come in any order and be repeated.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from datetime import time as clock_time
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from affiliate.database.click_joins import JOINS, refresh_joins
from affiliate.database.engine import LedgerDatabase
from affiliate.database.report_writes import ImportCounts, lock_actions, write_report
from affiliate.database.schema import action_states, actions, failed_fetches, imports
from affiliate.domain.actions import Action
from affiliate.domain.times import to_naive_utc
from affiliate.errors import BadQuery

GROUPS: Final[Mapping[str, sa.Label[Any]]] = {
    "day": sa.func.date(actions.c.occurred_at, type_=sa.Date()).label("day"),
    "site": actions.c.carried_site.label("site"),
    "words": actions.c.carried_words.label("words"),
    "id": actions.c.carried_id.label("id"),
    "program": actions.c.program.label("program"),
    "network": actions.c.network.label("network"),
    "place": sa.func.coalesce(actions.c.clicked_place, "").label("place"),
    "position": actions.c.clicked_position.label("position"),
    "clicked": actions.c.joined_by.label("clicked"),
}
"""Columns that earnings can be counted by. Place and position are those of the click that led to a
sale; ``clicked`` is exact, estimated or unknown, as `click_joins` documents."""


class LastImport(msgspec.Struct, frozen=True):
    """The newest import of a network; times are UTC without a zone."""

    network: str
    at: datetime
    as_of: datetime
    sales: int


class Earnings:
    """The actions in a database; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def record(
        self,
        network: str,
        reported: Sequence[Action],
        as_of: datetime,
        agencies: Collection[str] = (),
    ) -> ImportCounts:
        """Write the actions of a report, whose values hold ``as_of`` a time in UTC: all or none.

        All sales since the report's first are joined to clicks again afterwards: to clicks of
        ``agencies``, or of any agency. The next import joins what an import that breaks off has
        not joined.
        """
        counts = write_report(self._database, network, reported, to_naive_utc(as_of))
        if reported:
            first = to_naive_utc(min(action.occurred_at for action in reported))
            refresh_joins(self._database, network, first, agencies)
        return counts

    def has_sales(self, network: str) -> bool:
        """Return whether any sale of a network was imported."""
        query = sa.select(actions.c.action_id).where(actions.c.network == network).limit(1)
        with self._database.read_connection() as connection:
            return connection.execute(query).first() is not None

    def forget(self, network: str) -> None:
        """Delete the imports of a network: its sales, and each state that a report has shown."""
        with self._database.write_transaction() as connection:
            lock_actions(connection, network)
            for table in (actions, action_states, imports, failed_fetches):
                connection.execute(sa.delete(table).where(table.c.network == network))

    def sum_payouts(
        self, by: Iterable[str] = (), since: date | None = None, until: date | None = None
    ) -> Sequence[sa.RowMapping]:
        """Sum up the payouts of actions from ``since`` through ``until`` (days in UTC).

        Rows have the columns of ``by``, then ``currency``, ``state``, ``sales`` and ``payout``;
        the newest day is first, then the largest sum.

        Raises:
            BadQuery: ``by`` names none of `GROUPS`.
        """
        names = list(dict.fromkeys(by))
        if not set(names) <= GROUPS.keys():
            raise BadQuery("by", f"Use a comma list of: {', '.join(GROUPS)}.")
        groups = [GROUPS[name] for name in names]
        payout = sa.cast(sa.func.sum(actions.c.payout), sa.BigInteger).label("payout")
        keys = [*groups, actions.c.currency, actions.c.state]
        first = datetime.combine(since or date.min, clock_time.min)
        last = datetime.combine(until or date.max, clock_time.max)
        query = (
            sa.select(*keys, sa.func.count().label("sales"), payout)
            .select_from(actions)
            .where(actions.c.occurred_at.between(first, last))
            .group_by(*keys)
            .order_by(*(g.desc() for g in groups if g.name == "day"), payout.desc(), *keys)
        )
        with self._database.read_connection() as connection:
            return connection.execute(query).mappings().all()

    def count_joins(self, since: date | None = None, until: date | None = None) -> dict[str, int]:
        """Count the actions of a period that are joined to clicks exactly, by estimate, and not."""
        counts = dict.fromkeys(JOINS, 0)
        for row in self.sum_payouts(["clicked"], since, until):
            counts[str(row["clicked"])] += int(row["sales"])
        return counts

    def list_states(self, network: str, action_id: str) -> Sequence[sa.RowMapping]:
        """Return the states that reports have shown of an action, the oldest first."""
        own = (action_states.c.network == network) & (action_states.c.action_id == action_id)
        query = sa.select(action_states).where(own).order_by(action_states.c.as_of)
        with self._database.read_connection() as connection:
            return connection.execute(query).mappings().all()

    def find_last_imports(self) -> list[LastImport]:
        """Return the import with the newest values of each network."""
        newest = sa.select(imports.c.network, sa.func.max(imports.c.as_of).label("as_of"))
        newest_by_network = newest.group_by(imports.c.network).subquery()
        query = (
            sa.select(imports.c.network, imports.c.at, imports.c.as_of, imports.c.actions)
            .join(
                newest_by_network,
                (imports.c.network == newest_by_network.c.network)
                & (imports.c.as_of == newest_by_network.c.as_of),
            )
            .order_by(imports.c.network, imports.c.at)
        )
        with self._database.read_connection() as connection:
            rows = connection.execute(query).all()
        return list({row.network: LastImport(*row) for row in rows}.values())
