"""``flask history``: what the accounts have licensed, as their agencies tell."""

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
    seller_of_app,
)
from affiliate.cli.license_target import head
from affiliate.cli.purchase_recovery import try_to_recover
from affiliate.domain.media import plain_text
from affiliate.licensing.accounts.shutterstock import AGENCY, ShutterstockAccount
from affiliate.licensing.models import MediaKind, Record
from affiliate.licensing.seller import Seller

COLUMNS = (
    *("id", "media", "media_id", "license", "subscription_id", "size", "format"),
    *("downloaded_at", "downloadable", "username", "price", "currency", "metadata"),
)
HEADS: Final = ("licensed", "license id", "item", "size", "license")
WHOLE: Final = frozenset({"licensed", "license id", "item"})


class Wanted(NamedTuple):
    """Which licenses are shown; ``license`` is the kind, or after a - the kind that is left out."""

    media: MediaKind
    media_id: str | None
    license: str | None
    since: datetime | None
    until: datetime | None

    def fits(self, one: Record) -> bool:
        """Return whether a license is of the kind and the time that are wanted."""
        kind, name = one.license.casefold(), (self.license or "").casefold()
        is_named = kind != name[1:] if name.startswith("-") else name in {"", kind}
        is_early = self.since is not None and one.downloaded_at < self.since
        is_late = self.until is not None and one.downloaded_at >= self.until
        return is_named and not is_early and not is_late


@click.command(cls=outputs.Command)
@options.agency
@options.video
@options.editorial
@click.option("--image", "media_id", metavar="ID", help="Only of this image or video.")
@click.option("--license", "name", help="Only this kind of license; -NAME: all but this.")
@options.since
@options.until
@options.limit
@options.as_json
@options.csv_file("Write all to a file, or to - for the screen.")
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

    Those at agencies without a sandbox are those of the real account, with or without --live.
    """
    options.one_output(file, as_json=as_json)
    options.check_period(since, until)
    wanted = Wanted(
        media=options.media_of(video=video, editorial=editorial),
        media_id=media_id,
        license=name,
        since=since and since.replace(tzinfo=UTC),
        until=until and options.after(until),
    )
    with cli_errors():
        try_to_recover()
        account = seller_of_app(agency, live=live or agency != AGENCY)
        records = islice(_licenses(account, wanted), limit)
        if file is not None:
            with options.writing(file):
                _write(file, records)
        elif as_json:
            outputs.show_json(list(records))
        else:
            found = list(records)
            click.echo(head(account))
            _show(found)


def _licenses(account: Seller, wanted: Wanted) -> Iterator[Record]:
    """Return the licenses that an agency tells of; but for the first, they are chosen here."""
    if isinstance(account, ShutterstockAccount):
        return account.iter_history(
            wanted.media,
            media_id=wanted.media_id,
            license=wanted.license,
            since=wanted.since,
            until=wanted.until,
        )
    if wanted.media not in {"image", "video"}:
        raise click.UsageError(f"--editorial is of {AGENCY} alone.")
    found = account.iter_history(wanted.media, media_id=wanted.media_id)
    return filter(wanted.fits, found)


def _show(records: Sequence[Record]) -> None:
    """Print each license, with what is special of it on a line below."""
    if not records:
        click.echo("There is no license.")
        return
    rows = [
        (
            f"{one.downloaded_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            *map(plain_text, (one.id, one.media_id, one.size, one.license)),
        )
        for one in records
    ]
    first, *lines = tables.lines(HEADS, rows, whole=WHOLE)
    click.echo(first)
    for one, line in zip(records, lines, strict=True):
        click.echo(line)
        if notes := "  ".join(_notes(one)):
            click.echo(f"    {notes}")


def _notes(one: Record) -> Iterator[str]:
    subscription = f"subscription {one.subscription_id}" if one.subscription_id else ""
    texts = (subscription, one.username, *(f"{key}={one.metadata[key]}" for key in one.metadata))
    yield from filter(None, map(plain_text, texts))
    if one.price:
        yield str(one.price)
    if not one.downloadable:
        yield "not downloadable"


def _write(file: IO[str], records: Iterator[Record]) -> None:
    out = csv.writer(file, lineterminator="\n")
    out.writerow(COLUMNS)
    for one in records:
        price = (one.price.amount, one.price.currency) if one.price else ("", "")
        metadata = msgspec.json.encode(one.metadata).decode() if one.metadata else ""
        moment = one.downloaded_at.astimezone(UTC).isoformat(timespec="seconds")
        row = (
            *(one.id, one.media, one.media_id, one.license, one.subscription_id),
            *(one.size, one.format, moment, int(one.downloadable), one.username),
            *(*price, metadata),
        )
        out.writerow([options.inert(str(cell)) for cell in row])
