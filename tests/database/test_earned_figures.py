"""Sales are summed and ranked in days of the owner's time zone."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from affiliate.database.earned_figures import EarnedFigures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import Days
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
    figures = EarnedFigures(ledger, zone)
    days = {row["day"] for row in figures.sum_sales(make_days(zone), ("day",))}
    assert days == {(NOW - age).astimezone(zone).date() for age in ages}
    hours = {row["hour"] for row in figures.sum_sales(make_days(zone), ("hour",))}
    local = {hour.replace(tzinfo=UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M") for hour in hours}
    assert local == {f"{(NOW - age).astimezone(zone):%Y-%m-%d %H:00}" for age in ages}


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_sales_beside_a_clock_change_are_of_their_days(ledger: Ledger, change: str) -> None:
    """A day of 23 or 25 hours has all of its sales, and its neighbors have theirs."""
    zone, noon = ZoneInfo("Europe/Amsterdam"), datetime.fromisoformat(f"{change}T12:00Z")
    times = [noon + timedelta(minutes=20 * number) for number in range(-150, 150)]
    record_sales(ledger, *({"ago": NOW - time} for time in times))
    figures, day = EarnedFigures(ledger, zone), noon.date()
    days = Days(day - timedelta(days=3), day + timedelta(days=3))
    rows = figures.sum_sales(days, ("day",))
    expected = Counter(time.astimezone(zone).date() for time in times)
    assert {row["day"]: row["sales"] for row in rows} == expected


def test_earnings_are_summed_by_what_led_to_them(ledger: Ledger) -> None:
    """Agency and place are those of the click; a sale without one has none."""
    record_clicks(ledger, {"agency": "pixabay", "place": "look"})
    record_sales(ledger, {"click_id": "click-0000", "payout": 2}, {"payout": 3})
    figures, days = EarnedFigures(ledger, UTC), make_days(ZoneInfo("UTC"))
    rows = figures.sum_sales(days, ("agency", "place"))
    assert {(row["agency"], row["place"], row["payout"]) for row in rows} == {
        ("pixabay", "look", 20_000),
        (None, None, 30_000),
    }
    (look,) = figures.sum_sales(days, (), {"place": "look"})
    assert (look["sales"], look["payout"]) == (1, 20_000)
    assert figures.sum_sales(days, (), {"network": "partnerize"}) == []
    some = figures.sum_sales(days, ("agency",), {"agency": ["demo", "pixabay"]})
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
    figures, days = EarnedFigures(ledger, UTC), make_days(ZoneInfo("UTC"))
    ranked = [("1",), ("2",), ("55",), ("3",)]
    if not descending:
        ranked.reverse()
    for offset, expected in ((0, ranked[:3]), (3, ranked[3:]), (9, [])):
        page = figures.rank(days, ("id",), descending=descending, offset=offset, limit=3)
        assert page == (expected, 4)
    assert figures.rank(days, ("id",), containing="5") == ([("55",)], 1)
    assert figures.rank(days, ("id",), containing="%") == ([], 0)
    assert figures.rank(days, ("id",), {"network": "nobody"}) == ([], 0)
    assert figures.rank(days, ("agency", "id")) == ([], 0)
