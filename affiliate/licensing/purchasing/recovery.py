"""Recovery of purchases by buyers that failed or were killed after buying."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final

from affiliate.database.purchases import OPEN_STATES, Purchases
from affiliate.errors import AgencyError, DownloadFailed, LedgerError
from affiliate.licensing.accounts.targets import describe_target
from affiliate.licensing.purchasing.journal import Entry, Journal, JournalFile
from affiliate.licensing.purchasing.purchased_files import Printer, download_file
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
        """Record the purchases and fetch the files.

        Raises:
            LedgerError: the ledger could not record every purchase.
        """
        with self._journal.lock_leftovers() as files:
            try:
                self._record_all(files)
            finally:
                for file in files:
                    for entry in file.open_entries:
                        self._finish_file(file, entry)

    def record(self) -> bool:
        """Record the purchases, without a call to anybody; return whether files are missing.

        Raises:
            LedgerError: the ledger could not record every purchase.
        """
        with self._journal.lock_leftovers() as files:
            self._record_all(files)
            return any(entry.link for file in files for entry in file.open_entries)

    def _record_all(self, files: Sequence[JournalFile]) -> None:
        failures = []
        for file in files:
            for entry in file.open_entries:
                try:
                    self._record_entry(file, entry)
                except LedgerError as error:
                    failures.append(error)
        if failures:
            raise failures[0]

    def _record_entry(self, file: JournalFile, entry: Entry) -> None:
        """Record one purchase, unless only the agency's history can tell its outcome."""
        if entry.written:
            return
        purchase = self._purchases.restore(entry.purchase)
        if entry.purchase.state == "pending" and purchase.state in OPEN_STATES:
            return
        if purchase.state == "licensed":
            name = purchase.license_id or "unnamed"
            self._say_about(entry, f"licensed as {name}, as the ledger has it now.")
            if entry.once and entry.purchase.state in OPEN_STATES:
                words = "its file comes once, and its link was lost with the agency's answer."
                self._say_about(entry, words)
        _write_entry(file, replace_fields(entry, written=True))

    def _finish_file(self, file: JournalFile, entry: Entry) -> None:
        """Fetch the file of one purchase; give up a link that works no longer."""
        if entry.link and (
            self._try_to_fetch(entry)
            or self._purchases.now() - entry.purchase.made_at > LINK_LIFETIME
        ):
            _write_entry(file, replace_fields(entry, link=""))

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
