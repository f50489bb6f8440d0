"""Hours, days and months of the owner's time zone, as figures are counted by them.

Times are in UTC without a zone, as in the tables. A bucket is a day or a month as a number:
20261129 is a day, 20261100 the month of this day.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from datetime import time as clock_time
from itertools import groupby
from typing import Final, NamedTuple

from affiliate.domain.times import to_naive_utc

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
NOTHING: Final = timedelta()
MONTH: Final = 100
"""The factor of a month in the number of a bucket; buckets of months are multiples of it."""
COVERED: Final = 1 / 3
"""The part of a month's days from which on the month is read for them."""


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


class Step(NamedTuple):
    """A day or an hour of a period; it begins at ``start`` and ends before ``end``, in UTC."""

    key: date | datetime
    start: datetime
    end: datetime


def split_into_days(days: Days, zone: tzinfo) -> list[Step]:
    """Return the days of a period; one that clocks have left out is empty."""
    every = [days.first + DAY * number for number in range((days.last - days.first).days + 1)]
    starts = [find_day_start(day, zone) for day in every]
    ends = [*starts[1:], find_day_start(days.last + DAY, zone)]
    return [Step(*step) for step in zip(every, starts, ends, strict=True)]


def split_into_hours(days: Days, zone: tzinfo) -> list[Step]:
    """Return the hours of a period, whose keys are their beginnings."""
    start, end = find_bounds(days, zone)
    steps = []
    while start < end:
        following = find_next_hour(start, zone)
        steps.append(Step(start, start, following))
        start = following
    return steps


def number_day(day: date) -> int:
    """Return the bucket of a day."""
    return day.year * 10_000 + day.month * 100 + day.day


def number_month(day: date) -> int:
    """Return the bucket of a day's month."""
    return number_day(day) // MONTH * MONTH


def is_month(bucket: int) -> bool:
    """Return whether a bucket is a month, else it is a day."""
    return bucket % MONTH == 0


def count_days(bucket: int) -> int:
    """Return the number of days of a bucket."""
    return monthrange(*divmod(bucket // MONTH, MONTH))[1] if is_month(bucket) else 1


def find_first_day(bucket: int) -> date:
    """Return the first day of a bucket."""
    year, in_year = divmod(bucket, MONTH * MONTH)
    month, day = divmod(in_year, MONTH)
    return date(year, month, day or 1)


def extend_to_month(days: Days, today: date) -> Days:
    """Return a period that has a month up to today, or later, with the month's days to come.

    Nothing is counted on these, unless a clock was ahead: the month is one bucket for its days.
    """
    if days.last < today or days.first > days.last.replace(day=1):
        return days
    return Days(days.first, days.last.replace(day=count_days(number_month(days.last))))


def list_buckets(days: Days) -> list[int]:
    """Return the fewest buckets that together are the days of a period."""
    return list(_iter_buckets(days, 1))


def list_bucket_ranges(days: Days) -> list[tuple[int, int]]:
    """Return `list_buckets` as ranges: first and last of the whole months, and of other days.

    A range of months has their days between its numbers, a range of days is of one month.
    """
    buckets = list_buckets(days)
    runs = (list(run) for _, run in groupby(buckets, lambda b: 0 if is_month(b) else b // MONTH))
    return [(run[0], run[-1]) for run in runs]


def list_covering_buckets(days: Days) -> list[int]:
    """Return few buckets that have all days of a period, and maybe others of their months.

    A month stands for its days where the period has a third of them.
    """
    return list(_iter_buckets(days, COVERED))


def _iter_buckets(days: Days, least: float) -> Iterator[int]:
    """Yield months of which the period has at least a part, and its single days of the others."""
    first = days.first
    while first <= days.last:
        month = number_month(first)
        last = min(first.replace(day=count_days(month)), days.last)
        number = (last - first).days + 1
        if number >= least * count_days(month):
            yield month
        else:
            yield from (number_day(first + DAY * n) for n in range(number))
        first = last + DAY
