"""Reads of a long period in the order of groups, in which SQLite needs not sort the rows."""

from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

LONG_PERIOD: Final = timedelta(days=90)
"""The period from which on SQLite reads the rows of all times by an index of a group: it reads six
rows in the time in which it finds and sorts one of the period."""


def choose_index(
    connection: sa.Connection, column: sa.ColumnElement[Any], length: timedelta
) -> sa.ColumnElement[Any]:
    """Return the column of a period's rows, by which SQLite looks up no rows of a long period."""
    if connection.dialect.name != "sqlite" or length < LONG_PERIOD:
        return column
    return UnaryExpression(column, operator=custom_op("+"), type_=column.type)  # the sign
