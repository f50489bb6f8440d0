"""Settlement of purchases of unknown outcome or price by the agency's license history.

Only the history settles a purchase; a license absent for GRACE was not bought.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from affiliate.database.purchases import OPEN_STATES, Purchase, Purchases, is_comp
from affiliate.licensing.models import MediaKind, Record
from affiliate.licensing.seller import LICENSE_CALL_SECONDS, Seller

GRACE: Final = timedelta(minutes=10)
"""The age at which a purchase without a license counts as not bought: agencies may act late."""
ANSWER_WAIT: Final = timedelta(seconds=LICENSE_CALL_SECONDS + 5)
"""The time for which another process may still wait for the answer to a purchase."""


class Settlement:
    """The settlement of purchases by the license history of an account.

    Every method raises `AgencyError` when the history can't be read.
    """

    def __init__(self, account: Seller, purchases: Purchases, grace: timedelta = GRACE) -> None:
        self._account = account
        self._purchases = purchases
        self._grace = grace

    def complete_purchases(self) -> None:
        """Record the licenses and prices that recent purchases lack and the history now has."""
        for purchase in self._purchases.list_incomplete(self._account.url):
            self.complete_purchase(purchase)

    def settle_open(self) -> list[Purchase]:
        """Settle the open purchases; return the purchases that are still open."""
        purchases = map(self.settle_purchase, self._purchases.list_open(self._account.url))
        return [purchase for purchase in purchases if purchase.state in OPEN_STATES]

    def complete_purchase(self, purchase: Purchase) -> Purchase:
        """Record the license and the price of a purchase from the history."""
        record = self._find_record(purchase)
        return self._purchases.close(purchase, **_build_fields(record)) if record else purchase

    def name_license(self, purchase: Purchase) -> Purchase:
        """Return a purchase with the license's id from the history, without recording the id."""
        record = self._find_record(purchase)
        return msgspec.structs.replace(purchase, license_id=record.id) if record else purchase

    def settle_purchase(self, purchase: Purchase) -> Purchase:
        """Settle a purchase by the history and its age; the returned purchase may still be open."""
        record = self._find_record(purchase)
        age = self._purchases.now() - purchase.made_at
        if record:
            return self._purchases.conclude(purchase, **_build_fields(record))
        if age >= self._grace:
            reason = "The agency's history has no such license."
            return self._purchases.conclude(purchase, state="failed", error=reason)
        if purchase.state == "pending" and age > ANSWER_WAIT:
            reason = "No answer is known."
            return self._purchases.conclude(purchase, state="unknown", error=reason)
        return purchase

    def find_elsewhere(
        self,
        purchase: Purchase,
        recent: Sequence[Record],
        *,
        any_size: bool,
    ) -> Record | None:
        """Find a license of the same item without a record here, as after the loss of a disk.

        The history doesn't tell the pixels of a custom size, so all custom sizes count as the same.
        """
        known_ids = self._purchases.list_licenses(purchase.api, purchase.media_id)
        size = "custom" if "x" in purchase.size else purchase.size
        matches = (
            record
            for record in recent
            if record.id not in known_ids
            and is_comp(record.license) is purchase.is_comp
            and (any_size or record.size in {"", size})
        )
        return next(matches, None)

    def _find_record(self, purchase: Purchase) -> Record | None:
        """Find the license of this purchase in the history; None when the history has none."""
        newer = list(self._iter_newer(purchase))
        if purchase.license_id:
            return next((record for record in newer if record.id == purchase.license_id), None)
        known_ids = self._purchases.list_licenses(
            purchase.api, purchase.media_id, but=purchase.purchase_id
        )
        matches = [
            record
            for record in newer
            if record.id not in known_ids and _has_same_plan(record, purchase)
        ]
        same_size = [
            record for record in matches if record.size == purchase.size
        ] or self._exclude_awaited_sizes(matches, purchase)
        return same_size[-1] if same_size else None

    def _exclude_awaited_sizes(self, matches: Sequence[Record], purchase: Purchase) -> list[Record]:
        """Return the licenses in sizes for which no other open purchase of the item waits.

        The history may name a size in another way, as with custom sizes given in pixels.
        """
        awaited_sizes = {
            other.size
            for other in self._purchases.list_open(purchase.api)
            if other.media_id == purchase.media_id and other.purchase_id != purchase.purchase_id
        }
        return [record for record in matches if record.size not in awaited_sizes]

    def _iter_newer(self, purchase: Purchase) -> Iterator[Record]:
        """Yield the item's licenses newer than the purchase's `before`, newest first."""
        media: MediaKind = purchase.media  # type: ignore[assignment] # written by this class
        for record in self._account.iter_history(media, media_id=purchase.media_id):
            if record.id == purchase.before:
                return
            yield record


def _build_fields(record: Record) -> dict[str, Any]:
    """Return the fields of a purchase that its license in the history settles."""
    price = record.price
    return {
        "state": "licensed",
        "license_id": record.id,
        "price": price.amount if price else None,
        "currency": price.currency if price else None,
    }


def _has_same_plan(record: Record, purchase: Purchase) -> bool:
    if record.subscription_id and purchase.subscription_id:
        return record.subscription_id == purchase.subscription_id
    return record.license == purchase.license
