"""Figures for the owner: sums of sales, and what has earned most, in days of a time zone."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.earnings import GROUPS
from affiliate.database.engine import LedgerDatabase
from affiliate.database.group_pages import read_page
from affiliate.database.local_time import (
    Days,
    Step,
    find_bounds,
    split_into_days,
    split_into_hours,
)
from affiliate.database.ordered_reads import choose_index
from affiliate.database.schema import actions
from affiliate.database.value_rows import list_periods, match_any
from affiliate.domain.actions import EARNING_STATES

EARNINGS_GROUPS: Final[Mapping[str, sa.ColumnElement[Any]]] = {
    **{name: label.element for name, label in GROUPS.items() if name != "day"},
    "state": actions.c.state,
    "agency": actions.c.clicked_agency,
    "place": actions.c.clicked_place,
}
"""Columns that earnings can be summed up by."""
CLICK_GROUPS: Final = ("agency", "place", "position")
"""Groups that are unknown, which is None, where no click is known."""
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

    def sum_earned(
        self,
        days: Days,
        by: Sequence[str],
        filters: Mapping[str, str | Collection[str]] = NO_FILTERS,
    ) -> list[Row]:
        """Sum up ``payout`` by some of `EARNINGS_GROUPS` and currency, where it counts as earned.

        Agency, place and position are those of the click that led to a sale; None where no click
        is known. A filter has a value, or some of which any will do.
        """
        groups = [EARNINGS_GROUPS[name].label(name) for name in by]
        keys = [*groups, actions.c.currency]
        with self._database.read_snapshot() as connection:
            query = (
                sa.select(*keys, sa.func.sum(actions.c.payout))
                .where(self._match_period(connection, days), *_match(connection, filters))
                .where(actions.c.state.in_(EARNING_STATES))
                .group_by(*keys)
            )
            rows = connection.execute(query).all()
        names = (*by, "currency", "payout")
        return [dict(zip(names, (*keys, int(payout)), strict=True)) for *keys, payout in rows]

    def sum_states(
        self,
        days: Days,
        filters: Mapping[str, str | Collection[str]] = NO_FILTERS,
        *,
        until: datetime | None = None,
    ) -> list[Row]:
        """Sum up ``payout`` and ``sales`` by currency and state.

        Sales before ``until`` count, a time in UTC; None for all.
        """
        start, end = find_bounds(days, self._zone)
        whole = Step(days.first, start, min(until or end, end))
        return [row for _, row in self._sum_steps([whole], filters)]

    def trace_sales(
        self, days: Days, step: str, filters: Mapping[str, str | Collection[str]] = NO_FILTERS
    ) -> list[Row]:
        """Sum up ``payout`` and ``sales`` by one of `STEPS`, currency and state.

        Days and hours are those of the sales.
        """
        parts = STEPS[step](days, self._zone)
        return [{step: part.key, **row} for part, row in self._sum_steps(parts, filters)]

    def _sum_steps(
        self, steps: Sequence[Step], filters: Mapping[str, str | Collection[str]]
    ) -> Iterator[tuple[Step, Row]]:
        """Yield the sums of each step by currency and state.

        The sales of each stand side by side in an index, so that no sort is needed.
        """
        with self._database.read_snapshot() as connection:
            steps = _cut_to_sales(connection, steps)
            if not steps:
                return
            states = _select_states()
            parts = list_periods(connection, [(step.start, step.end) for step in steps])
            at, (number, start, end) = actions.c.occurred_at, parts.c
            currency, state = states.c
            own = (actions.c.currency == currency) & (actions.c.state == state)
            payout, sales = sa.func.sum(actions.c.payout), sa.func.count()
            sums = (  # one text: a subquery has one column
                sa.select(sa.cast(payout, sa.Text) + " " + sa.cast(sales, sa.Text))
                .where(own, at >= start, at < end, *_match(connection, filters))
                .scalar_subquery()
            )
            query = sa.select(number, currency, state, sums)
            query = query.select_from(states.join(parts, sa.true()))
            rows = connection.execute(query.where(state.is_not(None))).all()
        for index, code, name, text in rows:
            if text is not None:
                amount, count = map(int, text.split())
                yield (
                    steps[index],
                    {"currency": code, "state": name, "payout": amount, "sales": count},
                )

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
        where: list[sa.ColumnElement[bool]] = [
            key.is_not(None) for name, key in zip(by, keys, strict=True) if name in CLICK_GROUPS
        ]
        where.append(actions.c.state.in_(EARNING_STATES))
        where += [EARNINGS_GROUPS[name] == value for name, value in filters.items()]
        if containing:
            where.append(keys[0].element.contains(containing, autoescape=True))
        currency, payout = actions.c.currency, actions.c.payout
        with self._database.read_snapshot() as connection:
            in_period = self._match_period(connection, days)
            sums = [
                sa.func.sum(sa.case((currency == code, payout))).label(f"sum_{n}")
                for n, code in enumerate(_list_currencies(connection))
            ]
            if not sums:
                return [], 0
            query = sa.select(*keys, *sums).where(in_period, *where).group_by(*keys)
            groups = query.cte("earned")
            shown, amounts = list(groups.c)[: len(keys)], list(groups.c)[len(keys) :]
            first = sa.case(*((amount.is_not(None), n) for n, amount in enumerate(amounts)))
            amount: sa.ColumnElement[int] = sa.literal(0)
            for start in reversed(range(0, len(amounts), MAX_SUMS)):
                amount = sa.func.coalesce(*amounts[start : start + MAX_SUMS], amount)
            order = [*(c.desc() if descending else c for c in (first, amount)), *shown]
            rows, total = read_page(connection, groups, order, offset=offset, limit=limit)
        return [row[: len(keys)] for row in rows], total

    def _match_period(self, connection: sa.Connection, days: Days) -> sa.ColumnElement[bool]:
        start, end = find_bounds(days, self._zone)
        at = choose_index(connection, actions.c.occurred_at, end - start)
        return (at >= start) & (at < end)


def _cut_to_sales(connection: sa.Connection, steps: Sequence[Step]) -> Sequence[Step]:
    """Return the steps from the first sale of all to the last."""
    at = actions.c.occurred_at
    ends = (sa.select(end(at)).scalar_subquery() for end in (sa.func.min, sa.func.max))
    first, last = connection.execute(sa.select(*ends)).one()
    return [step for step in steps if first is not None and step.start <= last and step.end > first]


def _match(
    connection: sa.Connection, filters: Mapping[str, str | Collection[str]]
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield the conditions of filters by `EARNINGS_GROUPS`."""
    for name, value in filters.items():
        column = EARNINGS_GROUPS[name]
        is_one = isinstance(value, str)
        yield column == value if is_one else match_any(connection, column, value)


def _list_currencies(connection: sa.Connection) -> list[str]:
    """Return the currencies of all sales by their codes."""
    currency = _select_currencies().c.currency
    rows = connection.execute(sa.select(currency).where(currency.is_not(None)))
    return sorted(rows.scalars())


def _select_currencies() -> sa.CTE:
    """Return the table of the currencies of all sales, and a last row of none.

    They are looked up one after the other: a query of all distinct ones would read each sale.
    """
    column = actions.c.currency
    found = sa.select(sa.func.min(column).label("currency")).cte("currencies", recursive=True)
    following = sa.select(sa.func.min(column)).where(column > found.c.currency).scalar_subquery()
    return found.union_all(sa.select(following).where(found.c.currency.is_not(None)))


def _select_states() -> sa.CTE:
    """Return the table of the currencies of all sales, and their states with a last one of none."""
    currency = _select_currencies().c.currency
    state = sa.select(sa.func.min(actions.c.state))
    first = state.where(actions.c.currency == currency).scalar_subquery()
    found = sa.select(currency, first.label("state")).cte("states", recursive=True)
    own = actions.c.currency == found.c.currency
    following = state.where(own, actions.c.state > found.c.state).scalar_subquery()
    more = sa.select(found.c.currency, following).where(found.c.state.is_not(None))
    return found.union_all(more)
