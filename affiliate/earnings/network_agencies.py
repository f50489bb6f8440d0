"""The agencies whose links may lead by way of an affiliate network."""

from typing import Final

from affiliate.agencies import AGENCIES
from affiliate.config.settings import Config
from affiliate.earnings import impact, partnerize

LINKED_NETWORKS: Final = frozenset({impact.NETWORK, partnerize.NETWORK})
"""Networks that agencies' own links have by default."""


def find_agencies(network: str, config: Config) -> frozenset[str]:
    """Return the agencies of a network's sales; empty where any agency may be.

    A link that the owner has set may lead by way of any network.
    """
    if network in AGENCIES:
        return frozenset({network})
    if network not in LINKED_NETWORKS:
        return frozenset()
    own_links = {name for name, agency in config.agencies.items() if agency.affiliate_link}
    return frozenset({name for name in AGENCIES if AGENCIES[name].network == network} | own_links)
