"""Many rows of one statement, handed to the driver as they are.

SQLAlchemy converts each value of each row, which takes longer than to write the rows; these rows
hold numbers, texts, dates and times alone.
"""

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.compiler import SQLCompiler

Rows = Sequence[Sequence[Any]]


def list_written_columns(table: sa.TableClause) -> list[str]:
    """Return the names of a table's columns in their order, but for those the database fills."""
    return [c.name for c in table.c if not (isinstance(c, sa.Column) and c.computed)]


def execute_rows(connection: sa.Connection, insert: sa.Insert, rows: Rows) -> None:
    """Execute an insert, or an upsert, with rows of the columns of `list_written_columns`."""
    if not rows:
        return
    compiled = _compile(connection.dialect, insert)
    if connection.dialect.name == "sqlite":
        values: list[Any] = [tuple(map(_to_sqlite, row)) for row in rows]
    else:
        names = list_written_columns(insert.table)
        values = [dict(zip(names, row, strict=True)) for row in rows]
    connection.exec_driver_sql(str(compiled), values)


@cache
def _compile(dialect: sa.Dialect, insert: sa.Insert) -> SQLCompiler:
    compiled = insert.compile(dialect=dialect, column_keys=list_written_columns(insert.table))
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("an insert is compiled to SQL")
    return compiled


def _to_sqlite(value: object) -> object:
    """Return a value as SQLAlchemy writes it: dates and times as texts."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return value.isoformat() if isinstance(value, date) else value
