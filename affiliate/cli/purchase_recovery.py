"""Recovery, at the start of commands, of purchases that earlier buyers could not finish."""

from contextlib import suppress

import click

from affiliate.cli.context import get_purchases
from affiliate.errors import LedgerError
from affiliate.licensing.purchasing.journal import Journal
from affiliate.licensing.purchasing.recovery import Recovery
from affiliate.services import current_services


def get_journal() -> Journal:
    """Return the journal of purchases in the data folder of the current app."""
    return Journal(current_services().config.data_dir)


def recover() -> None:
    """Fetch the files and record the purchases that earlier buyers have left, at any agency.

    Raises:
        LedgerError: the ledger could not record every purchase.
    """
    transport = current_services().transport
    Recovery(get_journal(), get_purchases(), transport, _print_line).run()


def try_to_recover() -> None:
    """Recover in a command that can do without the ledger; print a failure of the ledger."""
    try:
        recover()
    except LedgerError as error:
        click.echo(f"What was bought before could not be written down: {error}", err=True)


def _print_line(words: str, *, err: bool = False) -> None:
    """Print a line; ignore a broken output."""
    with suppress(OSError):
        click.echo(words, err=err)
