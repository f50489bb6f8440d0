"""Limits of calls, set by an agency's documentation or by the owner's contract."""

from collections.abc import Mapping
from typing import Final, NamedTuple

MINUTE: Final = 60
"""Seconds of a minute, the shortest window that owners are told of."""
HOUR: Final = 3600
"""Seconds of an hour, the window of an owner's quota."""
WINDOWS: Final[Mapping[int, str]] = {MINUTE: "minute", HOUR: "hour", 24 * HOUR: "day"}
"""Names of the usual windows, by their seconds."""


class Limit(NamedTuple):
    """A limit of ``calls`` in each window of the clock of ``seconds`` seconds."""

    calls: int
    seconds: int = HOUR

    @property
    def window(self) -> str:
        """Return the window in words."""
        return WINDOWS.get(self.seconds, f"{self.seconds} s")
