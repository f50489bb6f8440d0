"""Recording of the agency's answers in a journal, before the ledger is used.

An answer goes into the journal, then to the buyer; then files that can't be had later are fetched.
`flask license` and the owner's desk each derive their recorder from `JournalRecorder`.
"""

import logging
import os
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar, Final, TypeVar

import msgspec

from affiliate.database.purchases import Purchase
from affiliate.domain.media import clean_text
from affiliate.errors import AffiliateError, describe_error
from affiliate.licensing.accounts.targets import describe_target
from affiliate.licensing.offers import Offer
from affiliate.licensing.purchasing.checkout import PurchaseService
from affiliate.licensing.purchasing.journal import Entry, JournalFile, build_unwritable_refusal
from affiliate.licensing.purchasing.outcomes import PurchaseObserver, PurchaseOutcome
from affiliate.licensing.seller import Seller

UNFINISHED: Final = 3
"""The status of a buyer that has or may have bought something and could not finish."""

StructType = TypeVar("StructType", bound=msgspec.Struct)

log = logging.getLogger(__name__)


class JournalRecorder(PurchaseObserver):
    """Recorder of one buyer: answers go to ``file``, files that can't be had later to ``folder``.

    Subclasses say what happens by `say`, and fetch files by `fetch`. ``begun_count`` counts the
    items that were about to be sent, ``bought_count`` the items that were bought; ``has_failed``
    tells of a failure on this site's side since the first request.
    """

    shows_links: ClassVar[bool] = True
    """True where lines may hold the link of a file, a secret that gets the file."""

    def __init__(self, account: Seller, file: JournalFile, folder: Path | None) -> None:
        self._account = account
        self._file = file
        self._folder = folder
        self._said_words: dict[str, str] = {}
        self._tried_ids: set[str] = set()
        self._outcomes: dict[str, PurchaseOutcome] = {}
        self.begun_count = 0
        self.bought_count = 0
        self.has_failed = False

    @abstractmethod
    def say(self, words: str, *, err: bool = False) -> None:
        """Tell the buyer a line; must not raise an exception."""

    @abstractmethod
    def fetch(self, outcome: PurchaseOutcome) -> bool:
        """Fetch the file of a purchase where wanted; return False if a wanted file failed."""

    @property
    def may_have_bought(self) -> bool:
        """Return whether something was bought, or may have been."""
        return bool(self.bought_count or self._file.open_entries)

    def before_request(self, claims: Sequence[tuple[Offer, Purchase]]) -> None:
        """Write entries of the purchases that are about to be sent, with room for the answers."""
        folder = str((self._folder or Path()).absolute())
        entries = [
            Entry(purchase=purchase, folder=folder, once=offer.comes_once)
            for offer, purchase in claims
        ]
        try:
            self._file.write_entries(entries, room=True)
        except OSError as error:
            raise build_unwritable_refusal(self._file.path.parent, error) from None
        self.begun_count += len(entries)

    def record_answer(self, outcomes: Sequence[PurchaseOutcome]) -> None:
        """Write down the outcomes, and say the purchases among them."""
        self._write_entries(self._build_entry(outcome) for outcome in outcomes)
        for outcome in outcomes:
            self._outcomes[outcome.offer.asset.id] = outcome
            if outcome.purchase and outcome.purchase.state == "licensed":
                self.bought_count += 1
                self.show_outcome(outcome)

    def fetch_file(self, outcome: PurchaseOutcome) -> None:
        """Fetch the file of a purchase; after a failure the link stays in the journal."""
        self._write_entries([self._build_entry(outcome)])
        self._tried_ids.add(outcome.offer.asset.id)
        if not self.fetch(outcome):
            self.has_failed = True
        else:
            self._write_entries([replace_fields(self._build_entry(outcome), link="")])

    def finish(self, outcome: PurchaseOutcome) -> int:
        """Say the outcome of an offer, fetch its file if not tried before, and return the status.

        Files that can't be had later were tried, unless the agency's answer was lost and the
        license was found in the history.
        """
        self.show_outcome(outcome)
        state = outcome.purchase.state if outcome.purchase else "failed"
        if state == "licensed":
            is_done = outcome.offer.asset.id in self._tried_ids or self.fetch(outcome)
            return 0 if is_done else UNFINISHED
        return UNFINISHED if state == "unknown" else 1

    def forget_written(self, purchases: Sequence[Purchase]) -> None:
        """Mark the entries of purchases that the ledger has."""
        entries = self._file.entries
        ids = [purchase.purchase_id for purchase in purchases if purchase.purchase_id in entries]
        self._write_entries(
            replace_fields(entries[purchase_id], written=True) for purchase_id in ids
        )

    def show_outcome(self, outcome: PurchaseOutcome) -> None:
        """Say the outcome of an offer, unless said before."""
        self._outcomes[outcome.offer.asset.id] = outcome
        suffix = describe_target(self._account.agency, self._account.url).suffix
        words = f"{outcome.offer.asset.id}: {describe_outcome(outcome)}{suffix}"
        purchase_id = outcome.purchase.purchase_id if outcome.purchase else ""
        if not purchase_id or self._said_words.get(purchase_id) != words:
            self._said_words[purchase_id] = words
            self.say(words)

    def report_failure(self, error: BaseException) -> None:
        """Say why the purchase ends early, and all that is known of its purchases."""
        self.say(f"\nError: {describe_failure(error)}", err=True)
        suffix = describe_target(self._account.agency, self._account.url).suffix
        for entry in self._file.open_entries:
            for words in describe_open_entry(entry, show_link=self.shows_links):
                self.say(f"{entry.purchase.media_id}: {words}{suffix}", err=True)

    def _build_entry(self, outcome: PurchaseOutcome) -> Entry:
        """Return the entry of a purchase with its outcome."""
        purchase = outcome.purchase
        if purchase is None:  # never for an offer that was sent
            raise ValueError(outcome.refused)
        entry = self._file.entries[purchase.purchase_id]
        result = outcome.result
        link = result.download_url if result and entry.once else None
        return replace_fields(entry, purchase=purchase, link=link or "")

    def _write_entries(self, entries: Iterable[Entry]) -> None:
        """Write entries to the journal; after a failure this buyer still knows the entries."""
        entry_list = list(entries)
        try:
            self._file.write_entries(entry_list)
        except OSError as error:
            self._file.remember_entries(entry_list)
            reason = os.strerror(error.errno or 0)
            self.say(f"{self._file.path} can't be written: {reason}.", err=True)


def buy_offers(
    service: PurchaseService, offers: Sequence[Offer], recorder: JournalRecorder, *, force: bool
) -> int:
    """Buy the offers, say the outcomes, and return the status.

    A failure after something was bought, or may have been, gives `UNFINISHED`.
    """
    statuses = {0}
    try:
        for outcome in service.license(offers, force=force, observer=recorder):
            statuses.add(recorder.finish(outcome))
    except (Exception, KeyboardInterrupt) as error:
        if not recorder.may_have_bought:
            raise
        recorder.report_failure(error)
        statuses.add(UNFINISHED)
    if UNFINISHED in statuses and (unsent := len(offers) - recorder.begun_count) > 0:
        recorder.say(f"{unsent} were not sent.", err=True)
    return max(*statuses, UNFINISHED * recorder.has_failed)


def describe_outcome(outcome: PurchaseOutcome) -> str:
    """Return the outcome of an offer in words."""
    purchase = outcome.purchase
    if purchase is None:
        return outcome.refused
    if purchase.state == "licensed":
        name = f" as {clean_text(purchase.license_id)}" if purchase.license_id else ""
        charge = "" if purchase.charge is None else f", {purchase.charge} downloads charged"
        price = "" if purchase.price is None else f", price {purchase.price} {purchase.currency}"
        return f"licensed{name}{charge}{price}"
    if purchase.state == "unknown":
        return (
            f"UNKNOWN whether it was bought ({purchase.error}); the license history will settle it."
        )
    return f"not licensed: {purchase.error}"


def describe_open_entry(entry: Entry, *, show_link: bool) -> list[str]:
    """Return the steps that a purchase still lacks, with all that is known of the purchase."""
    purchase = entry.purchase
    words = []
    if purchase.state in {"pending", "unknown"}:
        words = ["UNKNOWN whether it was bought; the next run settles it from the history."]
    elif not entry.written:
        name = f" as {clean_text(purchase.license_id)}" if purchase.license_id else ""
        outcome = f"licensed{name}" if purchase.state == "licensed" else "not licensed"
        words = [f"{outcome}, which the ledger has not yet; the next run writes it there."]
    if entry.link:
        link = f", from {entry.link} " if show_link else ""
        words.append(f"its file comes once{link}; the next run fetches it too.")
    return words


def replace_fields(struct: StructType, **changes: object) -> StructType:
    """Return an entry or a row with some fields changed."""
    return msgspec.structs.replace(struct, **changes)


def describe_failure(error: BaseException) -> str:
    """Return a failure in words; unexpected failures are logged with their traceback."""
    if isinstance(error, AffiliateError):
        return describe_error(error)
    if isinstance(error, KeyboardInterrupt):
        return "Interrupted."
    log.error("buying failed after something was sent", exc_info=error)
    if isinstance(error, OSError):
        return os.strerror(error.errno or 0)
    return f"The program failed ({type(error).__name__})."
