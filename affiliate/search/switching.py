"""The owner's switch of an agency, for the command and the desk."""

from typing import Final

from affiliate.cache.freshness import REPLAY_SECONDS
from affiliate.database.agency_switches import REFRESH_SECONDS, AgencySwitches
from affiliate.search.gateway import AgencyGateway
from affiliate.search.registry import AgencyRegistry

SWITCH_DELAY_SECONDS: Final = REFRESH_SECONDS + REPLAY_SECONDS
"""Seconds until every page shows a switch: processes read switches, then pages are replayed."""


def switch_on(
    name: str, switches: AgencySwitches, registry: AgencyRegistry, gateway: AgencyGateway
) -> None:
    """Search an agency again, also if the agency was suspended after failures.

    Raises:
        LedgerError: the database can't be written.
    """
    switches.switch_agency(name, off=False)
    if source := registry.find(name):
        gateway.end_suspension(source)


def switch_off(name: str, switches: AgencySwitches, registry: AgencyRegistry) -> list[str]:
    """Stop searching an agency until it is switched on; return the agencies that are still on.

    Raises:
        LedgerError: the database can't be written.
    """
    switches.switch_agency(name, off=True)
    off = switches.read_off_agencies()
    return [other for other in registry.names if other not in off]
