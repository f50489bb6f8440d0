"""Outcomes of purchases: their observer, their building from answers, and refusals in words."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Literal

import msgspec
from msgspec.structs import replace

from affiliate.database.purchases import Purchase
from affiliate.licensing.models import LicenseResult, Record
from affiliate.licensing.offers import Offer


class PurchaseOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one offer: ``purchase.state``, or in ``refused`` the reason for not sending.

    ``unwritten`` is the reason why the ledger lacks the agency's answer; empty for a full record.
    """

    offer: Offer
    purchase: Purchase | None = None
    result: LicenseResult | None = None
    refused: str = ""
    unwritten: str = ""


class PurchaseObserver:
    """An observer that receives the agency's answers before the ledger; the base stores nothing.

    For each request the methods are called in the order of their definition; `record_answer` is
    called within `defer_interrupts`.
    """

    def before_request(self, claims: Sequence[tuple[Offer, Purchase]]) -> None:
        """Store the claims before the request.

        Raises:
            PurchaseRefused: the claims can't be stored; nothing must be sent.
        """

    def defer_interrupts(self) -> AbstractContextManager[None]:
        """Defer interrupts between a request and the storing of its answer."""
        return nullcontext()

    def record_answer(self, outcomes: Sequence[PurchaseOutcome]) -> None:
        """Store the agency's answer, which is not stored elsewhere yet."""

    def fetch_file(self, outcome: PurchaseOutcome) -> None:
        """Fetch the file of a license whose file can't be had later."""

    def forget_written(self, purchases: Sequence[Purchase]) -> None:
        """Forget purchases that the ledger has stored."""


def build_same_outcomes(
    claims: Iterable[tuple[Offer, Purchase]], state: Literal["unknown", "failed"], error: str
) -> list[PurchaseOutcome]:
    """Return the same outcome for all claims of a request."""
    return [
        PurchaseOutcome(offer=offer, purchase=replace(purchase, state=state, error=error))
        for offer, purchase in claims
    ]


def build_outcome(offer: Offer, purchase: Purchase, result: LicenseResult) -> PurchaseOutcome:
    """Return the outcome of one item from the agency's result."""
    if result.license_id is not None or result.download_url is not None:
        closed_purchase = replace(
            purchase,
            state="licensed",
            license_id=result.license_id,
            charge=result.allotment_charge,
            error=result.error,
        )
        return PurchaseOutcome(offer=offer, purchase=closed_purchase, result=result)
    if result.error:
        closed_purchase = replace(purchase, state="failed", error=result.error)
    else:
        closed_purchase = replace(purchase, state="unknown", error="The answer says nothing.")
    return PurchaseOutcome(offer=offer, purchase=closed_purchase)


def describe_elsewhere(record: Record) -> str:
    """Return the refusal because of a license in the history without a record here."""
    bought_at = f"{record.downloaded_at:%Y-%m-%d %H:%M} UTC"
    size = f" in the size {record.size}" if record.size else ""
    return f"The account has bought the same elsewhere at {bought_at}{size} (license {record.id})."


def describe_clash(clash: Purchase, purchase: Purchase) -> str:
    """Return the refusal because of an earlier purchase of the same item."""
    if clash.state != "licensed":
        return "The same is being bought right now, or its outcome is unknown."
    license_id = f" (license {clash.license_id})" if clash.license_id else ""
    bought_at = f"{clash.made_at:%Y-%m-%d %H:%M} UTC"
    words = f"The same was bought at {bought_at} in the size {clash.size}{license_id}."
    return words if clash.size == purchase.size else f"{words} --force buys {purchase.size} too."


def describe_earlier_purchase(size: str, moment: datetime, license_id: str | None) -> str:
    """Return the size, the time and the license of an earlier purchase, for a question."""
    suffix = f" (license {license_id})" if license_id else ""
    return f"in {size or 'another size'} at {moment:%H:%M} UTC{suffix}"
