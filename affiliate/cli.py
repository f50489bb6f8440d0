"""The owner's commands: ``flask clicks`` and ``flask ledger upgrade``."""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import IO

import click
import msgspec
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from affiliate.errors import BadQuery, LedgerError
from affiliate.ledger import GROUPS, Click, Ledger

DAY = click.DateTime(formats=["%Y-%m-%d"])

ledger_group = AppGroup("ledger", help="The database of searches and clicks.")


def register(app: Flask) -> None:
    """Add the commands to an app that keeps its `Ledger` as ``app.extensions["ledger"]``."""
    app.cli.add_command(clicks)
    app.cli.add_command(ledger_group)


@ledger_group.command()
def upgrade() -> None:
    """Bring the tables up to date; safe to run at any time and more than once."""
    with _told():
        _ledger().upgrade()
    click.echo("The ledger is up to date.")


@click.command()
@click.option("--by", metavar="NAMES", help=f"Comma list of {', '.join(GROUPS)}.  [day,agency]")
@click.option("--since", type=DAY, metavar="DATE", help="First day, in UTC.")
@click.option("--until", type=DAY, metavar="DATE", help="Last day, in UTC.")
@click.option(
    "--csv",
    "file",
    type=click.File("w", encoding="utf-8", lazy=True),
    help="Write every single click to a file, or to - for the screen, instead of counting.",
)
@with_appcontext
def clicks(
    by: str | None, since: datetime | None, until: datetime | None, file: IO[str] | None
) -> None:
    """Show what visitors clicked."""
    first, last = since.date() if since else None, until.date() if until else None
    with _told():
        if file is None:
            _show_table((by or "day,agency").replace(",", " ").split(), first, last)
        elif by is None:
            _write_csv(file, first, last)
        else:
            raise click.UsageError("--csv writes single clicks; it can't be used with --by.")


def _ledger() -> Ledger:
    ledger: Ledger = current_app.extensions["ledger"]
    return ledger


@contextmanager
def _told() -> Iterator[None]:
    """Failures as a sentence for the person at the keyboard, not a traceback."""
    try:
        yield
    except BadQuery as error:
        raise click.BadParameter(error.reason, param_hint=f"--{error.field}") from error
    except LedgerError as error:
        raise click.ClickException(str(error)) from error


def _show_table(by: Sequence[str], since: date | None, until: date | None) -> None:
    by = tuple(dict.fromkeys(by))
    counts = _ledger().counts(by, since, until)
    table = [[*by, "clicks"], *(list(map(str, row.values())) for row in counts)]
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    for *groups, number in table:
        padded = [c + " " * (w - _width(c)) for c, w in zip(groups, widths, strict=False)]
        click.echo("  ".join([*padded, number.rjust(widths[-1])]))


def _width(text: str) -> int:
    """Columns that a text takes on the screen: two for each wide (Chinese, Japanese) sign."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def _write_csv(file: IO[str], since: date | None, until: date | None) -> None:
    out = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    out.writerow(["at", *Click.__struct_fields__])
    for at, one in _ledger().rows(since, until):
        cells = map(_inert, msgspec.structs.astuple(one))
        out.writerow([at.isoformat(timespec="seconds"), *cells])


def _inert(value: str | int) -> str | int:
    """A cell that no spreadsheet takes for a formula, the words being whoever's typed them.

    The rule: https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else value
