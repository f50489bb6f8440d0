"""Sum up the costs of licenses by month, agency and currency."""

from collections.abc import Iterable
from datetime import UTC, tzinfo
from decimal import Decimal
from typing import NamedTuple

from affiliate.agencies.hosts import find_foreign_host
from affiliate.database.purchases import Purchase


class MonthSum(NamedTuple):
    """The licenses of a month at an agency, paid in one currency or by downloads.

    ``downloads`` counts what was charged to subscriptions; ``price`` is None without a currency.
    """

    month: str
    agency: str
    licenses: int
    downloads: int
    price: Decimal | None
    currency: str


def is_paid(purchase: Purchase) -> bool:
    """Return whether a purchase counts: licensed in the real account, not at a test server."""
    is_licensed = purchase.state == "licensed"
    return is_licensed and not find_foreign_host(purchase.agency, purchase.api)


def sum_months(purchases: Iterable[Purchase], zone: tzinfo = UTC) -> list[MonthSum]:
    """Return the sums of paid licenses, the newest month first; months are those of ``zone``."""
    groups: dict[tuple[str, str, str], list[Purchase]] = {}
    for purchase in filter(is_paid, purchases):
        month = f"{purchase.made_at.astimezone(zone):%Y-%m}"
        key = (month, purchase.agency, purchase.currency or "")
        groups.setdefault(key, []).append(purchase)
    return [
        MonthSum(
            month,
            agency,
            licenses=len(group),
            downloads=sum(purchase.charge or 0 for purchase in group),
            price=sum((purchase.price or Decimal(0) for purchase in group), Decimal(0))
            if currency
            else None,
            currency=currency,
        )
        for (month, agency, currency), group in sorted(groups.items(), reverse=True)
    ]
