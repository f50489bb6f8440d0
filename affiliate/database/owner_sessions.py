"""The owner's sessions, each in the ledger from its log-in to its log-out or its end.

A cookie alone would open the desk until its end, also after a log-out (OWASP ASVS 5, 7.4.1).
"""

import hashlib
import logging
import secrets
from datetime import datetime, timedelta
from typing import Final

import msgspec
import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.schema import sessions
from affiliate.domain.times import to_naive_utc
from affiliate.errors import LedgerError

LIFETIME: Final = timedelta(hours=12)
IDLE_LIMIT: Final = timedelta(hours=2)
"""Time without use after which a session ends (ASVS 5, 7.3.1); a clock set by an hour ends none."""
SEEN_PRECISION: Final = timedelta(minutes=5)
"""Precision of the time of a session's last use."""
MARK_LENGTH: Final = 16
"""Characters of the mark that ties a session to the password of its log-in."""
MAX_BROWSER_LENGTH: Final = 200
"""Characters that are kept of a browser's User-Agent."""


log = logging.getLogger(__name__)


class OpenSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session as the owner sees it; times are UTC, None for a session of an older version."""

    digest: str
    begun_at: datetime | None
    seen_at: datetime | None
    network: str
    browser: str
    is_this: bool


class Sessions:
    """The sessions in a ledger; every method may raise `LedgerError`.

    ``proof`` is a digest of key and password: sessions begun with another proof are closed.
    """

    def __init__(self, ledger: Ledger, proof: str = "") -> None:
        self._ledger = ledger
        self._mark = _digest(f"owner session:{proof}")[:MARK_LENGTH]

    def begin(self, network: str, browser: str, *, instead_of: str | None = None) -> str:
        """Begin a session and return its unguessable name; delete sessions that have ended.

        The session ``instead_of`` ends as the new session begins (ASVS 5, 7.2.4).
        """
        name, now = secrets.token_urlsafe(24), self._now()
        row = {
            "digest": _digest(name),
            "ends_at": now + LIFETIME,
            "begun_at": now,
            "seen_at": now,
            "network": network,
            "password_mark": self._mark,
            "browser": "".join(filter(str.isprintable, browser))[:MAX_BROWSER_LENGTH],
        }
        ended = (sessions.c.ends_at <= now) | (sessions.c.seen_at <= now - IDLE_LIMIT)
        if instead_of is not None:
            ended |= sessions.c.digest == _digest(instead_of)
        with self._ledger.write_transaction() as connection:
            connection.execute(sa.delete(sessions).where(ended))
            connection.execute(sa.insert(sessions).values(row))
        return name

    def is_open(self, name: str) -> bool:
        """Return whether a session is open: ended neither by time nor by the owner.

        The call counts as a use of the session.
        """
        now, digest = self._now(), _digest(name)
        query = sa.select(sessions.c.seen_at).where(self._open_condition(now), _has_digest(digest))
        with self._ledger.read_connection() as connection:
            row = connection.execute(query).first()
        if row is not None and (row.seen_at is None or row.seen_at <= now - SEEN_PRECISION):
            self._write_seen(digest, now)
        return row is not None

    def list_open(self, name: str) -> list[OpenSession]:
        """Return all open sessions, the session of this name first, then the newest."""
        own = _digest(name)
        newest = sessions.c.begun_at.desc()
        query = sa.select(sessions).where(self._open_condition(self._now())).order_by(newest)
        with self._ledger.read_connection() as connection:
            rows = connection.execute(query).all()
        open_sessions = [
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
        return sorted(open_sessions, key=lambda session: not session.is_this)

    def end(self, name: str) -> None:
        """End a session for all holders of its cookie."""
        self.end_by_digest(_digest(name))

    def end_by_digest(self, digest: str) -> None:
        """End the session of a digest, as `list_open` returns one."""
        with self._ledger.write_transaction() as connection:
            connection.execute(sa.delete(sessions).where(_has_digest(digest)))

    def end_all(self) -> None:
        """End every session."""
        with self._ledger.write_transaction() as connection:
            connection.execute(sa.delete(sessions))

    def _write_seen(self, digest: str, now: datetime) -> None:
        """Write the time of a session's use; a failure to write refuses nobody."""
        try:
            with self._ledger.write_transaction() as connection:
                connection.execute(
                    sa.update(sessions).where(_has_digest(digest)).values(seen_at=now)
                )
        except LedgerError as error:
            log.warning("the use of an owner's session can't be kept: %s", error)

    def _now(self) -> datetime:
        return to_naive_utc(self._ledger.read_time())

    def _open_condition(self, now: datetime) -> sa.ColumnElement[bool]:
        is_idle = sa.func.coalesce(sessions.c.seen_at, now) <= now - IDLE_LIMIT
        is_of_today = sa.func.coalesce(sessions.c.password_mark, self._mark) == self._mark
        return (sessions.c.ends_at > now) & ~is_idle & is_of_today


def _has_digest(digest: str) -> sa.ColumnElement[bool]:
    return sessions.c.digest == digest


def _digest(name: str) -> str:
    """Return the stored digest of a name, so that a copy of the ledger opens no session."""
    return hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
