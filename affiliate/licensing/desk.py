"""The desk where licenses are bought, by the rules that keep an owner's money.

A record is on the disk before the agency is asked, and closed after it. Nothing is bought twice
by accident or tried again, and while the outcome of one purchase is unknown none other is made:
the agency's license history settles it.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import groupby
from typing import Final

import msgspec

from affiliate.errors import AgencyError, PurchaseRefused, RequestRefused, UnclearOutcome
from affiliate.licensing.account import CALL_SECONDS, Account
from affiliate.licensing.offers import SANDBOX, Chooser, Offer, check
from affiliate.licensing.wire import Licensed, Media, Record
from affiliate.purchases import Purchase, Purchases

MOST_ITEMS: Final = 50
"""Items of one request (OpenAPI: ``maxItems``)."""
GRACE: Final = timedelta(minutes=10)
"""What the history lacks after so long was not bought: a slow agency may act after we hung up."""
UNDER_WAY: Final = timedelta(seconds=CALL_SECONDS + 5)
"""For so long a purchase may be another process's that is still waiting for its answer."""
LOOK_SECONDS: Final = 0.5


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one offer: ``purchase.state`` says it, or ``refused`` why nothing was sent."""

    offer: Offer
    purchase: Purchase | None = None
    licensed: Licensed | None = None
    refused: str = ""


class Desk:
    """Buys with an account and writes it into ``purchases``; ``pause`` waits for seconds."""

    def __init__(
        self,
        account: Account,
        purchases: Purchases,
        *,
        sandbox: bool,
        grace: timedelta = GRACE,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account = account
        self._purchases = purchases
        self._sandbox = sandbox
        self._grace = grace
        self._pause = pause

    def chooser(self) -> Chooser:
        """Whoever proposes what to license with."""
        return Chooser(self._account, sandbox=self._sandbox, now=self._purchases.now)

    def license(self, offers: Sequence[Offer], *, force: bool = False) -> Iterator[Outcome]:
        """Buy, request after request, as the outcomes are taken.

        After an unknown outcome it ends: the offers that have none were not sent.

        Raises:
            PurchaseRefused: nothing is sent, for an offer lacks something or an earlier purchase
                is still unknown.
            AgencyError: nothing of this request was bought; those before it were.
        """
        for offer in offers:
            self._check(offer)
        self._clear_way()
        for batch in _batches(offers):
            outcomes = self._buy(batch, force=force)
            yield from outcomes
            if any(one.purchase and one.purchase.state == "unknown" for one in outcomes):
                return

    def settle(self) -> list[Purchase]:
        """Ask the history what became of purchases; gives those that are still unknown.

        Raises:
            AgencyError: the history can't be read.
        """
        api = self._account.url
        for one in self._purchases.unread(api):
            self._complete(one)
        return [one for one in map(self._settled, self._purchases.open(api)) if one]

    def _check(self, offer: Offer) -> None:
        check(offer)
        if offer.missing:
            raise PurchaseRefused(f"{offer.asset.id} needs {', '.join(offer.missing)}.")
        if offer.asset.editorial and self._sandbox:
            raise PurchaseRefused(SANDBOX)
        if offer.asset.editorial and not offer.wanted.editorial_ok:
            raise PurchaseRefused(f"{offer.asset.id} is editorial; agree to the notice first.")

    def _clear_way(self) -> None:
        """Settle what is open, waiting for other processes that are just buying."""
        while still := self.settle():
            now = self._purchases.now()
            if any(one.state == "unknown" or now - one.made_at > UNDER_WAY for one in still):
                raise PurchaseRefused(self._unsettled(still))
            self._pause(LOOK_SECONDS)

    def _unsettled(self, still: Sequence[Purchase]) -> str:
        names = ", ".join(f"{one.media} {one.media_id}" for one in still)
        latest = max(one.made_at for one in still) + self._grace
        return (
            f"Whether {names} was bought is unknown. Nothing else is bought before the license "
            f"history shows it, or still does not at {latest:%H:%M:%S} UTC."
        )

    def _buy(self, batch: Sequence[Offer], *, force: bool) -> list[Outcome]:
        claimed, refused = self._claim(batch, force=force)
        if not claimed:
            return refused
        purchases = [purchase for _, purchase in claimed]
        try:
            results = self._account.license([offer.wanted for offer, _ in claimed])
        except UnclearOutcome as error:
            self._close(purchases, state="unknown", error=error.message)
            return refused + self._looked_up(claimed)
        except AgencyError as error:
            closed = self._close(purchases, state="failed", error=error.message)
            if not isinstance(error, RequestRefused):
                raise
            failed = zip(claimed, closed, strict=True)
            return refused + [Outcome(offer=o, purchase=done) for (o, _), done in failed]
        return refused + [
            self._closed(offer, purchase, result)
            for (offer, purchase), result in zip(claimed, results, strict=True)
        ]

    def _claim(
        self, batch: Sequence[Offer], *, force: bool
    ) -> tuple[list[tuple[Offer, Purchase]], list[Outcome]]:
        """Record what is about to be bought; what stands in the way of some is their outcome."""
        claimed: list[tuple[Offer, Purchase]] = []
        refused: list[Outcome] = []
        try:
            for offer in batch:
                purchase = self._purchase(offer)
                if clash := self._purchases.claim(purchase, force=force):
                    refused.append(Outcome(offer=offer, refused=_clashing(clash)))
                else:
                    claimed.append((offer, purchase))
            self._hurry(claimed)
        except BaseException:
            self._close([one for _, one in claimed], state="failed", error="It was not sent.")
            raise
        return claimed, refused

    def _hurry(self, claimed: Sequence[tuple[Offer, Purchase]]) -> None:
        """Give up records so old that another process may soon take them for not bought."""
        oldest = min((one.made_at for _, one in claimed), default=self._purchases.now())
        if self._purchases.now() - oldest > self._grace / 2:
            raise PurchaseRefused("It took too long to get ready; nothing was sent.")

    def _purchase(self, offer: Offer) -> Purchase:
        one = offer.wanted
        newest = next(self._account.history(one.media, media_id=one.id), None)
        side = "x".join(str(pixels or "") for pixels in one.custom) if one.custom else one.size
        return Purchase(
            api=self._account.url,
            media=one.media,
            media_id=one.id,
            size=side,
            license=offer.subscription.license,
            subscription_id=offer.subscription.id,
            made_at=self._purchases.now(),
            before=newest.id if newest else "",
            asked=one.price,
        )

    def _close(self, purchases: Iterable[Purchase], **result: str) -> list[Purchase]:
        return [self._purchases.close(one, **result) for one in purchases]

    def _closed(self, offer: Offer, purchase: Purchase, result: Licensed) -> Outcome:
        if result.error:
            done = self._purchases.close(purchase, state="failed", error=result.error)
            return Outcome(offer=offer, purchase=done)
        if result.license_id is None and result.download_url is None:
            done = self._purchases.close(
                purchase, state="unknown", error="The answer says nothing."
            )
            return Outcome(offer=offer, purchase=self._settled(done) or done)
        done = self._purchases.close(
            purchase,
            state="licensed",
            license_id=result.license_id,
            charge=result.allotment_charge,
        )
        if done.asked is not None or done.license_id is None:
            done = self._completed(done)
        return Outcome(offer=offer, purchase=done, licensed=result)

    def _looked_up(self, claimed: Sequence[tuple[Offer, Purchase]]) -> list[Outcome]:
        """What the history says at once of purchases whose answer was lost."""
        with suppress(AgencyError):  # whoever buys next asks again
            self.settle()
        now = {one.purchase_id: one for one in self._purchases.all()}
        return [Outcome(offer=offer, purchase=now[one.purchase_id]) for offer, one in claimed]

    def _completed(self, purchase: Purchase) -> Purchase:
        """With the price that the history says; it is bought even where that can't be read."""
        try:
            return self._complete(purchase)
        except AgencyError:
            return purchase

    def _complete(self, purchase: Purchase) -> Purchase:
        found = self._find(purchase)
        return self._found(purchase, found) if found else purchase

    def _settled(self, purchase: Purchase) -> Purchase | None:
        """The purchase if it is still unknown; None once its record is closed."""
        found = self._find(purchase)
        age = self._purchases.now() - purchase.made_at
        if found:
            self._found(purchase, found)
            return None
        if age >= self._grace:
            words = "The agency's history has no such license."
            self._purchases.close(purchase, state="failed", error=words)
            return None
        if purchase.state == "pending" and age > UNDER_WAY:
            return self._purchases.close(purchase, state="unknown", error="No answer is known.")
        return purchase

    def _found(self, purchase: Purchase, found: Record) -> Purchase:
        price = found.price
        return self._purchases.close(
            purchase,
            state="licensed",
            license_id=found.id,
            price=price.amount if price else None,
            currency=price.currency if price else None,
        )

    def _find(self, purchase: Purchase) -> Record | None:
        """The license in the history that is this purchase's; None when there is none."""
        newer = list(self._newer(purchase))
        if purchase.license_id:
            return next((one for one in newer if one.id == purchase.license_id), None)
        known = self._purchases.known(purchase.api, purchase.media_id)
        fits = [one for one in newer if one.id not in known and _is_of(one, purchase)]
        same = [one for one in fits if one.size == purchase.size] or fits
        return same[-1] if same else None

    def _newer(self, purchase: Purchase) -> Iterator[Record]:
        """The licenses of the item that were not there before the purchase, newest first."""
        media: Media = purchase.media  # type: ignore[assignment] # written by this class
        for one in self._account.history(media, media_id=purchase.media_id):
            if one.id == purchase.before:
                return
            yield one


def _is_of(record: Record, purchase: Purchase) -> bool:
    if record.subscription_id and purchase.subscription_id:
        return record.subscription_id == purchase.subscription_id
    return record.license == purchase.license


def _batches(offers: Sequence[Offer]) -> Iterator[Sequence[Offer]]:
    """What goes into one request: one item on API subscriptions, else 50 of one kind."""
    for (_, _, single), group in groupby(offers, _manner):
        items = list(group)
        size = 1 if single else MOST_ITEMS
        yield from (items[i : i + size] for i in range(0, len(items), size))


def _manner(offer: Offer) -> tuple[str, str, bool]:
    return offer.wanted.media, offer.wanted.country, offer.subscription.is_api


def _clashing(clash: Purchase) -> str:
    if clash.state == "licensed":
        license_id = f" (license {clash.license_id})" if clash.license_id else ""
        return f"The same was bought at {clash.made_at:%Y-%m-%d %H:%M} UTC{license_id}."
    return "The same is being bought right now, or its outcome is unknown."
