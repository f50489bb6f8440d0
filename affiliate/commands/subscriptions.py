"""``flask subscriptions``: what an owner has paid for."""

from collections.abc import Iterable

import click
from flask.cli import with_appcontext

from affiliate.commands.options import live
from affiliate.commands.told import account_of_app, purchases_of_app, told
from affiliate.licensing.wire import Subscription
from affiliate.model import plain_text


@click.command()
@live
@with_appcontext
def subscriptions(*, live: bool) -> None:
    """Show subscriptions: what they license, what is left of them, and until when."""
    with told():
        found = account_of_app(live=live).subscriptions()
        now = purchases_of_app().now()
    if not found:
        click.echo("There is no subscription.")
    for one in found:
        described = map(plain_text, _described(one, expired=one.expired(now)))
        click.echo("  ".join(filter(None, described)))
        for size in one.formats:
            pixels = f"from {size.min_resolution} px" if size.min_resolution else ""
            words = (size.size, size.format, pixels, size.description)
            click.echo("    " + "  ".join(filter(None, map(plain_text, words))))


def _described(one: Subscription, *, expired: bool) -> Iterable[str]:
    until = f"{one.expires:%Y-%m-%d}" if one.expires else "?"
    left = "?" if one.downloads_left is None else one.downloads_left
    yield from (one.id, one.asset_type, one.license, one.description)
    yield f"{left} of {'?' if one.downloads_limit is None else one.downloads_limit} left"
    yield f"EXPIRED {until}" if expired else f"until {until}"
    if one.price_per_download:
        yield f"{one.price_per_download} each"
    if one.metadata_fields:
        yield f"needs {', '.join(one.metadata_fields)}"
