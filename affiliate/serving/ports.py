"""Takes the port to listen on, which no two sites share by mistake."""

import errno
import socket
import time
from typing import Final

from affiliate.errors import CannotListen

BACKLOG: Final = 1024
"""Connections that wait to be accepted."""
WAIT_SECONDS: Final = 2.0
"""How long a port that is taken may still be given up: by a server that has just been told to
end, or by the processes of one that was killed."""


def listen(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens at an address or a host name.

    Where a ``shared`` socket listens, another shared one may too: the system deals connections
    out to both until the older is closed. Without ``shared`` the port belongs to one socket, and
    of two that ask at the same moment one is refused.

    Raises:
        CannotListen: the port is taken, or the host is none of this machine; one sentence.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise CannotListen(f"HOST {host} can't be found; use an address such as 0.0.0.0.") from None
    family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    end = time.monotonic() + WAIT_SECONDS
    while True:
        sock = socket.socket(family, kind, protocol)
        try:
            _listen(sock, address, shared=shared)
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise CannotListen(_reason(error, host, port, shared=shared)) from None
            time.sleep(WAIT_SECONDS / 10)
        else:
            return sock


def _listen(sock: socket.socket, address: object, *, shared: bool) -> None:
    # Connections of a server that has just ended keep the port otherwise (TIME_WAIT).
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit it
    sock.bind(address)  # type: ignore[arg-type] # as the system gave it
    sock.listen(BACKLOG)


def _reason(error: OSError, host: str, port: int, *, shared: bool) -> str:
    """Tell in a sentence why an address can't be listened at, and what helps."""
    if error.errno == errno.EADDRINUSE and shared:
        return (
            f"port {port} is taken: what listens there was started without --reuse-port;"
            " end it, or set another PORT."
        )
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is taken: another program listens there, or this site is running"
            " already; end it, or set another PORT."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST {host} is no address of this machine; 0.0.0.0 stands for all that it has."
    if error.errno == errno.EACCES:
        return f"port {port} may not be used by this user; set a PORT of 1024 or above."
    return f"HOST {host} can't be listened on at port {port}: {error.strerror}."
