"""The state of alerts in the ledger's database: since when, told to whom, silenced until when.

All processes of a site and its commands share the rows, so that each trouble is told once. The row
`TURN` is the lease of the process that checks: other processes leave the rows alone meanwhile.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import ignore_known
from affiliate.database.schema import alerts
from affiliate.domain.times import to_naive_utc
from affiliate.domain.troubles import Trouble, get_rule

TURN: Final = "#check"
"""The name of the row whose ``lasts_until`` is the end of the lease, ``told_at`` the last check."""
DIGEST: Final = "#digest"
"""The name of the row whose ``told_at`` is the time of the last complete digest, ``title`` the
first day of the week of the last digest, and ``told_to`` who has this one while others lack it."""
LEASE: Final = timedelta(minutes=5)
"""Time that a check may take; the lease of a process that is killed runs out after this time."""
MAX_WAIT: Final = LEASE
"""Longest wait of a process for the database, in which another process may take the turn: a lease
that ends later than a new one by more than this time is of a clock that was set back."""
MAX_CALM: Final = timedelta(days=2)
"""Longest time in which an ended trouble still counts; a later time is of a wrong clock."""
KEPT_ENDED: Final = timedelta(days=30)
"""Time for which alerts that have ended are listed."""
MAX_TITLE: Final = 300
MAX_ADVICE: Final = 500
"""Characters that the columns take; longer texts are cut."""
INSERTS: Final = ignore_known(alerts)


class AlertState(msgspec.Struct, frozen=True, kw_only=True):
    """An alert; times are UTC without a zone, as in the table.

    ``told_to`` names the channels that know of the alert and not yet of its end.
    """

    name: str
    title: str
    advice: str
    since: datetime
    due_at: datetime
    lasts_until: datetime
    told_at: datetime | None
    told_to: frozenset[str]
    silenced_until: datetime | None
    ended_at: datetime | None

    def is_due(self, now: datetime) -> bool:
        """Return whether the alert lasts, and has lasted for its patience."""
        return self.ended_at is None and self.due_at <= now

    def is_silenced(self, now: datetime) -> bool:
        """Return whether nothing of this alert is told now."""
        return self.silenced_until is not None and self.silenced_until > now


class AlertStates:
    """The states in a database; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def now(self) -> datetime:
        """Return the time in UTC without a zone, by the clock that all processes share."""
        return to_naive_utc(self._database.read_time())

    def take_turn(self, every: timedelta = timedelta()) -> datetime | None:
        """Take the lease to check; return its end, or None while another process has it.

        Also return None where the last check was less than ``every`` ago. Times from the future
        are of a clock that was set back, and count as over.
        """
        now = self.now()
        end = now + LEASE
        row = alerts.c
        with self._database.read_connection() as connection:  # mostly nothing is due
            told_at = connection.execute(sa.select(row.told_at).where(row.name == TURN)).scalar()
        if told_at and now - every < told_at <= now:
            return None
        is_free = (row.lasts_until <= now) | (row.lasts_until > end + MAX_WAIT)
        is_due = row.told_at.is_(None) | (row.told_at <= now - every) | (row.told_at > now)
        take = sa.update(alerts).where(row.name == TURN, is_free, is_due).values(lasts_until=end)
        with self._database.write_transaction() as connection:
            connection.execute(INSERTS[connection.dialect.name], [_build_row(TURN, now)])
            return end if connection.execute(take).rowcount == 1 else None

    def end_turn(self, end: datetime) -> None:
        """Give the lease back after a check, unless another process has taken it meanwhile."""
        now = self.now()
        own = (alerts.c.name == TURN) & (alerts.c.lasts_until == end)
        with self._database.write_transaction() as connection:
            change = sa.update(alerts).where(own).values(lasts_until=now, told_at=now)
            connection.execute(change)

    def list_all(self) -> list[AlertState]:
        """Return all alerts: active ones first, each kind by its beginning, newest first."""
        query = sa.select(alerts).where(alerts.c.name.not_like("#%"))
        with self._database.read_connection() as connection:
            rows = connection.execute(query).mappings().all()
        states = sorted(map(_read_row, rows), key=lambda state: state.since, reverse=True)
        return sorted(states, key=lambda state: state.ended_at is not None)

    def record(self, troubles: Iterable[Trouble], unknown: Collection[str] = ()) -> None:
        """Write what a check has found; alerts that were not found end after their calm.

        ``unknown`` has names, and rules, of which the check knows nothing: these go on, unless
        their patience is not over, as nothing says then that they last.
        """
        now = self.now()
        found = {trouble.name: trouble for trouble in troubles}
        known = {state.name: state for state in self.list_all()}
        with self._database.write_transaction() as connection:
            for name in sorted(found):
                values = _continue_state(known.get(name), found[name], now)
                if name in known:
                    change = sa.update(alerts).where(alerts.c.name == name)
                    connection.execute(change.values(values))
                else:
                    connection.execute(
                        INSERTS[connection.dialect.name], [_build_row(name, now) | values]
                    )
            for name in sorted(known.keys() - found.keys()):
                is_unknown = bool({name, get_rule(name)} & set(unknown))
                if not is_unknown or known[name].due_at > now:
                    _end_state(connection, known[name], now)

    def mark_told(self, names: Collection[str], channel: str, *, ended: bool = False) -> None:
        """Remember that a channel knows of alerts, or of their end."""
        now = self.now()
        with self._database.write_transaction() as connection:
            for name in sorted(names):
                own = alerts.c.name == name
                told = connection.execute(sa.select(alerts.c.told_to).where(own)).scalar() or ""
                channels = {*filter(None, told.split(","))}
                channels = channels - {channel} if ended else channels | {channel}
                values = {"told_to": ",".join(sorted(channels)), "told_at": now}
                connection.execute(sa.update(alerts).where(own).values(values))

    def silence(self, name: str, days: int) -> bool:
        """Silence an alert for some days, 0 for none; return whether there is the alert.

        If the alert is active after a silence, the owner is told again.
        """
        now, own = self.now(), (alerts.c.name == name) & alerts.c.name.not_like("#%")
        values: dict[str, Any] = {"silenced_until": now + timedelta(days=days) if days else None}
        query = sa.select(alerts.c.silenced_until).where(own)
        with self._database.write_transaction() as connection:
            row = connection.execute(query).one_or_none()
            if row is None:
                return False
            if days or (row.silenced_until and row.silenced_until > now):
                values["told_to"] = ""
            connection.execute(sa.update(alerts).where(own).values(values))
        return True

    def read_digest(self) -> AlertState:
        """Return the row of the digest, a new one where there was none."""
        query = sa.select(alerts).where(alerts.c.name == DIGEST)
        now = self.now()
        with self._database.write_transaction() as connection:
            row = _build_row(DIGEST, now) | {"told_at": now}
            connection.execute(INSERTS[connection.dialect.name], [row])
            return _read_row(connection.execute(query).mappings().one())

    def write_digest(self, told_to: Iterable[str], told_at: datetime, week: str) -> None:
        """Write who has the digest of a week, and when the last complete digest was sent."""
        values = {"told_to": ",".join(sorted(told_to)), "told_at": told_at, "title": week}
        with self._database.write_transaction() as connection:
            connection.execute(sa.update(alerts).where(alerts.c.name == DIGEST).values(values))


def _build_row(name: str, now: datetime) -> dict[str, Any]:
    """Return a new row of the table."""
    texts = {"name": name, "title": "", "advice": "", "told_to": ""}
    times = {"since": now, "due_at": now, "lasts_until": now}
    return {**texts, **times, "told_at": None, "silenced_until": None, "ended_at": None}


def _read_row(row: sa.RowMapping) -> AlertState:
    return AlertState(**{**row, "told_to": frozenset(filter(None, row["told_to"].split(",")))})


def _continue_state(state: AlertState | None, trouble: Trouble, now: datetime) -> dict[str, Any]:
    """Return the values of an alert that was found; a clock set back moves no time ahead."""
    since, due_at = now, now + trouble.patience
    if state is not None and state.ended_at is None:
        since, due_at = min(state.since, since), min(state.due_at, due_at)
    return {
        "title": trouble.title[:MAX_TITLE],
        "advice": trouble.advice[:MAX_ADVICE],
        "since": since,
        "due_at": due_at,
        "lasts_until": now + trouble.calm,
        "ended_at": None,
    }


def _end_state(connection: sa.Connection, state: AlertState, now: datetime) -> None:
    """End an alert that was not found, or delete the alert where nothing of it is left to tell."""
    own = alerts.c.name == state.name
    is_over = not now < state.lasts_until <= now + MAX_CALM
    if state.ended_at is None and is_over:
        connection.execute(sa.update(alerts).where(own).values(ended_at=now))
    was_told = state.told_at is not None or state.is_silenced(now)
    is_old = state.ended_at is not None and not now - KEPT_ENDED < state.ended_at <= now
    if is_over and not state.told_to and (is_old or not was_told):
        connection.execute(sa.delete(alerts).where(own))
