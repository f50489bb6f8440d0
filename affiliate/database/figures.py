"""Figures for the owner: sums of clicks, searches and calls in days of a time zone.

Clicks are summed from their roll-ups and, since the last counted hour, from their rows: see
`roll_ups`. Clicks of robots and other programs are ``marked``, and in no other count.
"""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.earned_figures import NO_FILTERS, EarnedFigures, Row
from affiliate.database.engine import LedgerDatabase
from affiliate.database.local_time import (
    DAY,
    Days,
    extend_to_month,
    find_bounds,
    find_hour,
    find_local_day,
)
from affiliate.database.ordered_reads import choose_index
from affiliate.database.ranked_counts import CLICK_LISTS, RankedCounts, RankedList
from affiliate.database.roll_ups import MAX_POSITION, SEARCH_PLACE, read_state
from affiliate.database.schema import (
    call_hours,
    click_days,
    click_hours,
    clicks,
    position_days,
    search_days,
    search_hours,
)
from affiliate.database.search_figures import CallNumbers, SearchNumbers

MAX_TAIL: Final = timedelta(hours=3)
"""The most time before now that is summed from the rows of clicks."""
PICTURES: Final = RankedList.CLICKED_PICTURES


class Figures:
    """The figures in a database, by a zone's days; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase, zone: tzinfo) -> None:
        self._database = database
        self.zone = zone
        self.earned = EarnedFigures(database, zone)

    def find_counted_until(self) -> datetime | None:
        """Return the time in UTC before which alone clicks are counted; None where all are."""
        with self._database.read_snapshot() as connection:
            state = read_state(connection)
            if state is None:
                first = connection.execute(sa.select(sa.func.min(clicks.c.at))).scalar()
                until = first if first and first < self._tail_start() else None
            else:
                until = state.until if state.until < self._tail_start() else None
        return until and until.replace(tzinfo=UTC)

    def sum_clicks(
        self,
        days: Days,
        by: Sequence[str] = (),
        filters: Mapping[str, str] = NO_FILTERS,
        *,
        limit: int = sys.maxsize,
    ) -> list[Row]:
        """Sum up ``clicks`` and ``marked`` by any of day, hour, agency, site and place.

        Hours are their beginnings in UTC. Rows are in no order; there are ``limit`` at most, those
        with the most counted clicks.
        """
        table = click_hours if "hour" in by else click_days
        sums: dict[tuple[Any, ...], list[int]] = {}
        with self._database.read_snapshot() as connection:
            where = _match_filters(table, filters)
            if "hour" in by:
                start, end = find_bounds(days, self.zone)
                where = [*where, table.c.hour >= start, table.c.hour < end]
            else:
                where.append(_match_days(connection, table, days, by))
            groups = [table.c[name] for name in by if name in table.c]
            numbers = [sa.func.sum(table.c.clicks), sa.func.sum(table.c.marked)]
            query = sa.select(*groups, *numbers).where(*where).group_by(*groups)
            if limit < sys.maxsize:
                query = query.order_by(*(n.desc() for n in numbers), *groups).limit(limit)
            names = [group.name for group in groups]
            for *key, shown, marked in connection.execute(query).all():
                if shown is not None:
                    self._add(sums, by, dict(zip(names, key, strict=True)), shown, marked)
            known = set(sums) if len(sums) >= limit else None
            for row in self._iter_tail(connection, days, filters):
                if known is None or tuple(row[name] for name in by) in known:
                    self._add(sums, by, row, int(not row["sender"]), int(bool(row["sender"])))
        return [
            {**dict(zip(by, key, strict=True)), "clicks": counts[0], "marked": counts[1]}
            for key, counts in sums.items()
        ]

    def count_clicks_between(
        self, start: datetime, end: datetime, filters: Mapping[str, str] = NO_FILTERS
    ) -> Row:
        """Count ``clicks`` and ``marked`` by rows, from one time in UTC until before another."""
        is_marked = sa.case((clicks.c.sender != "", 1), else_=0)
        marked = sa.func.coalesce(sa.func.sum(is_marked), 0)
        query = sa.select((sa.func.count() - marked).label("clicks"), marked.label("marked"))
        where = (clicks.c.at >= start, clicks.c.at < end, *_match_filters(clicks, filters))
        with self._database.read_snapshot() as connection:
            row = connection.execute(query.where(*where)).mappings().one()
        return {name: int(number) for name, number in row.items()}

    def sum_positions(self, days: Days, place: str = "") -> list[Row]:
        """Sum up clicks by ``place`` and ``position``, of one place where it is named.

        The last position, `MAX_POSITION`, stands for all farther ones.
        """
        table = position_days
        sums: dict[tuple[Any, ...], list[int]] = {}
        by = ("place", "position")
        filters = {"place": place} if place else NO_FILTERS
        with self._database.read_snapshot() as connection:
            groups = [table.c[name] for name in by]
            query = sa.select(*groups, sa.func.sum(table.c.clicks)).group_by(*groups)
            period = _match_days(connection, table, days, by)
            query = query.where(period, *_match_filters(table, filters))
            for *key, shown in connection.execute(query).all():
                self._add(sums, by, dict(zip(by, key, strict=True)), shown, 0)
            for row in self._iter_tail(connection, days, filters):
                if not row["sender"]:
                    near = {**row, "position": min(row["position"], MAX_POSITION)}
                    self._add(sums, by, near, 1, 0)
        return [
            {"place": place, "position": position, "clicks": counts[0]}
            for (place, position), counts in sums.items()
        ]

    def sum_searches(self, days: Days, by: Sequence[str] = ()) -> list[Row]:
        """Sum up searches by day, hour or language: asked, missed, hits and milliseconds."""
        table = search_hours if "hour" in by else search_days
        where = self._in_days(table, days)
        return self._sum(table, by, SearchNumbers._fields, where)

    def sum_calls(self, days: Days, by: Sequence[str] = ()) -> list[Row]:
        """Sum up calls to agencies by any of hour, agency: calls, failures, milliseconds."""
        where = self._in_days(call_hours, days)
        return self._sum(call_hours, by, CallNumbers._fields, where)

    def list_top(
        self,
        name: RankedList,
        days: Days,
        limit: int,
        *,
        scope: str | None = None,
        containing: str = "",
    ) -> list[tuple[str, int]]:
        """Return the most frequent texts of a list, with their counts.

        Pictures are written as agency, blank and id. The scope of clicked words is a site, the
        scope of pictures an agency; None stands for all.
        """
        with self._database.read_snapshot() as connection:
            return self._open_counts(connection, name, days, scope).find_top(limit, containing)

    def count_texts(
        self,
        name: RankedList,
        days: Days,
        texts: Collection[str],
        *,
        scope: str | None = None,
    ) -> dict[str, int]:
        """Return the count of each of some texts of a list."""
        with self._database.read_snapshot() as connection:
            return self._open_counts(connection, name, days, scope).count_texts(texts)

    def trace_text(self, name: RankedList, days: Days, text: str) -> dict[date, int]:
        """Return the count of some words on each day of a period."""
        every = [days.first + DAY * number for number in range((days.last - days.first).days + 1)]
        with self._database.read_snapshot() as connection:
            counts = RankedCounts(connection, name, days).trace_text(text, every)
            for row, newest in self._iter_newest(connection, name, days, None):
                if newest == text:
                    counts[row["day"]] += 1
        return counts

    def _open_counts(
        self, connection: sa.Connection, name: RankedList, days: Days, scope: str | None
    ) -> RankedCounts:
        newest: dict[str, int] = {}
        for _, text in self._iter_newest(connection, name, days, scope):
            newest[text] = newest.get(text, 0) + 1
        counted = extend_to_month(days, find_local_day(self._database.now(), self.zone))
        return RankedCounts(connection, name, counted, scope, newest)

    def _iter_newest(
        self, connection: sa.Connection, name: RankedList, days: Days, scope: str | None
    ) -> Iterator[tuple[Row, str]]:
        """Yield visitors' clicks that no roll-up has, with their text of a list."""
        if name not in CLICK_LISTS:
            return
        field = "agency" if name is PICTURES else "site"
        filters = NO_FILTERS if scope is None else {field: scope}
        for row in self._iter_tail(connection, days, filters):
            if row["sender"]:
                continue
            if name is not PICTURES:
                yield row, row["words"]
            elif row["place"] != SEARCH_PLACE:
                yield row, f"{row['agency']} {row['id']}"

    def _iter_tail(
        self, connection: sa.Connection, days: Days, filters: Mapping[str, str]
    ) -> Iterator[Row]:
        """Yield the clicks of a period that no roll-up has, with the zone's day and hour."""
        state = read_state(connection)
        start, end = find_bounds(days, self.zone)
        earliest = self._tail_start()
        until = state.until if state else earliest
        start = max(start, until)
        if until < earliest or start >= end:
            return
        names = ("at", "agency", "id", "words", "site", "place", "position", "sender")
        query = sa.select(*(clicks.c[name] for name in names)).where(
            clicks.c.at >= start, clicks.c.at < end, *_match_filters(clicks, filters)
        )
        for row in connection.execute(query).mappings():
            hour = find_hour(row["at"], self.zone)
            yield {**row, "hour": hour, "day": find_local_day(row["at"], self.zone)}

    def _tail_start(self) -> datetime:
        return self._database.now() - MAX_TAIL

    def _in_days(self, table: sa.Table, days: Days) -> list[sa.ColumnElement[bool]]:
        if "day" in table.c:
            return [table.c.day.between(days.first, days.last)]
        start, end = find_bounds(days, self.zone)
        return [table.c.hour >= start, table.c.hour < end]

    def _sum(
        self,
        table: sa.Table,
        by: Sequence[str],
        names: Sequence[str],
        where: Sequence[sa.ColumnElement[bool]],
    ) -> list[Row]:
        groups = [table.c[name] for name in by]
        numbers = [sa.func.sum(table.c[name]).label(name) for name in names]
        query = sa.select(*groups, *numbers).where(*where).group_by(*groups)
        with self._database.read_snapshot() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        return [
            row | {name: int(row[name]) for name in names}
            for row in rows
            if row[names[0]] is not None
        ]

    @staticmethod
    def _add(
        sums: dict[tuple[Any, ...], list[int]],
        by: Sequence[str],
        row: Mapping[str, Any],
        first: int,
        second: int,
    ) -> None:
        counts = sums.setdefault(tuple(row[name] for name in by), [0, 0])
        counts[0] += int(first)
        counts[1] += int(second)


def _match_days(
    connection: sa.Connection, table: sa.Table, days: Days, by: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Return the condition of a period's days, for sums by days or by other columns."""
    day: sa.ColumnElement[date] = table.c.day
    if by and "day" not in by:
        day = choose_index(connection, day, days.last - days.first)
    return day.between(days.first, days.last)


def _match_filters(table: sa.Table, filters: Mapping[str, str]) -> list[sa.ColumnElement[bool]]:
    return [table.c[name] == value for name, value in filters.items() if name in table.c]
