"""What the agency's license history says of purchases whose outcome or price is not known here.

It alone settles an unclear purchase; what it lacks for long enough was not bought.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from affiliate.database.purchases import OPEN, Purchase, Purchases, is_comp
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
        for one in self._purchases.unread(self._account.url):
            self.complete_purchase(one)

    def settle_open(self) -> list[Purchase]:
        """Look up what is open; gives those that still are."""
        now = map(self.settle_purchase, self._purchases.open(self._account.url))
        return [one for one in now if one.state in OPEN]

    def complete_purchase(self, purchase: Purchase) -> Purchase:
        """A purchase that was made, with the license and the price that the history says."""
        found = self._find_record(purchase)
        return self._purchases.close(purchase, **_build_fields(found)) if found else purchase

    def name_license(self, purchase: Purchase) -> Purchase:
        """Return a purchase with the license that the history says; write nothing."""
        found = self._find_record(purchase)
        return msgspec.structs.replace(purchase, license_id=found.id) if found else purchase

    def settle_purchase(self, purchase: Purchase) -> Purchase:
        """The purchase as the history and its age say; it may be as open as before."""
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
        """A license of the same that no record here knows of, as after a disk was emptied.

        Of a custom size the history doesn't say the pixels, so that each is the same.
        """
        known = self._purchases.known(wanted.api, wanted.media_id)
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
        """The license in the history that is this purchase's; None when there is none."""
        newer = list(self._iter_newer(purchase))
        if purchase.license_id:
            return next((one for one in newer if one.id == purchase.license_id), None)
        known = self._purchases.known(purchase.api, purchase.media_id, but=purchase.purchase_id)
        fits = [one for one in newer if one.id not in known and _has_same_plan(one, purchase)]
        same = [one for one in fits if one.size == purchase.size] or self._exclude_awaited_sizes(
            fits, purchase
        )
        return same[-1] if same else None

    def _exclude_awaited_sizes(self, fits: Sequence[Record], purchase: Purchase) -> list[Record]:
        """Those in no size that another open purchase of the item waits for.

        The history may name a size otherwise, as it does where the owner gave its pixels.
        """
        others = {
            one.size
            for one in self._purchases.open(purchase.api)
            if one.media_id == purchase.media_id and one.purchase_id != purchase.purchase_id
        }
        return [one for one in fits if one.size not in others]

    def _iter_newer(self, purchase: Purchase) -> Iterator[Record]:
        """The licenses of the item that were not there before the purchase, newest first."""
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
