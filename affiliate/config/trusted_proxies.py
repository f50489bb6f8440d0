"""Reads the proxies that are trusted to tell a client's address, and reads addresses."""

from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Trusted = int | tuple[Network, ...]
"""The number of proxies in front of the site, or the networks of these proxies."""

MAX_PROXIES: Final = 9
MAPPED_BITS: Final = 96
"""Bits before an IPv4 address in its IPv6 form (RFC 4291, 2.5.5.2)."""


def read_trusted_proxies(text: str) -> Trusted:
    """Return the number of proxies, or their networks, of a setting.

    Raises:
        ValueError: the text is neither.
    """
    if text.isascii() and text.isdigit() and int(text) <= MAX_PROXIES:
        return int(text)
    try:
        networks = tuple(_read_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        networks = ()
    if not networks:
        raise ValueError(
            f"must be the number of proxies in front of the site, up to {MAX_PROXIES}, or a comma"
            " list of their networks, such as 10.0.0.0/8"
        )
    if not all(network.prefixlen for network in _collapse_networks(networks)):
        raise ValueError(
            "must be the number of proxies or their own networks: where everybody is trusted,"
            " everybody can take any address"
        )
    return networks


def _collapse_networks(networks: Iterable[Network]) -> Iterator[Network]:
    """Yield the fewest networks with the same addresses: two halves of all are all."""
    yield from collapse_addresses(net for net in networks if isinstance(net, IPv4Network))
    yield from collapse_addresses(net for net in networks if isinstance(net, IPv6Network))


def _read_network(text: str) -> Network:
    """Return a network in the form that addresses are compared with: IPv4 if IPv4-mapped."""
    network = ip_network(text)
    if not isinstance(network, IPv6Network):
        return network
    first, bits = network.network_address, network.prefixlen - MAPPED_BITS
    if first.scope_id is not None:
        raise ValueError("a zone is this machine's own")
    if bits >= 0 and first.ipv4_mapped is not None:
        return IPv4Network((first.ipv4_mapped, bits))
    return network


def read_address(text: str) -> Address | None:
    """Return an IP address, which may have a port, brackets or a zone; None for anything else.

    An IPv4 address in its IPv6 form (RFC 4291, 2.5.5.2) is returned in its IPv4 form.
    """
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        ip = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return (isinstance(ip, IPv6Address) and ip.ipv4_mapped) or ip
