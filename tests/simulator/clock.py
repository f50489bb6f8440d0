"""A clock that tests can move."""

from datetime import UTC, datetime, timedelta


class Clock:
    """The time of the simulator: the real one, and as much more as it was moved."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def move(self, **by: float) -> None:
        """Move on by days, hours, seconds, as `timedelta` takes them."""
        self._ahead += timedelta(**by)


def stamp(moment: datetime) -> str:
    """A moment as the API writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """A moment that a client wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
