"""A period has a step for each hour, day or month, on days of clock changes too."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from affiliate.web.owner.periods import Period
from affiliate.web.owner.series import list_daily_steps, list_steps

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def make_period(first: date, last: date, now: str = "2026-12-31T12:00") -> Period:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    return Period("", first, last, AMSTERDAM, moment)


def test_a_day_has_its_hours() -> None:
    """A day on which clocks are set has 23 or 25, each once; sums are at their hour."""
    day = date(2026, 3, 29)
    spring = list_steps(make_period(day, day))
    assert (len(spring.keys), spring.labels[1:4]) == (23, ["01:00", "03:00", "04:00"])
    autumn = list_steps(make_period(date(2026, 10, 25), date(2026, 10, 25)))
    assert autumn.labels[1:5] == ["01:00", "02:00", "02:00", "03:00"]
    rows = [{"hour": datetime.fromisoformat("2026-03-28T23:00"), "clicks": 3}]
    assert spring.arrange(rows, "clicks")[:2] == [3, 0]


def test_a_day_that_is_not_over_ends_now() -> None:
    day = date(2026, 11, 29)
    steps = list_steps(make_period(day, day, "2026-11-29T10:30"))
    assert steps.labels[-1] == "11:00"


def test_two_days_name_their_days() -> None:
    steps = list_steps(make_period(date(2026, 11, 28), date(2026, 11, 29)))
    assert (len(steps.keys), steps.labels[24]) == (48, "Sun 00:00")


def test_longer_periods_have_days_or_months() -> None:
    """A year has its days, more has months; sums of days are added up in their month."""
    days = list_steps(make_period(date(2026, 1, 1), date(2026, 12, 31)))
    assert (days.unit, len(days.keys), days.group) == ("day", 365, "day")
    months = list_steps(make_period(date(2024, 12, 15), date(2026, 1, 2)))
    assert (months.unit, months.labels[0], months.labels[-1]) == ("month", "2024-12", "2026-01")
    rows = [{"day": date(2025, 3, number), "clicks": number} for number in (1, 2, 31)]
    assert months.arrange(rows, "clicks")[3] == 34
    assert list_daily_steps(make_period(date(2026, 1, 1), date(2026, 1, 1))).unit == "day"
