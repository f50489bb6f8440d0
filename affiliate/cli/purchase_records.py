"""What `flask license` does with the agency's answer before the ledger is asked for anything.

It goes into the journal, then onto the screen; then what comes only once is fetched.
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
from affiliate.cli.license_files import fetch
from affiliate.cli.license_target import place_of
from affiliate.cli.signals import holding_back
from affiliate.database.purchases import Purchase
from affiliate.domain.media import plain_text
from affiliate.errors import AffiliateError, AgencyError
from affiliate.licensing.offers import Offer
from affiliate.licensing.purchasing.checkout import PurchaseObserver, PurchaseOutcome
from affiliate.licensing.purchasing.journal import Entry, JournalFile, build_unwritable_refusal
from affiliate.licensing.seller import Seller

UNFINISHED: Final = 3
"""The status of a command that has bought something, or may have, and could not finish with it."""

Known = TypeVar("Known", bound=msgspec.Struct)

log = logging.getLogger(__name__)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What programs read of one item.

    ``state`` is ``offered``, ``refused``, ``not sent``, ``failed``, ``unknown`` or ``licensed``;
    ``cost`` in words as before the purchase; ``link`` of a file that comes once and did not.
    ``is_recorded`` tells that the ledger has what the agency said.
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


class Keeper(PurchaseObserver):
    """Keeps the answers of one command in ``file``, and files that come once in ``folder``.

    ``begun`` counts the items that were about to be sent, ``bought`` those that were bought;
    ``failed`` tells that something of ours has gone wrong since the first request.
    """

    def __init__(self, account: Seller, file: JournalFile, folder: Path | None) -> None:
        self._account = account
        self._file = file
        self._folder = folder
        self._shown: dict[str, str] = {}
        self._tried: set[str] = set()
        self._files: dict[str, str] = {}
        self._outcomes: dict[str, PurchaseOutcome] = {}
        self.begun = 0
        self.bought = 0
        self.failed = False

    @property
    def at_stake(self) -> bool:
        """Return whether something was bought, or may have been."""
        return bool(self.bought or self._file.open_entries)

    def before_request(self, claimed: Sequence[tuple[Offer, Purchase]]) -> None:
        """Write down what is about to be bought, with room for the answer."""
        folder = str((self._folder or Path()).absolute())
        entries = [
            Entry(purchase=purchase, folder=folder, once=offer.comes_once)
            for offer, purchase in claimed
        ]
        try:
            self._file.write_entries(entries, room=True)
        except OSError as error:
            raise build_unwritable_refusal(self._file.path.parent, error) from None
        self.begun += len(entries)

    def defer_interrupts(self) -> AbstractContextManager[None]:
        """Hold the first interrupt back until the agency has answered and that is kept."""
        words = "Interrupted: waiting for the agency's answer to what was sent. Again ends at once."
        return holding_back(lambda: self.say(words, err=True))

    def record_answer(self, outcomes: Sequence[PurchaseOutcome]) -> None:
        """Write down the answer, and say what was bought."""
        self._note(self._entry(one) for one in outcomes)
        for one in outcomes:
            self._outcomes[one.offer.asset.id] = one
            if one.purchase and one.purchase.state == "licensed":
                self.bought += 1
                self.show(one)

    def fetch_file(self, outcome: PurchaseOutcome) -> None:
        """Fetch the file of a purchase; where that fails its link stays in the journal."""
        self._note([self._entry(outcome)])
        self._tried.add(outcome.offer.asset.id)
        if not self._fetch(outcome):
            self.failed = True
        else:
            self._note([replaced(self._entry(outcome), link="")])

    def finishes(self, outcome: PurchaseOutcome) -> int:
        """Say what became of an offer, fetch its file if that was not tried, and return the status.

        What comes once was, unless the agency's answer was lost and the history has the license.
        """
        self.show(outcome)
        state = outcome.purchase.state if outcome.purchase else "failed"
        if state == "licensed":
            is_done = outcome.offer.asset.id in self._tried or self._fetch(outcome)
            return 0 if is_done else UNFINISHED
        return UNFINISHED if state == "unknown" else 1

    def _fetch(self, outcome: PurchaseOutcome) -> bool:
        found = fetch(self._account, outcome, self._folder, self.say)
        if found.path:
            self._files[outcome.offer.asset.id] = str(found.path.absolute())
        return not found.failed

    def forget_written(self, purchases: Sequence[Purchase]) -> None:
        """Mark what the ledger has."""
        known = self._file.entries
        ids = [one.purchase_id for one in purchases if one.purchase_id in known]
        self._note(replaced(known[one], written=True) for one in ids)

    def show(self, outcome: PurchaseOutcome) -> None:
        """Say what became of an offer, unless that was said."""
        self._outcomes[outcome.offer.asset.id] = outcome
        at = place_of(self._account.agency, self._account.url).mark
        words = f"{outcome.offer.asset.id}: {described(outcome)}{at}"
        known = outcome.purchase.purchase_id if outcome.purchase else ""
        if not known or self._shown.get(known) != words:
            self._shown[known] = words
            self.say(words)

    def say(self, words: str, *, err: bool = False) -> None:
        """Print a line; a screen or a file that takes none ends nothing."""
        try:
            echo(words, err=err)
        except OSError:
            self.failed = True
            outputs.let_go(sys.stderr if err else sys.stdout)

    def tell_all(self, error: BaseException) -> None:
        """Say why the command ends early, and all that is known of what it bought."""
        self.say(f"\nError: {_reason(error)}", err=True)
        at = place_of(self._account.agency, self._account.url).mark
        for entry in self._file.open_entries:
            for words in left_open(entry):
                self.say(f"{entry.purchase.media_id}: {words}{at}", err=True)

    def rows(self, offers: Iterable[Offer]) -> list[Row]:
        """Return what became of each offer, for programs."""
        left = {entry.purchase.media_id: entry for entry in self._file.open_entries}
        return [self._row(one, left.get(one.asset.id)) for one in offers]

    def _row(self, offer: Offer, left: Entry | None) -> Row:
        outcome = self._outcomes.get(offer.asset.id)
        done = outcome.purchase if outcome else left.purchase if left else None
        row = row_of(offer, state="refused" if outcome else "not sent")
        if done is None:
            return replaced(row, error=outcome.refused if outcome else None)
        return replaced(
            row,
            state="unknown" if done.state == "pending" else done.state,
            license_id=done.license_id,
            downloads=done.charge,
            price=done.price,
            currency=done.currency,
            error=done.error,
            is_recorded=left is None or left.written,
            file=self._files.get(offer.asset.id),
            link=(left and left.link) or None,
        )

    def _entry(self, outcome: PurchaseOutcome) -> Entry:
        """Return the entry of a purchase with its outcome."""
        done = outcome.purchase
        if done is None:  # never of what was sent
            raise ValueError(outcome.refused)
        known = self._file.entries[done.purchase_id]
        licensed = outcome.result
        link = licensed.download_url if licensed and known.once else None
        return replaced(known, purchase=done, link=link or "")

    def _note(self, entries: Iterable[Entry]) -> None:
        """Write entries down; where that fails they are still known to this command."""
        known = list(entries)
        try:
            self._file.write_entries(known)
        except OSError as error:
            self._file.remember_entries(known)
            reason = os.strerror(error.errno or 0)
            self.say(f"{self._file.path} can't be written: {reason}.", err=True)


def described(outcome: PurchaseOutcome) -> str:
    """Return the outcome of an offer in words."""
    done = outcome.purchase
    if done is None:
        return outcome.refused
    if done.state == "licensed":
        name = f" as {plain_text(done.license_id)}" if done.license_id else ""
        charge = "" if done.charge is None else f", {done.charge} downloads charged"
        price = "" if done.price is None else f", price {done.price} {done.currency}"
        return f"licensed{name}{charge}{price}"
    if done.state == "unknown":
        return f"UNKNOWN whether it was bought ({done.error}); the license history will settle it."
    return f"not licensed: {done.error}"


def left_open(entry: Entry) -> list[str]:
    """Return what a purchase still lacks, with all that is known of the purchase."""
    done = entry.purchase
    words = []
    if done.state in {"pending", "unknown"}:
        words = ["UNKNOWN whether it was bought; the next run settles it from the history."]
    elif not entry.written:
        name = f" as {plain_text(done.license_id)}" if done.license_id else ""
        what = f"licensed{name}" if done.state == "licensed" else "not licensed"
        words = [f"{what}, which the ledger has not yet; the next run writes it there."]
    if entry.link:
        words.append(f"its file comes once, from {entry.link} ; the next run fetches it too.")
    return words


def row_of(offer: Offer, *, state: str) -> Row:
    """Return what programs read of an offer that has no outcome."""
    plan, size = offer.subscription.id, offer.request.size
    return Row(id=offer.asset.id, state=state, size=size, subscription=plan, cost=offer.cost)


def replaced(known: Known, **changes: object) -> Known:
    """Return an entry or a row with some fields changed."""
    return msgspec.structs.replace(known, **changes)


def _reason(error: BaseException) -> str:
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
