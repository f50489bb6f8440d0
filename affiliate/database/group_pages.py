"""Pages of groups, such as words or pictures, that a query sums up."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa


def read_page(
    connection: sa.Connection,
    groups: sa.CTE,
    order: Sequence[sa.ColumnElement[Any]],
    *,
    offset: int,
    limit: int,
) -> tuple[list[tuple[Any, ...]], int]:
    """Return the rows of a page, and the number of all groups.

    The table of groups is read twice: a window for the number takes longer than both.
    """
    number = sa.select(sa.func.count()).select_from(groups).scalar_subquery()
    page = sa.select(*groups.c, number).order_by(*order).offset(offset).limit(limit)
    rows = [tuple(row) for row in connection.execute(page)]
    total = rows[0][-1] if rows else connection.execute(sa.select(number)).scalar_one()
    return [row[:-1] for row in rows], total
