"""Roll-ups: clicks counted by hour, day and month, written behind and exact.

Clicks before the moment ``until`` are counted in the tables of figures, later ones are counted
from their rows, so that sums are complete at any time. An hour is counted in one transaction, some
minutes after its end; after an upgrade, several hours are counted at once. A click of an hour that
is counted already, as from the journal, is counted with its own row.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import sqlalchemy as sa

from affiliate.database.bulk_rows import execute_rows
from affiliate.database.count_upserts import build_count_upserts
from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import replace_row
from affiliate.database.local_time import (
    DAY,
    Days,
    find_day_start,
    find_hour,
    find_local_day,
    find_next_hour,
    number_day,
)
from affiliate.database.ranked_counts import (
    CLICK_LISTS,
    CountAdditions,
    RankedList,
    forget_day,
    forget_texts,
)
from affiliate.database.schema import (
    click_days,
    click_hours,
    clicks,
    position_days,
    ranked_counts,
    ranked_texts,
    roll_ups,
)

NAME: Final = "clicks"
"""The name of the row of `roll_ups` that has the state."""
MARGIN: Final = timedelta(minutes=10)
"""Time after the end of an hour in which clicks of this hour may still be on their way."""
LATE: Final = timedelta(minutes=5)
"""Age from which on a click is written together with the counts of its hour."""
MAX_ROWS: Final = 5000
"""Clicks that are counted in one transaction, unless an hour has more: others wait meanwhile."""
MAX_SCOPES: Final = 500
"""Sites and agencies whose counts of a day are deleted in one transaction."""
SEARCH_PLACE: Final = "search"
"""The place of clicks on a search at an agency's site, which are of no picture."""
MAX_POSITION: Final = 101
"""The position by which clicks on all farther positions are counted: two pages of results, and
what is beyond them."""
GROUPS: Final = ("agency", "site", "place")
"""Columns by which clicks of an hour or a day are counted."""
FIGURES: Final = (click_hours, click_days, position_days)
CLEARING: Final = ""
"""The zone in the row of the state while old counts are being deleted."""
COUNTS: Final = ("clicks", "marked")
"""Counts in the tables of figures; positions have no marked clicks."""


class RollUpState(msgspec.Struct, frozen=True):
    """The moment before which clicks are counted, in UTC without a zone, and their time zone."""

    until: datetime
    zone: tzinfo


UPSERTS: Final = build_count_upserts(
    {table: [name for name in COUNTS if name in table.c] for table in FIGURES}
)


class RollUps:
    """The roll-ups of clicks in the days of a time zone; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase, zone: tzinfo) -> None:
        self._database = database
        self._zone = zone

    def advance(self, seconds: float = 1.0) -> bool:
        """Count the hours that have ended, for so long; return whether all are counted.

        Roll-ups of another time zone, or of a clock that was set back, are counted anew.
        """
        deadline = time.monotonic() + seconds
        if self._is_done():
            return True
        self._begin()
        while not self._count_hours():
            if time.monotonic() > deadline:
                return False
        return True

    def find_counted_days(self) -> Days | None:
        """Return the days of clicks that are counted, at least in part; None before any."""
        with self._database.read_connection() as connection:
            state = read_state(connection)
            first = connection.execute(sa.select(sa.func.min(clicks.c.at))).scalar()
        if state is None or first is None or first >= state.until:
            return None
        last = state.until - timedelta(microseconds=1)
        return Days(find_local_day(first, state.zone), find_local_day(last, state.zone))

    def is_exact(self, day: date) -> bool:
        """Return whether the counted part of a day has the counts of the rows."""
        with self._database.read_connection() as connection:
            state = read_state(connection)
            return state is None or not _has_other_counts(connection, day, state)

    def forget_before(self, day: date) -> None:
        """Delete the clicks of days before one, and their counts."""
        start = find_day_start(day, self._zone)
        self._database.delete_rows(clicks, clicks.c.at < start)
        self._database.delete_rows(click_hours, click_hours.c.hour < start)
        self._database.delete_rows(position_days, position_days.c.day < day)
        old = sa.select(click_days.c.day).where(click_days.c.day < day).distinct()
        with self._database.read_connection() as connection:
            days = connection.execute(old).scalars().all()
        for old_day in days:
            self._forget_lists(old_day)
        forget_texts(self._database, CLICK_LISTS, day)

    def _forget_lists(self, day: date) -> None:
        """Delete the counts of a day, of all sites and agencies that have any."""
        own = click_days.c.day == day
        query = sa.select(click_days.c.site, click_days.c.agency).where(own).distinct()
        with self._database.read_connection() as connection:
            rows = connection.execute(query).all()
        scopes: list[str | None] = [None, *{name for row in rows for name in row}]
        for first in range(0, len(scopes), MAX_SCOPES):
            some = scopes[first : first + MAX_SCOPES]
            with self._database.write_transaction() as connection:
                forget_day(connection, CLICK_LISTS, number_day(day), some)
        self._database.delete_rows(click_days, own)

    def forget_all(self) -> None:
        """Delete all counts of clicks, which `advance` then counts anew."""
        with self._database.write_transaction() as connection:
            replace_row(connection, roll_ups, _CLEARING_ROW)
        self._clear_all()

    def _is_done(self) -> bool:
        """Return whether nothing is to do, without a lock."""
        with self._database.read_connection() as connection:
            state = read_state(connection)
        now = self._database.now()
        return (
            state is not None
            and str(state.zone) == str(self._zone)
            and find_next_hour(state.until, self._zone) + MARGIN > now >= state.until - LATE
        )

    def _begin(self) -> None:
        """Write the row of the state where there is none, or where the old one can't go on."""
        with self._database.read_connection() as connection:
            row = connection.execute(_STATE).first()
        if self._can_go_on(row):
            return
        with self._database.write_transaction() as connection:
            row = connection.execute(_LOCK).first()
            if self._can_go_on(row):
                return  # another process was faster
            if row is None or row.zone != CLEARING:
                replace_row(connection, roll_ups, _CLEARING_ROW)
        self._clear_all()

    def _can_go_on(self, row: sa.Row[*tuple[Any, ...]] | None) -> bool:
        """Return whether a state is of this time zone, and of no wrong clock."""
        state = _build_state(row)
        return (
            state is not None
            and str(state.zone) == str(self._zone)
            and state.until <= self._database.now() + LATE
        )

    def _clear_all(self) -> None:
        while not self._clear():
            pass

    def _clear(self) -> bool:
        """Delete some of the counts of an earlier state; return whether none was left.

        The same transaction then writes the row from which on clicks are counted.
        """
        with self._database.write_transaction() as connection:
            row = connection.execute(_LOCK).first()
            if row is None or row.zone != CLEARING:
                return True  # another process was faster
            for table in (*FIGURES, ranked_counts, ranked_texts):
                where = table.c.list.in_(CLICK_LISTS) if "list" in table.c else sa.true()
                if self._database.delete_some(connection, table, where):
                    return False
            first = connection.execute(sa.select(sa.func.min(clicks.c.at))).scalar()
            now = self._database.now()
            until = find_hour(min(first or now, now), self._zone)
            values = {"until": until, "zone": str(self._zone)}
            connection.execute(sa.update(roll_ups).where(_OWN).values(values))
        return True

    def _count_hours(self) -> bool:
        """Count the next hours that have ended; return whether none is left."""
        with self._database.write_transaction() as connection:
            state = lock_state(connection)
            if state is None:
                return True
            latest = find_hour(self._database.now() - MARGIN, state.zone)
            if state.until >= latest:
                return True
            end = _find_end(connection, state, latest)
            hours = (clicks.c.at >= state.until) & (clicks.c.at < end)
            columns = [clicks.c[name] for name in ("at", *GROUPS, "words", "id", "position")]
            rows = connection.execute(sa.select(*columns, clicks.c.sender).where(hours)).mappings()
            _add_clicks(connection, rows, state.zone)
            connection.execute(sa.update(roll_ups).where(_OWN).values(until=end))
        return False


_OWN: Final = roll_ups.c.name == NAME
_CLEARING_ROW: Final = {"name": NAME, "until": datetime.min, "zone": CLEARING}  # noqa: DTZ901 - as in tables

_STATE: Final = sa.select(roll_ups.c.until, roll_ups.c.zone).where(_OWN)
_LOCK: Final = (
    sa.update(roll_ups).where(_OWN).values(name=NAME).returning(roll_ups.c.until, roll_ups.c.zone)
)


def read_state(connection: sa.Connection) -> RollUpState | None:
    """Return the state of roll-ups; None before any, and while old counts are being deleted."""
    return _build_state(connection.execute(_STATE).first())


def lock_state(connection: sa.Connection) -> RollUpState | None:
    """Return the state, which no other transaction changes before the end of this one."""
    return _build_state(connection.execute(_LOCK).first())


def _build_state(row: sa.Row[*tuple[Any, ...]] | None) -> RollUpState | None:
    return RollUpState(row.until, _find_zone(row.zone)) if row and row.zone != CLEARING else None


def add_late_clicks(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Count clicks whose rows this transaction has written, where their hours are counted."""
    state = lock_state(connection)
    if state:
        _add_clicks(connection, (row for row in rows if row["at"] < state.until), state.zone)


def _add_clicks(connection: sa.Connection, rows: Iterable[Any], zone: tzinfo) -> None:
    """Add clicks to all figures."""
    hours: dict[tuple[Any, ...], list[int]] = {}
    days: dict[tuple[Any, ...], list[int]] = {}
    positions: dict[tuple[Any, ...], int] = {}
    lists = CountAdditions()
    local: dict[datetime, tuple[datetime, date]] = {}
    for row in rows:
        minute = row["at"].replace(second=0, microsecond=0)
        if minute not in local:
            local[minute] = find_hour(minute, zone), find_local_day(minute, zone)
        hour, day = local[minute]
        group = tuple(row[name] for name in GROUPS)
        is_marked = bool(row["sender"])
        for start, counts in ((hour, hours), (day, days)):
            counts.setdefault((start, *group), [0, 0])[is_marked] += 1
        if not is_marked:
            place = (day, row["place"], min(row["position"], MAX_POSITION))
            positions[place] = positions.get(place, 0) + 1
            lists.add(RankedList.CLICKED_WORDS, day, row["words"], 1, (None, row["site"]))
            if row["place"] != SEARCH_PLACE:
                picture = f"{row['agency']} {row['id']}"
                lists.add(RankedList.CLICKED_PICTURES, day, picture, 1, (row["agency"],))
    rows_of_positions = [(*key, count) for key, count in sorted(positions.items())]
    for table, added in (
        (click_hours, [(*key, *hours[key]) for key in sorted(hours)]),
        (click_days, [(*key, *days[key]) for key in sorted(days)]),
        (position_days, rows_of_positions),
    ):
        execute_rows(connection, UPSERTS[connection.dialect.name, table.name], added)
    lists.write(connection)


def _find_end(connection: sa.Connection, state: RollUpState, latest: datetime) -> datetime:
    """Return the end of the hours that are counted next: one hour, or some with few clicks."""
    query = sa.select(clicks.c.at).where(clicks.c.at >= state.until, clicks.c.at < latest)
    farthest = connection.execute(query.order_by(clicks.c.at).offset(MAX_ROWS).limit(1)).scalar()
    if farthest is None:
        return latest
    return max(find_hour(farthest, state.zone), find_next_hour(state.until, state.zone))


def _has_other_counts(connection: sa.Connection, day: date, state: RollUpState) -> bool:
    """Return whether the counted part of a day has other counts than the rows."""
    start = find_day_start(day, state.zone)
    end = min(find_day_start(day + DAY, state.zone), state.until)
    groups = [clicks.c[name] for name in GROUPS]
    marked = sa.func.sum(sa.case((clicks.c.sender != "", 1), else_=0))
    rows = (
        sa.select(*groups, sa.func.count() - marked, marked)
        .where(clicks.c.at >= start, clicks.c.at < end)
        .group_by(*groups)
    )
    columns = [click_days.c[name] for name in (*GROUPS, *COUNTS)]
    counted = sa.select(*columns).where(click_days.c.day == day)
    return {tuple(row) for row in connection.execute(rows)} != {
        tuple(row) for row in connection.execute(counted)
    }


def _find_zone(name: str) -> tzinfo:
    """Return the zone of a name; for a zone that this machine lacks, UTC under that name."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return timezone(timedelta(), name)
