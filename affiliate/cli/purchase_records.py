"""Recording of the answers in `flask license`: on the screen and, for programs, as JSON."""

import sys
from collections.abc import Iterable
from contextlib import AbstractContextManager
from decimal import Decimal
from pathlib import Path

import click
import msgspec
from click import echo

from affiliate.cli import outputs
from affiliate.cli.signals import defer_interrupt
from affiliate.licensing.offers import Offer
from affiliate.licensing.purchasing.journal import Entry, JournalFile
from affiliate.licensing.purchasing.outcomes import PurchaseOutcome
from affiliate.licensing.purchasing.purchased_files import FetchResult, Printer
from affiliate.licensing.purchasing.purchased_files import fetch_license_file as fetch_file
from affiliate.licensing.purchasing.recorder import JournalRecorder, replace_fields
from affiliate.licensing.seller import Seller
from affiliate.services import current_services


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


class PurchaseRecorder(JournalRecorder):
    """Recorder of one command, which prints what happens."""

    def __init__(self, account: Seller, file: JournalFile, folder: Path | None) -> None:
        super().__init__(account, file, folder)
        self._files: dict[str, str] = {}

    def defer_interrupts(self) -> AbstractContextManager[None]:
        """Defer the first interrupt until the agency's answer is recorded."""
        words = "Interrupted: waiting for the agency's answer to what was sent. Again ends at once."
        return defer_interrupt(lambda: self.say(words, err=True))

    def fetch(self, outcome: PurchaseOutcome) -> bool:
        """Fetch the file of a purchase into the folder, if there is one or the file comes once."""
        file = fetch_license_file(self._account, outcome, self._folder, self.say)
        if file.path:
            self._files[outcome.offer.asset.id] = str(file.path.absolute())
        return not file.failed

    def say(self, words: str, *, err: bool = False) -> None:
        """Print a line; a broken output is noted in ``has_failed`` and does not end the command."""
        try:
            echo(words, err=err)
        except OSError:
            self.has_failed = True
            outputs.redirect_to_null(sys.stderr if err else sys.stdout)

    def report_failure(self, error: BaseException) -> None:
        """Print why the command ends early, and all that is known of its purchases."""
        super().report_failure(KeyboardInterrupt() if isinstance(error, click.Abort) else error)

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


def fetch_license_file(
    account: Seller, outcome: PurchaseOutcome, folder: Path | None, say: Printer
) -> FetchResult:
    """Fetch the file of a purchase; ask at the terminal whether to try again."""
    transport = current_services().transport
    return fetch_file(account, outcome, folder, say, transport, _ask_again)


def _ask_again() -> bool:
    return outputs.is_terminal() and click.confirm("Try again?", default=True)


def build_row(offer: Offer, *, state: str) -> Row:
    """Return the row of an offer without an outcome, for programs."""
    plan, size = offer.subscription.id, offer.request.size
    return Row(id=offer.asset.id, state=state, size=size, subscription=plan, cost=offer.cost)
