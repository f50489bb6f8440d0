"""Values of a query as one parameter: a statement is then the same for any number of values."""

import json
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY


def list_numbers(connection: sa.Connection, numbers: Collection[int]) -> sa.ColumnElement[int]:
    """Return the column of a table of numbers of 64 bits."""
    if connection.dialect.name == "sqlite":
        return _list_values(numbers)
    rows = sa.func.unnest(sa.literal([*numbers], ARRAY(sa.BigInteger))).table_valued("value")
    return rows.render_derived().c.value


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
