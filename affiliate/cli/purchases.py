"""``flask purchases``: the purchases of this site at all agencies, and their cost."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import IO, Any, Final

import click
import msgspec
from flask.cli import with_appcontext

from affiliate.agencies.hosts import find_foreign_host
from affiliate.cli import options, outputs, tables
from affiliate.cli.context import (
    cli_errors,
    get_purchases,
)
from affiliate.cli.purchase_recovery import try_to_recover
from affiliate.database.purchases import Purchase
from affiliate.domain.spreadsheets import escape_formula
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import AGENCY
from affiliate.licensing.purchasing.spending import sum_months

COLUMNS: Final = ("day", "agency", "item", "size", "state", "license", "cost")
SUM_COLUMNS: Final = ("month", "agency", "licenses", "downloads", "price", "currency")
NUMBER_COLUMNS: Final = frozenset({"licenses", "downloads", "price", "cost"})


@click.command(cls=outputs.Command)
@click.option(
    "--agency", type=click.Choice((AGENCY, *SELLERS)), help="Only purchases at this agency."
)
@options.since
@options.until
@click.option("--months", is_flag=True, help="Show only the sums of each month.")
@options.as_json
@options.csv_file("Write the table to a file, or to - for the screen.")
@with_appcontext
def purchases(  # noqa: PLR0913 - its options
    *,
    agency: str | None,
    since: datetime | None,
    until: datetime | None,
    months: bool,
    as_json: bool,
    file: IO[str] | None,
) -> None:
    """Show the purchases of `flask license`, newest first, and the cost of each month.

    Prices and downloads are as reported by the agencies. Purchases at sandboxes and other test
    servers cost nothing and are in no sum.
    """
    options.check_single_output(file, as_json=as_json)
    options.check_period(since, until)
    options.check_not_future(since)
    with cli_errors():
        try_to_recover()
        records = [
            record for record in get_purchases().list_all() if agency in {None, record.agency}
        ]
    if since:
        records = [record for record in records if record.made_at >= since.replace(tzinfo=UTC)]
    if until:
        period_end = options.get_period_end(until)
        records = [record for record in records if record.made_at < period_end]
    records.reverse()
    sums = [month._asdict() for month in sum_months(records)]
    if as_json:
        outputs.print_json(sums if months else [_build_row(record) for record in records])
    elif file is not None:
        with options.closing_csv(file):
            _write_csv(file, sums if months else [_build_row(record) for record in records])
    elif not records:
        click.echo("There is no purchase.")
    else:
        _show_purchases(records, sums, months=months)


def _show_purchases(
    records: Sequence[Purchase], sums: Sequence[dict[str, Any]], *, months: bool
) -> None:
    if not months:
        tables.show(COLUMNS, [tuple(_format_cells(record)) for record in records], NUMBER_COLUMNS)
        click.echo()
    if sums:
        tables.show(
            SUM_COLUMNS, [[row[name] for name in SUM_COLUMNS] for row in sums], NUMBER_COLUMNS
        )
    else:
        click.echo("Nothing was licensed for money.")


def _format_cells(record: Purchase) -> Iterator[str]:
    host = find_foreign_host(record.agency, record.api)
    yield f"{record.made_at:%Y-%m-%d}"
    yield record.agency
    yield record.media_id
    yield record.size
    yield f"{record.state} at the test server {host}" if host else record.state
    yield record.license_id or ""
    if record.price is not None:
        yield f"{record.price} {record.currency or ''}".rstrip()
    else:
        yield "" if record.charge is None else f"{record.charge} downloads"


def _build_row(record: Purchase) -> dict[str, Any]:
    """Return all fields of a purchase, for programs."""
    fields = msgspec.structs.asdict(record)
    return {**fields, "test_server": find_foreign_host(record.agency, record.api) or None}


def _write_csv(file: IO[str], rows: Sequence[dict[str, Any]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    names = list(rows[0]) if rows else []
    writer.writerow(names)
    for row in rows:
        values = ("" if row[name] is None else row[name] for name in names)
        writer.writerow([escape_formula(_format_cell(value)) for value in values])


def _format_cell(value: object) -> str:
    """Return a value as text, times in ISO 8601."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
