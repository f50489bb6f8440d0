"""Recovery of purchases by commands that failed or were killed after buying."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from affiliate.cli.context import get_purchases
from affiliate.cli.license_files import download_file
from affiliate.cli.license_target import describe_target
from affiliate.cli.purchase_records import replace_fields
from affiliate.database.purchases import OPEN_STATES, Purchases
from affiliate.errors import AgencyError, DownloadFailed, LedgerError
from affiliate.licensing.purchasing.journal import Entry, Journal, JournalFile
from affiliate.services import current_services

LINK_LIFETIME: Final = timedelta(hours=24)
"""The longest time for which a link of any agency works."""


def get_journal() -> Journal:
    """Return the journal of purchases in the data folder of the current app."""
    return Journal(current_services().config.data_dir)


def recover() -> None:
    """Fetch the files and record the purchases that earlier commands have left, at any agency.

    Raises:
        LedgerError: the ledger could not record every purchase.
    """
    purchases = get_purchases()
    failures = []
    with get_journal().lock_leftovers() as files:
        for file in files:
            for entry in file.open_entries:
                try:
                    _finish_entry(file, entry, purchases)
                except LedgerError as error:
                    failures.append(error)
    if failures:
        raise failures[0]


def try_to_recover() -> None:
    """Recover in a command that can do without the ledger; print a failure of the ledger."""
    try:
        recover()
    except LedgerError as error:
        click.echo(f"What was bought before could not be written down: {error}", err=True)


def _finish_entry(file: JournalFile, entry: Entry, purchases: Purchases) -> None:
    """Finish one purchase: first its file, whose link lives for hours, then its record."""
    current = entry
    if current.link and (
        _try_to_fetch(current) or purchases.now() - current.purchase.made_at > LINK_LIFETIME
    ):
        current = replace_fields(current, link="")
        _write_entry(file, current)
    if not current.written:
        purchase = purchases.restore(current.purchase)
        if current.purchase.state == "pending" and purchase.state in OPEN_STATES:
            return  # only the agency's history can tell
        if purchase.state == "licensed":
            _print_about(
                current,
                f"licensed as {purchase.license_id or 'unnamed'}, as the ledger has it now.",
            )
        if current.once and current.purchase.state in OPEN_STATES and purchase.state == "licensed":
            _print_about(
                current, "its file comes once, and its link was lost with the agency's answer."
            )
        current = replace_fields(current, written=True)
    if current != entry:
        _write_entry(file, current)


def _try_to_fetch(entry: Entry) -> bool:
    """Fetch the file of an entry and print the result; return whether the file was fetched."""
    try:
        path = download_file(entry.purchase, Path(entry.folder), iter([entry.link]))
    except (AgencyError, DownloadFailed, OSError) as error:
        _print_about(entry, f"its file, which comes once, was not fetched: {error}")
        return False
    _print_about(entry, f"its file is here now: {path}")
    return True


def _write_entry(file: JournalFile, entry: Entry) -> None:
    """Write an entry to the journal; after a failure the next command finishes the entry again."""
    try:
        file.write_entries([entry])
    except OSError:
        file.remember_entries([entry])


def _print_about(entry: Entry, words: str) -> None:
    """Print words about an entry on standard error; ignore a broken output."""
    with suppress(OSError):
        suffix = describe_target(entry.purchase.agency, entry.purchase.api).suffix
        click.echo(f"{entry.purchase.media_id}: {words}{suffix}", err=True)
