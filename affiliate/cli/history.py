"""``flask history``: the licenses of the accounts, as listed by the agencies."""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import IO, Final, NamedTuple

import click
import msgspec
from flask.cli import with_appcontext

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import (
    cli_errors,
    format_heading,
    get_seller,
)
from affiliate.cli.purchase_recovery import try_to_recover
from affiliate.domain.media import clean_text
from affiliate.domain.spreadsheets import escape_formula
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.models import MediaKind, Record
from affiliate.licensing.seller import Seller

COLUMNS = (
    *("id", "media", "media_id", "license", "subscription_id", "size", "format"),
    *("downloaded_at", "downloadable", "username", "price", "currency", "metadata"),
)
HEADERS: Final = ("licensed", "license id", "item", "size", "license")
UNCUT_COLUMNS: Final = frozenset({"licensed", "license id", "item"})


class HistoryFilter(NamedTuple):
    """Criteria for licenses; ``license`` is the kind, or after a - the kind that is left out."""

    media: MediaKind
    media_id: str | None
    license: str | None
    since: datetime | None
    until: datetime | None

    def matches(self, record: Record) -> bool:
        """Return whether a license has the wanted kind and time."""
        kind, name = record.license.casefold(), (self.license or "").casefold()
        is_named = kind != name[1:] if name.startswith("-") else name in {"", kind}
        is_early = self.since is not None and record.downloaded_at < self.since
        is_late = self.until is not None and record.downloaded_at >= self.until
        return is_named and not is_early and not is_late


@click.command(cls=outputs.Command)
@options.agency
@options.video
@options.editorial
@click.option("--image", "media_id", metavar="ID", help="Only licenses of this image or video.")
@click.option("--license", "name", help="Only this kind of license; -NAME: all other kinds.")
@options.since
@options.until
@options.limit
@options.as_json
@options.csv_file("Write all licenses to a file, or to - for the screen.")
@options.live
@with_appcontext
def history(  # noqa: PLR0913 - its options
    *,
    agency: str,
    video: bool,
    editorial: bool,
    media_id: str | None,
    name: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    as_json: bool,
    file: IO[str] | None,
    live: bool,
) -> None:
    """Show the licenses of the account, newest first.

    At agencies without a sandbox the real account is used, with or without --live.
    """
    options.check_single_output(file, as_json=as_json)
    options.check_period(since, until)
    criteria = HistoryFilter(
        media=options.choose_media(video=video, editorial=editorial),
        media_id=media_id,
        license=name,
        since=since and since.replace(tzinfo=UTC),
        until=until and options.get_period_end(until),
    )
    with cli_errors():
        try_to_recover()
        account = get_seller(agency, live=live or agency != AGENCY)
        records = islice(_iter_licenses(account, criteria), limit)
        if file is not None:
            with options.closing_csv(file):
                _write_csv(file, records)
        elif as_json:
            outputs.print_json(list(records))
        else:
            licenses = list(records)
            click.echo(format_heading(account))
            _show_records(licenses)


def _iter_licenses(account: Seller, criteria: HistoryFilter) -> Iterator[Record]:
    """Return the licenses that fit the criteria; only Shutterstock applies the criteria itself."""
    if isinstance(account, ShutterstockAccount):
        return account.iter_history(
            criteria.media,
            media_id=criteria.media_id,
            license=criteria.license,
            since=criteria.since,
            until=criteria.until,
        )
    if criteria.media not in {"image", "video"}:
        raise click.UsageError(f"--editorial is of {AGENCY} alone.")
    records = account.iter_history(criteria.media, media_id=criteria.media_id)
    return filter(criteria.matches, records)


def _show_records(records: Sequence[Record]) -> None:
    """Print each license, with notes on a line below."""
    if not records:
        click.echo("There is no license.")
        return
    rows = [
        (
            f"{record.downloaded_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            *map(clean_text, (record.id, record.media_id, record.size, record.license)),
        )
        for record in records
    ]
    header, *lines = tables.format_lines(HEADERS, rows, uncut=UNCUT_COLUMNS)
    click.echo(header)
    for record, line in zip(records, lines, strict=True):
        click.echo(line)
        if notes := "  ".join(_iter_notes(record)):
            click.echo(f"    {notes}")


def _iter_notes(record: Record) -> Iterator[str]:
    """Yield notes on a license: subscription, user, metadata, price, and a missing download."""
    subscription = f"subscription {record.subscription_id}" if record.subscription_id else ""
    texts = (
        subscription,
        record.username,
        *(f"{key}={record.metadata[key]}" for key in record.metadata),
    )
    yield from filter(None, map(clean_text, texts))
    if record.price:
        yield str(record.price)
    if not record.downloadable:
        yield "not downloadable"


def _write_csv(file: IO[str], records: Iterator[Record]) -> None:
    """Write licenses as rows of a CSV file."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for record in records:
        price = (record.price.amount, record.price.currency) if record.price else ("", "")
        metadata = msgspec.json.encode(record.metadata).decode() if record.metadata else ""
        downloaded_at = record.downloaded_at.astimezone(UTC).isoformat(timespec="seconds")
        row = (
            *(record.id, record.media, record.media_id, record.license, record.subscription_id),
            *(record.size, record.format, downloaded_at, int(record.downloadable), record.username),
            *(*price, metadata),
        )
        writer.writerow([escape_formula(str(cell)) for cell in row])
