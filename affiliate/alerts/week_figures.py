"""The figures of a week and of the week before, for the weekly digest.

Clicks of robots and other programs are counted apart, and stand in no list.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from affiliate.database.earnings import Earnings, LastImport
from affiliate.database.figures import Figures
from affiliate.database.local_time import Days
from affiliate.database.ranked_counts import RankedList
from affiliate.domain.masking import MASK
from affiliate.domain.rates import Rates
from affiliate.services import Services

LIST_ROWS: Final = 5
"""Rows of each list of a digest."""
COMPARED: Final = 200
"""Most frequent texts of a week that are compared with the other week."""
MAX_SITES: Final = 10_000
"""Sites of a week that are compared: a program may send clicks of any number of sites."""
MIN_MOVE: Final = 3
"""Clicks by which a word must differ from the week before to be a mover."""


class Mover(NamedTuple):
    """A text with its number in the week and in the week before."""

    text: str
    now: int
    before: int


class Sums(NamedTuple):
    """The sums of a week: payouts by currency and state, clicks, searches."""

    payouts: Mapping[tuple[str, str], int]
    clicks: int
    marked: int
    asked: int
    missed: int


class WeekFigures(NamedTuple):
    """A week from Monday to Sunday, against the week before; earned amounts are in `MONEY_UNITS`.

    ``movers`` and ``earners`` have lists by their titles; ``earners`` have a currency for each.
    ``counted_until`` is the time before which alone clicks are counted, None where all are.
    """

    days: Days
    sums: Sums
    before: Sums
    movers: Mapping[str, list[Mover]]
    earners: Mapping[str, list[tuple[Mover, str]]]
    missed_words: list[tuple[str, int]]
    imports: list[LastImport]
    counted_until: datetime | None
    rates: Rates


def find_week(today: date) -> Days:
    """Return the last whole week, Monday to Sunday, before a day."""
    monday = today - timedelta(days=today.weekday())
    return Days(monday - timedelta(days=7), monday - timedelta(days=1))


def read_week(services: Services, days: Days) -> WeekFigures:
    """Return the figures of a week.

    Raises:
        LedgerError: the ledger can't be read.
    """
    figures = Figures(services.ledger, services.config.site_timezone)
    week = timedelta(days=7)
    before = Days(days.first - week, days.last - week)
    return WeekFigures(
        days=days,
        sums=_read_sums(figures, days),
        before=_read_sums(figures, before),
        movers={
            "Words": _find_moved_texts(figures, RankedList.CLICKED_WORDS, days, before),
            "Sites": _find_moved_sites(figures, days, before),
            "Pictures": _find_moved_texts(figures, RankedList.CLICKED_PICTURES, days, before),
        },
        earners={
            "Words": _find_earners(figures, ("words",), days, before),
            "Sites": _find_earners(figures, ("site",), days, before),
            "Pictures": _find_earners(figures, ("agency", "id"), days, before),
        },
        missed_words=_list_missed_words(figures, days),
        imports=Earnings(services.ledger).find_last_imports(),
        counted_until=figures.find_counted_until(),
        rates=services.config.earnings_rates,
    )


def _read_sums(figures: Figures, days: Days) -> Sums:
    payouts = {
        (row["currency"], row["state"]): row["payout"] for row in figures.earned.sum_states(days)
    }
    clicks = figures.sum_clicks(days)
    searches = figures.sum_searches(days)
    return Sums(
        payouts=payouts,
        clicks=sum(row["clicks"] for row in clicks),
        marked=sum(row["marked"] for row in clicks),
        asked=sum(row["asked"] for row in searches),
        missed=sum(row["missed"] for row in searches),
    )


def _list_missed_words(figures: Figures, days: Days) -> list[tuple[str, int]]:
    """Return the words that found nothing most often; `MASK` alone stands for no words."""
    top = figures.list_top(RankedList.MISSED_WORDS, days, LIST_ROWS + 1)
    return [(text, count) for text, count in top if text != MASK][:LIST_ROWS]


def _find_moved_texts(figures: Figures, name: RankedList, days: Days, before: Days) -> list[Mover]:
    """Return the texts whose clicks differ most, of the `COMPARED` first texts of either week."""
    texts = {text for week in (days, before) for text, _ in figures.list_top(name, week, COMPARED)}
    now, then = (figures.count_texts(name, week, texts) for week in (days, before))
    return _choose_movers(now, then)


def _find_moved_sites(figures: Figures, days: Days, before: Days) -> list[Mover]:
    now, then = (
        {row["site"]: row["clicks"] for row in figures.sum_clicks(week, ("site",), limit=MAX_SITES)}
        for week in (days, before)
    )
    return _choose_movers(now, then)


def _choose_movers(now: Mapping[str, int], before: Mapping[str, int]) -> list[Mover]:
    """Return the texts that differ most, the greatest difference first."""
    movers = [
        Mover(text, now.get(text, 0), before.get(text, 0))
        for text in now.keys() | before.keys()
        if text not in {"", MASK}
    ]
    movers = [mover for mover in movers if abs(mover.now - mover.before) >= MIN_MOVE]
    movers.sort(key=lambda mover: (-abs(mover.now - mover.before), mover.text))
    return movers[:LIST_ROWS]


def _find_earners(
    figures: Figures, by: Sequence[str], days: Days, before: Days
) -> list[tuple[Mover, str]]:
    """Return what earned most in the week, with the currency; reversed sales earn nothing.

    Pictures are written as agency, blank and id; as id alone where no click tells the agency.
    """
    now, then = ({}, {})  # type: tuple[dict[tuple[str, str], int], dict[tuple[str, str], int]]
    for week, sums in ((days, now), (before, then)):
        for row in figures.earned.sum_earned(week, by):
            if row[by[-1]]:
                key = (" ".join(filter(None, map(row.get, by))), row["currency"])
                sums[key] = sums.get(key, 0) + row["payout"]
    top = sorted(now, key=lambda key: (-now[key], key))[:LIST_ROWS]
    return [
        (Mover(text, now[text, money], then.get((text, money), 0)), money) for text, money in top
    ]
