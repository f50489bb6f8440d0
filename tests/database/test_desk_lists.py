"""The desk lists single sales and clicks, each page by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from affiliate.database.desk_lists import DeskLists
from affiliate.database.ledger import Ledger
from tests.support.clocks import SetClock
from tests.support.desk_records import NOW, record_clicks, record_sales

START, END = NOW - timedelta(days=7), NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_the_time_of_the_records(clock: SetClock[datetime]) -> None:
    """Have the ledger live now."""
    clock.now = NOW


@pytest.fixture
def lists(ledger: Ledger) -> DeskLists:
    return DeskLists(ledger)


def test_sales_have_the_click_that_led_to_them(ledger: Ledger, lists: DeskLists) -> None:
    """The values that the link has carried come first, else those of the click."""
    record_clicks(ledger, {"place": "look", "position": 3, "site": "blog.example"})
    record_sales(
        ledger,
        {"click_id": "click-0000", "words": "carried"},
        {"words": "alone", "ago": timedelta(hours=2)},
    )
    page = lists.list_sales(START, END, {})
    joined, alone = page.rows
    assert page.total == 2
    assert (joined["clicked"], joined["place"], joined["position"]) == ("exact", "look", 3)
    assert (joined["words"], joined["site"], joined["id"]) == ("carried", "blog.example", "7")
    assert (alone["clicked"], alone["place"], alone["agency"]) == ("unknown", None, None)
    assert joined["occurred_at"].tzinfo is UTC


def test_sales_are_sorted_and_paged(ledger: Ledger, lists: DeskLists) -> None:
    """Each sale is on one page, whatever is equal; those of other days are on none."""
    record_sales(ledger, *({"payout": n % 3, "state": "pending"} for n in range(10)))
    record_sales(ledger, {"ago": timedelta(days=9)}, network="partnerize")
    found = []
    for offset in (0, 4, 8):
        page = lists.list_sales(
            START, END, {}, order="payout", descending=False, offset=offset, limit=4
        )
        assert page.total == 10
        found += [row["action_id"] for row in page.rows]
    assert sorted(found) == sorted(f"sale-{number}" for number in range(10))
    assert len(lists.list_sales(START, END, {"state": "approved"}).rows) == 0


def test_clicks_are_listed_newest_first(
    ledger: Ledger, lists: DeskLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of so many that are looked through, in the filters of the address."""
    record_clicks(
        ledger,
        *({"ago": timedelta(minutes=n), "site": "blog.example" if n % 2 else ""} for n in range(6)),
    )
    page = lists.list_clicks(START, END, {"site": "blog.example"}, limit=2)
    assert [row["click_id"] for row in page.rows] == ["click-0001", "click-0003"]
    assert page.total == 3
    monkeypatch.setattr("affiliate.database.desk_lists.MAX_CLICKS", 2)
    assert lists.list_clicks(START, END, {"site": "blog.example"}).total == 1


def test_a_usual_delay_is_that_of_most_sales(ledger: Ledger, lists: DeskLists) -> None:
    """Sales of a first import, reported days later, and few sales tell no delay."""
    late = ({"ago": timedelta(days=30)} for _ in range(50))
    record_sales(ledger, *late, network="old")
    assert lists.find_usual_delay("old") is None
    record_sales(ledger, *({"ago": timedelta(hours=n)} for n in (1, 2, 3)), network="new")
    assert lists.find_usual_delay("new") is None
    hours = (1, 5, 5, 6, 90)
    record_sales(ledger, *({"ago": timedelta(hours=n)} for n in hours), network="known")
    assert lists.find_usual_delay("known") == 5
    assert lists.find_usual_delay("nobody") is None


def test_times_in_any_zone_are_one_moment(ledger: Ledger, lists: DeskLists) -> None:
    record_clicks(ledger, {})
    start = START.astimezone(datetime.now().astimezone().tzinfo)
    assert lists.list_clicks(start, END, {}).total == 1
