"""The owner's sessions, each in the ledger from its log-in to its log-out or its end.

A cookie alone would open the desk until its end, also after a log-out (OWASP ASVS 5, 7.4.1).
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from affiliate.ledger import Ledger, metadata

LIFE: Final = timedelta(hours=12)

sessions = sa.Table(
    "owner_sessions",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("ends_at", sa.DateTime, nullable=False),  # UTC; SQLite knows no time zones
)


class Sessions:
    """The sessions in a ledger; every method raises `LedgerError` when that can't be asked."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def begin(self) -> str:
        """Begin a session and return its name, which nobody can guess; forget those that ended."""
        name, now = secrets.token_urlsafe(24), self._now()
        with self._ledger.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.ends_at <= now))
            row = {"digest": _digest(name), "ends_at": now + LIFE}
            connection.execute(sa.insert(sessions).values(row))
        return name

    def is_open(self, name: str) -> bool:
        """Tell whether a session has begun and neither its time nor its owner has ended it."""
        open_ = (sessions.c.digest == _digest(name)) & (sessions.c.ends_at > self._now())
        with self._ledger.reading() as connection:
            return connection.execute(sa.select(sessions.c.digest).where(open_)).first() is not None

    def end(self, name: str) -> None:
        """End a session, whoever has its cookie."""
        with self._ledger.writing() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.digest == _digest(name)))

    def _now(self) -> datetime:
        return self._ledger.time().astimezone(UTC).replace(tzinfo=None)


def _digest(name: str) -> str:
    """Return what is kept of a name, so that a copy of the ledger opens nothing."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
