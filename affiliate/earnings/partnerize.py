"""Reports of Partnerize: its exports of conversions and of conversion items, as CSV files.

Columns: https://api-docs.partnerize.com/partner/#tag/Exports (``conversion.csv`` and
``conversion_item.csv``). Neither has the publisher reference of links, which the API alone has.
"""

from typing import Final

import msgspec

from affiliate.domain.actions import Action, State
from affiliate.earnings.reports import ReportForm, add_sales

NETWORK: Final = "partnerize"
STATES: Final[dict[str, State]] = {
    "pending": "pending",
    "approved": "approved",
    "rejected": "reversed",
}
"""States of conversions and of their items."""


def join_items(action: Action, item: Action) -> Action | None:
    """Return a conversion with another item; None for an item in a different currency.

    Rejected items count only where all are rejected; a conversion is pending while an item is.
    """
    if action.currency != item.currency:
        return None
    if "reversed" in {action.state, item.state} and action.state != item.state:
        return item if action.state == "reversed" else action
    return msgspec.structs.replace(
        action,
        state=action.state if action.state == item.state else "pending",
        payout=action.payout + item.payout,
        sale=add_sales(action, item),
    )


FORM: Final = ReportForm(
    columns={
        "sale id": frozenset({"conversionid"}),
        "status": frozenset({"conversionstatus"}),
        "payout": frozenset({"publishercommission"}),
        "sale amount": frozenset({"value"}),
        "currency": frozenset({"currency"}),
        "sale date": frozenset({"conversiondatetime"}),
        "click time": frozenset({"clickdatetime"}),
        "program": frozenset({"campaignid"}),
        "item": frozenset({"conversionitemid"}),
        "account": frozenset({"publisherid"}),
    },
    item_columns={
        "status": frozenset({"itemstatus"}),
        "payout": frozenset({"itempublishercommission"}),
        "sale amount": frozenset({"itemvalue"}),
    },
    required=frozenset({"sale id", "status", "payout", "sale date"}),
    states=STATES,
    join=join_items,
    state_hint='; items of a "mixed" conversion have states of their own, in the report of'
    " conversion items",
)
"""Heads of both exports."""
