"""Inserts beside rows that are there already, in the dialect of either database."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

DIALECTS: Final[Mapping[str, Callable[[sa.Table], Any]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""The functions that make an insert, by dialect."""


def ignore_known(table: sa.Table) -> Mapping[str, sa.Insert]:
    """Return, by dialect, the insert that leaves rows as they are that are there already."""
    return {name: insert(table).on_conflict_do_nothing() for name, insert in DIALECTS.items()}


def replace_row(connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]) -> None:
    """Write a row in place of the row with its primary key, if there is one.

    A row that another transaction is writing is waited for, where a delete would not see the row.
    """
    keys = [column.name for column in table.primary_key]
    insert = DIALECTS[connection.dialect.name](table).values(row)
    changes = {name: value for name, value in row.items() if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=changes))
