"""Limits of calls, set by an agency's documentation or by the owner's contract."""

from typing import Final, NamedTuple

HOUR: Final = 3600
"""Seconds of an hour, the window of an owner's quota."""


class Limit(NamedTuple):
    """A limit of ``calls`` in each window of the clock of ``seconds`` seconds."""

    calls: int
    seconds: int = HOUR
