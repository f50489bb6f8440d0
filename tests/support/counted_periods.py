"""Periods of whole months, parts of months and single days, for counts of 130 days.

Some begin before the first count, or have none at all.
"""

from datetime import date
from typing import Final

from affiliate.database.local_time import DAY, Days

FIRST: Final = date(2026, 1, 20)
"""The first of the days that have counts."""
PERIODS: Final = (
    Days(FIRST, FIRST + DAY * 129),
    Days(FIRST + DAY * 3, FIRST + DAY * 3),
    Days(date(2026, 2, 1), date(2026, 2, 28)),
    Days(date(2026, 1, 25), date(2026, 4, 2)),
    Days(date(2030, 1, 1), date(2030, 3, 1)),
    Days(date(2024, 11, 16), date(2026, 3, 10)),
    Days(date(2024, 11, 16), date(2025, 12, 31)),
)
