"""Buying at the desk, by the services, the journal and the rules of `flask license`.

The purchase is named by the form that begins it, so that the same form sent twice buys once.
"""

import hashlib
import logging
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import ClassVar, Final, NamedTuple
from uuid import uuid4

import msgspec

from affiliate.database.purchases import INTENT_LIFETIME, Purchase, Purchases
from affiliate.errors import LedgerError, PurchaseRefused
from affiliate.licensing.accounts.opening import open_seller
from affiliate.licensing.accounts.targets import Target, describe_owner, describe_target
from affiliate.licensing.models import Record, Subscription
from affiliate.licensing.offers import Offer
from affiliate.licensing.purchasing.checkout import PurchaseService
from affiliate.licensing.purchasing.journal import Entry, Journal, JournalFile
from affiliate.licensing.purchasing.outcomes import PurchaseOutcome
from affiliate.licensing.purchasing.preparation import (
    create_service,
    find_other_size,
    make_offer,
    refuse_live_address,
    refuse_other_sizes,
)
from affiliate.licensing.purchasing.purchased_files import fetch_license_file, prepare_folder
from affiliate.licensing.purchasing.recorder import JournalRecorder, buy_offers
from affiliate.licensing.seller import Seller
from affiliate.services import current_services
from affiliate.transport.client import Transport
from affiliate.unfinished_work import hold_process
from affiliate.web.owner.license_form import LicenseItem, LicenseWishes

MAX_BUYERS: Final = 4
"""Purchases under way in a process: each may wait for the agency as long as half a minute, and a
process most of whose threads wait is replaced (`affiliate.serving.progress`)."""
PURCHASE_ID: Final = re.compile("[0-9a-f]{32}")
"""The form of ids that `create_purchase_id` returns."""
MAX_PAST_LICENSES: Final = 5
"""Licenses of an item in the agency's history that a page shows, the newest."""

log = logging.getLogger(__name__)
_buyers = threading.BoundedSemaphore(MAX_BUYERS)


class Proposal(NamedTuple):
    """An item that can be bought, as far as the agency and the owner's wishes allow.

    ``refusal`` is the reason for no ``offer``; ``other_size`` the earlier purchase in another size
    that the owner must be asked about. ``owner``, ``plans`` and ``past`` are what pages show beside
    the offer: whose account pays, the subscriptions to choose from, the licenses in the history.
    """

    account: Seller
    target: Target
    service: PurchaseService
    owner: str = ""
    plans: Sequence[Subscription] = ()
    past: Sequence[Record] = ()
    offer: Offer | None = None
    other_size: str = ""
    refusal: str = ""


class BoughtPurchase(NamedTuple):
    """The end of a purchase: its status, as of `flask license`, and what was said meanwhile.

    ``is_begun`` tells that the ledger has a record of the purchase; ``entry`` is the purchase in
    the journal, while the ledger or a file lacks something.
    """

    status: int
    lines: Sequence[str]
    is_begun: bool
    entry: Entry | None


class DeskRecorder(JournalRecorder):
    """Recorder of one purchase at the desk: lines are kept for the page, and logged.

    ``seen`` is the newest purchase of the item that the form has shown.
    """

    shows_links: ClassVar[bool] = False

    def __init__(
        self, account: Seller, file: JournalFile, folder: Path, transport: Transport, seen: str
    ) -> None:
        super().__init__(account, file, folder)
        self._transport = transport
        self._seen = seen
        self.lines: list[str] = []

    def before_request(self, claims: Sequence[tuple[Offer, Purchase]]) -> None:
        """Refuse what was bought since the form was shown, as by the form of another tab.

        The claim is in the ledger by now: of two forms that claim at once, each sees the other.
        """
        for _, purchase in claims:
            own = purchase.purchase_id
            if find_newest_purchase(self._account, purchase.media_id, but=own) != self._seen:
                raise PurchaseRefused("It was bought since the form was shown; look at it again.")
        super().before_request(claims)

    def say(self, words: str, *, err: bool = False) -> None:
        """Keep a line for the page."""
        log.log(logging.WARNING if err else logging.INFO, "%s", words.strip())
        self.lines.append(words.strip())

    def fetch(self, outcome: PurchaseOutcome) -> bool:
        """Fetch a file that can't be had later; other files are fetched when they are wanted."""
        if not outcome.offer.comes_once:
            return True
        return not fetch_license_file(
            self._account, outcome, self._folder, self.say, self._transport
        ).failed


def get_file_folder() -> Path:
    """Return the folder of the files that can't be had later."""
    return current_services().config.data_dir.absolute() / "licensed"


def get_purchases() -> Purchases:
    """Return the purchases in the ledger."""
    return Purchases(current_services().ledger)


def get_journal() -> Journal:
    """Return the journal of purchases."""
    return Journal(current_services().config.data_dir)


def find_newest_purchase(account: Seller, media_id: str, *, but: str = "") -> str:
    """Return the id of an item's newest purchase in an account, ``but`` one; empty without any.

    Raises:
        LedgerError: the purchases can't be read.
    """
    ids = [
        purchase.purchase_id
        for purchase in get_purchases().list_item(account.agency, media_id)
        if purchase.api == account.url and purchase.state != "failed"
    ]
    return next((purchase_id for purchase_id in reversed(ids) if purchase_id != but), "")


def open_account(seller: str, *, live: bool) -> Seller:
    """Return the account at a seller.

    Raises:
        PurchaseRefused: settings are missing, or the sandbox's address is the real account's.
    """
    services = current_services()
    account = open_seller(seller, services.config, services.transport, services.tokens, live=live)
    refuse_live_address(account, live=live)
    return account


def propose_offer(item: LicenseItem, wishes: LicenseWishes) -> Proposal:
    """Return what can be bought.

    Raises:
        PurchaseRefused: no account can be opened.
        AgencyError: the agency did not answer.
        LedgerError: the purchases can't be read.
    """
    account = open_account(item.seller, live=wishes.is_live)
    service = create_service(account, get_purchases(), live=wishes.is_live)
    target = describe_target(account.agency, account.url)
    proposal = Proposal(account=account, target=target, service=service)
    try:
        offer = make_offer(service.create_proposer(), wishes.options, item.id)
        return proposal._replace(offer=offer, other_size=find_other_size(offer, service))
    except PurchaseRefused as error:
        return proposal._replace(refusal=str(error))


def add_facts(item: LicenseItem, proposal: Proposal) -> Proposal:
    """Return the proposal with what pages show beside the offer.

    Raises:
        AgencyError: the agency did not answer.
        LedgerError: the time or the account's token can't be read.
    """
    services, account = current_services(), proposal.account
    return proposal._replace(
        owner=describe_owner(account, services.config, services.tokens),
        plans=_list_plans(item, account),
        past=_list_past_licenses(item, account),
    )


def _list_plans(item: LicenseItem, account: Seller) -> list[Subscription]:
    """Return the subscriptions to choose from; none where the agency tells none."""
    if "subscription" not in item.fields:
        return []
    now = get_purchases().now()
    kinds = {"", "editorial" if item.media.startswith("editorial") else f"{item.media}s"}
    return [
        plan
        for plan in account.list_subscriptions()
        if plan.id and plan.asset_type in kinds and not plan.is_expired(now)
    ]


def _list_past_licenses(item: LicenseItem, account: Seller) -> list[Record]:
    """Return the newest licenses of the item in the agency's history."""
    records = account.iter_history(item.media, media_id=item.id)
    return list(islice(records, MAX_PAST_LICENSES))


def was_bought_lately(item: LicenseItem, proposal: Proposal) -> bool:
    """Return whether the same item was bought in the account within `INTENT_LIFETIME`.

    Raises:
        LedgerError: the purchases can't be read.
    """
    purchases = get_purchases()
    since = purchases.now() - INTENT_LIFETIME
    times = [record.downloaded_at for record in proposal.past]
    times += [
        purchase.made_at
        for purchase in purchases.list_item(item.seller, item.id)
        if purchase.api == proposal.account.url and purchase.state == "licensed"
    ]
    return any(moment >= since for moment in times)


def create_purchase_id() -> str:
    """Return an id for the purchase that a form begins."""
    return uuid4().hex


def digest_offer(proposal: Proposal) -> str:
    """Return a digest of all that the owner is shown: what is bought, where, and its cost."""
    offer = proposal.offer
    if offer is None:
        return ""
    shown = (proposal.account.url, offer.request, offer.subscription.id, offer.cost)
    license_kind = (offer.subscription.license, offer.asset.editorial)
    content = msgspec.json.encode((shown, license_kind), order="deterministic")
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def confirm_offer(proposal: Proposal, *, agreed: bool, other_size: bool, force: bool) -> Offer:
    """Return the offer with all that the owner must agree to.

    Raises:
        PurchaseRefused: the owner has not agreed to the notice, or to another size.
    """
    offer = proposal.offer
    if offer is None:
        raise PurchaseRefused(proposal.refusal)
    if offer.missing:
        raise PurchaseRefused(f"It needs {', '.join(offer.missing)}.")
    if offer.asset.editorial:
        if not agreed:
            raise PurchaseRefused("It is editorial; agree to the notice first.")
        offer = offer.with_notice_accepted()
    if not proposal.other_size or force:
        return offer if force else refuse_other_sizes(offer)
    if not other_size:
        raise PurchaseRefused(f"You bought this {proposal.other_size}; agree to another size.")
    return offer


def buy_offer(proposal: Proposal, offer: Offer, *, force: bool, seen: str) -> BoughtPurchase:
    """Buy an offer, whose ``purchase_id`` names the purchase; ``seen`` as in `DeskRecorder`.

    Raises:
        PurchaseRefused, AgencyError, LedgerError: nothing was bought.
    """
    transport = current_services().transport
    with _be_buyer(), hold_process():
        prepare_folder([offer], get_file_folder())
        with get_journal().create_file() as file:
            recorder = DeskRecorder(proposal.account, file, get_file_folder(), transport, seen)
            status = buy_offers(proposal.service, [offer], recorder, force=force)
            entry = next(iter(file.open_entries), None)
    return BoughtPurchase(status, recorder.lines, recorder.begun_count > 0, entry)


@contextmanager
def _be_buyer() -> Iterator[None]:
    if not _buyers.acquire(blocking=False):
        raise PurchaseRefused("Other purchases are under way; nothing was sent. Try again.")
    try:
        yield
    finally:
        _buyers.release()


def find_begun(purchase_id: str) -> Purchase | None:
    """Return the purchase that a form has begun before; None for none, or an unreadable ledger."""
    with suppress(LedgerError):
        return get_purchases().find(purchase_id)
    return None


def settle_purchase(purchase: Purchase) -> Purchase:
    """Ask the agency's history for the outcome of a purchase; return the purchase as it is now.

    Raises:
        PurchaseRefused: the account of the purchase can't be opened.
        AgencyError: the history can't be read.
        LedgerError: the outcome can't be recorded.
    """
    account = open_account_of(purchase)
    PurchaseService(account, get_purchases(), sandbox=False).settle()
    return get_purchases().find(purchase.purchase_id) or purchase


def open_account_of(purchase: Purchase) -> Seller:
    """Return the account of a purchase: the real account, or the sandbox.

    Raises:
        PurchaseRefused: the settings name neither any more.
    """
    services = current_services()
    for live in (True, False):
        account = open_seller(
            purchase.agency, services.config, services.transport, services.tokens, live=live
        )
        if account.url == purchase.api:
            return account
    raise PurchaseRefused("The settings no longer name the server of this purchase.")
