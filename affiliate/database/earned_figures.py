"""Figures for the owner: sums of sales, and what has earned most, in days of a time zone."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from affiliate.database.earnings import GROUPS
from affiliate.database.engine import LedgerDatabase
from affiliate.database.local_time import (
    Days,
    Step,
    find_bounds,
    split_into_days,
    split_into_hours,
)
from affiliate.database.ordered_reads import choose_index, without_index
from affiliate.database.schema import actions
from affiliate.database.value_rows import match_any
from affiliate.domain.actions import EARNING_STATES

EARNINGS_GROUPS: Final[Mapping[str, sa.ColumnElement[Any]]] = {
    **{name: label.element for name, label in GROUPS.items() if name != "day"},
    "state": actions.c.state,
    "agency": actions.c.clicked_agency,
    "place": actions.c.clicked_place,
}
"""Columns that earnings can be summed up by."""
STEPS: Final[Mapping[str, Callable[[Days, tzinfo], list[Step]]]] = {
    "day": split_into_days,
    "hour": split_into_hours,
}
"""Functions that split a period into the parts by which earnings can be summed up."""
NO_FILTERS: Final[Mapping[str, str]] = {}
MAX_SUMS: Final = 100
"""Sums of currencies in one call of a function, which has 127 arguments at most in SQLite."""

Row = dict[str, Any]


class EarnedFigures:
    """The figures of sales in a database; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone

    def sum_sales(
        self,
        days: Days,
        by: Sequence[str] = (),
        filters: Mapping[str, str | Collection[str]] = NO_FILTERS,
        *,
        until: datetime | None = None,
    ) -> list[Row]:
        """Sum up ``payout`` and ``sales`` by currency, state and any of `EARNINGS_GROUPS`.

        One of `STEPS` can be among these: days and hours are those of the sales. Sales before
        ``until`` count, a time in UTC; None for all. Agency, place and position are those of the
        click that led to a sale; None where no click is known. A filter has a value, or some of
        which any will do.
        """
        step = next((name for name in by if name in STEPS), None)
        parts = STEPS[step](days, self._zone) if step else []
        with self._database.read_snapshot() as connection:
            groups: dict[str, sa.ColumnElement[Any]] = {**EARNINGS_GROUPS}
            columns = groups
            in_period = self._match_period(connection, days, () if step else by)
            if step and connection.dialect.name == "sqlite":
                groups[step], in_period = _join_steps(parts)
                columns = {name: without_index(column) for name, column in groups.items()}
            elif step:
                starts = sa.literal([part.start for part in parts], ARRAY(sa.DateTime))
                groups[step] = sa.func.width_bucket(actions.c.occurred_at, starts) - 1
            if until:
                in_period &= actions.c.occurred_at < until
            conditions = (_match(connection, columns[n], value) for n, value in filters.items())
            keys = [*(groups[n].label(n) for n in by), actions.c.currency, actions.c.state]
            query = (
                sa.select(*keys, sa.func.sum(actions.c.payout), sa.func.count())
                .where(in_period, *conditions)
                .group_by(*keys)
            )
            names = (*by, "currency", "state", "payout", "sales")
            found = connection.execute(query).all()
        rows = [dict(zip(names, row, strict=True)) for row in found]
        for row in rows:
            row["payout"] = int(row["payout"])
            if step:
                row[step] = parts[row[step]].key
        return rows

    def rank(  # noqa: PLR0913 - a period, filters, and a page
        self,
        days: Days,
        by: Sequence[str],
        filters: Mapping[str, str] = NO_FILTERS,
        *,
        containing: str = "",
        descending: bool = True,
        offset: int = 0,
        limit: int = 50,
    ) -> tuple[list[tuple[Any, ...]], int]:
        """Return a page of what has earned by `EARNINGS_GROUPS`, and the number of all.

        Payouts that are pending or approved count, in the first currency of each by its code:
        currencies come one after the other. The first group has the text ``containing``; sales of
        unknown groups are left out.
        """
        keys = [EARNINGS_GROUPS[name].label(name) for name in by]
        nullable = (key.element for key in keys if isinstance(key.element, sa.Column))
        where: list[sa.ColumnElement[bool]] = [column.is_not(None) for column in nullable]
        where.append(actions.c.state.in_(EARNING_STATES))
        where += [EARNINGS_GROUPS[name] == value for name, value in filters.items()]
        if containing:
            where.append(keys[0].element.contains(containing, autoescape=True))
        currency, payout = actions.c.currency, actions.c.payout
        with self._database.read_snapshot() as connection:
            in_period = self._match_period(connection, days, by)
            sums = [
                sa.func.sum(sa.case((currency == code, payout)))
                for code in _list_currencies(connection)
            ]
            if not sums:
                return [], 0
            first = sa.case(*((amount.is_not(None), n) for n, amount in enumerate(sums)))
            amount: sa.ColumnElement[int] = sa.literal(0)
            for start in reversed(range(0, len(sums), MAX_SUMS)):
                amount = sa.func.coalesce(*sums[start : start + MAX_SUMS], amount)
            query = (
                sa.select(*keys, sa.func.count().over())
                .where(in_period, *where)
                .group_by(*keys)
                .order_by(*(c.desc() if descending else c for c in (first, amount)), *keys)
            )
            rows = connection.execute(query.offset(offset).limit(limit)).all()
            some = rows or connection.execute(query.limit(1)).all()
        return [tuple(row[:-1]) for row in rows], some[0][-1] if some else 0

    def _match_period(
        self, connection: sa.Connection, days: Days, by: Sequence[str]
    ) -> sa.ColumnElement[bool]:
        start, end = find_bounds(days, self._zone)
        at: sa.ColumnElement[datetime] = actions.c.occurred_at
        if by:
            at = choose_index(connection, at, end - start)
        return (at >= start) & (at < end)


def _list_currencies(connection: sa.Connection) -> list[str]:
    """Return the currencies of all sales by their codes."""
    found: list[str] = []
    query = sa.select(sa.func.min(actions.c.currency))
    while True:  # one after the other: a query of all distinct ones would read each sale
        after = actions.c.currency > (found[-1] if found else "")
        code = connection.execute(query.where(after)).scalar()
        if code is None:
            return found
        found.append(code)


def _match(
    connection: sa.Connection, column: sa.ColumnElement[Any], value: str | Collection[str]
) -> sa.ColumnElement[bool]:
    if isinstance(value, str):
        return column == value
    return match_any(connection, column, value)


def _join_steps(steps: Sequence[Step]) -> tuple[sa.ColumnElement[int], sa.ColumnElement[bool]]:
    """Return the number of a sale's step, from 0, and the condition of this; in SQLite.

    SQLite looks up the sales of each step: that is faster than to find the step of each sale.
    """
    pairs = [[f"{at:%Y-%m-%d %H:%M:%S.%f}" for at in (one.start, one.end)] for one in steps]
    each = sa.func.json_each(json.dumps(pairs)).table_valued("key", "value").c
    start, end = (sa.func.json_extract(each.value, f"$[{n}]") for n in (0, 1))
    at = actions.c.occurred_at
    return each.key, (at >= start) & (at < end)
