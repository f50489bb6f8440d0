"""The purchase service: licenses are bought by rules that protect an owner's money.

The service writes a record to the disk before the request to the agency and closes the record
after the answer. No purchase is repeated by accident or retried. While the outcome of one purchase
is unknown, no other purchase starts: the agency's license history settles the unknown outcome.

A `PurchaseObserver` receives the agency's answer before any call to the ledger, so that a failure
of the ledger can't lose the answer.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, timedelta
from itertools import chain, groupby, takewhile
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from affiliate.database.purchases import INTENT_LIFETIME, Purchase, Purchases
from affiliate.errors import (
    AgencyError,
    LedgerError,
    PurchaseRefused,
    RequestRefused,
    UnclearOutcome,
)
from affiliate.licensing.models import LicenseResult, Record
from affiliate.licensing.offers import SANDBOX_REFUSAL, Offer, validate_offer
from affiliate.licensing.purchasing.settlement import ANSWER_WAIT, GRACE, Settlement
from affiliate.licensing.seller import Proposer, Seller

SETTLE_POLL_SECONDS: Final = 0.5


class PurchaseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one offer: ``purchase.state`` says it, or ``refused`` why nothing was sent.

    ``unwritten`` is why the ledger has not what the agency said; empty where it has.
    """

    offer: Offer
    purchase: Purchase | None = None
    result: LicenseResult | None = None
    refused: str = ""
    unwritten: str = ""


class PurchaseObserver:
    """Receives the agency's answers before the ledger; this base class stores nothing.

    For each request the methods are called in their order here; `record_answer` within
    `defer_interrupts`.
    """

    def before_request(self, claimed: Sequence[tuple[Offer, Purchase]]) -> None:
        """Store the claims before the request.

        Raises:
            PurchaseRefused: the claims can't be stored; nothing must be sent.
        """

    def defer_interrupts(self) -> AbstractContextManager[None]:
        """Defer interrupts between a request and the storing of its answer."""
        return nullcontext()

    def record_answer(self, outcomes: Sequence[PurchaseOutcome]) -> None:
        """Store the agency's answer, which is stored nowhere else yet."""

    def fetch_file(self, outcome: PurchaseOutcome) -> None:
        """Fetch the file of a license whose file can be had only once."""

    def forget_written(self, purchases: Sequence[Purchase]) -> None:
        """Forget purchases that the ledger has stored."""


class PurchaseService:
    """Buys with an account and writes it into ``purchases``; ``pause`` waits for seconds."""

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
        witness: PurchaseObserver | None = None,
    ) -> Iterator[PurchaseOutcome]:
        """Buy, request after request, as the outcomes are taken.

        After an unknown outcome it ends: the offers that have none were not sent.

        Raises:
            PurchaseRefused: nothing is sent, for an offer lacks something or an earlier purchase
                is still unknown.
            AgencyError: nothing of this request was bought; those before it were.
            LedgerError: of a request that was sent only after all its outcomes were taken, those
                that the ledger has not as ``unwritten``.
        """
        witness = witness or PurchaseObserver()
        for offer in offers:
            self._validate(offer)
        self._history.read_prices()
        for batch in _split_batches(offers, self._account.max_per_request):
            self._settle_open_purchases()
            outcomes = self._buy(batch, witness, force=force)
            yield from outcomes
            if unwritten := [one.unwritten for one in outcomes if one.unwritten]:
                raise LedgerError(unwritten[0])
            if any(one.purchase and one.purchase.state == "unknown" for one in outcomes):
                return

    def find_other_size(self, offer: Offer) -> str:
        """Return in which other size the item was bought within a day; empty where in none.

        Raises:
            AgencyError: the history can't be read.
        """
        wanted, recent = self._prepare_record(offer)
        if here := self._purchases.find_other_size(wanted):
            return _describe_earlier_purchase(here.size, here.made_at, here.license_id)
        there = self._history.find_elsewhere(wanted, recent, any_size=True)
        if there is None or self._history.find_elsewhere(wanted, recent, any_size=False):
            return ""
        return _describe_earlier_purchase(there.size, there.downloaded_at, there.id)

    def settle(self) -> list[Purchase]:
        """Ask the history what became of purchases; gives those that are still unknown.

        Raises:
            AgencyError: the history can't be read.
        """
        self._history.read_prices()
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
        """Settle what is open, waiting for other processes that are just buying.

        For each it waits so long and no longer, whatever the clock says of when it was begun.
        """
        looks: Counter[str] = Counter()
        while still := self._history.settle_open():
            looks.update(one.purchase_id for one in still)
            patience = ANSWER_WAIT.total_seconds() / SETTLE_POLL_SECONDS
            if any(one.state == "unknown" or looks[one.purchase_id] > patience for one in still):
                raise PurchaseRefused(self._describe_unsettled(still))
            self._pause(SETTLE_POLL_SECONDS)

    def _describe_unsettled(self, still: Sequence[Purchase]) -> str:
        names = ", ".join(f"{one.media} {one.media_id}" for one in still)
        latest = max(one.made_at for one in still) + self._grace
        return (
            f"Whether {names} was bought is unknown. Nothing else is bought before the license "
            f"history shows it, or still does not at {latest:%H:%M:%S} UTC."
        )

    def _buy(
        self, batch: Sequence[Offer], witness: PurchaseObserver, *, force: bool
    ) -> list[PurchaseOutcome]:
        claimed, refused = self._claim(batch, witness, force=force)
        if not claimed:
            return refused
        with witness.defer_interrupts():
            outcomes, failure = self._send(claimed)
            witness.record_answer(outcomes)
        for n, one in enumerate(outcomes):
            if one.offer.comes_once and one.purchase and one.purchase.state == "licensed":
                outcomes[n] = self._name_license(one)
                witness.fetch_file(outcomes[n])
        outcomes = self._record_outcomes(outcomes, witness)
        if failure and not any(one.unwritten for one in outcomes):
            raise failure
        return refused + outcomes

    def _send(
        self, claimed: Sequence[tuple[Offer, Purchase]]
    ) -> tuple[list[PurchaseOutcome], AgencyError | None]:
        """Ask once; return the outcomes, and a failure to raise after they are recorded."""
        try:
            results = self._account.license([offer.request for offer, _ in claimed])
        except UnclearOutcome as error:
            return _build_same_outcomes(claimed, "unknown", error.message), None
        except AgencyError as error:
            failure = None if isinstance(error, RequestRefused) else error
            return _build_same_outcomes(claimed, "failed", error.message), failure
        said = zip(claimed, results, strict=True)
        return [_build_outcome(offer, purchase, one) for (offer, purchase), one in said], None

    def _name_license(self, outcome: PurchaseOutcome) -> PurchaseOutcome:
        """Return a purchase with its license's name by the history, if the answer had none."""
        done = outcome.purchase
        if done is None or done.license_id:
            return outcome
        with suppress(AgencyError, LedgerError):  # its file has another name then
            done = self._history.name_license(done)
        return replace(outcome, purchase=done)

    def _record_outcomes(
        self, outcomes: Sequence[PurchaseOutcome], witness: PurchaseObserver
    ) -> list[PurchaseOutcome]:
        """Close all records of a request, then ask the history for what is lacking.

        Once the ledger has failed it is not asked for the rest, which would take as long each.
        """
        closed: list[PurchaseOutcome] = []
        failure = ""
        for one in outcomes:
            try:
                closed.append(one if failure else self._close_record(one))
            except LedgerError as error:
                failure = str(error)
                closed.append(one)
            if failure:
                closed[-1] = replace(one, unwritten=failure)
        written = [one.purchase for one in closed if one.purchase and not one.unwritten]
        witness.forget_written(written)
        return [one if one.unwritten else self._complete_from_history(one) for one in closed]

    def _close_record(self, outcome: PurchaseOutcome) -> PurchaseOutcome:
        done = outcome.purchase
        if done is None:
            return outcome
        said = {name: getattr(done, name) for name in ("state", "license_id", "charge", "error")}
        return replace(outcome, purchase=self._purchases.close(done, **said))

    def _complete_from_history(self, outcome: PurchaseOutcome) -> PurchaseOutcome:
        """Return the outcome with what the history adds; the next purchase asks again."""
        done = outcome.purchase
        if done is None or done.state == "failed":
            return outcome
        with suppress(AgencyError, LedgerError):
            if done.state == "unknown":
                done = self._history.settle_purchase(done)
            elif done.asked is not None or done.license_id is None:
                done = self._history.complete_purchase(done)
        return replace(outcome, purchase=done)

    def _claim(
        self, batch: Sequence[Offer], witness: PurchaseObserver, *, force: bool
    ) -> tuple[list[tuple[Offer, Purchase]], list[PurchaseOutcome]]:
        """Record what is about to be bought; what stands in the way of some is their outcome."""
        claimed: list[tuple[Offer, Purchase]] = []
        refused: list[PurchaseOutcome] = []
        try:
            for offer in batch:
                purchase, recent = self._prepare_record(offer)
                other = None if force else self._find_elsewhere(offer, purchase, recent)
                words = _describe_elsewhere(other) if other else ""
                if not words:
                    clash = self._purchases.claim(
                        purchase, force=force, any_size=offer.size_auto_selected
                    )
                    words = _describe_clash(clash, purchase) if clash else ""
                if words:
                    refused.append(PurchaseOutcome(offer=offer, refused=words))
                else:
                    claimed.append((offer, purchase))
            if claimed:
                witness.before_request(claimed)
            self._refuse_old_claims(claimed)
        except BaseException:
            with suppress(LedgerError):  # the reason why it was not sent is what matters
                self._abandon_claims([one for _, one in claimed], witness)
            raise
        return claimed, refused

    def _find_elsewhere(
        self, offer: Offer, wanted: Purchase, recent: Sequence[Record]
    ) -> Record | None:
        """Return the license in the history that stands in the way, if any."""
        return self._history.find_elsewhere(wanted, recent, any_size=offer.size_auto_selected)

    def _refuse_old_claims(self, claimed: Sequence[tuple[Offer, Purchase]]) -> None:
        """Give up records so old that another process may soon take them for not bought."""
        oldest = min((one.made_at for _, one in claimed), default=self._purchases.now())
        if self._purchases.now() - oldest > self._grace / 2:
            raise PurchaseRefused("It took too long to get ready; nothing was sent.")

    def _prepare_record(self, offer: Offer) -> tuple[Purchase, list[Record]]:
        """Return the record to write, and the item's licenses made within a purchase's `LIFE`."""
        one, now = offer.request, self._purchases.now()
        history = self._account.iter_history(one.media, media_id=one.id)
        newest = next(history, None)
        rows = chain([newest], history) if newest else ()
        recent = list(takewhile(lambda row: row.downloaded_at >= now - INTENT_LIFETIME, rows))
        side = "x".join(str(pixels or "") for pixels in one.custom) if one.custom else one.size
        purchase = Purchase(
            agency=self._account.agency,
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
        return purchase, recent

    def _abandon_claims(self, claimed: Sequence[Purchase], witness: PurchaseObserver) -> None:
        """Close records of what was not sent."""
        for one in claimed:
            self._purchases.close(one, state="failed", error="It was not sent.")
        witness.forget_written(claimed)


def _build_same_outcomes(
    claimed: Iterable[tuple[Offer, Purchase]], state: Literal["unknown", "failed"], error: str
) -> list[PurchaseOutcome]:
    """Return the same outcome for all that was in a request."""
    made = ((offer, replace(one, state=state, error=error)) for offer, one in claimed)
    return [PurchaseOutcome(offer=offer, purchase=purchase) for offer, purchase in made]


def _build_outcome(offer: Offer, purchase: Purchase, result: LicenseResult) -> PurchaseOutcome:
    """Return the outcome of one item as the agency says it."""
    if result.license_id is not None or result.download_url is not None:
        done = replace(
            purchase,
            state="licensed",
            license_id=result.license_id,
            charge=result.allotment_charge,
            error=result.error,
        )
        return PurchaseOutcome(offer=offer, purchase=done, result=result)
    if result.error:
        done = replace(purchase, state="failed", error=result.error)
    else:
        done = replace(purchase, state="unknown", error="The answer says nothing.")
    return PurchaseOutcome(offer=offer, purchase=done)


def _split_batches(offers: Sequence[Offer], most: int) -> Iterator[Sequence[Offer]]:
    """Yield the items of each request: one on API subscriptions, else ``most`` of one kind."""
    for (_, _, single), group in groupby(offers, _get_batch_key):
        items = list(group)
        size = 1 if single else most
        yield from (items[i : i + size] for i in range(0, len(items), size))


def _get_batch_key(offer: Offer) -> tuple[str, str, bool]:
    return offer.request.media, offer.request.country, offer.subscription.is_api


def _describe_elsewhere(other: Record) -> str:
    when = f"{other.downloaded_at:%Y-%m-%d %H:%M} UTC"
    size = f" in the size {other.size}" if other.size else ""
    return f"The account has bought the same elsewhere at {when}{size} (license {other.id})."


def _describe_clash(clash: Purchase, wanted: Purchase) -> str:
    if clash.state != "licensed":
        return "The same is being bought right now, or its outcome is unknown."
    license_id = f" (license {clash.license_id})" if clash.license_id else ""
    when = f"{clash.made_at:%Y-%m-%d %H:%M} UTC"
    words = f"The same was bought at {when} in the size {clash.size}{license_id}."
    return words if clash.size == wanted.size else f"{words} --force buys {wanted.size} too."


def _describe_earlier_purchase(size: str, when: datetime, license_id: str | None) -> str:
    named = f" (license {license_id})" if license_id else ""
    return f"in {size or 'another size'} at {when:%H:%M} UTC{named}"
