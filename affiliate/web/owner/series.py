"""The steps of a chart: the hours, days or months of a period, and the sums at each step."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final, Literal, NamedTuple

from affiliate.database.local_time import (
    DAY,
    Days,
    find_day_start,
    find_hour,
    find_local_day,
    find_next_hour,
)
from affiliate.domain.times import to_naive_utc
from affiliate.web.owner.periods import Period

MAX_HOURLY_DAYS: Final = 2
"""The longest period in days whose chart has a step for each hour."""
MAX_DAILY_DAYS: Final = 366
"""The longest period in days whose chart has a step for each day, else for each month."""

Key = date | datetime


class Steps(NamedTuple):
    """The steps of a period: ``unit`` of each, their keys, and their labels."""

    unit: Literal["hour", "day", "month"]
    keys: list[Key]
    labels: list[str]

    @property
    def group(self) -> str:
        """Return the column that rows are summed up by."""
        return "hour" if self.unit == "hour" else "day"

    def arrange(self, rows: Iterable[Mapping[str, Any]], name: str) -> list[int]:
        """Return the sum of a column of rows at each step."""
        sums = dict.fromkeys(self.keys, 0)
        for row in rows:
            key = row[self.group]
            key = key.replace(day=1) if self.unit == "month" else key
            if key in sums:
                sums[key] += row[name]
        return list(sums.values())


def get_days(period: Period) -> Days:
    """Return the days of a period."""
    return Days(period.first, period.last)


def list_steps(period: Period) -> Steps:
    """Return the steps of a period; of a day that is not over, those that have begun."""
    if period.days > MAX_HOURLY_DAYS:
        return list_daily_steps(period)
    hours = _list_hours(period)
    local = [hour.replace(tzinfo=UTC).astimezone(period.zone) for hour in hours]
    form = "%H:%M" if period.days == 1 else "%a %H:%M"
    return Steps("hour", list(hours), [f"{moment:{form}}" for moment in local])


def list_daily_steps(period: Period) -> Steps:
    """Return the days of a period, or the months of a long period."""
    days = [period.first + DAY * number for number in range(period.days)]
    if period.days <= MAX_DAILY_DAYS:
        return Steps("day", list(days), [f"{day}" for day in days])
    months = sorted({day.replace(day=1) for day in days})
    return Steps("month", list(months), [f"{month:%Y-%m}" for month in months])


def _list_hours(period: Period) -> list[datetime]:
    hour = find_hour(find_day_start(period.first, period.zone), period.zone)
    end = to_naive_utc(period.end)
    hours = []
    while hour < end and find_local_day(hour, period.zone) <= period.last:
        hours.append(hour)
        hour = find_next_hour(hour, period.zone)
    return hours
