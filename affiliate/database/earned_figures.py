"""Figures for the owner: sums of sales, and what has earned most, in days of a time zone."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.earnings import GROUPS
from affiliate.database.engine import LedgerDatabase
from affiliate.database.local_time import (
    DAY,
    Days,
    find_bounds,
    find_hour,
    split_at_clock_changes,
)
from affiliate.database.schema import actions
from affiliate.domain.actions import EARNING_STATES
from affiliate.domain.times import DAY_SECONDS

QUARTER_SECONDS: Final = 900
"""Seconds of a quarter of an hour: offsets of time zones are whole quarters."""
_EPOCH: Final = sa.cast(sa.extract("epoch", actions.c.occurred_at), sa.BigInteger)
EARNINGS_GROUPS: Final[Mapping[str, sa.ColumnElement[Any]]] = {
    **{name: label.element for name, label in GROUPS.items() if name != "day"},
    "hour": _EPOCH // QUARTER_SECONDS,
    "state": actions.c.state,
    "agency": actions.c.clicked_agency,
    "place": actions.c.clicked_place,
}
"""Columns that earnings can be summed up by."""
NO_FILTERS: Final[Mapping[str, str]] = {}

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

        Sales before ``until`` count, a time in UTC; None for all. Days and hours are those of the
        sales. Agency, place and position are those of the click that led to a sale; None where no
        click is known. A filter has a value, or some of which any will do.
        """
        names = (*by, "currency", "state")
        day, hour = (names.index(name) if name in names else None for name in ("day", "hour"))
        sums: dict[tuple[Any, ...], list[int]] = {}
        with self._database.read_snapshot() as connection:
            for part in split_at_clock_changes(days, self._zone) if "day" in by else [None]:
                start, end = (part.start, part.end) if part else find_bounds(days, self._zone)
                groups = {n: EARNINGS_GROUPS[n] for n in by if n in EARNINGS_GROUPS}
                if part:
                    seconds = _EPOCH - int(start.replace(tzinfo=UTC).timestamp())
                    groups["day"] = seconds // DAY_SECONDS
                end = min(end, until or end)
                where = [actions.c.occurred_at >= start, actions.c.occurred_at < end]
                where += [_match_any(EARNINGS_GROUPS[n], value) for n, value in filters.items()]
                keys = [*(groups[n].label(n) for n in by), actions.c.currency, actions.c.state]
                numbers = [sa.func.sum(actions.c.payout), sa.func.count()]
                query = sa.select(*keys, *numbers).where(*where).group_by(*keys)
                for *key, payout, count in connection.execute(query):
                    if part and day is not None:
                        key[day] = part.first + DAY * min(int(key[day]), part.number - 1)
                    if hour is not None:
                        quarter = datetime.fromtimestamp(int(key[hour]) * QUARTER_SECONDS, UTC)
                        key[hour] = find_hour(quarter.replace(tzinfo=None), self._zone)
                    counts = sums.setdefault(tuple(key), [0, 0])
                    counts[0] += int(payout)
                    counts[1] += count
        return [
            {**dict(zip(names, key, strict=True)), "payout": payout, "sales": count}
            for key, (payout, count) in sums.items()
        ]

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
        start, end = find_bounds(days, self._zone)
        keys = [EARNINGS_GROUPS[name].label(name) for name in by]
        where = [actions.c.occurred_at >= start, actions.c.occurred_at < end]
        where += [actions.c.state.in_(EARNING_STATES), *(key.element.is_not(None) for key in keys)]
        where += [EARNINGS_GROUPS[name] == value for name, value in filters.items()]
        if containing:
            where.append(keys[0].element.contains(containing, autoescape=True))
        currency, payout = actions.c.currency, actions.c.payout
        with self._database.read_snapshot() as connection:
            found = sa.select(currency).where(*where).distinct().order_by(currency)
            sums = [
                sa.func.sum(sa.case((currency == code, payout)))
                for code in connection.execute(found).scalars()
            ]
            if not sums:
                return [], 0
            first = sa.case(*((amount.is_not(None), n) for n, amount in enumerate(sums)))
            amount = sa.func.coalesce(*sums, 0)
            query = (
                sa.select(*keys, sa.func.count().over())
                .where(*where)
                .group_by(*keys)
                .order_by(*(c.desc() if descending else c for c in (first, amount)), *keys)
            )
            rows = connection.execute(query.offset(offset).limit(limit)).all()
            some = rows or connection.execute(query.limit(1)).all()
        return [tuple(row[:-1]) for row in rows], some[0][-1]


def _match_any(
    column: sa.ColumnElement[Any], value: str | Collection[str]
) -> sa.ColumnElement[bool]:
    return column == value if isinstance(value, str) else column.in_(value)
