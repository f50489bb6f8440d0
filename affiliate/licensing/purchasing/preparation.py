"""Rules before an offer is bought, which commands and the owner's desk share."""

import re

from msgspec.structs import replace

from affiliate.database.purchases import Purchases
from affiliate.errors import AgencyError, PurchaseRefused
from affiliate.licensing.accounts.targets import describe_target
from affiliate.licensing.offers import LicenseOptions, Offer
from affiliate.licensing.purchasing.checkout import PurchaseService
from affiliate.licensing.seller import Proposer, Seller


def refuse_live_address(account: Seller, *, live: bool) -> None:
    """Refuse to spend money unless the real account is wanted.

    Raises:
        PurchaseRefused: the setting for the sandbox has the address of the real account.
    """
    is_real = describe_target(account.agency, account.url).is_real
    if account.has_sandbox and not live and is_real:
        raise PurchaseRefused(
            "SHUTTERSTOCK_LICENSE_URL is the real account's address; say --live, or choose the real"
            " account at the desk, to buy there."
        )


def create_service(account: Seller, purchases: Purchases, *, live: bool) -> PurchaseService:
    """Return the purchase service; at an agency without a sandbox, settle open purchases first.

    Otherwise such an agency would refuse an item that it has sold with its answer lost, and the
    purchase would stay open in our records.
    """
    service = PurchaseService(account, purchases, sandbox=account.has_sandbox and not live)
    if live and not account.has_sandbox:
        service.settle()
    return service


def make_offer(proposer: Proposer, options: LicenseOptions, media_id: str) -> Offer:
    """Return the offer for an item.

    Raises:
        PurchaseRefused: the item can't be licensed with these options, or was withdrawn.
        AgencyError: the agency did not answer.
    """
    try:
        return proposer.make_offer(options, media_id)
    except AgencyError as error:
        if error.kind not in {"not found", "refused"}:
            raise
        raise PurchaseRefused(error.message) from None


def find_other_size(offer: Offer, service: PurchaseService) -> str:
    """Return the other size in which the item was bought, in words, if the owner must be asked.

    Without a size that the owner insists on, any size counts as the same, and is refused.
    """
    return "" if offer.size_auto_selected else service.find_other_size(offer)


def refuse_other_sizes(offer: Offer) -> Offer:
    """Return the offer for which an earlier purchase in any size counts as the same.

    `PurchaseService` then refuses another size that was bought after the owner was asked.
    """
    return replace(offer, size_auto_selected=True)


def format_size(offer: Offer) -> str:
    """Return the name of the size, or the pixels of a custom size."""
    return "x".join(str(side or "") for side in offer.request.custom or ()) or offer.request.size


def describe_payment(offer: Offer) -> str:
    """Return the subscription that pays, and the downloads that the subscription has left."""
    plan = offer.subscription
    downloads_left = "" if plan.downloads_left is None else f" ({plan.downloads_left} left)"
    return f"{plan.id}{downloads_left}".strip()


def parse_custom_size(text: str) -> tuple[int, int]:
    """Return width and height in pixels, 0 for a side that is left open.

    Raises:
        ValueError: the text has another form.
    """
    match = re.fullmatch(r"([0-9]{0,6})x([0-9]{0,6})", text)
    if not match:
        raise ValueError("Write 800x or x600.")
    return int(match[1] or 0), int(match[2] or 0)
