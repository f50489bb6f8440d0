"""``flask purchases``: what this site has bought, at every agency, and what that cost."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import IO, Any, Final

import click
import msgspec
from flask.cli import with_appcontext

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import (
    cli_errors,
    purchases_of_app,
)
from affiliate.cli.hosts import foreign_host
from affiliate.cli.purchase_recovery import try_to_recover
from affiliate.database.purchases import Purchase
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import AGENCY

COLUMNS: Final = ("day", "agency", "item", "size", "state", "license", "cost")
SUMS: Final = ("month", "agency", "licenses", "downloads", "price", "currency")
NUMBERS: Final = frozenset({"licenses", "downloads", "price", "cost"})


@click.command(cls=outputs.Command)
@click.option("--agency", type=click.Choice((AGENCY, *SELLERS)), help="Only those made there.")
@options.since
@options.until
@click.option("--months", is_flag=True, help="Only the sums of each month.")
@options.as_json
@options.csv_file("Write all to a file, or to - for the screen.")
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
    """Show what `flask license` has bought at all agencies, newest first, and what months cost.

    Prices and downloads are those that the agencies told. Purchases at sandboxes and other test
    servers cost nothing and are in no sum.
    """
    options.one_output(file, as_json=as_json)
    options.check_period(since, until)
    options.check_begun(since)
    with cli_errors():
        try_to_recover()
        made = [one for one in purchases_of_app().all() if agency in {None, one.agency}]
    if since:
        made = [one for one in made if one.made_at >= since.replace(tzinfo=UTC)]
    if until:
        end = options.after(until)
        made = [one for one in made if one.made_at < end]
    made.reverse()
    sums = _sums(made)
    if as_json:
        outputs.show_json(sums if months else [_row(one) for one in made])
    elif file is not None:
        with options.writing(file):
            _write(file, sums if months else [_row(one) for one in made])
    elif not made:
        click.echo("There is no purchase.")
    else:
        _show(made, sums, months=months)


def _show(made: Sequence[Purchase], sums: Sequence[dict[str, object]], *, months: bool) -> None:
    if not months:
        tables.show(COLUMNS, [tuple(_cells(one)) for one in made], NUMBERS)
        click.echo()
    if sums:
        tables.show(SUMS, [[row[name] for name in SUMS] for row in sums], NUMBERS)
    else:
        click.echo("Nothing was licensed for money.")


def _cells(one: Purchase) -> Iterator[str]:
    host = foreign_host(one.agency, one.api)
    yield f"{one.made_at:%Y-%m-%d}"
    yield one.agency
    yield one.media_id
    yield one.size
    yield f"{one.state} at the test server {host}" if host else one.state
    yield one.license_id or ""
    if one.price is not None:
        yield f"{one.price} {one.currency or ''}".rstrip()
    else:
        yield "" if one.charge is None else f"{one.charge} downloads"


def _row(one: Purchase) -> dict[str, Any]:
    """Return all that is known of a purchase, for programs."""
    known = msgspec.structs.asdict(one)
    return {**known, "test_server": foreign_host(one.agency, one.api) or None}


def _sums(made: Sequence[Purchase]) -> list[dict[str, object]]:
    """Return what was licensed for money, by month, agency and currency, the newest month first."""
    groups: dict[tuple[str, str, str], list[Purchase]] = {}
    for one in made:
        if one.state == "licensed" and not foreign_host(one.agency, one.api):
            key = (f"{one.made_at:%Y-%m}", one.agency, one.currency or "")
            groups.setdefault(key, []).append(one)
    return [
        {
            "month": month,
            "agency": agency,
            "licenses": len(group),
            "downloads": sum(one.charge or 0 for one in group),
            "price": sum((one.price or Decimal(0) for one in group), Decimal(0))
            if currency
            else None,
            "currency": currency,
        }
        for (month, agency, currency), group in sorted(groups.items(), reverse=True)
    ]


def _write(file: IO[str], rows: Sequence[dict[str, Any]]) -> None:
    out = csv.writer(file, lineterminator="\n")
    names = list(rows[0]) if rows else []
    out.writerow(names)
    for row in rows:
        values = ("" if row[name] is None else row[name] for name in names)
        out.writerow([options.inert(_text(value)) for value in values])


def _text(value: object) -> str:
    """Return a cell as text, times in the form of ISO 8601."""
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)
