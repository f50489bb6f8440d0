"""Check of the sales that are fetched from networks' APIs."""

from collections.abc import Iterator

from affiliate.checks.findings import OK, WARN, Finding
from affiliate.database.failed_fetches import FailedFetches
from affiliate.earnings.apis import open_apis
from affiliate.services import Services


def check_fetches(services: Services) -> Iterator[Finding]:
    """Warn of each network with an account in the settings whose last fetch has failed."""
    networks = sorted(open_apis(services.config, services.transport))
    failed = FailedFetches(services.ledger).find_all() if networks else {}
    for network in networks:
        if fetch := failed.get(network):
            words = f"the last fetch of {network}, {fetch.at:%Y-%m-%d %H:%M} UTC, failed"
            hint = "`flask earnings fetch` tries again"
            yield Finding(WARN, "earnings", f"{words}: {fetch.reason} {hint}")
        else:
            yield Finding(
                OK, "earnings", f"no fetch of {network} has failed since the last success"
            )
