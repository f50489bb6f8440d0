"""Recovery of purchases by buyers that failed or were killed after buying."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from affiliate.database.purchases import OPEN_STATES, Purchases
from affiliate.errors import AgencyError, DownloadFailed, LedgerError
from affiliate.licensing.accounts.targets import describe_target
from affiliate.licensing.files.purchased_files import Printer, download_file
from affiliate.licensing.purchasing.journal import Entry, Journal, JournalFile
from affiliate.licensing.purchasing.recorder import replace_fields
from affiliate.transport.client import Transport

LINK_LIFETIME: Final = timedelta(hours=24)
"""The longest time for which a link of any agency works."""


class Recovery:
    """The files and records that earlier buyers have left, of any agency; ``say`` tells a line."""

    def __init__(
        self, journal: Journal, purchases: Purchases, transport: Transport, say: Printer
    ) -> None:
        self._journal = journal
        self._purchases = purchases
        self._transport = transport
        self._say = say

    def run(self) -> None:
        """Fetch the files and record the purchases.

        Raises:
            LedgerError: the ledger could not record every purchase.
        """
        failures = []
        with self._journal.lock_leftovers() as files:
            for file in files:
                for entry in file.open_entries:
                    try:
                        self._finish_entry(file, entry)
                    except LedgerError as error:
                        failures.append(error)
        if failures:
            raise failures[0]

    def _finish_entry(self, file: JournalFile, entry: Entry) -> None:
        """Finish one purchase: first its file, whose link lives for hours, then its record."""
        current = entry
        if current.link and (
            self._try_to_fetch(current)
            or self._purchases.now() - current.purchase.made_at > LINK_LIFETIME
        ):
            current = replace_fields(current, link="")
            _write_entry(file, current)
        if not current.written:
            purchase = self._purchases.restore(current.purchase)
            if current.purchase.state == "pending" and purchase.state in OPEN_STATES:
                return  # only the agency's history can tell
            if purchase.state == "licensed":
                name = purchase.license_id or "unnamed"
                self._say_about(current, f"licensed as {name}, as the ledger has it now.")
                if current.once and current.purchase.state in OPEN_STATES:
                    words = "its file comes once, and its link was lost with the agency's answer."
                    self._say_about(current, words)
            current = replace_fields(current, written=True)
        if current != entry:
            _write_entry(file, current)

    def _try_to_fetch(self, entry: Entry) -> bool:
        """Fetch the file of an entry and say the result; return whether the file was fetched."""
        try:
            links = iter([entry.link])
            path = download_file(entry.purchase, Path(entry.folder), links, self._transport)
        except (AgencyError, DownloadFailed, OSError) as error:
            self._say_about(entry, f"its file, which comes once, was not fetched: {error}")
            return False
        self._say_about(entry, f"its file is here now: {path}")
        return True

    def _say_about(self, entry: Entry, words: str) -> None:
        suffix = describe_target(entry.purchase.agency, entry.purchase.api).suffix
        self._say(f"{entry.purchase.media_id}: {words}{suffix}", err=True)


def _write_entry(file: JournalFile, entry: Entry) -> None:
    """Write an entry to the journal; after a failure the next buyer finishes the entry again."""
    try:
        file.write_entries([entry])
    except OSError:
        file.remember_entries([entry])
