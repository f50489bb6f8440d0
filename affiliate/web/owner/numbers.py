"""Numbers in words: counts, shares, money with its currency, and changes between two periods."""

from decimal import Decimal
from typing import Final, NamedTuple

from babel.numbers import (
    format_decimal,
    format_percent,
    get_currency_precision,
)

from affiliate.domain.actions import MONEY_UNITS

LOCALE: Final = "en"
"""The desk is in English."""
LEAST_CHANGE: Final = 0.005
"""The share of a change that is told, half a percent."""
MANY_TIMES: Final = 10
"""The ratio to the period before from which on a change is told as a ratio, not in percent."""
SMALL_DIGITS: Final = 4
"""Digits of an amount below a unit that the digits of its currency would round."""


class Money(NamedTuple):
    """An amount in `MONEY_UNITS` of a currency."""

    amount: int
    currency: str

    def to_decimal(self) -> Decimal:
        """Return the amount as a decimal number of the currency."""
        return Decimal(self.amount) / MONEY_UNITS


class Change(NamedTuple):
    """A change against the period before: ``sign`` is `+`, `-` or empty, ``text`` the words."""

    sign: str
    text: str


def format_count(count: float) -> str:
    """Return a number with separators of thousands: `1,234`."""
    if isinstance(count, int):
        return f"{count:,}"  # as the locale writes it, and much faster
    return format_decimal(count, locale=LOCALE)


def format_share(share: float) -> str:
    """Return a share of 1 in percent, always with a tenth, as shares stand below each other."""
    return format_percent(share, "#,##0.0%", locale=LOCALE)


def format_money(money: Money) -> str:
    """Return an amount with its currency: `1,234.50 USD`, `1,235 JPY`.

    An amount below a unit, such as what a click earns, has four digits: `0.0025 USD`.
    """
    amount, digits = money.to_decimal(), get_currency_precision(money.currency)
    if abs(amount) < 1 and amount != round(amount, digits):
        digits = SMALL_DIGITS
    return f"{amount:,.{digits}f}\u00a0{money.currency.upper()}"


def describe_change(current: float, before: float) -> Change:
    """Return the change from the period before, with a sign and a word, never by color alone."""
    if current == before:
        return Change("", "as before")
    if not before:
        return Change("+", "none before")
    if (ratio := current / before) >= MANY_TIMES and before > 0:
        return Change("+", f"{format_decimal(round(ratio), locale=LOCALE)} times as much")
    share = (current - before) / abs(before)
    if abs(share) < LEAST_CHANGE:
        return Change("", "as before")
    sign, word = ("+", "more") if share > 0 else ("-", "less")
    text = format_percent(abs(share), "#,##0%", locale=LOCALE)
    if current > 0 and text == "100%" and word == "less":  # something is left
        text = "over 99%"
    return Change(sign, f"{text} {word}")


def describe_points(current: float | None, before: float | None) -> Change | None:
    """Return the change of a share in points of percent; None where either is unknown."""
    if current is None or before is None:
        return None
    points = round(100 * (current - before), 1)
    if not points:
        return Change("", "as before")
    sign, word = ("+", "more") if points > 0 else ("-", "less")
    return Change(sign, f"{abs(points):g} points {word}")
