"""Limits that an agency's documentation, or the owner's contract, sets to calls."""

from typing import Final, NamedTuple

HOUR: Final = 3600
"""Seconds of an hour, which is how long the window of an owner's quota lasts."""


class Limit(NamedTuple):
    """At most ``calls`` in each window of the clock of so many ``seconds``."""

    calls: int
    seconds: int = HOUR
