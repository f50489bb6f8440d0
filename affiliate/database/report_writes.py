"""The write of a report's actions, of which the ledger gets all or none.

Known actions are read and merged before the transaction, as clicks wait for the transaction. All
transactions that change the actions of a network come one after the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any, Final
from uuid import uuid4

import msgspec
import sqlalchemy as sa

from affiliate.database.action_merges import MONEY_FIELDS, build_row, merge_rows
from affiliate.database.advisory_locks import wait_for_lock
from affiliate.database.bulk_rows import execute_rows, list_written_columns
from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import DIALECTS, ignore_known
from affiliate.database.schema import action_states, actions, imports
from affiliate.domain.actions import REPORTED_FIELDS, Action
from affiliate.domain.masking import mask_personal
from affiliate.domain.times import to_naive_utc

BATCH: Final = 300
"""Actions of a statement, as a statement may take some seconds alone."""
MONEY: Final = ("state", "payout", "currency")
"""Columns whose change is a new state of an action."""
MERGED: Final = (*MONEY_FIELDS, *REPORTED_FIELDS, "origins")
"""Columns of an action that reports tell."""
ACTION_NAMES: Final = tuple(list_written_columns(actions))
NEW_ACTION: Final[Mapping[str, Any]] = dict.fromkeys(ACTION_NAMES) | {
    "estimated_click": "",
    "joined_by": "unknown",
}
"""Columns of a new action that no report tells."""
STATE_NAMES: Final = tuple(action_states.c.keys())
STATE_INSERTS: Final = ignore_known(action_states)

Version = tuple[int, str | None]
"""The number of a network's imports, and the largest of their random ids."""


class ImportCounts(msgspec.Struct, frozen=True):
    """The actions of a report: new ones, those with another state or amount, and the others."""

    new: int
    changed: int
    unchanged: int


def _build_upsert(dialect: str) -> sa.Insert:
    """Return the statement that writes merged actions; one with another click is joined anew."""
    insert = DIALECTS[dialect](actions)
    is_same_click = actions.c.click_id == insert.excluded.click_id
    changes = {name: insert.excluded[name] for name in MERGED}
    changes["joined_by"] = sa.case(
        (is_same_click, actions.c.joined_by), else_=sa.literal_column("'unknown'")
    )
    upsert: sa.Insert = insert.on_conflict_do_update(
        index_elements=["network", "action_id"], set_=changes
    )
    return upsert


UPSERTS: Final = {dialect: _build_upsert(dialect) for dialect in DIALECTS}


class _Changes:
    """The changes that a report makes, as rows of both tables, and the numbers of actions."""

    def __init__(self) -> None:
        self.actions: list[tuple[Any, ...]] = []
        self.states: list[tuple[Any, ...]] = []
        self.new = self.changed = 0

    def add(self, row: Mapping[str, Any], known: Mapping[str, Any] | None) -> None:
        """Add what the row of an action changes of the known action."""
        merged = merge_rows(known, row) if known else row
        if known is None or any(known[name] != value for name, value in merged.items()):
            columns = {**NEW_ACTION, **row, **merged}
            self.actions.append(tuple(columns[name] for name in ACTION_NAMES))
        if known is None or any(known[name] != row[name] for name in MONEY):
            self.states.append(tuple(row[name] for name in STATE_NAMES))
            self.new += known is None
            self.changed += known is not None and known["as_of"] < row["as_of"]

    def write(self, connection: sa.Connection) -> None:
        """Write all changes."""
        dialect = connection.dialect.name
        for insert, rows in (
            (UPSERTS[dialect], self.actions),
            (STATE_INSERTS[dialect], self.states),
        ):
            for start in range(0, len(rows), BATCH):
                execute_rows(connection, insert, rows[start : start + BATCH])


def lock_actions(connection: sa.Connection, network: str) -> None:
    """Wait for the transactions that change the actions of a network."""
    wait_for_lock(connection, "actions", network)


def write_report(
    database: LedgerDatabase, network: str, reported: Sequence[Action], as_of: datetime
) -> ImportCounts:
    """Write the actions of a report with a record of the import; ``as_of`` is without a zone.

    Where another import or a deletion is finished between the merge and the transaction, the
    report is merged anew.
    """
    in_order = sorted(reported, key=attrgetter("action_id"))
    while True:
        version, changes = _merge_report(database, network, in_order, as_of)
        with database.write_transaction() as connection:
            lock_actions(connection, network)
            if _read_version(connection, network) != version:
                continue
            changes.write(connection)
            row: dict[str, Any] = {"import_id": uuid4().hex, "network": network, "as_of": as_of}
            row |= {"at": database.now(), "actions": len(reported)}
            connection.execute(sa.insert(imports).values(row))
        unchanged = len(reported) - changes.new - changes.changed
        return ImportCounts(changes.new, changes.changed, unchanged)


def _merge_report(
    database: LedgerDatabase, network: str, reported: Sequence[Action], as_of: datetime
) -> tuple[Version, _Changes]:
    """Return what a report changes of a version of the network's actions."""
    changes = _Changes()
    with database.read_snapshot() as connection:
        version = _read_version(connection, network)
        for batch in _iter_batches(reported):
            known = _read_known(connection, network, [action.action_id for action in batch])
            for action in batch:
                row = build_row({"network": network, "as_of": as_of, **_build_columns(action)})
                changes.add(row, known.get(action.action_id))
    return version, changes


def _iter_batches(reported: Sequence[Action]) -> Iterator[list[Action]]:
    remaining = iter(reported)
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _read_version(connection: sa.Connection, network: str) -> Version:
    """Return the version of a network's actions: each import adds an id, a deletion has none."""
    query = sa.select(sa.func.count(), sa.func.max(imports.c.import_id))
    count, largest = connection.execute(query.where(imports.c.network == network)).one()
    return count, largest


def _read_known(
    connection: sa.Connection, network: str, ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the actions with some ids that the ledger has."""
    query = sa.select(actions.c.action_id, *(actions.c[name] for name in MERGED)).where(
        actions.c.network == network, actions.c.action_id.in_(ids)
    )
    return {row["action_id"]: dict(row) for row in connection.execute(query).mappings()}


def _build_columns(action: Action) -> dict[str, Any]:
    """Return the fields of an action, words masked, times in UTC without a zone (as in SQLite)."""
    columns = {
        name: to_naive_utc(value) if isinstance(value, datetime) else value
        for name, value in msgspec.structs.asdict(action).items()
    }
    return columns | ({"words": mask_personal(action.words)} if action.words else {})
