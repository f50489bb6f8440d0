"""Hands out loopback ports to servers that must know their port before they start."""

import fcntl
import itertools
import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

FIRST: Final = 20_000
"""The lowest port handed out; those below belong to services of the machine."""
EPHEMERAL: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")


def new_port() -> int:
    """Return a free loopback port that no other test of this machine gets.

    A port that was bound to 0 and closed again may be anybody's before its server binds it: the
    system gives it to the next socket or connection that asks. So these ports lie outside the
    range from which the system gives, and a counter in a locked file, which all processes and
    runs of a user share, hands out each once before any comes again. Ports on which some other
    program sits are passed over.
    """
    counter = Path("/tmp") / f"affiliate-test-ports-{os.getuid()}"
    with os.fdopen(os.open(counter, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = file.read().strip()
        port = _first_free(_after(int(last) if last.isdigit() else 0))
        file.seek(0)
        file.truncate()
        file.write(str(port))
    return port


def _after(last: int) -> Iterable[int]:
    """List the ports to choose from, beginning after ``last``."""
    low, high = _ephemeral()
    ports = [*range(FIRST, low), *range(max(high + 1, FIRST), 65_536)]
    ports = ports or list(range(FIRST, 65_536))  # where the system gives from all of them
    start = next((place for place, port in enumerate(ports) if port > last), 0)
    return itertools.islice(itertools.cycle(ports), start, start + len(ports))


def _ephemeral() -> tuple[int, int]:
    """Return the first and the last port that the system hands out."""
    with suppress(OSError):
        low, high = EPHEMERAL.read_text().split()
        return int(low), int(high)
    return 49_152, 65_535  # the range that IANA names, and systems without such a file use


def _first_free(ports: Iterable[int]) -> int:
    for port in ports:
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
