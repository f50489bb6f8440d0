"""Times in UTC, as tables and other programs have them."""

from datetime import UTC, datetime
from typing import Final

DAY_SECONDS: Final = 86_400


def to_naive_utc(moment: datetime) -> datetime:
    """Return a time in UTC without a zone, as the tables have times: SQLite knows no zones."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def format_utc(moment: datetime) -> str:
    """Return a time in UTC to the second, in the form of RFC 3339."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
