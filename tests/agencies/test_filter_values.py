"""Days that a filter of dates names."""

from datetime import UTC, date, datetime, timedelta

import pytest

from affiliate.agencies import filter_values
from affiliate.agencies.filter_values import find_first_day, read_today
from affiliate.domain.media import SearchQuery


def test_days_are_counted_back_from_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Today is one of the days, so that nothing is older than the days when it is asked for."""
    monkeypatch.setattr(filter_values, "read_today", lambda: date(2026, 3, 1))
    days = [find_first_day(name) for name in ("week", "month", "year", None)]
    assert days == ["2026-02-23", "2026-01-31", "2025-03-02", ""]
    monkeypatch.setattr(filter_values, "read_today", lambda: date(2026, 3, 2))
    assert find_first_day("week") == "2026-02-24"


def test_today_is_by_utc() -> None:
    """The date is that of UTC, wherever the site runs."""
    assert timedelta() <= datetime.now(UTC).date() - read_today() <= timedelta(days=1)


def test_the_key_of_a_search_names_no_day() -> None:
    """A search has the same key on each day."""
    assert SearchQuery(q="cat", added="week").to_key() == "q=cat&added=week"
