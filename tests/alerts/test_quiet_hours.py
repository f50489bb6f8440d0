"""A day without clicks is told where chance can't explain it, and never else."""

import math
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.alerts.quiet_hours import WEEKS, find_silence

NOW = datetime.fromisoformat("2026-11-24 09:30")
DAY = timedelta(days=1)


def make_counter(today: int, *weeks: int) -> Callable[[datetime, datetime], int]:
    """Return a counter of the last day, and of the same day in weeks before."""
    counts = {NOW - timedelta(weeks=week): count for week, count in enumerate([today, *weeks])}

    def count(start: datetime, end: datetime) -> int:
        assert end - start == DAY
        return counts[end]

    return count


@pytest.mark.parametrize(
    ("today", "weeks", "is_told"),
    [
        (0, (12, 9, 15, 11), True),
        (0, (3, 3, 3, 23), True),
        (1, (120, 90, 150, 110), False),
        (0, (7, 8, 8, 8), False),
        (0, (100, 2, 100, 100), False),
        (0, (0, 500, 0, 0), False),
        (0, (0, 0, 0, 0), False),
    ],
)
def test_silence_is_told_by_the_same_day_of_four_weeks(
    today: int,
    weeks: tuple[int, ...],
    is_told: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """A single click is no silence; a week in which the site was new or down says nothing."""
    expected = None if today else list(weeks) if is_told else []
    assert find_silence(make_counter(today, *weeks), NOW) == expected


@given(st.lists(st.integers(0, 40), min_size=WEEKS, max_size=WEEKS))
def test_chance_is_never_told(weeks: list[int]) -> None:
    """A silence that is told comes by chance (Poisson) in less than one of 2,900 days."""
    if find_silence(make_counter(0, *weeks), NOW):
        assert math.exp(-sum(weeks) / WEEKS) < 1 / 2900
        assert 0 not in weeks
