"""Periods have whole days of the owner's time zone, and a period before of equal length."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.errors import BadQuery
from affiliate.web.owner.addresses import DeskAddress
from affiliate.web.owner.periods import MAX_DAYS, TITLES, Period, list_choices, read_period

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
"""A moment that is the next day in Berlin already."""


def read(query: str, now: datetime = NOW) -> Period:
    pairs = tuple(tuple(part.split("=")) for part in query.split("&") if part)
    return read_period(DeskAddress("/owner/", pairs), BERLIN, now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("period=today", "2026-11-30", "2026-11-30"),
        ("period=yesterday", "2026-11-29", "2026-11-29"),
        ("period=7", "2026-11-24", "2026-11-30"),
        ("", "2026-11-01", "2026-11-30"),
        ("period=365", "2025-12-01", "2026-11-30"),
        ("period=month", "2026-11-01", "2026-11-30"),
        ("period=last-month", "2026-10-01", "2026-10-31"),
        ("from=2026-02-01&to=2026-02-28", "2026-02-01", "2026-02-28"),
        ("from=2026-11-28", "2026-11-28", "2026-11-30"),
        ("to=2026-11-28", "2026-11-28", "2026-11-28"),
        ("from=2026-11-28&to=2099-01-01", "2026-11-28", "2026-11-30"),
    ],
)
def test_days_are_those_of_the_time_zone(query: str, first: str, last: str) -> None:
    """Today ends now; days to come are none."""
    period = read(query)
    assert (f"{period.first}", f"{period.last}") == (first, last)
    assert period.start.astimezone(BERLIN).replace(tzinfo=None) == datetime.fromisoformat(first)
    assert period.end <= NOW


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("period=8", "period"),
        ("period=07", "period"),
        ("period=7&from=2026-01-01", "period"),
        ("from=2026-02-30", "from"),
        ("to=20260228", "to"),
        ("to=2026-W01-1", "to"),
        ("from=0001-01-01", "from"),
        ("to=9999-12-31&from=2026-01-01T00:00", "to"),
        ("from=2026-01-02&to=2026-01-01", "from"),
        ("from=2099-01-01", "from"),
        ("from=2010-01-01", "from"),
    ],
)
def test_a_period_that_cannot_be_read_is_named(query: str, field: str) -> None:
    with pytest.raises(BadQuery) as caught:
        read(query)
    assert caught.value.field == field


def test_the_days_of_a_period_are_bounded() -> None:
    last = date(2026, 11, 30)
    longest = last - timedelta(days=MAX_DAYS - 1)
    assert read(f"from={longest}").days == MAX_DAYS
    with pytest.raises(BadQuery):
        read(f"from={longest - timedelta(days=1)}")


def test_the_period_before_ends_at_the_same_time_of_day() -> None:
    """A morning is compared with a morning, a whole day with a whole day."""
    now = datetime(2026, 11, 29, 9, 15, tzinfo=UTC)
    today, yesterday = read("period=today", now), read("period=yesterday", now)
    assert today.previous().end == now - timedelta(days=1)
    assert today.previous().start == today.start - timedelta(days=1)
    assert yesterday.previous().end == yesterday.start
    week = read("period=7", now)
    assert week.previous().end == now - timedelta(days=7)
    assert week.previous().last == week.first - timedelta(days=1)


def test_days_of_a_clock_change_have_their_own_length() -> None:
    """The last Sunday of March has 23 hours in Berlin, that of October 25."""
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25)):
        period = read(f"from={day}&to={day}")
        assert period.end - period.start == timedelta(hours=hours)


@given(
    st.datetimes(datetime(2001, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - Hypothesis adds UTC
    st.sampled_from(list(TITLES)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "UTC"]),
)
def test_a_period_and_the_one_before_meet(moment: datetime, name: str, zone: str) -> None:
    """They have as many days, and neither overlap nor leave a gap."""
    now = moment.replace(tzinfo=UTC)
    period = read_period(DeskAddress("/", (("period", name),)), ZoneInfo(zone), now)
    before = period.previous()
    assert before.days == period.days
    assert before.last + timedelta(days=1) == period.first
    assert before.start <= before.end <= period.start <= period.end <= now


def test_links_to_periods_keep_the_filters() -> None:
    address = DeskAddress("/owner/words", (("site", "a.example"), ("from", "2026-11-28")))
    choices = list_choices(address, read_period(address, UTC, NOW))
    assert [choice.url for choice in choices[:2]] == [
        "/owner/words?site=a.example&period=today",
        "/owner/words?site=a.example&period=yesterday",
    ]
    assert not any(choice.is_current for choice in choices)
    address = DeskAddress("/owner/words", (("period", "7"),))
    chosen = [
        c.title for c in list_choices(address, read_period(address, UTC, NOW)) if c.is_current
    ]
    assert chosen == ["7 days"]
