"""Rates of currencies that the owner gives, and sums converted by them."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

import msgspec

RATE: Final = re.compile(r"([A-Za-z]{3})\s*=\s*([0-9]{1,6}(?:\.[0-9]{1,9})?)")
"""A currency and its rate, with a decimal point."""

Rates = tuple[tuple[str, Decimal], ...]
"""Currencies with the worth of a unit in the first, whose rate is 1; without any, nothing is
converted."""


class ConvertedSums(msgspec.Struct, frozen=True):
    """Sums in one currency, by their keys, and the currencies without a rate, which no sum has."""

    currency: str
    sums: dict[str, int]
    missing: list[str]


def parse_rates(text: str) -> Rates:
    """Return the rates of a comma list such as ``EUR=1, USD=0.92``.

    Raises:
        ValueError: the text is no such list.
    """
    rates: dict[str, Decimal] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        found = RATE.fullmatch(part)
        code, rate = (found[1].upper(), Decimal(found[2])) if found else ("", Decimal(0))
        if not rate or code in rates or (not rates and rate != 1):
            rates = {}
            break
        rates[code] = rate
    if not rates:
        raise ValueError(
            "must be a comma list of currencies with their worth in the first, such as"
            " EUR=1, USD=0.92"
        )
    return tuple(rates.items())


def convert_sums(amounts: Iterable[tuple[str, str, int]], rates: Rates) -> ConvertedSums | None:
    """Return the sums of amounts, given as key, currency and amount; None without rates.

    Each amount is rounded to a whole unit, half to even.
    """
    if not rates:
        return None
    sums: dict[str, int] = {}
    missing: set[str] = set()
    worth = dict(rates)
    for key, currency, amount in amounts:
        if currency in worth:
            converted = (amount * worth[currency]).to_integral_value(ROUND_HALF_EVEN)
            sums[key] = sums.get(key, 0) + int(converted)
        else:
            missing.add(currency)
    return ConvertedSums(rates[0][0], sums, sorted(missing))
