"""Whose request it is: the address of the client, which a proxy in front of the site may tell.

``X-Forwarded-For`` is anybody's text, but for what trusted proxies have added at its end
(https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For).
"""

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
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Trusted = int | tuple[Network, ...]
"""How many proxies stand in front of the site, or the networks that they stand in."""

MAX_HEADER: Final = 4096
"""Characters at the end of the header that are read."""
MOST_PROXIES: Final = 9
MAPPED_BITS: Final = 96
"""Bits before an IPv4 address that is written as one of IPv6 (RFC 4291, 2.5.5.2)."""
HOME: Final = 64
"""Bits of the IPv6 network that one home has: all of its addresses are one client's."""

CUSTOMER: Final = 48
"""Bits of the largest IPv6 network that one customer is given (RFC 6177, 2), with which anybody has
65,536 homes; those of phones share such a network."""


class TrustedProxies:
    """Wraps a WSGI application, which finds the client's own address in ``REMOTE_ADDR``."""

    def __init__(self, app: "WSGIApplication", trusted: Trusted) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Answer as the application does."""
        told = environ.get("HTTP_X_FORWARDED_FOR")
        if told:
            peer = environ.get("REMOTE_ADDR", "")
            environ["REMOTE_ADDR"] = client_address(peer, told, self._trusted)
        return self._app(environ, start)


def client_address(peer: str, told: str, trusted: Trusted) -> str:
    """Return the address of a client.

    ``peer`` is who has connected to this site, ``told`` the header; what can't be read in the
    header ends the chain of those who are believed.
    """
    hops = [*told[-MAX_HEADER:].split(","), peer]
    most = trusted if isinstance(trusted, int) else len(hops)
    client = peer
    for hop in reversed(hops[:-1]):
        if most <= 0 or (not isinstance(trusted, int) and not _is_in(client, trusted)):
            break
        address = read_address(hop)
        if address is None:
            break
        client, most = str(address), most - 1
    return client


def network_of(address: str, bits: int = HOME) -> str:
    """Return an address as it is counted: of IPv6 the network of one home, or of so many bits."""
    ip = read_address(address)
    if ip is None:
        return "unknown"
    return str(ip_network((ip, bits), strict=False)) if isinstance(ip, IPv6Address) else str(ip)


def is_public(address: str) -> bool:
    """Return whether an address is one of the public network, where anybody may be."""
    ip = read_address(address)
    return ip is not None and ip.is_global


def read_address(text: str) -> Address | None:
    """Return an IP address, which may have a port, brackets or a zone; None for anything else.

    An IPv4 address that is written as one of IPv6 (RFC 4291, 2.5.5.2) is the one of IPv4.
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


def read_trusted(text: str) -> Trusted:
    """Return the number of proxies, or their networks, of a setting.

    Raises:
        ValueError: it is neither.
    """
    if text.isascii() and text.isdigit() and int(text) <= MOST_PROXIES:
        return int(text)
    try:
        networks = tuple(_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        networks = ()
    if not networks:
        raise ValueError(
            f"must be the number of proxies in front of the site, up to {MOST_PROXIES}, or a comma"
            " list of their networks, such as 10.0.0.0/8"
        )
    if not all(network.prefixlen for network in _collapsed(networks)):
        raise ValueError(
            "must be the number of proxies or their own networks: where everybody is trusted,"
            " everybody can take any address"
        )
    return networks


def _collapsed(networks: Iterable[Network]) -> Iterator[Network]:
    """Yield the fewest networks with the same addresses: two halves of all are all."""
    yield from collapse_addresses(one for one in networks if isinstance(one, IPv4Network))
    yield from collapse_addresses(one for one in networks if isinstance(one, IPv6Network))


def _network(text: str) -> Network:
    """Return a network as addresses are compared with it: an IPv4-mapped one is of IPv4."""
    network = ip_network(text)
    if not isinstance(network, IPv6Network):
        return network
    first, bits = network.network_address, network.prefixlen - MAPPED_BITS
    if first.scope_id is not None:
        raise ValueError("a zone is this machine's own")
    if bits >= 0 and first.ipv4_mapped is not None:
        return IPv4Network((first.ipv4_mapped, bits))
    return network


def _is_in(address: str, networks: Iterable[Network]) -> bool:
    ip = read_address(address)
    return ip is not None and any(ip in network for network in networks)
