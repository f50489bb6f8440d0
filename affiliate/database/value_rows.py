"""Values of a query as one parameter: a statement is then the same for any number of values."""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY


def list_numbers(connection: sa.Connection, numbers: Collection[int]) -> sa.ColumnElement[int]:
    """Return the column of a table of numbers of 64 bits."""
    if connection.dialect.name == "sqlite":
        return _list_values(numbers)
    rows = sa.func.unnest(sa.literal([*numbers], ARRAY(sa.BigInteger))).table_valued("value")
    return rows.render_derived().c.value


def list_rows(
    connection: sa.Connection, rows: Sequence[tuple[str, ...]] | Sequence[tuple[datetime, ...]]
) -> sa.Subquery:
    """Return a table of some rows, not of none: ``number`` from 0, ``value_0`` and so on."""
    columns = list(zip(*rows, strict=True))
    names = [f"value_{n}" for n in range(len(columns))]
    number: sa.ColumnElement[int]
    values: Iterable[sa.ColumnElement[Any]]
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(json.dumps(rows, default=_write_time)).table_valued("key", "value")
        number = each.c.key
        values = (sa.func.json_extract(each.c.value, f"$[{n}]") for n in range(len(names)))
    else:
        arrays = (sa.literal([*column], ARRAY(_find_type(column[0]))) for column in columns)
        each = sa.func.unnest(*arrays).table_valued(*names, with_ordinality="number")
        each = each.render_derived()
        number, values = each.c.number - 1, (each.c[name] for name in names)
    named = (value.label(name) for name, value in zip(names, values, strict=True))
    return sa.select(number.label("number"), *named).subquery()


def _find_type(value: str | datetime) -> sa.types.TypeEngine[Any]:
    return sa.DateTime() if isinstance(value, datetime) else sa.Text()


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
    return column == sa.any_(sa.literal([*values], ARRAY(column.type)))


def _list_values(values: Collection[int] | Collection[str]) -> sa.ColumnElement[Any]:
    return sa.func.json_each(json.dumps([*values])).table_valued("value").c.value
