"""Odd answers of the agency's API become licenses that can be kept and added up."""

import json
from decimal import Decimal

import pytest

from affiliate.domain import decoding
from affiliate.licensing.accounts import shutterstock_schema
from affiliate.licensing.models import Price

RECORD = {
    "id": "e1",
    "download_time": "2026-11-20T08:00:00Z",
    "license": "premier",
    "image": {"id": "7"},
}


@pytest.mark.parametrize(
    ("amount", "price"),
    [
        ("12.50", "12.50"),
        (0.1 + 0.2, "0.3000"),
        ("0.00", "0.00"),
        ("NaN", None),
        ("Infinity", None),
        ("1e5000", None),
        ("-3.00", None),
    ],
)
def test_a_price_is_an_amount_of_money(amount: object, price: str | None) -> None:
    """A license counts whatever its price says: its purchase must not stay open."""
    charge = {"purchase_amount": amount, "purchase_currency": "USD"}
    history = {"data": [{**RECORD, "revshare": charge}]}
    (row,) = decoding.decode_json(json.dumps(history), shutterstock_schema.History).data
    record = shutterstock_schema.to_record("image", row)
    assert record is not None
    assert record.price == (None if price is None else Price(Decimal(price), "USD"))
    plans = {"data": [{"id": "s1", "price_per_download": {"local_amount": amount}}]}
    (plan,) = decoding.decode_json(json.dumps(plans), shutterstock_schema.Subscriptions).data
    found = shutterstock_schema.to_subscription(plan).price_per_download
    assert (found and found.amount) == (None if price is None else Decimal(price))
