from datetime import date, datetime, timedelta, timezone

import pytest

from affiliate.database import engine
from affiliate.database.ledger import Ledger
from affiliate.database.searches import SearchCounts
from tests.support.clocks import SetClock


@pytest.fixture
def counts(ledger: Ledger) -> SearchCounts:
    return SearchCounts(ledger)


def test_popular_searches_are_words_alone(counts: SearchCounts, clock: SetClock[datetime]) -> None:
    """Searches asked often enough on two days are popular, most first; none with filters."""
    counts.add_found({"q=old&lang=en": 99})
    clock.now += timedelta(days=10)
    filtered = ("q=cat&type=photo&lang=en", "category=Animals&lang=en", "q=cat&type=photo", "q=dog")
    both = {"q=hund&lang=de": 2, "q=50%25_off&lang=en": 3, "q=rare&lang=en": 2}
    both |= dict.fromkeys(filtered, 9)
    counts.add_found({**both, "q=red+cat&lang=en": 3})
    clock.now += timedelta(days=1)
    planted = {"q=planted&lang=en": 50}
    counts.add_found({**both, **planted, "q=red+cat&lang=en": 4, "q=hund&lang=de": 3})
    since = (clock.now - timedelta(days=1)).date()
    assert counts.list_popular(since, 5, 10) == [
        ("q=red+cat&lang=en", 7),
        ("q=50%25_off&lang=en", 6),
        ("q=hund&lang=de", 5),
    ]
    assert counts.list_popular(since, 5, 1) == [("q=red+cat&lang=en", 7)]


def test_popular_searches_come_from_several_clients(
    counts: SearchCounts, clock: SetClock[datetime]
) -> None:
    """A client that asks the same words again, by whatever process, counts once a day."""
    honest, planted = "q=cat&lang=en", "q=evil&lang=en"
    for _ in range(3):
        for client in (1, 2, 4):
            counts.add_found({honest: 1, planted: 9}, {honest: client, planted: 1 << 29})
        clock.now += timedelta(days=1)
    since = (clock.now - timedelta(days=9)).date()
    assert counts.list_popular(since, 5, 10) == [(honest, 9)]
    assert counts.list_found(since, 10) == [(planted, 81), (honest, 9)]


def test_of_what_found_nothing_the_most_asked_of_a_day_are_kept(
    counts: SearchCounts, clock: SetClock[datetime]
) -> None:
    """So many, whoever else counts; what was also found, and other days, are left alone."""
    yesterday = clock.now.date()
    counts.add_missed({f"q={n}&lang=en": n for n in range(1, 6)}, 3)
    clock.now += timedelta(days=1)
    counts.add_found({"q=1&lang=en": 1})
    for times in ({"q=1&lang=en": 1, "q=8&lang=en": 1}, {f"q={n}&lang=en": n for n in (6, 7, 8)}):
        counts.add_missed(times, 2)
    found = {query: numbers for query, *numbers in counts.list_searched(clock.now.date(), 10)}
    assert found == {"q=8&lang=en": [9, 9], "q=7&lang=en": [7, 7], "q=1&lang=en": [2, 1]}
    missed = counts.list_searched(yesterday, 4, only_missed=True)
    assert [query[2] for query, *_ in missed] == ["8", "7", "5", "4"]


def test_searches_are_forgotten_up_to_a_day(
    counts: SearchCounts, clock: SetClock[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counts of earlier days go, those of the day itself stay."""
    for _ in range(3):
        counts.add_found({"q=cat&lang=en": 1, "q=dog&lang=en": 1})
        clock.now += timedelta(days=1)
    monkeypatch.setattr(engine, "MAX_DELETED", 1)
    counts.forget_before((clock.now - timedelta(days=2)).date())
    assert counts.list_found((clock.now - timedelta(days=9)).date(), 10) == [
        ("q=cat&lang=en", 2),
        ("q=dog&lang=en", 2),
    ]


def test_days_of_searches_are_utc(counts: SearchCounts, clock: SetClock[datetime]) -> None:
    """Wherever the server stands, a search counts for the day that it is in UTC."""
    clock.now = datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=9)))
    counts.add_found({"q=cat&lang=en": 1})
    assert counts.list_found(date(2025, 12, 31), 10) == [("q=cat&lang=en", 1)]
    assert counts.list_found(date(2026, 1, 1), 10) == []
