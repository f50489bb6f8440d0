"""Makes calls through a real transport."""

import contextlib
from collections.abc import Iterator
from typing import Any

from affiliate.transport.client import Transport
from affiliate.transport.messages import Request
from tests.support.upstream import CERTIFICATE

SHORT = 0.2
"""Seconds: the deadline of calls that are meant to meet it."""
GENEROUS = 15.0
"""Seconds by which a call with a short deadline is over even on a machine under load."""


@contextlib.contextmanager
def open_transport(
    seconds: float = GENEROUS, connect_seconds: float = GENEROUS
) -> Iterator[Transport]:
    """Yield a transport that trusts the test servers' certificate."""
    transport = Transport(connect_seconds=connect_seconds, total_seconds=seconds)
    transport._session.verify = str(CERTIFICATE)
    yield transport
    transport._session.close()


def call(url: str, method: str = "GET", **fields: Any) -> Request:
    """Build a call to an agency named acme."""
    return Request(agency="acme", url=url, method=method, **fields)
