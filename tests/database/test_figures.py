"""Figures of earnings, and of clicks in parts of a day; `test_roll_ups` has those of clicks."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from affiliate.database.figures import Figures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import Days
from affiliate.database.ranked_counts import RankedList
from affiliate.database.roll_ups import RollUps
from tests.support.clocks import SetClock
from tests.support.desk_records import NOW, record_clicks, record_sales

ZONES = ["UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"]


@pytest.fixture(autouse=True)
def at_the_time_of_the_records(clock: SetClock[datetime]) -> None:
    """Have the ledger live now."""
    clock.now = NOW


def make_days(zone: ZoneInfo, days: int = 3) -> Days:
    today = NOW.astimezone(zone).date()
    return Days(today - timedelta(days=days), today)


@pytest.mark.parametrize("name", ZONES)
def test_sales_are_of_the_zones_day_and_hour(ledger: Ledger, name: str) -> None:
    """Also where hours of the zone begin at a quarter of an hour of UTC."""
    zone = ZoneInfo(name)
    ages = [timedelta(minutes=minutes) for minutes in (1, 200, 900, 2000)]
    record_sales(ledger, *({"ago": age, "payout": 1} for age in ages))
    figures = Figures(ledger, zone)
    days = {row["day"] for row in figures.sum_earnings(make_days(zone), ("day",))}
    assert days == {(NOW - age).astimezone(zone).date() for age in ages}
    hours = {row["hour"] for row in figures.sum_earnings(make_days(zone), ("hour",))}
    local = {hour.replace(tzinfo=UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M") for hour in hours}
    assert local == {f"{(NOW - age).astimezone(zone):%Y-%m-%d %H:00}" for age in ages}


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_sales_beside_a_clock_change_are_of_their_days(ledger: Ledger, change: str) -> None:
    """A day of 23 or 25 hours has all of its sales, and its neighbors have theirs."""
    zone, noon = ZoneInfo("Europe/Amsterdam"), datetime.fromisoformat(f"{change}T12:00Z")
    times = [noon + timedelta(minutes=20 * number) for number in range(-150, 150)]
    record_sales(ledger, *({"ago": NOW - time} for time in times))
    figures, day = Figures(ledger, zone), noon.date()
    days = Days(day - timedelta(days=3), day + timedelta(days=3))
    rows = figures.sum_earnings(days, ("day",))
    expected = Counter(time.astimezone(zone).date() for time in times)
    assert {row["day"]: row["sales"] for row in rows} == expected


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


def test_earnings_are_summed_by_what_led_to_them(ledger: Ledger) -> None:
    """Agency and place are those of the click; a sale without one has none."""
    record_clicks(ledger, {"agency": "pixabay", "place": "look"})
    record_sales(ledger, {"click_id": "click-0000", "payout": 2}, {"payout": 3})
    figures, days = Figures(ledger, UTC), make_days(ZoneInfo("UTC"))
    rows = figures.sum_earnings(days, ("agency", "place"))
    assert {(row["agency"], row["place"], row["payout"]) for row in rows} == {
        ("pixabay", "look", 20_000),
        (None, None, 30_000),
    }
    (look,) = figures.sum_earnings(days, (), {"place": "look"})
    assert (look["sales"], look["payout"]) == (1, 20_000)
    assert figures.sum_earnings(days, (), {"network": "partnerize"}) == []
    some = figures.sum_earnings(days, ("agency",), {"agency": ["demo", "pixabay"]})
    assert [row["agency"] for row in some] == ["pixabay"]


@pytest.mark.parametrize("descending", [False, True])
def test_what_has_earned_is_ranked_a_page_at_a_time(ledger: Ledger, *, descending: bool) -> None:
    """Currencies come one after the other; a reversed sale has earned nothing."""
    record_sales(
        ledger,
        {"media_id": "1", "payout": 2},
        {"media_id": "1", "payout": 3},
        {"media_id": "2", "payout": 4},
        {"media_id": "3", "payout": 9, "currency": "EUR"},
        {"media_id": "3", "payout": 1},
        {"media_id": "4", "payout": 99, "state": "reversed"},
        {"media_id": "55", "payout": 1},
    )
    figures, days = Figures(ledger, UTC), make_days(ZoneInfo("UTC"))
    ranked = [("1",), ("2",), ("55",), ("3",)]
    if not descending:
        ranked.reverse()
    for offset, expected in ((0, ranked[:3]), (3, ranked[3:]), (9, [])):
        page = figures.rank_earned(days, ("id",), descending=descending, offset=offset, limit=3)
        assert page == (expected, 4)
    assert figures.rank_earned(days, ("id",), containing="5") == ([("55",)], 1)
    assert figures.rank_earned(days, ("id",), containing="%") == ([], 0)
    assert figures.rank_earned(days, ("id",), {"network": "nobody"}) == ([], 0)
    assert figures.rank_earned(days, ("agency", "id")) == ([], 0)


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
