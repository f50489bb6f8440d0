"""The parts of a running application, in one typed container that views and commands read.

``create_app`` builds the container and keeps it as ``app.extensions["services"]``.
"""

import msgspec
from flask import current_app

from affiliate.cache.stores import StoreWithFallback
from affiliate.config.settings import Config
from affiliate.database.agency_switches import AgencySwitches
from affiliate.database.ledger import Ledger
from affiliate.database.searches import SearchCounts
from affiliate.database.site_key import SiteKey
from affiliate.licensing.oauth.flow import ShutterstockOAuth
from affiliate.search.gateway import AgencyGateway
from affiliate.search.lookups import LookupService
from affiliate.search.machine_counters import MachineCounts
from affiliate.search.registry import AgencyRegistry
from affiliate.search.service import SearchService
from affiliate.search.site_counts import SiteCounts
from affiliate.search.suggestions import Suggestions
from affiliate.search.usage import UsageCounter
from affiliate.transport.client import Transport


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that an application was built of.

    ``build_id`` is a digest of all inputs of a page beside agencies' answers, ``host`` the host
    name that click reports show for this site's own pages.
    """

    config: Config
    build_id: str
    host: str
    registry: AgencyRegistry
    gateway: AgencyGateway
    search: SearchService
    lookups: LookupService
    suggestions: Suggestions
    ledger: Ledger
    search_counts: SearchCounts
    store: StoreWithFallback
    usage: UsageCounter
    counts: SiteCounts
    transport: Transport
    tokens: ShutterstockOAuth
    switches: AgencySwitches
    site_key: SiteKey
    machine_counts: MachineCounts


def current_services() -> Services:
    """Return the parts of the application that handles the current request or command."""
    services: Services = current_app.extensions["services"]
    return services
