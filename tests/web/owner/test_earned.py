"""Money is summed by currency and state; reversed sales earn nothing."""

from typing import Any

from affiliate.domain.rates import parse_rates
from affiliate.web.owner.earned import (
    convert_earned,
    divide_by_clicks,
    group_earned,
    list_by_state,
    list_earned,
)
from affiliate.web.owner.numbers import Money

ROWS: list[dict[str, Any]] = [
    {"site": "a", "currency": "USD", "state": "pending", "payout": 10_000, "sales": 1},
    {"site": "a", "currency": "USD", "state": "reversed", "payout": 50_000, "sales": 2},
    {"site": "b", "currency": "USD", "state": "approved", "payout": 25_000, "sales": 1},
    {"site": "b", "currency": "EUR", "state": "approved", "payout": 7_000, "sales": 1},
]


def test_earned_is_what_is_not_reversed() -> None:
    """Currencies stand side by side, and are never added."""
    assert list_earned(ROWS) == (Money(7_000, "EUR"), Money(35_000, "USD"))


def test_what_was_earned_is_grouped_by_currency() -> None:
    """Rows of a group are added up."""
    rows = [
        {"site": "a", "currency": "USD", "payout": 10_000},
        {"site": "b", "currency": "USD", "payout": 25_000},
        {"site": "b", "currency": "EUR", "payout": 7_000},
        {"site": "a", "currency": "USD", "payout": 50_000},
    ]
    assert group_earned(rows, lambda row: row["site"]) == {
        "a": (Money(60_000, "USD"),),
        "b": (Money(7_000, "EUR"), Money(25_000, "USD")),
    }


def test_earnings_are_divided_by_clicks() -> None:
    assert divide_by_clicks((Money(10_000, "USD"),), 3) == (Money(3_333, "USD"),)
    assert divide_by_clicks((Money(10_000, "USD"),), 0) == ()


def test_currencies_are_added_by_the_owners_rates() -> None:
    """Only where each currency has a rate."""
    rates = parse_rates("EUR=1, USD=0.5")
    euro, dollar, pound = Money(10_000, "EUR"), Money(30_000, "USD"), Money(1, "GBP")
    assert convert_earned((euro, dollar), rates) == Money(25_000, "EUR")
    assert convert_earned((euro, pound), rates) is None
    assert convert_earned((dollar,), rates) == Money(15_000, "EUR")
    assert convert_earned((), rates) == Money(0, "EUR")
    assert convert_earned((euro, dollar), ()) is None


def test_states_stand_side_by_side() -> None:
    """Each currency has a row with all states, also those without a sale."""
    euro, dollar = list_by_state(ROWS)
    assert (euro["sales"], euro["pending"], euro["approved"]) == (
        1,
        Money(0, "EUR"),
        Money(7_000, "EUR"),
    )
    assert (dollar["sales"], dollar["reversed"]) == (4, Money(50_000, "USD"))
