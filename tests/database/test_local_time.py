"""Hours, days and months are those of the owner's time zone, each moment in exactly one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from affiliate.database.local_time import (
    DAY,
    MONTH,
    Days,
    Step,
    count_days,
    extend_to_month,
    find_bounds,
    find_hour,
    find_local_day,
    find_next_hour,
    is_month,
    list_bucket_ranges,
    list_buckets,
    list_covering_buckets,
    number_day,
    number_month,
    split_into_days,
    split_into_hours,
)

ZONES = [
    ZoneInfo(name)
    for name in (
        *("UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kathmandu", "Asia/Kolkata"),
        *("Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Pacific/Kiritimati"),
    )
]
days = st.dates(date(2020, 1, 1), date(2027, 12, 31))
periods = st.builds(
    lambda first, length: Days(first, first + length * DAY), days, st.integers(0, 400)
)
PARTS: dict[Callable[[Days, tzinfo], list[Step]], Callable[[datetime, tzinfo], date]] = {
    split_into_days: find_local_day,
    split_into_hours: find_hour,
}
"""Functions that split a period, and those that find the part of a moment."""
moments = st.datetimes(datetime.fromisoformat("2020-01-02"), datetime.fromisoformat("2027-12-30"))


@given(periods, st.sampled_from(ZONES), st.sampled_from([*PARTS]), st.data())
def test_a_moment_lies_in_its_part_of_a_period(
    period: Days, zone: ZoneInfo, split: Callable[[Days, tzinfo], list[Step]], data: st.DataObject
) -> None:
    """The days or hours follow each other without a gap, each moment in that of the zone."""
    parts = split(period, zone)
    assert (parts[0].start, parts[-1].end) == find_bounds(period, zone)
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]
    part = data.draw(st.sampled_from([part for part in parts if part.start < part.end]))
    moment = data.draw(st.datetimes(part.start, part.end - timedelta(microseconds=1)))
    assert PARTS[split](moment, zone) == part.key


@given(moments, st.sampled_from(ZONES))
@example(datetime.fromisoformat("2026-04-04T15:10"), ZoneInfo("Australia/Lord_Howe"))
@example(datetime.fromisoformat("2026-10-03T15:05"), ZoneInfo("Australia/Lord_Howe"))
@example(datetime.fromisoformat("2026-10-03T15:35"), ZoneInfo("Australia/Lord_Howe"))
def test_a_moment_lies_in_its_hour(moment: datetime, zone: ZoneInfo) -> None:
    """Hours follow each other without a gap; they begin full, or where clocks were set."""
    hour = find_hour(moment, zone)
    following = find_next_hour(hour, zone)
    assert hour <= moment < following
    assert find_hour(following, zone) == following
    assert timedelta(minutes=30) <= following - hour <= timedelta(hours=1, minutes=30)
    local = hour.replace(tzinfo=UTC).astimezone(zone)
    before = (hour - timedelta(microseconds=1)).replace(tzinfo=UTC).astimezone(zone)
    assert local.minute == 0 or local.utcoffset() != before.utcoffset()


@given(moments, st.sampled_from(ZONES))
def test_an_hour_is_of_one_day(moment: datetime, zone: ZoneInfo) -> None:
    """The first and the last moment of an hour have the same day, and lie in its bounds."""
    hour = find_hour(moment, zone)
    day = find_local_day(hour, zone)
    last = find_next_hour(hour, zone) - timedelta(microseconds=1)
    assert find_local_day(last, zone) == day
    start, end = find_bounds(Days(day, day), zone)
    assert start <= hour <= last < end


@given(days, st.integers(0, 900))
def test_buckets_are_the_days_of_a_period(first: date, more: int) -> None:
    """Each day is in one bucket, whole months in one together."""
    last = first + DAY * more
    buckets = list_buckets(Days(first, last))
    in_buckets = []
    day = date(2020, 1, 1)
    while day <= last + DAY * 62:
        times = buckets.count(number_day(day)) + buckets.count(number_month(day))
        in_buckets += [day] * times
        day += DAY
    assert in_buckets == [first + DAY * number for number in range(more + 1)]
    assert len(buckets) <= more // 28 + 60
    ranges = list_bucket_ranges(Days(first, last))
    assert len(ranges) <= 3
    found = []
    for start, end in ranges:
        found += [b for b in buckets if start <= b <= end and is_month(b) == is_month(start)]
        assert is_month(start) or start // MONTH == end // MONTH
    assert found == buckets


@given(days, st.integers(0, 900))
def test_covering_buckets_have_all_days_of_a_period(first: date, more: int) -> None:
    """Months that lie in the period by less than a third are read by their days."""
    last = first + DAY * more
    covering = list_covering_buckets(Days(first, last))
    inside = list_buckets(Days(first, last))
    for number in range(more + 1):
        day = first + DAY * number
        assert covering.count(number_day(day)) + covering.count(number_month(day)) == 1
    assert sum(map(count_days, inside)) == more + 1
    assert sum(map(count_days, covering)) <= more + 1 + 2 * 21
    assert len(covering) <= more // 28 + 20


@pytest.mark.parametrize(
    ("first", "last", "buckets"),
    [
        (date(2026, 11, 1), date(2026, 11, 16), [20261100]),
        (date(2026, 10, 31), date(2026, 11, 20), [20261031, 20261100]),
        (date(2026, 11, 2), date(2026, 11, 4), [20261102, 20261103, 20261104]),
        (date(2026, 11, 1), date(2026, 11, 2), [20261101, 20261102]),
    ],
)
def test_a_month_up_to_today_is_one_bucket(first: date, last: date, buckets: list[int]) -> None:
    today = date(2026, 11, 3)
    assert list_buckets(extend_to_month(Days(first, last), today)) == buckets


@pytest.mark.parametrize(
    ("moment", "zone", "day"),
    [
        ("2026-03-28T23:30", "Europe/Amsterdam", date(2026, 3, 29)),
        ("2026-01-01T04:59", "America/New_York", date(2025, 12, 31)),
        ("2026-01-01T18:15", "Asia/Kathmandu", date(2026, 1, 2)),
        ("2026-01-01T18:14", "Asia/Kathmandu", date(2026, 1, 1)),
    ],
)
def test_days_are_the_zones(moment: str, zone: str, day: date) -> None:
    assert find_local_day(datetime.fromisoformat(moment), ZoneInfo(zone)) == day
