"""Numbers carry their currency and the direction of their change in words."""

import pytest

from affiliate.web.owner.numbers import (
    Change,
    Money,
    describe_change,
    format_count,
    format_money,
    format_share,
)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (12_345_000, "USD", "1,234.50\u00a0USD"),
        (12_345_000, "JPY", "1,234\u00a0JPY"),
        (-5_000, "EUR", "-0.50\u00a0EUR"),
        (0, "XXQ", "0.00\u00a0XXQ"),
        (25, "USD", "0.0025\u00a0USD"),
        (-123, "USD", "-0.0123\u00a0USD"),
        (9_999, "USD", "0.9999\u00a0USD"),
        (12_345, "USD", "1.23\u00a0USD"),
        (5_000, "JPY", "0.5000\u00a0JPY"),
        (410, "EUR", "0.0410\u00a0EUR"),
    ],
)
def test_money_has_its_currency(amount: int, currency: str, text: str) -> None:
    assert format_money(Money(amount, currency)) == text


def test_counts_and_shares_can_be_read() -> None:
    assert (format_count(1_234_567), format_share(0.1234), format_share(1)) == (
        "1,234,567",
        "12.3%",
        "100.0%",
    )


@pytest.mark.parametrize(
    ("current", "before", "change"),
    [
        (112, 100, Change("+", "12% more")),
        (92, 100, Change("-", "8% less")),
        (5, 5, Change("", "as before")),
        (0, 0, Change("", "as before")),
        (3, 0, Change("+", "none before")),
        (99, 10, Change("+", "890% more")),
        (149, 1, Change("+", "149 times as much")),
        (0, 3, Change("-", "100% less")),
        (1, 1000, Change("-", "over 99% less")),
    ],
)
def test_a_change_has_a_sign_and_a_word(current: float, before: float, change: Change) -> None:
    assert describe_change(current, before) == change
