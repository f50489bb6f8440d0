"""Clicks, searches and sales that tests of the desk write, at times of their choice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.ledger import Ledger
from affiliate.domain.actions import MONEY_UNITS, Action

NOW = datetime.now(UTC)
"""The time of the run; records a moment before are of today or yesterday."""


def record_clicks(ledger: Ledger, *clicks: dict[str, Any]) -> None:
    """Write clicks; ``ago`` is their age, by default a minute."""
    for number, click in enumerate(clicks):
        fields: dict[str, Any] = {
            "agency": "demo",
            "id": "7",
            "words": "cat",
            "position": 1,
            "place": "tile",
        }
        fields |= {"click_id": f"click-{number:04}", **click}
        ago = fields.pop("ago", timedelta(minutes=1))
        row = msgspec.structs.asdict(Click(**fields))
        ledger._insert_clicks([{"at": (NOW - ago).replace(tzinfo=None), **row}])


def record_sales(
    ledger: Ledger, *sales: dict[str, Any], network: str = "impact", as_of: datetime = NOW
) -> None:
    """Import a report with sales; ``payout`` is in whole units, ``ago`` the age of a sale."""
    actions = []
    for number, sale in enumerate(sales):
        fields: dict[str, Any] = {"action_id": f"sale-{number}", "state": "approved"}
        fields |= {"payout": 1, "currency": "USD", **sale}
        ago = fields.pop("ago", timedelta(minutes=1))
        fields["payout"] = round(fields["payout"] * MONEY_UNITS)
        actions.append(Action(occurred_at=NOW - ago, **fields))
    Earnings(ledger).record(network, actions, as_of)
