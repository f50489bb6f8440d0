"""``flask figures``: check the owner's figures of clicks against the clicks, or count anew."""

import click
from flask.cli import with_appcontext

from affiliate.cli import outputs
from affiliate.cli.context import cli_errors
from affiliate.database.local_time import DAY
from affiliate.database.roll_ups import RollUps
from affiliate.services import current_services

group = outputs.Group("figures", help="The figures on the owner's desk.")


@group.command()
@with_appcontext
def check() -> None:
    """Compare the counts of each day with its clicks; the exit status is 1 if any differ."""
    with cli_errors():
        roll_ups = _open_roll_ups()
        days = roll_ups.find_counted_days()
        if days is None:
            click.echo("No click is counted yet.")
            return
        differing = [
            day
            for number in range((days.last - days.first).days + 1)
            if not roll_ups.is_exact(day := days.first + DAY * number)
        ]
    for day in differing:
        click.echo(f"{day}: the figures are not those of the clicks")
    if differing:
        raise click.ClickException("Count anew: flask figures rebuild.")
    click.echo(f"{days.first} to {days.last}: the figures are those of the clicks.")


@group.command()
@with_appcontext
def rebuild() -> None:
    """Count all clicks anew; figures are incomplete until the end.

    The site goes on meanwhile. A million clicks take a minute or more.
    """
    with cli_errors():
        roll_ups = _open_roll_ups()
        roll_ups.forget_all()
        while not roll_ups.advance(10):
            days = roll_ups.find_counted_days()
            click.echo(f"Counted up to {days.last if days else 'now'}.", err=True)
    click.echo("All clicks are counted.")


def _open_roll_ups() -> RollUps:
    services = current_services()
    return RollUps(services.ledger, services.config.site_timezone)
