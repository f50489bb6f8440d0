"""The owner's sessions, each in the ledger from its log-in to its log-out or its end.

A cookie alone would open the desk until its end, also after a log-out (OWASP ASVS 5, 7.4.1).
"""

import hashlib
import logging
import secrets
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.schema import sessions
from affiliate.errors import LedgerError

LIFE: Final = timedelta(hours=12)
IDLE: Final = timedelta(hours=2)
"""A session that is not used for so long ends (ASVS 5, 7.3.1); a clock set by an hour ends none."""
SEEN: Final = timedelta(minutes=5)
"""How exactly it is known when a session was used last."""
MARK: Final = 16
"""Characters of the mark by which a session is known for one of today's password."""
MOST_BROWSER: Final = 200
"""Characters that are kept of what a browser says of itself."""


log = logging.getLogger(__name__)


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner sees of a session; times are UTC, None where the version before began it."""

    digest: str
    begun_at: datetime | None
    seen_at: datetime | None
    network: str
    browser: str
    is_this: bool


class Sessions:
    """The sessions in a ledger; every method raises `LedgerError` when that can't be asked.

    ``proof`` is a digest of key and password: sessions that were begun with another are closed.
    """

    def __init__(self, ledger: Ledger, proof: str = "") -> None:
        self._ledger = ledger
        self._mark = _digest(f"owner session:{proof}")[:MARK]

    def begin(self, network: str, browser: str, *, instead_of: str | None = None) -> str:
        """Begin a session and return its name, which nobody can guess; forget those that ended.

        The session ``instead_of`` which the new one begins ends (ASVS 5, 7.2.4).
        """
        name, now = secrets.token_urlsafe(24), self._now()
        row = {
            "digest": _digest(name),
            "ends_at": now + LIFE,
            "begun_at": now,
            "seen_at": now,
            "network": network,
            "password_mark": self._mark,
            "browser": "".join(filter(str.isprintable, browser))[:MOST_BROWSER],
        }
        ended = (sessions.c.ends_at <= now) | (sessions.c.seen_at <= now - IDLE)
        if instead_of is not None:
            ended |= sessions.c.digest == _digest(instead_of)
        with self._ledger.writing() as connection:
            connection.execute(sa.delete(sessions).where(ended))
            connection.execute(sa.insert(sessions).values(row))
        return name

    def is_open(self, name: str) -> bool:
        """Tell whether a session has begun and neither time nor the owner has ended it.

        Whoever asks uses the session.
        """
        now, digest = self._now(), _digest(name)
        wanted = sa.select(sessions.c.seen_at).where(self._are_open(now), _is(digest))
        with self._ledger.reading() as connection:
            row = connection.execute(wanted).first()
        if row is not None and (row.seen_at is None or row.seen_at <= now - SEEN):
            self._mark_seen(digest, now)
        return row is not None

    def open_ones(self, name: str) -> list[OpenSession]:
        """Return all sessions that are open, the one of this name first, then the newest."""
        own = _digest(name)
        newest = sessions.c.begun_at.desc()
        wanted = sa.select(sessions).where(self._are_open(self._now())).order_by(newest)
        with self._ledger.reading() as connection:
            rows = connection.execute(wanted).all()
        found = [
            OpenSession(
                digest=row.digest,
                begun_at=row.begun_at,
                seen_at=row.seen_at,
                network=row.network or "",
                browser=row.browser or "",
                is_this=row.digest == own,
            )
            for row in rows
        ]
        return sorted(found, key=lambda one: not one.is_this)

    def end(self, name: str) -> None:
        """End a session, whoever has its cookie."""
        self.end_digest(_digest(name))

    def end_digest(self, digest: str) -> None:
        """End the session that a list has shown by its digest."""
        with self._ledger.writing() as connection:
            connection.execute(sa.delete(sessions).where(_is(digest)))

    def end_all(self) -> None:
        """End every session."""
        with self._ledger.writing() as connection:
            connection.execute(sa.delete(sessions))

    def _mark_seen(self, digest: str, now: datetime) -> None:
        """Keep when a session was used; nobody is refused because that can't be written."""
        try:
            with self._ledger.writing() as connection:
                connection.execute(sa.update(sessions).where(_is(digest)).values(seen_at=now))
        except LedgerError as error:
            log.warning("the use of an owner's session can't be kept: %s", error)

    def _now(self) -> datetime:
        return self._ledger.time().astimezone(UTC).replace(tzinfo=None)

    def _are_open(self, now: datetime) -> sa.ColumnElement[bool]:
        is_idle = sa.func.coalesce(sessions.c.seen_at, now) <= now - IDLE
        is_of_today = sa.func.coalesce(sessions.c.password_mark, self._mark) == self._mark
        return (sessions.c.ends_at > now) & ~is_idle & is_of_today


def _is(digest: str) -> sa.ColumnElement[bool]:
    return sessions.c.digest == digest


def _digest(name: str) -> str:
    """Return what is kept of a name, so that a copy of the ledger opens nothing."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
