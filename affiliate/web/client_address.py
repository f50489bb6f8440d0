"""The client's address of a request, which a proxy in front of the site may report.

Any client may write ``X-Forwarded-For``, except the entries that trusted proxies add at its end
(https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For).
"""

from collections.abc import Iterable
from ipaddress import IPv6Address, ip_network
from typing import TYPE_CHECKING, Final

from affiliate.config.trusted_proxies import Network, Trusted, read_address

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

MAX_FORWARDED_CHARACTERS: Final = 4096
"""Characters that are read, at the end of the header."""
HOME_PREFIX_BITS: Final = 64
"""Bits of a home's IPv6 network, whose addresses belong to the same client."""

CUSTOMER_PREFIX_BITS: Final = 48
"""Bits of the largest IPv6 network that a customer gets (RFC 6177, 2), with 65,536 networks of
homes; phones of many people share such a network."""


class TrustedProxiesMiddleware:
    """A WSGI middleware that puts the client's own address into ``REMOTE_ADDR``."""

    def __init__(self, app: "WSGIApplication", trusted: Trusted) -> None:
        self._app = app
        self._trusted = trusted

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Replace ``REMOTE_ADDR`` and call the application."""
        forwarded = environ.get("HTTP_X_FORWARDED_FOR")
        if forwarded:
            peer = environ.get("REMOTE_ADDR", "")
            environ["REMOTE_ADDR"] = client_address(peer, forwarded, self._trusted)
        return self._app(environ, start)


def client_address(peer: str, forwarded: str, trusted: Trusted) -> str:
    """Return the address of a client.

    ``peer`` is the address of the connection, ``forwarded`` the header. An unreadable entry of the
    header ends the chain of trusted proxies.
    """
    hops = [*forwarded[-MAX_FORWARDED_CHARACTERS:].split(","), peer]
    max_hops = trusted if isinstance(trusted, int) else len(hops)
    client = peer
    for hop in reversed(hops[:-1]):
        if max_hops <= 0 or (not isinstance(trusted, int) and not _is_in_networks(client, trusted)):
            break
        address = read_address(hop)
        if address is None:
            break
        client, max_hops = str(address), max_hops - 1
    return client


def client_network(address: str, bits: int = HOME_PREFIX_BITS) -> str:
    """Return the text that counters know a client by: an IPv6 network or an IPv4 address."""
    ip = read_address(address)
    if ip is None:
        return "unknown"
    return str(ip_network((ip, bits), strict=False)) if isinstance(ip, IPv6Address) else str(ip)


def is_public_address(address: str) -> bool:
    """Return whether an address belongs to the public network."""
    ip = read_address(address)
    return ip is not None and ip.is_global


def _is_in_networks(address: str, networks: Iterable[Network]) -> bool:
    ip = read_address(address)
    return ip is not None and any(ip in network for network in networks)
