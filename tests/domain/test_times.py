"""Times are written in UTC, whichever zone they come in."""

from datetime import datetime
from zoneinfo import ZoneInfo

from affiliate.domain.times import format_utc, to_naive_utc

MOMENT = datetime(2026, 11, 29, 0, 30, tzinfo=ZoneInfo("Asia/Kolkata"))


def test_a_time_of_another_zone_is_of_the_day_before_in_utc() -> None:
    assert to_naive_utc(MOMENT).isoformat() == "2026-11-28T19:00:00"
    assert format_utc(MOMENT) == "2026-11-28T19:00:00Z"
