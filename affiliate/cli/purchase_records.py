"""Recording of the agency's answers in `flask license`, before the ledger is used.

An answer goes into the journal, then onto the screen; then files that can't be had later are
fetched.
"""

import logging
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from click import Abort, echo

from affiliate.cli import outputs
from affiliate.cli.license_files import fetch_license_file
from affiliate.cli.license_target import describe_target
from affiliate.cli.signals import defer_interrupt
from affiliate.database.purchases import Purchase
from affiliate.domain.media import clean_text
from affiliate.errors import AffiliateError, AgencyError
from affiliate.licensing.offers import Offer
from affiliate.licensing.purchasing.journal import Entry, JournalFile, build_unwritable_refusal
from affiliate.licensing.purchasing.outcomes import PurchaseObserver, PurchaseOutcome
from affiliate.licensing.seller import Seller

UNFINISHED: Final = 3
"""The exit status of a command that has or may have bought something and could not finish."""

StructType = TypeVar("StructType", bound=msgspec.Struct)

log = logging.getLogger(__name__)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one item, for programs.

    ``state`` is ``offered``, ``refused``, ``not sent``, ``failed``, ``unknown`` or ``licensed``;
    ``cost`` is the cost before the purchase, in words; ``link`` leads to a file that can't be had
    later and was not fetched. ``is_recorded`` tells that the ledger has the agency's answer.
    """

    id: str
    state: str
    size: str = ""
    subscription: str = ""
    cost: str = ""
    license_id: str | None = None
    downloads: int | None = None
    price: Decimal | None = None
    currency: str | None = None
    error: str | None = None
    is_recorded: bool = False
    file: str | None = None
    link: str | None = None


class PurchaseRecorder(PurchaseObserver):
    """Recorder of one command: answers go to ``file``, files that can't be had later to ``folder``.

    ``begun_count`` counts the items that were about to be sent, ``bought_count`` the items that
    were bought; ``has_failed`` tells of a failure on this site's side since the first request.
    """

    def __init__(self, account: Seller, file: JournalFile, folder: Path | None) -> None:
        self._account = account
        self._file = file
        self._folder = folder
        self._printed_words: dict[str, str] = {}
        self._tried_ids: set[str] = set()
        self._files: dict[str, str] = {}
        self._outcomes: dict[str, PurchaseOutcome] = {}
        self.begun_count = 0
        self.bought_count = 0
        self.has_failed = False

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

    def defer_interrupts(self) -> AbstractContextManager[None]:
        """Defer the first interrupt until the agency's answer is recorded."""
        words = "Interrupted: waiting for the agency's answer to what was sent. Again ends at once."
        return defer_interrupt(lambda: self.say(words, err=True))

    def record_answer(self, outcomes: Sequence[PurchaseOutcome]) -> None:
        """Write down the outcomes, and print the purchases among them."""
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
        if not self._fetch(outcome):
            self.has_failed = True
        else:
            self._write_entries([replace_fields(self._build_entry(outcome), link="")])

    def finish(self, outcome: PurchaseOutcome) -> int:
        """Print the outcome of an offer, fetch its file if not tried before, and return the status.

        Files that can't be had later were tried, unless the agency's answer was lost and the
        license was found in the history.
        """
        self.show_outcome(outcome)
        state = outcome.purchase.state if outcome.purchase else "failed"
        if state == "licensed":
            is_done = outcome.offer.asset.id in self._tried_ids or self._fetch(outcome)
            return 0 if is_done else UNFINISHED
        return UNFINISHED if state == "unknown" else 1

    def _fetch(self, outcome: PurchaseOutcome) -> bool:
        file = fetch_license_file(self._account, outcome, self._folder, self.say)
        if file.path:
            self._files[outcome.offer.asset.id] = str(file.path.absolute())
        return not file.failed

    def forget_written(self, purchases: Sequence[Purchase]) -> None:
        """Mark the entries of purchases that the ledger has."""
        entries = self._file.entries
        ids = [purchase.purchase_id for purchase in purchases if purchase.purchase_id in entries]
        self._write_entries(
            replace_fields(entries[purchase_id], written=True) for purchase_id in ids
        )

    def show_outcome(self, outcome: PurchaseOutcome) -> None:
        """Print the outcome of an offer, unless printed before."""
        self._outcomes[outcome.offer.asset.id] = outcome
        suffix = describe_target(self._account.agency, self._account.url).suffix
        words = f"{outcome.offer.asset.id}: {describe_outcome(outcome)}{suffix}"
        purchase_id = outcome.purchase.purchase_id if outcome.purchase else ""
        if not purchase_id or self._printed_words.get(purchase_id) != words:
            self._printed_words[purchase_id] = words
            self.say(words)

    def say(self, words: str, *, err: bool = False) -> None:
        """Print a line; a broken output is noted in ``has_failed`` and does not end the command."""
        try:
            echo(words, err=err)
        except OSError:
            self.has_failed = True
            outputs.redirect_to_null(sys.stderr if err else sys.stdout)

    def report_failure(self, error: BaseException) -> None:
        """Print why the command ends early, and all that is known of its purchases."""
        self.say(f"\nError: {_describe_failure(error)}", err=True)
        suffix = describe_target(self._account.agency, self._account.url).suffix
        for entry in self._file.open_entries:
            for words in describe_open_entry(entry):
                self.say(f"{entry.purchase.media_id}: {words}{suffix}", err=True)

    def build_rows(self, offers: Iterable[Offer]) -> list[Row]:
        """Return the outcome of each offer, for programs."""
        entries = {entry.purchase.media_id: entry for entry in self._file.open_entries}
        return [self._build_row(offer, entries.get(offer.asset.id)) for offer in offers]

    def _build_row(self, offer: Offer, entry: Entry | None) -> Row:
        outcome = self._outcomes.get(offer.asset.id)
        purchase = outcome.purchase if outcome else entry.purchase if entry else None
        row = build_row(offer, state="refused" if outcome else "not sent")
        if purchase is None:
            return replace_fields(row, error=outcome.refused if outcome else None)
        return replace_fields(
            row,
            state="unknown" if purchase.state == "pending" else purchase.state,
            license_id=purchase.license_id,
            downloads=purchase.charge,
            price=purchase.price,
            currency=purchase.currency,
            error=purchase.error,
            is_recorded=entry is None or entry.written,
            file=self._files.get(offer.asset.id),
            link=(entry and entry.link) or None,
        )

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
        """Write entries to the journal; after a failure this command still knows the entries."""
        entry_list = list(entries)
        try:
            self._file.write_entries(entry_list)
        except OSError as error:
            self._file.remember_entries(entry_list)
            reason = os.strerror(error.errno or 0)
            self.say(f"{self._file.path} can't be written: {reason}.", err=True)


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


def describe_open_entry(entry: Entry) -> list[str]:
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
        words.append(f"its file comes once, from {entry.link} ; the next run fetches it too.")
    return words


def build_row(offer: Offer, *, state: str) -> Row:
    """Return the row of an offer without an outcome, for programs."""
    plan, size = offer.subscription.id, offer.request.size
    return Row(id=offer.asset.id, state=state, size=size, subscription=plan, cost=offer.cost)


def replace_fields(struct: StructType, **changes: object) -> StructType:
    """Return an entry or a row with some fields changed."""
    return msgspec.structs.replace(struct, **changes)


def _describe_failure(error: BaseException) -> str:
    """Return a failure in words; unexpected failures are logged with their traceback."""
    if isinstance(error, AgencyError):
        return error.message
    if isinstance(error, AffiliateError):
        return str(error)
    if isinstance(error, KeyboardInterrupt | Abort):
        return "Interrupted."
    log.error("the command failed after something was sent", exc_info=error)
    if isinstance(error, OSError):
        return os.strerror(error.errno or 0)
    return f"The program failed ({type(error).__name__})."
