"""``flask history``: what the account has licensed."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO

import click
import msgspec
from flask.cli import with_appcontext

from affiliate.commands import options
from affiliate.commands.told import account_of_app, told
from affiliate.licensing.wire import Record
from affiliate.model import plain_text

COLUMNS = (
    *("id", "media", "media_id", "license", "subscription_id", "size", "format"),
    *("downloaded_at", "downloadable", "username", "price", "currency", "metadata"),
)


@click.command()
@options.video
@options.editorial
@click.option("--image", "media_id", metavar="ID", help="Only of this image or video.")
@click.option("--license", "name", help="Only this kind of license; -NAME: all but this.")
@options.since
@options.until
@options.csv_file("Write all to a file, or to - for the screen.")
@options.live
@with_appcontext
def history(  # noqa: PLR0913 - its options
    *,
    video: bool,
    editorial: bool,
    media_id: str | None,
    name: str | None,
    since: datetime | None,
    until: datetime | None,
    file: IO[str] | None,
    live: bool,
) -> None:
    """Show the licenses of the account, newest first."""
    with told():
        records = account_of_app(live=live).history(
            options.media_of(video=video, editorial=editorial),
            media_id=media_id,
            license=name,
            since=since and since.replace(tzinfo=UTC),
            until=until and until.replace(tzinfo=UTC) + timedelta(days=1),
        )
        if file is None:
            _show(records)
        else:
            _write(file, records)


def _show(records: Iterator[Record]) -> None:
    for one in records:
        words = (
            f"{one.downloaded_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            *(one.id, one.media_id, one.size, one.license, one.subscription_id, one.username),
            "" if one.downloadable else "not downloadable",
            str(one.price or ""),
            " ".join(f"{key}={value}" for key, value in one.metadata.items()),
        )
        click.echo("  ".join(filter(None, map(plain_text, words))))


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
