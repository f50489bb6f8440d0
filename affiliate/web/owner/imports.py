"""The last import of each network's sales, and the fetches that have failed, for the overview."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from affiliate.database.desk_lists import DeskLists
from affiliate.database.earnings import Earnings
from affiliate.database.failed_fetches import FailedFetches
from affiliate.earnings.apis import open_apis
from affiliate.services import current_services
from affiliate.web.owner.tables import Column

IMPORT_COLUMNS: Final = (
    Column("network", "Network"),
    Column("at", "Imported", "time"),
    Column("as_of", "As of", "time"),
    Column("delay_hours", "Usual delay in hours", "count"),
)
FAILURE_COLUMNS: Final = (
    Column("network", "Network"),
    Column("at", "Failed", "time"),
    Column("reason", "Reason", "prose"),
)


class Report(NamedTuple):
    """The last import of a network, with the usual delay of its sales in hours, if known."""

    network: str
    at: datetime
    as_of: datetime
    delay_hours: int | None


class Failure(NamedTuple):
    """The last fetch of a network's sales, which has failed."""

    network: str
    at: datetime
    reason: str


def list_reports() -> list[Report]:
    """Return the last import of each network."""
    ledger = current_services().ledger
    lists = DeskLists(ledger)
    return [
        Report(
            last.network,
            last.at.replace(tzinfo=UTC),
            last.as_of.replace(tzinfo=UTC),
            lists.find_usual_delay(last.network),
        )
        for last in Earnings(ledger).find_last_imports()
    ]


def list_failures() -> list[Failure]:
    """Return the failed fetch of each network that has an account in the settings."""
    services = current_services()
    networks = open_apis(services.config, services.transport).keys()
    failed = FailedFetches(services.ledger).find_all() if networks else {}
    return [
        Failure(network, fetch.at.replace(tzinfo=UTC), fetch.reason)
        for network, fetch in sorted(failed.items())
        if network in networks
    ]
