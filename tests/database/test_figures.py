"""Figures of clicks in parts of a day; `test_roll_ups` has those of whole days."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from affiliate.database.figures import Figures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import Days
from affiliate.database.ranked_counts import RankedList
from affiliate.database.roll_ups import RollUps
from tests.support.clocks import SetClock
from tests.support.desk_records import NOW, record_clicks


@pytest.fixture(autouse=True)
def at_the_time_of_the_records(clock: SetClock[datetime]) -> None:
    """Have the ledger live now."""
    clock.now = NOW


def make_days(zone: ZoneInfo, days: int = 3) -> Days:
    today = NOW.astimezone(zone).date()
    return Days(today - timedelta(days=days), today)


def test_clicks_are_counted_to_the_moment(ledger: Ledger) -> None:
    """The end is outside, programs are apart, and filters hold."""
    minute, now = timedelta(minutes=1), NOW.replace(tzinfo=None)
    record_clicks(
        ledger, {"ago": 3 * minute}, {"ago": 2 * minute}, {"sender": "program", "ago": 2 * minute}
    )
    figures = Figures(ledger, UTC)
    assert figures.count_clicks_between(now - 3 * minute, now) == {"clicks": 2, "marked": 1}
    counts = figures.count_clicks_between(now - 3 * minute, now - 2 * minute, {"agency": "demo"})
    assert counts == {"clicks": 1, "marked": 0}
    assert figures.count_clicks_between(now, now) == {"clicks": 0, "marked": 0}


@pytest.mark.parametrize("is_counted", [False, True])
def test_clicks_are_summed_by_hour(ledger: Ledger, *, is_counted: bool) -> None:
    """The hours of a day add up to the day, counted already or not."""
    ages = [timedelta(minutes=minutes) for minutes in (1, 5, 70, 130)]
    record_clicks(ledger, *({"ago": age} for age in ages))
    if is_counted:
        RollUps(ledger, UTC).advance(60)
    figures, days = Figures(ledger, UTC), make_days(ZoneInfo("UTC"))
    hours = figures.sum_clicks(days, ("hour",))
    starts = {datetime.strftime(NOW - age, "%Y-%m-%d %H") for age in ages}
    assert {f"{row['hour']:%Y-%m-%d %H}" for row in hours} == starts
    assert sum(row["clicks"] for row in hours) == figures.sum_clicks(days)[0]["clicks"] == 4


def test_the_most_clicked_pictures_are_of_all_agencies(ledger: Ledger) -> None:
    """Or of one; equal ids of two agencies are two pictures."""
    record_clicks(
        ledger,
        {"agency": "demo", "id": "1"},
        {"agency": "demo", "id": "1"},
        {"agency": "pixabay", "id": "1"},
        {"agency": "pixabay", "id": "search", "place": "search"},
    )
    figures, days = Figures(ledger, UTC), make_days(ZoneInfo("UTC"))
    pictures = RankedList.CLICKED_PICTURES
    assert figures.list_top(pictures, days, 9) == [("demo 1", 2), ("pixabay 1", 1)]
    assert figures.list_top(pictures, days, 1) == [("demo 1", 2)]
    assert figures.list_top(pictures, days, 9, scope="pixabay") == [("pixabay 1", 1)]
    counts = figures.count_texts(pictures, days, ["demo 1", "pixabay 1", "demo 2"])
    assert counts == {"demo 1": 2, "pixabay 1": 1, "demo 2": 0}


def test_words_are_traced_by_day(ledger: Ledger) -> None:
    """With the clicks that are not counted yet."""
    record_clicks(ledger, {"words": "cat"}, {"words": "cat"}, {"words": "dog"})
    zone = ZoneInfo("UTC")
    traced = Figures(ledger, zone).trace_text(RankedList.CLICKED_WORDS, make_days(zone), "cat")
    assert sum(traced.values()) == 2
    assert len(traced) == 4
