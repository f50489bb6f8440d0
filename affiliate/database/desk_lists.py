"""Lists of single sales and single clicks for the owner's desk, a page at a time."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from affiliate.database.bulk_rows import list_written_columns
from affiliate.database.click_joins import JOIN_COLUMNS
from affiliate.database.earnings import GROUPS
from affiliate.database.engine import LedgerDatabase
from affiliate.database.local_time import HOUR
from affiliate.database.schema import action_states, actions, clicks
from affiliate.domain.times import to_naive_utc

MAX_CLICKS: Final = 100_000
"""The newest clicks of a period that are looked through, so that a rare site costs little."""
SALE_FILTERS: Final[Mapping[str, sa.ColumnElement[Any]]] = {
    "network": actions.c.network,
    "state": actions.c.state,
    "currency": actions.c.currency,
    **{name: GROUPS[name].element for name in ("site", "words", "id", "clicked")},
    "agency": actions.c.clicked_agency,
    "place": actions.c.clicked_place,
}
"""Columns that sales can be limited by."""
SALE_ORDERS: Final = ("occurred_at", "payout", "state", "network")
NEWEST_SALES: Final = 100
"""Sales whose reports tell a network's usual delay."""
MIN_SALES: Final = 5
"""Sales without which a delay is not usual."""
MAX_DELAY: Final = timedelta(days=7)
"""The delay from which on a sale was imported long after its report."""


class Page(NamedTuple):
    """The rows of a page, with times in UTC, and the number of rows of all pages."""

    rows: list[dict[str, Any]]
    total: int


class DeskLists:
    """The lists in a database; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def list_sales(  # noqa: PLR0913 - a period, filters, and a page
        self,
        start: datetime,
        end: datetime,
        filters: Mapping[str, str],
        *,
        order: str = "occurred_at",
        descending: bool = True,
        offset: int = 0,
        limit: int = 50,
    ) -> Page:
        """Return the sales of a period, with what the link has carried, else the same of the click.

        Agency, place and position are those of the click; None where no click is known.
        """
        columns = [actions.c[f"clicked_{n}"].label(n) for n in ("agency", "place", "position")]
        columns += [GROUPS[name] for name in ("site", "words", "id", "clicked")]
        shown_as_group = {"site", "words", *JOIN_COLUMNS}
        written = list_written_columns(actions)
        own = [actions.c[name] for name in written if name not in shown_as_group]
        where = [
            actions.c.occurred_at >= to_naive_utc(start),
            actions.c.occurred_at < to_naive_utc(end),
            *(SALE_FILTERS[name] == value for name, value in filters.items()),
        ]
        column = actions.c[order]
        query = (
            sa.select(*own, *columns)
            .where(*where)
            .order_by(column.desc() if descending else column, actions.c.action_id)
            .offset(offset)
            .limit(limit)
        )
        count = sa.select(sa.func.count()).select_from(actions).where(*where)
        return self._read_page(query, count)

    def list_clicks(
        self,
        start: datetime,
        end: datetime,
        filters: Mapping[str, str],
        *,
        offset: int = 0,
        limit: int = 50,
    ) -> Page:
        """Return the newest clicks of a period, of at most `MAX_CLICKS` that are looked through."""
        in_period = (clicks.c.at >= to_naive_utc(start)) & (clicks.c.at < to_naive_utc(end))

        def select_newest(*columns: sa.ColumnElement[Any]) -> sa.Subquery:
            newest = sa.select(*columns, *(clicks.c[name] for name in filters)).where(in_period)
            return newest.order_by(clicks.c.at.desc()).limit(MAX_CLICKS).subquery()

        # Whole rows are read of the page alone, not of all clicks that are looked through.
        looked_through = select_newest(sa.literal(1).label("one"))
        count = (
            sa.select(sa.func.count())
            .select_from(looked_through)
            .where(*(looked_through.c[name] == value for name, value in filters.items()))
        )
        found: sa.FromClause = clicks
        where: list[sa.ColumnElement[bool]] = [in_period]
        if filters:
            found = select_newest(clicks.c.click_id, clicks.c.at)
            where = [found.c[name] == value for name, value in filters.items()]
        shown = (
            sa.select(found.c.click_id)
            .where(*where)
            .order_by(found.c.at.desc(), found.c.click_id)
            .offset(offset)
            .limit(min(limit, max(MAX_CLICKS - offset, 0)))
        )
        query = sa.select(clicks).where(clicks.c.click_id.in_(shown))
        return self._read_page(query.order_by(clicks.c.at.desc(), clicks.c.click_id), count)

    def find_usual_delay(self, network: str) -> int | None:
        """Return the usual hours from a sale to the report that first had it; None if unknown.

        The median of the newest sales counts; those of a first import, days later, say nothing.
        """
        first = (
            sa.select(sa.func.min(action_states.c.as_of))
            .where(
                action_states.c.network == actions.c.network,
                action_states.c.action_id == actions.c.action_id,
            )
            .correlate(actions)
            .scalar_subquery()
        )
        query = (
            sa.select(actions.c.occurred_at, first)
            .where(actions.c.network == network)
            .order_by(actions.c.occurred_at.desc())
            .limit(NEWEST_SALES)
        )
        with self._database.read_connection() as connection:
            rows = connection.execute(query).all()
        delays = [reported - at for at, reported in rows if reported and reported >= at]
        usual: list[timedelta] = sorted(delay for delay in delays if delay < MAX_DELAY)
        if len(usual) < MIN_SALES:
            return None
        return math.ceil(usual[len(usual) // 2] / HOUR)

    def _read_page(self, query: sa.Select[Any], count: sa.Select[int]) -> Page:
        with self._database.read_snapshot() as connection:
            rows = [
                {
                    name: value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
                    for name, value in row.items()
                }
                for row in connection.execute(query).mappings()
            ]
            return Page(rows, connection.execute(count).scalar_one())
