"""Money in the desk's tables: payouts by currency, and earnings per click."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from affiliate.domain.actions import EARNING_STATES, STATES
from affiliate.domain.rates import Rates, convert_sums
from affiliate.web.owner.numbers import Money
from affiliate.web.owner.tables import Column

MONEY_COLUMNS: Final = (
    Column("currency", "Currency"),
    Column("sales", "Sales", "count"),
    Column("pending", "Pending", "money"),
    Column("approved", "Approved", "money"),
    Column("reversed", "Reversed", "money"),
)
"""The columns of `list_by_state`."""
Rows = Iterable[Mapping[str, Any]]


def list_earned(rows: Rows) -> tuple[Money, ...]:
    """Return the payouts that are pending or approved, by currency."""
    sums: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        if row["state"] in EARNING_STATES:
            sums[row["currency"]] += row["payout"]
    return _list_money(sums)


def group_earned(
    rows: Rows, find_key: Callable[[Mapping[str, Any]], Any]
) -> dict[Any, tuple[Money, ...]]:
    """Return the payouts of rows that are all earned, by a key of each, then by currency."""
    sums: defaultdict[Any, dict[str, int]] = defaultdict(dict)
    for row in rows:
        own, currency = sums[find_key(row)], row["currency"]
        own[currency] = own.get(currency, 0) + row["payout"]
    return {key: _list_money(own) for key, own in sums.items()}


def _list_money(sums: Mapping[str, int]) -> tuple[Money, ...]:
    return tuple(Money(sums[currency], currency) for currency in sorted(sums))


def divide_by_clicks(earned: Sequence[Money], clicks: int) -> tuple[Money, ...]:
    """Return the earnings per click; none without clicks."""
    if not clicks:
        return ()
    return tuple(Money(round(money.amount / clicks), money.currency) for money in earned)


def convert_earned(amounts: Sequence[Money], rates: Rates) -> Money | None:
    """Return the sum of amounts in the first currency of the owner's rates.

    None where the owner gives no rates, and where a currency has none.
    """
    converted = convert_sums((("", money.currency, money.amount) for money in amounts), rates)
    if converted is None or converted.missing:
        return None
    return Money(converted.sums.get("", 0), converted.currency)


def list_by_state(rows: Rows) -> list[dict[str, Any]]:
    """Return a row for each currency: the number of sales, and the payout in each state.

    Sales in a state of another version are counted alone.
    """
    sums: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATES, 0))
    counts: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        own, state = sums[row["currency"]], row["state"]
        own[state] = own.get(state, 0) + row["payout"]
        counts[row["currency"]] += row["sales"]
    return [
        {
            "currency": currency,
            "sales": counts[currency],
            **{state: Money(sums[currency][state], currency) for state in STATES},
        }
        for currency in sorted(sums)
    ]
