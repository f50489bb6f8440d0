"""The rule of clicks that should be there: silence is told where chance can't explain it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

WEEKS: Final = 4
"""Weeks whose same 24 hours are compared."""
MIN_MEAN: Final = 8.0
"""Mean of clicks below which a day without any may be chance.

Clicks that come independently of each other (Poisson) leave out a day with a mean of 8 once in
3,000 days; `MIN_COUNT` covers sites whose days differ more.
"""
MIN_COUNT: Final = 3
"""Fewest clicks of each compared day."""

CountClicks = Callable[[datetime, datetime], int]
"""A function that counts the clicks of visitors between two times."""


def find_silence(count: CountClicks, now: datetime) -> list[int] | None:
    """Return the clicks of the same 24 hours in the last weeks, where these hours had none.

    Return None where there was a click, and an empty list where the weeks had too few clicks for a
    rule: a silence that has been told lasts, also when its own days are among those compared.
    """
    day = timedelta(days=1)
    if count(now - day, now):
        return None
    ends = [now - timedelta(weeks=week) for week in range(1, WEEKS + 1)]
    before = [count(end - day, end) for end in ends]
    is_busy = min(before) >= MIN_COUNT and sum(before) >= MIN_MEAN * WEEKS
    return before if is_busy else []
