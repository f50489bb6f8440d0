"""``flask subscriptions``: the owner's subscriptions at an agency where licenses are bought."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import click
from flask.cli import with_appcontext

from affiliate.cli import options, outputs, tables
from affiliate.cli.context import (
    cli_errors,
    format_heading,
    get_purchases,
    get_seller,
)
from affiliate.cli.purchase_recovery import try_to_recover
from affiliate.domain.media import clean_text
from affiliate.licensing.models import Format, Subscription

HEADERS: Final = ("id", "media", "license", "description", "left", "until", "price", "needs")
UNCUT_COLUMNS: Final = frozenset({"id", "left", "until", "price", "needs"})


@click.command(cls=outputs.Command)
@options.agency
@options.live
@options.as_json
@with_appcontext
def subscriptions(*, agency: str, live: bool, as_json: bool) -> None:
    """Show subscriptions with their licenses, remaining downloads and expiry."""
    with cli_errors():
        try_to_recover()
        seller = get_seller(agency, live=live)
        plans = seller.list_subscriptions()
        now = get_purchases().now()
        heading = "" if as_json else format_heading(seller)
    if as_json:
        outputs.print_json(plans)
        return
    click.echo(heading)
    if plans:
        _show_plans(plans, now)
    else:
        click.echo("There is no subscription.")


def _show_plans(plans: Sequence[Subscription], now: datetime) -> None:
    rows = [tuple(_format_cells(plan, is_expired=plan.is_expired(now))) for plan in plans]
    header, *lines = tables.format_lines(HEADERS, rows, uncut=UNCUT_COLUMNS, sparse=True)
    click.echo(header)
    for plan, line in zip(plans, lines, strict=True):
        click.echo(line)
        for size in plan.formats:
            click.echo(f"    {_format_size(size)}")


def _format_cells(plan: Subscription, *, is_expired: bool) -> Iterator[str]:
    until = f"{plan.expires:%Y-%m-%d}" if plan.expires else "?"
    left = "?" if plan.downloads_left is None else plan.downloads_left
    limit = f" of {plan.downloads_limit}" if plan.downloads_limit is not None else ""
    yield from map(clean_text, (plan.id, plan.asset_type, plan.license, plan.description))
    yield f"{left}{limit} left"
    yield f"EXPIRED {until}" if is_expired else f"until {until}"
    yield f"{plan.price_per_download} each" if plan.price_per_download else ""
    yield f"needs {', '.join(plan.metadata_fields)}" if plan.metadata_fields else ""


def _format_size(size: Format) -> str:
    pixels = f"from {size.min_resolution} px" if size.min_resolution else ""
    words = (size.size, size.format, pixels, size.description)
    return "  ".join(filter(None, map(clean_text, words)))
