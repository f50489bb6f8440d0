"""``flask clicks``: what visitors clicked, counted, or each click for itself."""

import csv
from collections.abc import Sequence
from datetime import date, datetime
from typing import IO, Any, Final

import click
import msgspec
from flask.cli import with_appcontext

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import cli_errors
from affiliate.database.clicks import Click
from affiliate.database.ledger import GROUPS
from affiliate.services import current_services

USUAL: Final = "day,agency"
NUMBERS: Final = frozenset({"hour", "position", "clicks", "marked"})


@click.command(cls=outputs.Command)
@click.option("--by", metavar="NAMES", help=f"Comma list of {', '.join(GROUPS)}.  [{USUAL}]")
@options.since
@options.until
@options.limit
@options.as_json
@options.csv_file(
    "Write every single click to a file, or to - for the screen, instead of counting."
)
@with_appcontext
def clicks(  # noqa: PLR0913 - its options
    *,
    by: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    as_json: bool,
    file: IO[str] | None,
) -> None:
    """Show what visitors clicked: the newest day first, then what was clicked most.

    Clicks that robots and other programs sent stand apart, as marked; --by sender tells them.
    """
    first, last = since.date() if since else None, until.date() if until else None
    options.one_output(file, as_json=as_json)
    options.check_period(since, until)
    options.check_begun(since)
    if file is not None and (by or limit):
        raise click.UsageError("--csv writes single clicks; it can't be used with --by or --limit.")
    with cli_errors():
        if file is not None:
            with options.writing(file):
                _write_csv(file, first, last)
            return
        groups = tuple(dict.fromkeys((by or USUAL).replace(",", " ").split()))
        counts = (
            current_services().ledger.counts
            if "sender" in groups
            else current_services().ledger.counts_apart
        )
        rows = [dict(row) for row in counts(groups, first, last)]
    if as_json:
        outputs.show_json(rows[:limit])
    else:
        _show_table(groups, rows, limit)


def _show_table(groups: Sequence[str], rows: Sequence[dict[str, Any]], limit: int | None) -> None:
    """Print the counts with their sum; marked clicks have a column where there are any."""
    counted = ["clicks", *(["marked"] if any(row.get("marked") for row in rows) else ())]
    shown = [[row[name] for name in (*groups, *counted)] for row in rows[:limit]]
    sums = [sum(row[name] for row in rows) for name in counted]
    if groups:
        label = f"all {len(rows)} rows" if limit and len(rows) > limit else "total"
        shown.append([label, *[""] * (len(groups) - 1), *sums])
    tables.show([*groups, *counted], shown, NUMBERS)


def _write_csv(file: IO[str], since: date | None, until: date | None) -> None:
    out = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    out.writerow(["at", *Click.__struct_fields__])
    for at, one in current_services().ledger.rows(since, until):
        cells = map(options.inert, msgspec.structs.astuple(one))
        out.writerow([at.isoformat(timespec="seconds"), *cells])
