"""``flask clicks``: counts of visitors' clicks, or a list of single clicks."""

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
from affiliate.domain.spreadsheets import escape_formula
from affiliate.services import current_services

DEFAULT_GROUPS: Final = "day,agency"
NUMBER_COLUMNS: Final = frozenset({"hour", "position", "clicks", "marked"})


@click.command(cls=outputs.Command)
@click.option(
    "--by", metavar="NAMES", help=f"Comma list of {', '.join(GROUPS)}.  [{DEFAULT_GROUPS}]"
)
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
    """Count the clicks of visitors: the newest day first, then the largest counts.

    Clicks of robots and other programs are counted apart, as marked; --by sender names the kinds.
    """
    first, last = since.date() if since else None, until.date() if until else None
    options.check_single_output(file, as_json=as_json)
    options.check_period(since, until)
    options.check_not_future(since)
    if file is not None and (by or limit):
        raise click.UsageError("--csv writes single clicks; it can't be used with --by or --limit.")
    with cli_errors():
        if file is not None:
            with options.closing_csv(file):
                _write_csv(file, first, last)
            return
        groups = tuple(dict.fromkeys((by or DEFAULT_GROUPS).replace(",", " ").split()))
        counts = (
            current_services().ledger.count_clicks
            if "sender" in groups
            else current_services().ledger.count_visitor_clicks
        )
        rows = [dict(row) for row in counts(groups, first, last)]
    if as_json:
        outputs.print_json(rows[:limit])
    else:
        _show_table(groups, rows, limit)


def _show_table(groups: Sequence[str], rows: Sequence[dict[str, Any]], limit: int | None) -> None:
    """Print the counts with their sum; marked clicks have a column where there are any."""
    count_columns = ["clicks", *(["marked"] if any(row.get("marked") for row in rows) else ())]
    table = [[row[name] for name in (*groups, *count_columns)] for row in rows[:limit]]
    totals = [sum(row[name] for row in rows) for name in count_columns]
    if groups:
        label = f"all {len(rows)} rows" if limit and len(rows) > limit else "total"
        table.append([label, *[""] * (len(groups) - 1), *totals])
    tables.show([*groups, *count_columns], table, NUMBER_COLUMNS)


def _write_csv(file: IO[str], since: date | None, until: date | None) -> None:
    """Write every click of a period as a row."""
    writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(["at", *Click.__struct_fields__])
    for moment, click_row in current_services().ledger.stream_clicks(since, until):
        cells = map(escape_formula, msgspec.structs.astuple(click_row))
        writer.writerow([moment.isoformat(timespec="seconds"), *cells])
