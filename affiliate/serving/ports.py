"""Takes the port to listen on, which no two sites share by mistake, and gives it up."""

import errno
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from affiliate.errors import CannotListen

BACKLOG: Final = 1024
"""Connections that wait to be accepted."""
WAIT_SECONDS: Final = 2.0
"""How long a port that is taken may still be given up: by a server that has just been told to
end, or by the processes of one that was killed."""
STALLED_SECONDS: Final = 30
"""How long a client may take nothing of its answer until its connection is cut."""
LISTENS_LATE: Final = sys.platform.startswith(("linux", "freebsd"))
"""Whether Granian begins to listen by itself as soon as a process is ready."""
TURN_AWAY_SECONDS: Final = 1.0
"""How long clients that are turned away may take to read so."""
MAX_READS: Final = 64
"""How often something is read of such a client, which may go on sending for ever."""
UNAVAILABLE_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n"
    b"Retry-After: 5\r\nConnection: close\r\n\r\nService Unavailable\n"
)


@contextmanager
def hold_listener(host: str, port: int, *, shared: bool = False) -> Iterator[socket.socket]:
    """Yield the socket of `open_listener`, and answer 503 to clients that wait on it at the end.

    Until the server sets its own, a signal to end ends the block.

    Raises:
        CannotListen: as of `open_listener`.
    """
    sock = open_listener(host, port, shared=shared)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _exit_on_signal)
    try:
        yield sock
    finally:
        if sock.fileno() >= 0:  # no process serves that answers them
            close_listener(sock)


def _exit_on_signal(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit()


def open_listener(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """Return a socket that listens at an address or a host name.

    Where a ``shared`` socket listens, another shared one may too: the system deals connections
    out to both until the older is closed. A shared socket only has the port, until the first
    process is ready and listens: the older one answers meanwhile. Without ``shared`` the port
    belongs to one socket, and of two that ask at the same moment one is refused.

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
            _bind_listener(sock, address, shared=shared)
        except OSError as error:
            sock.close()
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise CannotListen(_describe_failure(error, host, port, shared=shared)) from None
            time.sleep(WAIT_SECONDS / 10)
        else:
            return sock


def _bind_listener(sock: socket.socket, address: object, *, shared: bool) -> None:
    # Connections of a server that has just ended keep the port otherwise (TIME_WAIT).
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # connections inherit these two
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_SECONDS * 1000)
    sock.bind(address)  # type: ignore[arg-type] # as the system gave it
    if not (shared and LISTENS_LATE):
        sock.listen(BACKLOG)


def close_listener(listener: socket.socket) -> None:
    """Close a socket that processes share, for all of them.

    Who waits to be accepted is answered 503: closed unread, such connections were reset.
    """
    clients = []
    listener.setblocking(False)
    with suppress(OSError):  # nobody waits, or no process listens yet
        while True:
            clients.append(listener.accept()[0])
    with suppress(OSError):  # other systems than Linux wait until all processes have closed it
        listener.shutdown(socket.SHUT_RD)
    listener.close()
    _turn_away_clients(clients)


def _turn_away_clients(clients: Sequence[socket.socket]) -> None:
    """Answer 503 to each, and close the connections once that is read."""
    end = time.monotonic() + TURN_AWAY_SECONDS
    for client in clients:
        with suppress(OSError):
            client.sendall(UNAVAILABLE_ANSWER)
            client.shutdown(socket.SHUT_WR)
    for client in clients:
        with client, suppress(OSError):
            for _ in range(MAX_READS):  # what is left unread resets the connection, too
                client.settimeout(max(end - time.monotonic(), 0.001))
                if not client.recv(65536):
                    break


def _describe_failure(error: OSError, host: str, port: int, *, shared: bool) -> str:
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
