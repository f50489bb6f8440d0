"""A clock that tests can move."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The time of the simulator: the real time, plus all moves."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move(self, **by: float) -> None:
        """Move on by days, hours or seconds, as in `timedelta`."""
        self._ahead += timedelta(**by)


def format_moment(moment: datetime) -> str:
    """Format a moment as the API does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_moment(text: str) -> datetime:
    """Parse a moment that a client wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
