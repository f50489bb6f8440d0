"""The port to listen on, which no two sites share by mistake: taking and giving up the port."""

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
"""Connections that may wait to be accepted."""
WAIT_SECONDS: Final = 2.0
"""Seconds for which a taken port may still be given up: by a server that is ending, or by the
processes of a killed server."""
STALLED_SECONDS: Final = 30
"""Seconds for which a client may take nothing of its answer before its connection is cut."""
LISTENS_LATE: Final = sys.platform.startswith(("linux", "freebsd"))
"""True where Granian itself begins to listen, as soon as a process is ready."""
TURN_AWAY_SECONDS: Final = 1.0
"""Seconds that refused clients have to read their answer."""
MAX_READS: Final = 64
"""Most reads from a refused client, which may go on sending for ever."""
UNAVAILABLE_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n"
    b"Retry-After: 5\r\nConnection: close\r\n\r\nService Unavailable\n"
)


@contextmanager
def hold_listener(host: str, port: int, *, shared: bool = False) -> Iterator[socket.socket]:
    """Yield the socket of `open_listener`; at the end answer 503 to clients that wait on it.

    Until the server sets its own signal handlers, a signal to end ends the block.

    Raises:
        CannotListen: see `open_listener`.
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

    A ``shared`` socket may share its port with other shared sockets: the system spreads
    connections over all of them until the older ones are closed. A shared socket only holds the
    port until the first process is ready and listens: the older socket answers meanwhile. Without
    ``shared`` the port belongs to one socket, and of two opened at the same moment one is refused.

    Raises:
        CannotListen: the port is taken, or the host is none of this machine; one sentence.
    """
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise CannotListen(f"HOST {host} can't be found; use an address such as 0.0.0.0.") from None
    family, kind, protocol, _, address = min(
        addresses, key=lambda found: found[0] != socket.AF_INET
    )
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
    # Otherwise connections of a server that has just ended keep the port (TIME_WAIT).
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
    """Close a socket for all processes that share it.

    Clients that wait to be accepted are answered 503: closed unread, their connections were reset.
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
    """Answer 503 to each client, and close the connections once the answer is read."""
    end = time.monotonic() + TURN_AWAY_SECONDS
    for client in clients:
        with suppress(OSError):
            client.sendall(UNAVAILABLE_ANSWER)
            client.shutdown(socket.SHUT_WR)
    for client in clients:
        with client, suppress(OSError):
            for _ in range(MAX_READS):  # unread bytes reset a connection on its close
                client.settimeout(max(end - time.monotonic(), 0.001))
                if not client.recv(65536):
                    break


def _describe_failure(error: OSError, host: str, port: int, *, shared: bool) -> str:
    """Return a sentence on why an address can't be listened at, and on the remedy."""
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
