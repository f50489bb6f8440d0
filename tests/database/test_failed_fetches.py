"""The last failed fetch of a network is kept until a fetch of the network succeeds."""

from datetime import datetime, timedelta

from affiliate.database.earnings import Earnings
from affiliate.database.failed_fetches import MAX_REASON, FailedFetch, FailedFetches
from affiliate.database.ledger import Ledger
from tests.support.clocks import SetClock


def test_the_last_failure_of_each_network_is_kept(
    ledger: Ledger, clock: SetClock[datetime]
) -> None:
    """Its reason is a sentence that the column takes."""
    failed = FailedFetches(ledger)
    failed.record("impact", "HTTP 503")
    failed.record("partnerize", "x" * 999)
    clock.now += timedelta(days=1)
    failed.record("impact", "Not now.")
    now = clock.now.replace(tzinfo=None)
    assert failed.find_all() == {
        "impact": FailedFetch("impact", now, "Not now."),
        "partnerize": FailedFetch(
            "partnerize", now - timedelta(days=1), "x" * (MAX_REASON - 1) + "."
        ),
    }
    failed.forget("impact")
    Earnings(ledger).forget("partnerize")
    assert failed.find_all() == {}
