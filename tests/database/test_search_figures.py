"""Searches and calls are counted by hour, day and language, and words go before numbers."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from affiliate.database.figures import Figures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import Days
from affiliate.database.ranked_counts import RankedList
from affiliate.database.schema import ranked_texts, search_hours
from affiliate.database.search_figures import (
    CallNumbers,
    Search,
    SearchFigures,
    SearchNumbers,
)
from tests.support.clocks import SetClock

ZONE = ZoneInfo("Asia/Kolkata")
DAY = date(2026, 3, 2)
WHOLE = Days(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def searches(ledger: Ledger) -> SearchFigures:
    return SearchFigures(ledger, ZONE)


@pytest.fixture
def figures(ledger: Ledger) -> Figures:
    return Figures(ledger, ZONE)


def test_searches_are_summed_by_day_hour_and_language(
    searches: SearchFigures, figures: Figures, clock: SetClock[datetime]
) -> None:
    """Days and hours are the zone's: half past six in UTC is noon."""
    cat, gato = Search("cat", "en"), Search("gato", "es")
    clock.now = datetime(2026, 3, 2, 18, 29, tzinfo=UTC)
    searches.add_searches({cat: SearchNumbers(3, 1, 2, 70), gato: SearchNumbers(1, 0, 0, 400)})
    clock.now += timedelta(minutes=1)
    searches.add_searches({cat: SearchNumbers(1, 0, 1, 5)})
    searches.add_searches({cat: SearchNumbers(1, 0, 1, 6)})
    by_day = figures.sum_searches(WHOLE, ["day"])
    assert [(row["day"], row["asked"], row["milliseconds"]) for row in by_day] == [
        (DAY, 4, 470),
        (date(2026, 3, 3), 2, 11),
    ]
    by_language = figures.sum_searches(Days(DAY, DAY), ["language"])
    assert by_language == [
        {"language": "en", "asked": 3, "missed": 1, "hits": 2, "milliseconds": 70},
        {"language": "es", "asked": 1, "missed": 0, "hits": 0, "milliseconds": 400},
    ]
    hours = figures.sum_searches(WHOLE, ["hour"])
    assert [row["hour"].isoformat() for row in hours] == [
        "2026-03-02T17:30:00",
        "2026-03-02T18:30:00",
    ]
    assert figures.sum_searches(Days(date(2027, 1, 1), date(2027, 2, 1))) == []


def test_the_most_asked_and_missed_words_are_known(
    searches: SearchFigures, figures: Figures
) -> None:
    """Words of all languages together; a search without words is in the sums alone."""
    searches.add_searches(
        {
            Search("cat", "en"): SearchNumbers(3, 0, 2, 70),
            Search("cat", "nl"): SearchNumbers(2, 1, 0, 70),
            Search("asdf", "en"): SearchNumbers(4, 4, 0, 70),
            Search("", "en"): SearchNumbers(9, 9, 0, 70),
        }
    )
    assert figures.list_top(RankedList.ASKED_WORDS, WHOLE, 9) == [("cat", 5), ("asdf", 4)]
    assert figures.list_top(RankedList.MISSED_WORDS, WHOLE, 9) == [("asdf", 4), ("cat", 1)]
    assert figures.sum_searches(WHOLE)[0]["asked"] == 18


def test_calls_are_summed_by_agency(searches: SearchFigures, figures: Figures) -> None:
    for _ in range(2):
        searches.add_calls({"demo": CallNumbers(3, 1, 900), "pixabay": CallNumbers(1, 0, 80)})
    assert figures.sum_calls(WHOLE, ["agency"]) == [
        {"agency": "demo", "calls": 6, "failures": 2, "milliseconds": 1800},
        {"agency": "pixabay", "calls": 2, "failures": 0, "milliseconds": 160},
    ]


def test_words_are_forgotten_before_numbers(
    ledger: Ledger, searches: SearchFigures, figures: Figures, clock: SetClock[datetime]
) -> None:
    """No word of earlier days is left anywhere; the numbers without words have a time of theirs."""
    searches.add_searches({Search("old", "en"): SearchNumbers(3, 1, 2, 70)})
    searches.add_calls({"demo": CallNumbers(3, 1, 900)})
    clock.now += timedelta(days=1)
    searches.add_searches({Search("new", "en"): SearchNumbers(1, 1, 0, 70)})
    searches.forget_searches(date(2026, 3, 3))
    assert figures.list_top(RankedList.ASKED_WORDS, WHOLE, 9) == [("new", 1)]
    with ledger.read_connection() as connection:
        for column in (ranked_texts.c.text, search_hours.c.words):
            assert set(connection.execute(sa.select(column)).scalars()) == {"new"}
    assert figures.sum_searches(WHOLE)[0]["asked"] == 4
    searches.forget_numbers(date(2026, 3, 3))
    assert figures.sum_searches(WHOLE)[0]["asked"] == 1
    assert figures.sum_calls(WHOLE) == []


def test_junk_is_counted_without_its_words(
    searches: SearchFigures,
    figures: Figures,
    clock: SetClock[datetime],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the different searches of an hour a process keeps the words of so many, known ones on."""
    monkeypatch.setattr("affiliate.database.search_figures.MAX_HOURLY", 3)
    one = SearchNumbers(1, 0, 0, 1)
    searches.add_searches({Search(f"junk {n}", "en"): one for n in range(10)})
    searches.add_searches({Search("junk 1", "en"): one})
    assert len(figures.list_top(RankedList.ASKED_WORDS, WHOLE, 99)) == 3
    assert figures.sum_searches(WHOLE)[0]["asked"] == 11
    clock.now += timedelta(hours=1)
    searches.add_searches({Search("cat", "en"): one})
    assert len(figures.list_top(RankedList.ASKED_WORDS, WHOLE, 99)) == 4
