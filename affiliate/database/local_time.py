"""Hours, days and months of the owner's time zone, as figures are counted by them.

Times are in UTC without a zone, as in the tables. A bucket is a day or a month as a number:
20261129 is a day, 20261100 the month of this day.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from typing import Final, NamedTuple

from affiliate.domain.times import to_naive_utc

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
NOTHING: Final = timedelta()


class Days(NamedTuple):
    """The days of a period, from the first through the last."""

    first: date
    last: date


def find_local_day(moment: datetime, zone: tzinfo) -> date:
    """Return the zone's day of a moment."""
    return moment.replace(tzinfo=UTC).astimezone(zone).date()


def find_hour(moment: datetime, zone: tzinfo) -> datetime:
    """Return the beginning of the zone's hour; zones may differ from UTC by parts of an hour.

    Where clocks were set by half an hour amid the hour, the hour begins with this change.
    """
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    start = moment - timedelta(
        minutes=local.minute, seconds=local.second, microseconds=local.microsecond
    )
    offset = start.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    change = abs((local.utcoffset() or NOTHING) - (offset or NOTHING))
    return start + change if start + change <= moment else start


def find_next_hour(hour: datetime, zone: tzinfo) -> datetime:
    """Return the beginning of the hour after one; half an hour later where a zone is set so."""
    following = find_hour(hour + HOUR, zone)
    return following if following > hour else following + HOUR


def find_day_start(day: date, zone: tzinfo) -> datetime:
    """Return the moment at which a day begins in the zone."""
    return to_naive_utc(datetime.combine(day, clock_time.min, zone))


def find_bounds(days: Days, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the moments at which the first day begins and the day after the last begins."""
    return find_day_start(days.first, zone), find_day_start(days.last + DAY, zone)


class EvenDays(NamedTuple):
    """Days in a row that all have 24 hours, or a day that has not; ``start`` is in UTC."""

    first: date
    number: int
    start: datetime
    end: datetime


def split_at_clock_changes(days: Days, zone: tzinfo) -> Iterator[EvenDays]:
    """Yield a period in parts, so that the days of a part are found by dividing by 24 hours."""
    first = day = days.first
    start = begins = find_day_start(day, zone)
    while day <= days.last:
        ends = find_day_start(day + DAY, zone)
        if ends - begins != DAY:
            if first < day:
                yield EvenDays(first, (day - first).days, start, begins)
            yield EvenDays(day, 1, begins, ends)
            first, start = day + DAY, ends
        day, begins = day + DAY, ends
    if first < day:
        yield EvenDays(first, (day - first).days, start, begins)


def number_day(day: date) -> int:
    """Return the bucket of a day."""
    return day.year * 10_000 + day.month * 100 + day.day


def number_month(day: date) -> int:
    """Return the bucket of a day's month."""
    return day.year * 10_000 + day.month * 100


def list_buckets(days: Days) -> list[int]:
    """Return the fewest buckets that together are the days of a period."""
    return list(_iter_buckets(*days))


def _iter_buckets(first: date, last: date) -> Iterator[int]:
    day = first
    while day <= last:
        next_month = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
        if day.day == 1 and next_month - DAY <= last:
            yield number_month(day)
            day = next_month
        else:
            yield number_day(day)
            day += DAY
