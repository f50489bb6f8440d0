"""The owner's commands, a module for each group of commands."""

from flask import Flask

from affiliate.cli import (
    accounts,
    agencies,
    cache,
    clicks,
    collections,
    doctor,
    earnings,
    history,
    ledger,
    licensing,
    lookups,
    purchases,
    searches,
    subscriptions,
    sync,
    warm,
)


def register(app: Flask) -> None:
    """Add the commands to an app with `Services` in ``app.extensions["services"]``."""
    app.cli.add_command(clicks.clicks)
    app.cli.add_command(earnings.group)
    app.cli.add_command(ledger.group)
    app.cli.add_command(cache.group)
    app.cli.add_command(searches.searches)
    app.cli.add_command(warm.warm)
    app.cli.add_command(accounts.group)
    app.cli.add_command(agencies.group)
    app.cli.add_command(doctor.doctor)
    app.cli.add_command(subscriptions.subscriptions)
    app.cli.add_command(licensing.license)
    app.cli.add_command(history.history)
    app.cli.add_command(purchases.purchases)
    app.cli.add_command(collections.group)
    app.cli.add_command(lookups.show)
    app.cli.add_command(lookups.contributor)
    app.cli.add_command(sync.download)
    app.cli.add_command(sync.sync)
