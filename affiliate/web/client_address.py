"""Whose request it is: the address of the client, which a proxy in front of the site may tell.

``X-Forwarded-For`` is anybody's text, but for what trusted proxies have added at its end
(https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For).
"""

from collections.abc import Iterable
from ipaddress import (
    IPv6Address,
    ip_network,
)
from typing import TYPE_CHECKING, Final

from affiliate.config.trusted_proxies import Network, Trusted, read_address

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MAX_FORWARDED_CHARACTERS: Final = 4096
"""Characters at the end of the header that are read."""
HOME_PREFIX_BITS: Final = 64
"""Bits of the IPv6 network that one home has: all of its addresses are one client's."""

CUSTOMER_PREFIX_BITS: Final = 48
"""Bits of the largest IPv6 network that one customer is given (RFC 6177, 2), with which anybody has
65,536 homes; those of phones share such a network."""


class TrustedProxiesMiddleware:
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
    hops = [*told[-MAX_FORWARDED_CHARACTERS:].split(","), peer]
    most = trusted if isinstance(trusted, int) else len(hops)
    client = peer
    for hop in reversed(hops[:-1]):
        if most <= 0 or (not isinstance(trusted, int) and not _is_in_networks(client, trusted)):
            break
        address = read_address(hop)
        if address is None:
            break
        client, most = str(address), most - 1
    return client


def client_network(address: str, bits: int = HOME_PREFIX_BITS) -> str:
    """Return an address as it is counted: of IPv6 the network of one home, or of so many bits."""
    ip = read_address(address)
    if ip is None:
        return "unknown"
    return str(ip_network((ip, bits), strict=False)) if isinstance(ip, IPv6Address) else str(ip)


def is_public_address(address: str) -> bool:
    """Return whether an address is one of the public network, where anybody may be."""
    ip = read_address(address)
    return ip is not None and ip.is_global


def _is_in_networks(address: str, networks: Iterable[Network]) -> bool:
    ip = read_address(address)
    return ip is not None and any(ip in network for network in networks)
