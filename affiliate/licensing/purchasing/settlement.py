"""Settles purchases of unknown outcome or price by the agency's license history.

The history alone settles a purchase; a license absent for GRACE was not bought.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from affiliate.database.purchases import OPEN_STATES, Purchase, Purchases, is_comp
from affiliate.licensing.models import MediaKind, Record
from affiliate.licensing.seller import LICENSE_CALL_SECONDS, Seller

GRACE: Final = timedelta(minutes=10)
"""What the history lacks after so long was not bought: a slow agency may act after we hung up."""
ANSWER_WAIT: Final = timedelta(seconds=LICENSE_CALL_SECONDS + 5)
"""For so long a purchase may be another process's that is still waiting for its answer."""


class Settlement:
    """Looks purchases up in the history of an account and writes down what it says.

    Every method raises `AgencyError` when the history can't be read.
    """

    def __init__(self, account: Seller, purchases: Purchases, grace: timedelta = GRACE) -> None:
        self._account = account
        self._purchases = purchases
        self._grace = grace

    def read_prices(self) -> None:
        """Fill in what the history did not say yet of purchases that were made."""
        for one in self._purchases.list_incomplete(self._account.url):
            self.complete_purchase(one)

    def settle_open(self) -> list[Purchase]:
        """Settle the open purchases; return those that are still open."""
        now = map(self.settle_purchase, self._purchases.list_open(self._account.url))
        return [one for one in now if one.state in OPEN_STATES]

    def complete_purchase(self, purchase: Purchase) -> Purchase:
        """Record the license and the price of a purchase, as the history names them."""
        found = self._find_record(purchase)
        return self._purchases.close(purchase, **_build_fields(found)) if found else purchase

    def name_license(self, purchase: Purchase) -> Purchase:
        """Return a purchase with the license that the history says; write nothing."""
        found = self._find_record(purchase)
        return msgspec.structs.replace(purchase, license_id=found.id) if found else purchase

    def settle_purchase(self, purchase: Purchase) -> Purchase:
        """Settle a purchase by the history and its age; return the purchase, perhaps still open."""
        found = self._find_record(purchase)
        age = self._purchases.now() - purchase.made_at
        if found:
            return self._purchases.conclude(purchase, **_build_fields(found))
        if age >= self._grace:
            words = "The agency's history has no such license."
            return self._purchases.conclude(purchase, state="failed", error=words)
        if purchase.state == "pending" and age > ANSWER_WAIT:
            words = "No answer is known."
            return self._purchases.conclude(purchase, state="unknown", error=words)
        return purchase

    def find_elsewhere(
        self,
        wanted: Purchase,
        recent: Sequence[Record],
        *,
        any_size: bool,
    ) -> Record | None:
        """Find a license of the same item without a record here, as after the loss of a disk.

        Of a custom size the history doesn't say the pixels, so that each is the same.
        """
        known = self._purchases.list_licenses(wanted.api, wanted.media_id)
        size = "custom" if "x" in wanted.size else wanted.size
        fits = (
            one
            for one in recent
            if one.id not in known
            and is_comp(one.license) is wanted.is_comp
            and (any_size or one.size in {"", size})
        )
        return next(fits, None)

    def _find_record(self, purchase: Purchase) -> Record | None:
        """Find the license of this purchase in the history; None when the history has none."""
        newer = list(self._iter_newer(purchase))
        if purchase.license_id:
            return next((one for one in newer if one.id == purchase.license_id), None)
        known = self._purchases.list_licenses(
            purchase.api, purchase.media_id, but=purchase.purchase_id
        )
        fits = [one for one in newer if one.id not in known and _has_same_plan(one, purchase)]
        same = [one for one in fits if one.size == purchase.size] or self._exclude_awaited_sizes(
            fits, purchase
        )
        return same[-1] if same else None

    def _exclude_awaited_sizes(self, fits: Sequence[Record], purchase: Purchase) -> list[Record]:
        """Return the licenses in no size that another open purchase of the item waits for.

        The history may name a size otherwise, as it does where the owner gave its pixels.
        """
        others = {
            one.size
            for one in self._purchases.list_open(purchase.api)
            if one.media_id == purchase.media_id and one.purchase_id != purchase.purchase_id
        }
        return [one for one in fits if one.size not in others]

    def _iter_newer(self, purchase: Purchase) -> Iterator[Record]:
        """Yield the item's licenses newer than the purchase's `before`, newest first."""
        media: MediaKind = purchase.media  # type: ignore[assignment] # written by this class
        for one in self._account.iter_history(media, media_id=purchase.media_id):
            if one.id == purchase.before:
                return
            yield one


def _build_fields(found: Record) -> dict[str, Any]:
    """Return what the history says of a purchase."""
    price = found.price
    return {
        "state": "licensed",
        "license_id": found.id,
        "price": price.amount if price else None,
        "currency": price.currency if price else None,
    }


def _has_same_plan(record: Record, purchase: Purchase) -> bool:
    if record.subscription_id and purchase.subscription_id:
        return record.subscription_id == purchase.subscription_id
    return record.license == purchase.license
