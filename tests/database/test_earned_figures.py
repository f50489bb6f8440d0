"""Sales are summed and ranked in days of the owner's time zone."""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from affiliate.database.bulk_rows import list_written_columns
from affiliate.database.earned_figures import EarnedFigures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import DAY, Days
from affiliate.database.schema import actions
from affiliate.domain.actions import MONEY_UNITS
from tests.support.clocks import SetClock
from tests.support.desk_records import NOW, record_clicks, record_sales

LONG = "long words of which a link has the beginning alone"
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
    days = {row["day"] for row in figures.trace_sales(make_days(zone), "day")}
    assert days == {(NOW - age).astimezone(zone).date() for age in ages}
    hours = {row["hour"] for row in figures.trace_sales(make_days(zone), "hour")}
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
    rows = figures.trace_sales(days, "day")
    expected = Counter(time.astimezone(zone).date() for time in times)
    assert {row["day"]: row["sales"] for row in rows} == expected


def test_a_day_that_clocks_have_left_out_has_no_sales(ledger: Ledger) -> None:
    """Samoa went from the 29th of December 2011 to the 31st."""
    zone, day = ZoneInfo("Pacific/Apia"), date(2011, 12, 30)
    before = datetime(2011, 12, 29, 23, 30, tzinfo=zone)
    record_sales(ledger, {"ago": NOW - before}, {"ago": NOW - before - timedelta(hours=1)})
    figures = EarnedFigures(ledger, zone)
    for step in ("day", "hour"):
        assert figures.trace_sales(Days(day, day), step) == []
        around = figures.trace_sales(Days(day - DAY, day + DAY), step)
        assert [row["sales"] for row in around] == [1, 1]
    assert figures.sum_states(Days(day, day)) == []


def test_sales_are_summed_until_a_moment(ledger: Ledger) -> None:
    """A moment before the period has none of its sales."""
    record_sales(ledger, *({"ago": timedelta(hours=hours)} for hours in (1, 2, 3)))
    figures, days = EarnedFigures(ledger, UTC), make_days(ZoneInfo("UTC"))
    now = NOW.replace(tzinfo=None)
    [row] = figures.sum_states(days, until=now - timedelta(hours=2))
    assert row["sales"] == 1
    assert figures.sum_states(days, until=now - timedelta(days=30)) == []
    [row] = figures.sum_states(days, until=now + timedelta(days=30))
    assert row["sales"] == 3


def test_earnings_are_summed_by_what_led_to_them(ledger: Ledger) -> None:
    """Agency and place are those of the click; a sale without one has none."""
    record_clicks(ledger, {"agency": "pixabay", "place": "look"})
    record_sales(ledger, {"click_id": "click-0000", "payout": 2}, {"payout": 3})
    figures, days = EarnedFigures(ledger, UTC), make_days(ZoneInfo("UTC"))
    rows = figures.sum_earned(days, ("agency", "place"))
    assert {(row["agency"], row["place"], row["payout"]) for row in rows} == {
        ("pixabay", "look", 20_000),
        (None, None, 30_000),
    }
    (look,) = figures.sum_states(days, {"place": "look"})
    assert (look["sales"], look["payout"]) == (1, 20_000)
    assert figures.sum_states(days, {"network": "partnerize"}) == []
    some = figures.sum_earned(days, ("agency",), {"agency": ["demo", "pixabay"]})
    assert [row["agency"] for row in some] == ["pixabay"]
    assert figures.sum_earned(days, ("words",), {"words": []}) == []


def test_sales_of_the_version_before_are_summed_up(ledger: Ledger) -> None:
    """Include those that it goes on writing without the columns of this one."""
    record_sales(ledger, {"words": "cat", "payout": 2})
    ledger.downgrade("0024")
    written = [actions.c[name] for name in list_written_columns(actions)]
    with ledger.read_connection() as connection:
        [row] = connection.execute(sa.select(*written)).mappings()
    ledger.upgrade()
    former = sa.table("actions", *(sa.column(c.name, c.type) for c in written))
    values = {**row, "action_id": "another", "clicked_words": "cat in a box"}
    with ledger.write_transaction() as connection:
        connection.execute(sa.insert(former).values(values))
    rows = EarnedFigures(ledger, UTC).sum_earned(make_days(ZoneInfo("UTC")), ("words",))
    assert {row["words"]: row["payout"] for row in rows} == {"cat": 20_000, "cat in a box": 20_000}


def test_sales_with_the_longest_texts_are_kept(ledger: Ledger) -> None:
    """Of signs of four bytes that hardly compress: an index of PostgreSQL has a greatest entry."""
    source = random.Random(7)
    words, site, media_id = (
        "".join(chr(source.randrange(0x20000, 0x2A6D0)) for _ in range(length))
        for length in (500, 253, 100)
    )
    record_sales(ledger, {"words": words, "site": site, "media_id": media_id})
    [row] = EarnedFigures(ledger, UTC).sum_earned(
        make_days(ZoneInfo("UTC")), ("words", "site", "id")
    )
    assert (row["words"], row["site"], row["id"]) == (words, site, media_id)


GROUPS = [
    ("site",),
    ("agency",),
    ("place",),
    ("words",),
    ("agency", "id"),
    ("agency", "place"),
]
FILTERS: list[dict[str, list[str]]] = [
    {},
    {"site": ["blog1.example"]},
    {"agency": ["pixabay"], "place": ["tile"]},
    {"words": [LONG, "word 3"]},
]


def record_year(ledger: Ledger) -> list[dict[str, Any]]:
    """Record the sales of a year; return them with what led to them, two of three to a click."""
    source = random.Random(4)
    clicks, sales, known = [], [], []
    for number in range(200):
        ago = timedelta(days=source.randrange(380), minutes=source.randrange(1, 1440))
        click: dict[str, Any] = {
            "agency": source.choice(["demo", "pixabay"]),
            "site": source.choice(["", "blog1.example", "blog2.example"]),
            "place": source.choice(["tile", "look"]),
            "words": source.choice([LONG, "word 2", "word 3"]),
            "id": str(source.randrange(20)),
        }
        sale: dict[str, Any] = {
            "currency": source.choice(["EUR", "USD"]),
            "state": source.choice(["approved", "pending", "reversed"]),
            "payout": source.randrange(1, 50),
            "media_id": click["id"],
            "site": click["site"],
        }
        if number % 3:
            clicks.append({**click, "ago": ago, "click_id": f"click-{number}"})
            sale |= {"words": click["words"][:25], "click_id": f"click-{number}"}
        else:
            click |= {"agency": None, "place": None, "words": "not clicked"}
            sale |= {"words": "not clicked"}
        sales.append({**sale, "ago": ago})
        known.append({**sale, **click, "day": (NOW - ago).date()})
    record_clicks(ledger, *clicks)
    record_sales(ledger, *sales)
    return known


def sum_up(
    sales: Iterable[dict[str, Any]], keys: tuple[str, ...]
) -> tuple[Counter[tuple[Any, ...]], Counter[tuple[Any, ...]]]:
    """Return the payouts, in the units of the ledger, and the numbers of sales by some columns."""
    sums, counts = Counter[tuple[Any, ...]](), Counter[tuple[Any, ...]]()
    for sale in sales:
        key = tuple(sale[name] for name in keys)
        sums[key] += sale["payout"] * MONEY_UNITS
        counts[key] += 1
    return sums, counts


def is_of(sale: dict[str, Any], filters: dict[str, list[str]]) -> bool:
    return all(sale[name] in values for name, values in filters.items())


@pytest.mark.parametrize("filters", FILTERS)
@pytest.mark.parametrize("length", [30, 200, 365])
def test_sums_of_any_period_are_those_of_its_sales(
    ledger: Ledger, length: int, filters: dict[str, list[str]]
) -> None:
    """In each order in which a database may read them, and of what a link has cut off, too."""
    days = make_days(ZoneInfo("UTC"), length)
    sales = (sale for sale in record_year(ledger) if days.first <= sale["day"])
    own = [sale for sale in sales if is_of(sale, filters)]
    assert own
    figures = EarnedFigures(ledger, UTC)
    for keys in [("currency", "state"), ("day", "currency", "state")]:
        sums, counts = sum_up(own, keys)
        rows = figures.sum_states(days, filters)
        if "day" in keys:
            rows = figures.trace_sales(days, "day", filters)
        assert {tuple(row[name] for name in keys): row["payout"] for row in rows} == sums
        assert {tuple(row[name] for name in keys): row["sales"] for row in rows} == counts
    for by in GROUPS:
        keys = (*by, "currency")
        sums, _ = sum_up([sale for sale in own if sale["state"] != "reversed"], keys)
        rows = figures.sum_earned(days, by, filters)
        assert {tuple(row[name] for name in keys): row["payout"] for row in rows} == sums


@pytest.mark.parametrize("length", [30, 365])
def test_the_ranking_of_any_period_is_that_of_its_sums(ledger: Ledger, length: int) -> None:
    """A page at a time, to the last."""
    days = make_days(ZoneInfo("UTC"), length)
    sums = Counter[tuple[str, str, str]]()
    for sale in record_year(ledger):
        if days.first <= sale["day"] and sale["state"] != "reversed" and sale["agency"]:
            sums[sale["agency"], sale["id"], sale["currency"]] += sale["payout"]
    first = {key[:2]: min(c for *own, c in sums if tuple(own) == key[:2]) for key in sums}
    ranked = sorted(first, key=lambda key: key)
    ranked.sort(key=lambda key: (first[key], sums[*key, first[key]]), reverse=True)
    figures = EarnedFigures(ledger, UTC)
    for offset in range(0, len(ranked) + 7, 7):
        page = figures.rank(days, ("agency", "id"), offset=offset, limit=7)
        assert page == (ranked[offset : offset + 7], len(ranked))


def test_sales_of_any_number_of_currencies_are_ranked(ledger: Ledger) -> None:
    """Also where most currencies are of sales of another time."""
    codes = ["".join(code) for code in product("ABCDEF", repeat=3)]
    before = timedelta(days=39)
    record_sales(ledger, *({"currency": code, "media_id": code, "ago": before} for code in codes))
    record_sales(ledger, {"words": "cat"}, network="partnerize")
    figures = EarnedFigures(ledger, UTC)
    assert figures.rank(make_days(ZoneInfo("UTC"), 7), ("words",)) == ([("cat",)], 1)
    found, total = figures.rank(make_days(ZoneInfo("UTC"), 60), ("id",), limit=1, descending=False)
    assert (found, total) == ([("AAA",)], len(codes) + 1)


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
