"""The purchase service: licenses are bought by rules that protect an owner's money.

The service writes a record to the disk before the request to the agency and closes the record
after the answer. No purchase is repeated by accident or retried. While the outcome of one purchase
is unknown, no other purchase starts: the agency's license history settles the unknown outcome.

A `PurchaseObserver` receives the agency's answer before any call to the ledger, so that a failure
of the ledger can't lose the answer.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import chain, groupby, takewhile
from typing import Final
from uuid import uuid4

from msgspec.structs import replace

from affiliate.database.purchases import INTENT_LIFETIME, Purchase, Purchases
from affiliate.errors import (
    AgencyError,
    LedgerError,
    PurchaseRefused,
    RequestRefused,
    UnclearOutcome,
)
from affiliate.licensing.models import Record
from affiliate.licensing.offers import SANDBOX_REFUSAL, Offer, validate_offer
from affiliate.licensing.purchasing.outcomes import (
    PurchaseObserver,
    PurchaseOutcome,
    build_outcome,
    build_same_outcomes,
    describe_clash,
    describe_earlier_purchase,
    describe_elsewhere,
)
from affiliate.licensing.purchasing.settlement import ANSWER_WAIT, GRACE, Settlement
from affiliate.licensing.seller import Proposer, Seller

SETTLE_POLL_SECONDS: Final = 0.5


class PurchaseService:
    """The purchases with an account, recorded in ``purchases``; ``pause`` waits for seconds."""

    def __init__(
        self,
        account: Seller,
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
        self._history = Settlement(account, purchases, grace)

    def create_proposer(self) -> Proposer:
        """Return the account's proposer, which makes the offers."""
        return self._account.create_proposer(sandbox=self._sandbox, now=self._purchases.now)

    def license(
        self,
        offers: Sequence[Offer],
        *,
        force: bool = False,
        observer: PurchaseObserver | None = None,
    ) -> Iterator[PurchaseOutcome]:
        """Buy the offers, one request after another, as the caller takes the outcomes.

        After an unknown outcome the purchases end; offers without an outcome were not sent.

        Raises:
            PurchaseRefused: nothing is sent, as an offer lacks something or an earlier purchase
                is still unknown.
            AgencyError: nothing of this request was bought; earlier requests were.
            LedgerError: after all outcomes of a sent request were taken; ``unwritten`` marks the
                outcomes that the ledger lacks.
        """
        observer = observer or PurchaseObserver()
        for offer in offers:
            self._validate(offer)
        self._history.complete_purchases()
        for batch in _split_batches(offers, self._account.max_per_request):
            self._settle_open_purchases()
            outcomes = self._buy(batch, observer, force=force)
            yield from outcomes
            if unwritten := [outcome.unwritten for outcome in outcomes if outcome.unwritten]:
                raise LedgerError(unwritten[0])
            if any(
                outcome.purchase and outcome.purchase.state == "unknown" for outcome in outcomes
            ):
                return

    def find_other_size(self, offer: Offer) -> str:
        """Return the other size in which the item was bought within a day, in words; empty if none.

        Raises:
            AgencyError: the history can't be read.
        """
        purchase, recent = self._prepare_record(offer)
        if own_purchase := self._purchases.find_other_size(purchase):
            return describe_earlier_purchase(
                own_purchase.size, own_purchase.made_at, own_purchase.license_id
            )
        record = self._history.find_elsewhere(purchase, recent, any_size=True)
        if record is None or self._history.find_elsewhere(purchase, recent, any_size=False):
            return ""
        return describe_earlier_purchase(record.size, record.downloaded_at, record.id)

    def settle(self) -> list[Purchase]:
        """Settle open purchases by the history; return the purchases that are still unknown.

        Raises:
            AgencyError: the history can't be read.
        """
        self._history.complete_purchases()
        return self._history.settle_open()

    def _validate(self, offer: Offer) -> None:
        validate_offer(offer)
        if offer.missing:
            raise PurchaseRefused(f"{offer.asset.id} needs {', '.join(offer.missing)}.")
        if offer.asset.editorial and self._sandbox:
            raise PurchaseRefused(SANDBOX_REFUSAL)
        if offer.asset.editorial and not offer.request.editorial_ok:
            raise PurchaseRefused(f"{offer.asset.id} is editorial; agree to the notice first.")

    def _settle_open_purchases(self) -> None:
        """Settle open purchases, waiting for other processes that are buying just now.

        The wait for a purchase is ANSWER_WAIT at most, whatever its time of beginning is.

        Raises:
            PurchaseRefused: the outcome of a purchase stays unknown.
        """
        polls: Counter[str] = Counter()
        while open_purchases := self._history.settle_open():
            polls.update(purchase.purchase_id for purchase in open_purchases)
            max_polls = ANSWER_WAIT.total_seconds() / SETTLE_POLL_SECONDS
            if any(
                purchase.state == "unknown" or polls[purchase.purchase_id] > max_polls
                for purchase in open_purchases
            ):
                raise PurchaseRefused(self._describe_unsettled(open_purchases))
            self._pause(SETTLE_POLL_SECONDS)

    def _describe_unsettled(self, open_purchases: Sequence[Purchase]) -> str:
        names = ", ".join(f"{purchase.media} {purchase.media_id}" for purchase in open_purchases)
        latest = max(purchase.made_at for purchase in open_purchases) + self._grace
        return (
            f"Whether {names} was bought is unknown. Nothing else is bought before the license "
            f"history shows it, or still does not at {latest:%H:%M:%S} UTC."
        )

    def _buy(
        self, batch: Sequence[Offer], observer: PurchaseObserver, *, force: bool
    ) -> list[PurchaseOutcome]:
        claims, refusals = self._claim(batch, observer, force=force)
        if not claims:
            return refusals
        with observer.defer_interrupts():
            outcomes, failure = self._send(claims)
            observer.record_answer(outcomes)
        for index, outcome in enumerate(outcomes):
            if (
                outcome.offer.comes_once
                and outcome.purchase
                and outcome.purchase.state == "licensed"
            ):
                outcomes[index] = self._name_license(outcome)
                observer.fetch_file(outcomes[index])
        outcomes = self._record_outcomes(outcomes, observer)
        if failure and not any(outcome.unwritten for outcome in outcomes):
            raise failure
        return refusals + outcomes

    def _send(
        self, claims: Sequence[tuple[Offer, Purchase]]
    ) -> tuple[list[PurchaseOutcome], AgencyError | None]:
        """Send the request once; return the outcomes, and a failure to raise after recording."""
        try:
            results = self._account.license([offer.request for offer, _ in claims])
        except UnclearOutcome as error:
            return build_same_outcomes(claims, "unknown", error.message), None
        except AgencyError as error:
            failure = None if isinstance(error, RequestRefused) else error
            return build_same_outcomes(claims, "failed", error.message), failure
        answers = zip(claims, results, strict=True)
        return [
            build_outcome(offer, purchase, result) for (offer, purchase), result in answers
        ], None

    def _name_license(self, outcome: PurchaseOutcome) -> PurchaseOutcome:
        """Return the outcome with the license's id from the history, if the answer had no id."""
        purchase = outcome.purchase
        if purchase is None or purchase.license_id:
            return outcome
        with suppress(AgencyError, LedgerError):  # the file then has another name
            purchase = self._history.name_license(purchase)
        return replace(outcome, purchase=purchase)

    def _record_outcomes(
        self, outcomes: Sequence[PurchaseOutcome], observer: PurchaseObserver
    ) -> list[PurchaseOutcome]:
        """Close all records of a request, then complete the outcomes from the history.

        After a failure of the ledger the other records are skipped, as each would take as long.
        """
        closed_outcomes: list[PurchaseOutcome] = []
        failure = ""
        for outcome in outcomes:
            try:
                closed_outcomes.append(outcome if failure else self._close_record(outcome))
            except LedgerError as error:
                failure = str(error)
                closed_outcomes.append(outcome)
            if failure:
                closed_outcomes[-1] = replace(outcome, unwritten=failure)
        written_purchases = [
            outcome.purchase
            for outcome in closed_outcomes
            if outcome.purchase and not outcome.unwritten
        ]
        observer.forget_written(written_purchases)
        return [
            outcome if outcome.unwritten else self._complete_from_history(outcome)
            for outcome in closed_outcomes
        ]

    def _close_record(self, outcome: PurchaseOutcome) -> PurchaseOutcome:
        purchase = outcome.purchase
        if purchase is None:
            return outcome
        fields = {
            name: getattr(purchase, name) for name in ("state", "license_id", "charge", "error")
        }
        return replace(outcome, purchase=self._purchases.close(purchase, **fields))

    def _complete_from_history(self, outcome: PurchaseOutcome) -> PurchaseOutcome:
        """Return the outcome with the history's additions; the next purchase tries again."""
        purchase = outcome.purchase
        if purchase is None or purchase.state == "failed":
            return outcome
        with suppress(AgencyError, LedgerError):
            if purchase.state == "unknown":
                purchase = self._history.settle_purchase(purchase)
            elif purchase.asked is not None or purchase.license_id is None:
                purchase = self._history.complete_purchase(purchase)
        return replace(outcome, purchase=purchase)

    def _claim(
        self, batch: Sequence[Offer], observer: PurchaseObserver, *, force: bool
    ) -> tuple[list[tuple[Offer, Purchase]], list[PurchaseOutcome]]:
        """Claim the offers in the ledger; return the claims, and outcomes of the refused offers."""
        claims: list[tuple[Offer, Purchase]] = []
        refusals: list[PurchaseOutcome] = []
        try:
            for offer in batch:
                purchase, recent = self._prepare_record(offer)
                record = None if force else self._find_elsewhere(offer, purchase, recent)
                reason = describe_elsewhere(record) if record else ""
                if not reason:
                    clash = self._purchases.claim(
                        purchase, force=force, any_size=offer.size_auto_selected
                    )
                    reason = describe_clash(clash, purchase) if clash else ""
                if reason:
                    refusals.append(PurchaseOutcome(offer=offer, refused=reason))
                else:
                    claims.append((offer, purchase))
            if claims:
                observer.before_request(claims)
            self._refuse_old_claims(claims)
        except BaseException as error:
            reason = f" {error}" if isinstance(error, PurchaseRefused) else ""
            with suppress(LedgerError):  # the first failure matters more
                self._abandon_claims([claim for _, claim in claims], observer, reason)
            raise
        return claims, refusals

    def _find_elsewhere(
        self, offer: Offer, purchase: Purchase, recent: Sequence[Record]
    ) -> Record | None:
        """Return the license in the history that prevents the purchase, if any."""
        return self._history.find_elsewhere(purchase, recent, any_size=offer.size_auto_selected)

    def _refuse_old_claims(self, claims: Sequence[tuple[Offer, Purchase]]) -> None:
        """Refuse claims so old that another process may soon settle them as not bought.

        Raises:
            PurchaseRefused: the oldest claim is older than half of the grace period.
        """
        oldest = min((purchase.made_at for _, purchase in claims), default=self._purchases.now())
        if self._purchases.now() - oldest > self._grace / 2:
            raise PurchaseRefused("It took too long to get ready; nothing was sent.")

    def _prepare_record(self, offer: Offer) -> tuple[Purchase, list[Record]]:
        """Return the record to write, and the item's licenses of the last `INTENT_LIFETIME`."""
        request, now = offer.request, self._purchases.now()
        history = self._account.iter_history(request.media, media_id=request.id)
        newest = next(history, None)
        rows = chain([newest], history) if newest else ()
        recent = list(takewhile(lambda row: row.downloaded_at >= now - INTENT_LIFETIME, rows))
        size = (
            "x".join(str(pixels or "") for pixels in request.custom)
            if request.custom
            else request.size
        )
        purchase = Purchase(
            purchase_id=offer.purchase_id or uuid4().hex,
            agency=self._account.agency,
            api=self._account.url,
            media=request.media,
            media_id=request.id,
            size=size,
            license=offer.subscription.license,
            subscription_id=offer.subscription.id,
            made_at=self._purchases.now(),
            before=newest.id if newest else "",
            asked=request.price,
        )
        return purchase, recent

    def _abandon_claims(
        self, claims: Sequence[Purchase], observer: PurchaseObserver, reason: str
    ) -> None:
        """Close the records of claims that were not sent."""
        for purchase in claims:
            self._purchases.close(purchase, state="failed", error=f"It was not sent.{reason}")
        observer.forget_written(claims)


def _split_batches(offers: Sequence[Offer], max_items: int) -> Iterator[Sequence[Offer]]:
    """Yield the items of each request: one on API subscriptions, else ``max_items`` of a kind."""
    for (_, _, is_single), group in groupby(offers, _get_batch_key):
        items = list(group)
        size = 1 if is_single else max_items
        yield from (items[start : start + size] for start in range(0, len(items), size))


def _get_batch_key(offer: Offer) -> tuple[str, str, bool]:
    return offer.request.media, offer.request.country, offer.subscription.is_api
