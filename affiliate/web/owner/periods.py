"""The period of a page: days in the owner's time zone, and the period before of equal length."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, NamedTuple

from affiliate.errors import BadQuery
from affiliate.web.owner.addresses import DeskAddress

PERIOD_NAMES: Final = frozenset({"period", "from", "to"})
"""Parameters of an address that choose a period."""
DAYS: Final = {"today": 1, "yesterday": 1, "7": 7, "30": 30, "90": 90, "365": 365}
"""Days of the named periods of fixed length; all but `yesterday` end with today."""
MONTHS: Final = ("month", "last-month")
"""Names of calendar months, by which networks pay: this month up to today, and the month before."""
TITLES: Final = {
    "today": "Today",
    "yesterday": "Yesterday",
    "7": "7 days",
    "30": "30 days",
    "90": "90 days",
    "365": "365 days",
    "month": "This month",
    "last-month": "Last month",
}
DEFAULT_PERIOD: Final = "30"
"""The period of a page whose address has none."""
MAX_DAYS: Final = 5 * 366
"""Most days of a period, about five years: an address must not ask for endless sums."""
FIRST_DAY: Final = date(2000, 1, 1)
"""Earliest day of a period, before any click of this program."""


class Period(NamedTuple):
    """Whole days from ``first`` to ``last`` in a time zone, today up to ``now``.

    ``name`` is the value of `period` in the address; empty for a period of the owner's own.
    """

    name: str
    first: date
    last: date
    zone: tzinfo
    now: datetime

    @property
    def days(self) -> int:
        """Return the number of days."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Return the first moment, in UTC."""
        return _to_utc(self.first, time(), self.zone)

    @property
    def end(self) -> datetime:
        """Return the moment after the last, in UTC: the end of the last day, at most ``now``."""
        return min(self.whole_end, self.now)

    @property
    def whole_end(self) -> datetime:
        """Return the end of the last day, in UTC, up to which sums and lists have their rows.

        A sale or a purchase may be some time ahead of ``now``: clocks and time zones differ.
        """
        return _to_utc(self.last + timedelta(days=1), time(), self.zone)

    @property
    def title(self) -> str:
        """Return the period in words: `Today`, `30 days`, `2026-11-01 to 2026-11-29`."""
        if self.name:
            return TITLES[self.name]
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"

    def previous(self) -> "Period":
        """Return the period before, of as many days.

        A period whose last day is not over has a period before that ends at the same time of day:
        a morning is compared with a morning.
        """
        shift = timedelta(days=self.days)
        local_now = self.now.astimezone(self.zone)
        now = _to_utc(local_now.date() - shift, local_now.time(), self.zone)
        return Period("", self.first - shift, self.last - shift, self.zone, now)


class PeriodChoice(NamedTuple):
    """A link to a period."""

    title: str
    url: str
    is_current: bool


def read_period(
    address: DeskAddress, zone: tzinfo, now: datetime, default: str = DEFAULT_PERIOD
) -> Period:
    """Return the period in an address: ``period``, or ``from`` and ``to``, else the default.

    A period of the owner's own ends today without ``to``, and has one day without ``from``. Days
    to come are left out.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    today = now.astimezone(zone).date()
    name, first, last = (address.get(key) for key in ("period", "from", "to"))
    if first or last:
        if name:
            raise BadQuery("period", "Use either a period or a first and last day.")
        last_day = min(_read_day("to", last), today) if last else today
        first_day = _read_day("from", first) if first else last_day
        if first_day > last_day:
            raise BadQuery("from", "The first day is after the last day, or in the future.")
        if (last_day - first_day).days >= MAX_DAYS:
            raise BadQuery("from", "Use at most %(limit)s days.", limit=MAX_DAYS)
        return Period("", first_day, last_day, zone, now)
    name = name or default
    if name not in TITLES:
        raise BadQuery("period", "Use one of: %(values)s.", values=", ".join(TITLES))
    return Period(name, *_find_days(name, today), zone, now)


def _find_days(name: str, today: date) -> tuple[date, date]:
    """Return the first and the last day of a named period."""
    if name in MONTHS:
        last = today if name == "month" else today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    last = today - timedelta(days=1) if name == "yesterday" else today
    return last - timedelta(days=DAYS[name] - 1), last


def list_choices(address: DeskAddress, period: Period) -> list[PeriodChoice]:
    """Return the links to all named periods, which keep the filters of the page."""
    return [
        PeriodChoice(
            title,
            str(address.change({"period": name, "from": "", "to": ""})),
            period.name == name,
        )
        for name, title in TITLES.items()
    ]


def _read_day(field: str, text: str) -> date:
    """Return the day of a text as 2026-11-29.

    Raises:
        BadQuery: the text is no day, or a day before `FIRST_DAY` or far in the future.
    """
    try:
        day = date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        day = None
    if day is None or not FIRST_DAY <= day < date(9000, 1, 1):
        raise BadQuery(field, "Use a day such as 2026-11-29.")
    return day


def _to_utc(day: date, moment: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, moment.replace(tzinfo=None), zone).astimezone(UTC)
