"""``flask subscriptions``: what an owner has paid for, at each agency where licenses are bought."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import (
    cli_errors,
    purchases_of_app,
    seller_of_app,
)
from affiliate.cli.license_target import head
from affiliate.cli.purchase_recovery import try_to_recover
from affiliate.domain.media import plain_text
from affiliate.licensing.models import Format, Subscription

HEADS: Final = ("id", "media", "license", "description", "left", "until", "price", "needs")
WHOLE: Final = frozenset({"id", "left", "until", "price", "needs"})


@click.command(cls=outputs.Command)
@options.agency
@options.live
@options.as_json
@with_appcontext
def subscriptions(*, agency: str, live: bool, as_json: bool) -> None:
    """Show subscriptions: what they license, what is left of them, and until when."""
    with cli_errors():
        try_to_recover()
        seller = seller_of_app(agency, live=live)
        found = seller.list_subscriptions()
        now = purchases_of_app().now()
        above = "" if as_json else head(seller)
    if as_json:
        outputs.show_json(found)
        return
    click.echo(above)
    if found:
        _show(found, now)
    else:
        click.echo("There is no subscription.")


def _show(found: Sequence[Subscription], now: datetime) -> None:
    rows = [tuple(_cells(one, expired=one.expired(now))) for one in found]
    first, *lines = tables.lines(HEADS, rows, whole=WHOLE, sparse=True)
    click.echo(first)
    for one, line in zip(found, lines, strict=True):
        click.echo(line)
        for size in one.formats:
            click.echo(f"    {_size(size)}")


def _cells(one: Subscription, *, expired: bool) -> Iterator[str]:
    until = f"{one.expires:%Y-%m-%d}" if one.expires else "?"
    left = "?" if one.downloads_left is None else one.downloads_left
    limit = f" of {one.downloads_limit}" if one.downloads_limit is not None else ""
    yield from map(plain_text, (one.id, one.asset_type, one.license, one.description))
    yield f"{left}{limit} left"
    yield f"EXPIRED {until}" if expired else f"until {until}"
    yield f"{one.price_per_download} each" if one.price_per_download else ""
    yield f"needs {', '.join(one.metadata_fields)}" if one.metadata_fields else ""


def _size(size: Format) -> str:
    pixels = f"from {size.min_resolution} px" if size.min_resolution else ""
    words = (size.size, size.format, pixels, size.description)
    return "  ".join(filter(None, map(plain_text, words)))
