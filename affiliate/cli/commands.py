"""The list of the owner's commands."""

from typing import Final

import click

from affiliate.cli import (
    accounts,
    agencies,
    alerts,
    cache,
    clicks,
    collections,
    doctor,
    earnings,
    figures,
    history,
    ledger,
    licensing,
    lookups,
    purchases,
    searches,
    setup,
    subscriptions,
    sync,
    warm,
)

COMMANDS: Final[tuple[click.Command, ...]] = (
    clicks.clicks,
    earnings.group,
    figures.group,
    ledger.group,
    cache.group,
    searches.searches,
    warm.warm,
    accounts.group,
    agencies.group,
    alerts.group,
    doctor.doctor,
    setup.setup,
    subscriptions.subscriptions,
    licensing.license,
    history.history,
    purchases.purchases,
    collections.group,
    lookups.show,
    lookups.contributor,
    sync.download,
    sync.sync,
)
