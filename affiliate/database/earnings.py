"""Actions of affiliate networks in the ledger, with each state that a report has shown.

A report shows actions as of a time. Of each field the newest report decides that has the field,
whichever is imported first: imports may come in any order and be repeated.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from datetime import time as clock_time
from operator import itemgetter
from typing import Any, Final
from uuid import uuid4

import msgspec
import sqlalchemy as sa

from affiliate.database.action_merges import MONEY_FIELDS, build_row, merge_rows
from affiliate.database.click_joins import JOINS, refresh_joins
from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import ignore_known
from affiliate.database.schema import action_states, actions, failed_fetches, imports
from affiliate.domain.actions import REPORTED_FIELDS, Action
from affiliate.domain.masking import mask_personal
from affiliate.domain.times import to_naive_utc
from affiliate.errors import BadQuery

BATCH: Final = 300
"""Actions that are written in a transaction, as clicks wait meanwhile."""
MONEY: Final = ("state", "payout", "currency")
"""Columns whose change is a new state of an action."""
MERGED: Final = (*MONEY_FIELDS, *REPORTED_FIELDS, "origins")
"""Columns of an action that reports tell."""


def _build_carried_column(name: str, click_name: str) -> sa.Label[str]:
    """Return what a sale's link has carried, whole where the click that led to the sale has more.

    Links carry the beginning of long words alone, of words in Chinese or Japanese some 25 signs.
    """
    carried, clicked = actions.c[name], actions.c[f"clicked_{click_name}"]
    is_cut = sa.func.substr(clicked, 1, sa.func.length(carried)) == carried
    return sa.case((is_cut, clicked), else_=carried).label(click_name)


GROUPS: Final[Mapping[str, sa.Label[Any]]] = {
    "day": sa.func.date(actions.c.occurred_at, type_=sa.Date()).label("day"),
    "site": _build_carried_column("site", "site"),
    "words": _build_carried_column("words", "words"),
    "id": _build_carried_column("media_id", "id"),
    "program": actions.c.program.label("program"),
    "network": actions.c.network.label("network"),
    "place": sa.func.coalesce(actions.c.clicked_place, "").label("place"),
    "position": actions.c.clicked_position.label("position"),
    "clicked": actions.c.joined_by.label("clicked"),
}
"""Columns that earnings can be counted by. Place and position are those of the click that led to a
sale; ``clicked`` is exact, estimated or unknown, as `click_joins` documents."""


class ImportCounts(msgspec.Struct, frozen=True):
    """The actions of a report: new ones, those with another state or amount, and the others."""

    new: int
    changed: int
    unchanged: int


class LastImport(msgspec.Struct, frozen=True):
    """The newest import of a network; times are UTC without a zone."""

    network: str
    at: datetime
    as_of: datetime
    sales: int


INSERTS: Final = ignore_known(actions)
STATE_INSERTS: Final = ignore_known(action_states)


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
        """Write the actions of a report, whose values hold ``as_of`` a time in UTC.

        All sales since the report's first are joined to clicks again: to clicks of ``agencies``, or
        of any agency. An import that breaks off has written a part of the actions; repeat it.
        """
        as_of = to_naive_utc(as_of)
        new = changed = 0
        for start in range(0, len(reported), BATCH):
            rows = [
                build_row({"network": network, "as_of": as_of, **_build_columns(action)})
                for action in reported[start : start + BATCH]
            ]
            rows.sort(key=itemgetter("action_id"))  # so that two imports at once can't deadlock
            with self._database.write_transaction() as connection:
                known = _read_known(connection, network, rows)
                states = [row for row in rows if not _is_same(known.get(row["action_id"]), row)]
                if missing := [row for row in rows if row["action_id"] not in known]:
                    connection.execute(INSERTS[connection.dialect.name], missing)
                present = _read_known(connection, network, rows) if missing else known
                _update_actions(connection, rows, present)
                if states:
                    names = [column.name for column in action_states.c]
                    connection.execute(
                        STATE_INSERTS[connection.dialect.name],
                        [{name: row[name] for name in names} for row in states],
                    )
            before = [known.get(row["action_id"]) for row in states]
            new += before.count(None)
            changed += sum(row is not None and row.as_of < as_of for row in before)
        if reported:
            first = to_naive_utc(min(action.occurred_at for action in reported))
            refresh_joins(self._database, network, first, agencies)
        with self._database.write_transaction() as connection:
            row: dict[str, Any] = {"import_id": uuid4().hex, "network": network, "as_of": as_of}
            row |= {"at": self._database.now(), "actions": len(reported)}
            connection.execute(sa.insert(imports).values(row))
        return ImportCounts(new, changed, len(reported) - new - changed)

    def has_sales(self, network: str) -> bool:
        """Return whether any sale of a network was imported."""
        query = sa.select(actions.c.action_id).where(actions.c.network == network).limit(1)
        with self._database.read_connection() as connection:
            return connection.execute(query).first() is not None

    def forget(self, network: str) -> None:
        """Delete the imports of a network: its sales, and each state that a report has shown."""
        for table in (actions, action_states, imports, failed_fetches):
            self._database.delete_rows(table, table.c.network == network)

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


def _build_columns(action: Action) -> dict[str, Any]:
    """Return the fields of an action, words masked, times in UTC without a zone (as in SQLite)."""
    columns = {
        name: to_naive_utc(value) if isinstance(value, datetime) else value
        for name, value in msgspec.structs.asdict(action).items()
    }
    return columns | ({"words": mask_personal(action.words)} if action.words else {})


def _read_known(
    connection: sa.Connection, network: str, rows: Sequence[Mapping[str, Any]]
) -> dict[str, sa.Row[Any]]:
    """Return the actions of rows that the ledger has, locked until the transaction's end."""
    query = (
        sa.select(actions.c.action_id, actions.c.joined_by, *(actions.c[n] for n in MERGED))
        .where(
            actions.c.network == network, actions.c.action_id.in_([r["action_id"] for r in rows])
        )
        .order_by(actions.c.action_id)
        .with_for_update()
    )
    return {row.action_id: row for row in connection.execute(query)}


def _update_actions(
    connection: sa.Connection, rows: Sequence[Mapping[str, Any]], known: Mapping[str, sa.Row[Any]]
) -> None:
    """Merge rows of a report into the actions that the ledger has; none is missing there.

    A sale with the id of another click is joined anew.
    """
    changes = []
    for row in rows:
        before = known[row["action_id"]]._asdict()
        merged = merge_rows(before, row)
        if any(before[name] != value for name, value in merged.items()):
            is_same_click = merged["click_id"] == before["click_id"]
            merged["joined_by"] = before["joined_by"] if is_same_click else "unknown"
            changes.append({"key": row["action_id"], **{f"new_{n}": v for n, v in merged.items()}})
    if changes:
        update = (
            sa.update(actions)
            .where(
                actions.c.network == rows[0]["network"], actions.c.action_id == sa.bindparam("key")
            )
            .values({name: sa.bindparam(f"new_{name}") for name in (*MERGED, "joined_by")})
        )
        connection.execute(update, changes)


def _is_same(known: sa.Row[Any] | None, row: Mapping[str, Any]) -> bool:
    """Return whether an action has the state and the payout that the ledger has."""
    return known is not None and all(getattr(known, name) == row[name] for name in MONEY)
