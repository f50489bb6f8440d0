"""Sums are converted by the owner's rates, exactly."""

from decimal import Decimal

import pytest

from affiliate.domain.rates import ConvertedSums, convert_sums, parse_rates

RATES = (("EUR", Decimal(1)), ("USD", Decimal("0.92")), ("JPY", Decimal("0.0055")))


def test_without_rates_nothing_is_converted() -> None:
    assert convert_sums([("approved", "USD", 5)], ()) is None


def test_amounts_are_converted_by_key() -> None:
    """A currency without a rate is in no sum; no amount is lost to binary fractions."""
    amounts = [("a", "USD", 10), ("a", "EUR", 3), ("b", "JPY", 10**15), ("b", "GBP", 5)]
    converted = convert_sums(amounts, RATES)
    assert converted == ConvertedSums("EUR", {"a": 12, "b": 55 * 10**11}, ["GBP"])


@pytest.mark.parametrize("text", ["EUR=1", "eur=1.0,usd=0.92", "EUR = 1 , USD=1000"])
def test_rates_begin_with_the_shown_currency(text: str) -> None:
    assert parse_rates(text)[0] == ("EUR", Decimal(1))
