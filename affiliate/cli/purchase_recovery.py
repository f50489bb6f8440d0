"""Finishing what licensing commands have left that failed or were killed after they had bought."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from affiliate.cli.context import purchases_of_app
from affiliate.cli.license_files import fetch_from
from affiliate.cli.license_target import place_of
from affiliate.cli.purchase_records import replaced
from affiliate.database.purchases import OPEN, Purchases
from affiliate.errors import AgencyError, DownloadFailed, LedgerError
from affiliate.licensing.purchasing.journal import Entry, Journal, JournalFile
from affiliate.services import current_services

LINKS_LIVE: Final = timedelta(hours=24)
"""No link of an agency is good for longer."""


def journal_of_app() -> Journal:
    """Return the journal of purchases in the folder of the app under way."""
    return Journal(current_services().config.data_dir)


def recover() -> None:
    """Fetch the files and write the purchases that earlier commands of any agency have left.

    Raises:
        LedgerError: the ledger still does not take all of it.
    """
    purchases = purchases_of_app()
    failures = []
    with journal_of_app().lock_leftovers() as files:
        for file in files:
            for entry in file.open_entries:
                try:
                    _finish(file, entry, purchases)
                except LedgerError as error:
                    failures.append(error)
    if failures:
        raise failures[0]


def try_to_recover() -> None:
    """Recover for a command that can do without the ledger; say it if the ledger still fails."""
    try:
        recover()
    except LedgerError as error:
        click.echo(f"What was bought before could not be written down: {error}", err=True)


def _finish(file: JournalFile, entry: Entry, purchases: Purchases) -> None:
    """Finish one purchase: first its file, whose link lives for hours, then its record."""
    known = entry
    if known.link and (_is_fetched(known) or purchases.now() - known.purchase.made_at > LINKS_LIVE):
        known = replaced(known, link="")
        _note(file, known)
    if not known.written:
        done = purchases.restore(known.purchase)
        if known.purchase.state == "pending" and done.state in OPEN:
            return  # nothing but the agency's history can tell
        if done.state == "licensed":
            _say(known, f"licensed as {done.license_id or 'unnamed'}, as the ledger has it now.")
        if known.once and known.purchase.state in OPEN and done.state == "licensed":
            _say(known, "its file comes once, and its link was lost with the agency's answer.")
        known = replaced(known, written=True)
    if known != entry:
        _note(file, known)


def _is_fetched(entry: Entry) -> bool:
    try:
        path = fetch_from(entry.purchase, Path(entry.folder), iter([entry.link]))
    except (AgencyError, DownloadFailed, OSError) as error:
        _say(entry, f"its file, which comes once, was not fetched: {error}")
        return False
    _say(entry, f"its file is here now: {path}")
    return True


def _note(file: JournalFile, entry: Entry) -> None:
    """Write an entry down; where that fails the next command finds it done."""
    try:
        file.write_entries([entry])
    except OSError:
        file.remember_entries([entry])


def _say(entry: Entry, words: str) -> None:
    with suppress(OSError):
        at = place_of(entry.purchase.agency, entry.purchase.api).mark
        click.echo(f"{entry.purchase.media_id}: {words}{at}", err=True)
