"""Calls to networks' APIs, which wait where a network limits calls and a wait is short enough.

impact.com says how long in ``Retry-After`` and ``RateLimit-Reset``
(https://integrations.impact.com/impact-publisher/reference/rate-limits), Partnerize in
``X-RateLimit-Reset``, all in seconds.
"""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from affiliate.errors import TooManyCalls
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request

CALL_SECONDS: Final = 60.0
"""Seconds of a call: a page of up to 2 MB is slow to make and to send."""
MAX_WAIT: Final = 900.0
"""Seconds that all calls of a fetch may wait together; a scheduler repeats a fetch that failed."""
UNNAMED_WAIT: Final = 60.0
"""Seconds of a wait where the network names none."""
MAX_NAMED_WAIT: Final = 86400.0
"""Seconds of the longest wait that a network may name: impact.com counts calls of a day, too."""

Wait = Callable[[str, float], None]
"""A function that waits for seconds, as the network of the first argument demands."""


def sleep(_: str, seconds: float) -> None:
    """Wait for seconds without a word."""
    time.sleep(seconds)


class PatientCalls:
    """The calls of one fetch from a network."""

    def __init__(self, transport: Transport, wait: Wait) -> None:
        self._transport = transport.with_total_seconds(CALL_SECONDS)
        self._wait = wait
        self._waited = 0.0

    def send(self, request: Request) -> bytes:
        """Return the body of the answer; a call that the network does not take now is repeated.

        Raises:
            TooManyCalls: the waits would be longer than `MAX_WAIT`; the message says when the
                network takes calls again.
            AgencyError: the call failed for another reason.
        """
        request = msgspec.structs.replace(request, max_retry_after=MAX_NAMED_WAIT)
        while True:
            try:
                return self._transport.send(request).body
            except TooManyCalls as error:
                seconds = error.retry_after if error.has_retry_after else UNNAMED_WAIT
                self._waited += seconds
                if self._waited > MAX_WAIT:
                    message = f"{error.message.rstrip('. ')}. {_describe_next_try(error)}"
                    raise TooManyCalls(
                        error.agency, message, retry_after=error.retry_after
                    ) from None
            self._wait(request.agency, seconds)


def _describe_next_try(error: TooManyCalls) -> str:
    """Return when a fetch can be tried again."""
    if not error.has_retry_after:
        return "Run flask earnings fetch again in an hour."
    minutes = math.ceil(error.retry_after / 60)
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    return f"Run flask earnings fetch again in {minutes} min, after {then:%Y-%m-%d %H:%M} UTC."
