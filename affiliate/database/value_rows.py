"""Values of a query as one parameter: a statement is then the same for any number of values."""

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY


def list_numbers(connection: sa.Connection, numbers: Collection[int]) -> sa.ColumnElement[int]:
    """Return the column of a table of numbers of 64 bits."""
    if connection.dialect.name == "sqlite":
        return _list_values(numbers)
    rows = sa.func.unnest(_build_array(numbers, sa.BigInteger())).table_valued("value")
    return rows.render_derived().c.value


def list_periods(
    connection: sa.Connection, periods: Sequence[tuple[datetime, datetime]]
) -> sa.Subquery:
    """Return a table of periods: ``number`` from 0, ``start`` and ``end``."""
    number: sa.ColumnElement[int]
    start: sa.ColumnElement[datetime]
    end: sa.ColumnElement[datetime]
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(json.dumps(periods, default=_write_time))
        rows = each.table_valued("key", "value").c
        number = rows.key
        start, end = (sa.func.json_extract(rows.value, f"$[{n}]") for n in range(2))
    else:
        arrays = (_build_array([one[n] for one in periods], sa.DateTime()) for n in range(2))
        each = sa.func.unnest(*arrays)
        columns = each.table_valued("start", "end", with_ordinality="number").render_derived().c
        number, start, end = columns.number - 1, columns.start, columns.end
    return sa.select(number.label("number"), start.label("start"), end.label("end")).subquery()


def _write_time(time: datetime) -> str:
    """Write a time as SQLite has it in a table."""
    return time.isoformat(" ", "microseconds")


def match_any(
    connection: sa.Connection,
    column: sa.ColumnElement[Any],
    values: Collection[int] | Collection[str],
) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of some values, maybe of none."""
    if connection.dialect.name == "sqlite":
        return column.in_(sa.select(_list_values(values)))
    return column == sa.any_(_build_array(values, column.type))


def _list_values(values: Collection[int] | Collection[str]) -> sa.ColumnElement[Any]:
    return sa.func.json_each(json.dumps([*values])).table_valued("value").c.value


def _build_array(
    values: Collection[int] | Collection[str] | Collection[datetime], kind: sa.types.TypeEngine[Any]
) -> sa.ColumnElement[Any]:
    """Return values as an array of PostgreSQL, from one text, which is written faster than a list.

    The rules of the text: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
    """
    texts = (f"{value}".replace("\\", "\\\\").replace('"', '\\"') for value in values)
    text = ",".join(f'"{text}"' for text in texts)
    return sa.cast(sa.literal(f"{{{text}}}"), ARRAY(kind))
