"""Exports of Partnerize are read as they are downloaded."""

from datetime import UTC, datetime

import pytest

from affiliate.domain.actions import Action
from affiliate.earnings.partnerize import FORM
from affiliate.earnings.reports import read_report
from affiliate.errors import ReportError

CONVERSION = (
    "conversion_id,campaign_id,publisher_id,conversion_date,conversion_date_time,click_time,"
    "click_date,click_date_time,currency,advertiser_reference,conversion_reference,referer_ip,"
    "source_referer,campaign_title,publisher_name,conversion_status,conversion_lag,value,"
    "commission,publisher_commission,creative_type,creative_id,specific_creative_id,"
    "customer_type,was_disputed,cookie_id,country,currency_original,currency_conversion_rate,"
)
CONVERSION_END = "customer_reference,camref"
ITEM_END = (
    "conversion_item_id,sku,category,item_value,item_commission,item_publisher_commission,"
    "item_status,item_status_id,reject_reason,last_update,voucher_codes,customer_reference,camref"
)
ROW = (
    '1l3919676,10l176,1l10,2016-03-02,"2016-03-02 10:22:02",10:11:36,2016-03-02,'
    '"2016-03-02 10:11:36",EUR,,AUTO-5,127.0.0.1,,Adobe,me,{status},626,90.92,1.0001,0.9092,'
    "0,0,0,,,1l2136,GB,,,"
)
ITEM = "1l4118{number},,,{value},1,{commission},{status},1,,,,,1l3v9UA"
ACTION = Action(
    action_id="1l3919676",
    state="pending",
    payout=9_092,
    sale=909_200,
    currency="EUR",
    occurred_at=datetime(2016, 3, 2, 10, 22, 2, tzinfo=UTC),
    clicked_at=datetime(2016, 3, 2, 10, 11, 36, tzinfo=UTC),
    program="10l176",
)


def test_an_export_of_conversions_is_read() -> None:
    text = f"{CONVERSION}{CONVERSION_END}\n{ROW.format(status='pending')},1l3v9UA\n"
    assert read_report(text.encode(), FORM) == [ACTION]


def test_the_items_of_a_conversion_are_one_action() -> None:
    """Its state and amounts are those of the items, as from the API."""
    items = [(1, "rejected", "5", "0.5"), (2, "approved", "7", "0.7"), (3, "approved", "1", "0.1")]
    rows = [
        ROW.format(status="mixed")
        + ITEM.format(number=number, status=status, value=value, commission=commission)
        for number, status, value, commission in items
    ]
    [action] = read_report("\n".join([CONVERSION + ITEM_END, *rows]).encode(), FORM)
    assert (action.action_id, action.state) == ("1l3919676", "approved")
    assert (action.payout, action.sale) == (8_000, 80_000)


def test_a_mixed_conversion_is_refused_with_the_way_on() -> None:
    text = f"{CONVERSION}{CONVERSION_END}\n{ROW.format(status='mixed')},1l3v9UA\n"
    with pytest.raises(ReportError, match="in the report of conversion items"):
        read_report(text.encode(), FORM)
