"""The ledger of clicks, in SQLAlchemy, on SQLite or PostgreSQL.

A row holds the medium, the place and the time of a click; nothing about the visitor: no address,
browser or cookie.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from datetime import time as clock_time
from pathlib import Path
from threading import Lock
from typing import Any, Final, Literal
from uuid import uuid4

import msgspec
import sqlalchemy as sa

from affiliate.database.click_journal import ClickJournal
from affiliate.database.click_writer import ClickWriter
from affiliate.database.clicks import Click
from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import ignore_known
from affiliate.database.roll_ups import LATE, add_late_clicks
from affiliate.database.schema import clicks, roll_ups
from affiliate.domain import decoding
from affiliate.errors import BadQuery, LedgerError, LedgerLost


class Month(sa.TypeDecorator[str]):
    """A month such as 2026-03, which is 202603 in the database."""

    impl = sa.Integer
    cache_ok = True

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> str | None:
        """Return a month as year and month with a hyphen."""
        del dialect
        return None if value is None else f"{value // 100}-{value % 100:02}"


def _time_part(name: str) -> sa.Cast[int]:
    """Return a part of a click's time in UTC, as a whole number."""
    return sa.cast(sa.extract(name, clicks.c.at), sa.Integer)


GROUPS: Final[Mapping[str, sa.Label[Any]]] = {  # columns that clicks can be counted by
    "day": sa.func.date(clicks.c.at, type_=sa.Date()).label("day"),  # both databases know date()
    "words": clicks.c.words.label("words"),
    "site": clicks.c.site.label("site"),
    "agency": clicks.c.agency.label("agency"),
    "place": clicks.c.place.label("place"),
    "sender": clicks.c.sender.label("sender"),
    "id": clicks.c.id.label("id"),
    "media": clicks.c.media.label("media"),
    "position": clicks.c.position.label("position"),
    "month": sa.type_coerce(_time_part("year") * 100 + _time_part("month"), Month()).label("month"),
    "hour": _time_part("hour").label("hour"),
}


INSERTS: Final = ignore_known(clicks)


class Ledger(LedgerDatabase):
    """The ledger at ``url``; safe to share between threads. ``now`` is its clock.

    Clicks that the database can't take now wait in ``journal``, where a path is given. Tables are
    made where there are none; tables of an older version are changed by `upgrade` alone. Every
    method that uses the database raises `LedgerError` if the database is out of reach or refuses.
    """

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        journal: Path | None = None,
    ) -> None:
        super().__init__(url, now)
        self._click_writer = ClickWriter(
            self._insert_clicks, ClickJournal(journal, _read_row) if journal else None
        )
        self._check_lock = Lock()
        self._checked_at = float("-inf")
        self._trouble: str | None = None

    def record(self, click: Click) -> None:
        """Write a click; return once the click is on the disk. A known ``click_id`` has no effect.

        After a `LedgerError` the click may yet be written; send it again.
        """
        self._click_writer.record({"at": self.now(), **msgspec.structs.asdict(click)})

    def replay_journal(self) -> None:
        """Begin to write the clicks that an earlier process has left in the journal."""
        self._click_writer.replay_journal()

    def count_clicks(
        self, by: Sequence[str], since: date | None = None, until: date | None = None
    ) -> Sequence[sa.RowMapping]:
        """Count the clicks from ``since`` through ``until`` (days in UTC) by any of `GROUPS`.

        Rows have the columns of ``by`` and ``clicks``; the newest day is first, then most clicks.

        Raises:
            BadQuery: ``by`` names something else.
        """
        return self._count_groups(by, [sa.func.count().label("clicks")], _in_period(since, until))

    def count_visitor_clicks(
        self, by: Sequence[str], since: date | None = None, until: date | None = None
    ) -> Sequence[sa.RowMapping]:
        """Count visitors' clicks as `count_clicks` does; ``marked`` counts those of other senders.

        Raises:
            BadQuery: ``by`` names something else.
        """
        numbers = [
            _count_where(clicks.c.sender == "", "clicks"),
            _count_where(clicks.c.sender != "", "marked"),
        ]
        return self._count_groups(by, numbers, _in_period(since, until))

    def _count_groups(
        self, by: Sequence[str], numbers: Sequence[sa.Label[int]], where: sa.ColumnElement[bool]
    ) -> Sequence[sa.RowMapping]:
        if not set(by) <= set(GROUPS):
            raise BadQuery("by", f"Use a comma list of: {', '.join(GROUPS)}.")
        groups = [GROUPS[name] for name in dict.fromkeys(by)]
        newest = [group.desc() for group in groups if group.name in {"day", "month"}]
        hours = [group for group in groups if group.name == "hour"]
        most = [number.desc() for number in numbers]
        query = (
            sa.select(*groups, *numbers)
            .where(where)
            .group_by(*groups)
            .order_by(*newest, *hours, *most, *groups)
        )
        with self.read_connection() as connection:
            return connection.execute(query).mappings().all()

    def count_visitor_clicks_between(self, start: datetime, end: datetime) -> int:
        """Count the clicks of visitors from one time, in UTC without a zone, until before another.

        Clicks of programs and other marked senders are left out.
        """
        period = (clicks.c.at >= start) & (clicks.c.at < end)
        query = sa.select(sa.func.count()).where(period, clicks.c.sender == "")
        with self.read_connection() as connection:
            return int(connection.execute(query).scalar_one())

    def stream_clicks(
        self, since: date | None = None, until: date | None = None
    ) -> Iterator[tuple[datetime, Click]]:
        """Yield each click with its time in UTC, oldest first, while the database is read."""
        query = sa.select(clicks).where(_in_period(since, until)).order_by(clicks.c.at)
        with self.read_connection() as connection:
            streamed = connection.execution_options(yield_per=500).execute(query)
            for row in map(dict, streamed.mappings()):
                yield row.pop("at").replace(tzinfo=UTC), Click(**row)

    def find_last_click(self) -> datetime | None:
        """Return the time of a visitor's last click, in UTC; None for a ledger without any."""
        query = sa.select(clicks.c.at).where(clicks.c.sender == "")
        with self.read_connection() as connection:
            last = connection.execute(query.order_by(clicks.c.at.desc()).limit(1)).scalar()
        return last and last.replace(tzinfo=UTC)

    def check_writing(self) -> None:
        """Write a click and delete the click again, to see whether clicks can be written.

        Callers that come before a waiting check begins share the result of that check.

        Raises:
            LedgerError: clicks can't be written to the database now.
        """
        called_at = time.monotonic()
        with self._check_lock:
            if self._checked_at < called_at:
                self._checked_at = time.monotonic()
                self._trouble = self._click_writer.failure or self._find_write_failure()
            trouble = self._trouble
        if trouble:
            raise LedgerError(trouble)

    def describe_click_state(self) -> Literal["ok", "kept", "down"]:
        """Return the state of clicks: ``ok``, ``kept`` in the journal, or ``down``."""
        try:
            self.check_writing()
        except LedgerError:
            return "kept" if self._click_writer.can_journal else "down"
        return "ok"

    def close(self) -> None:
        """Close all connections; the last connection to a SQLite file writes its log into it."""
        self._click_writer.close()
        super().close()

    def _insert_clicks(self, rows: Sequence[Mapping[str, Any]]) -> None:
        early = self.now() - LATE
        late = [row for row in rows if row["at"] < early]
        new = [row for row in rows if row["at"] >= early] if late else rows
        with self._transaction(
            self._database.first_statement, more_follow=len(rows) > 1
        ) as connection:
            insert = INSERTS[connection.dialect.name]
            if new:
                connection.execute(insert, new)
            if late:  # their hours may be counted already
                written = connection.execute(insert.returning(clicks.c.click_id), late).scalars()
                known = set(written)
                if sa.inspect(connection).has_table(roll_ups.name):  # else not upgraded yet
                    add_late_clicks(connection, [row for row in late if row["click_id"] in known])

    def _find_write_failure(self) -> str | None:
        """Return the reason why no click can be written, or None; replace a lost connection."""
        for is_last in (False, True):
            try:
                self._write_probe()
            except LedgerLost as error:
                if is_last:
                    return str(error)
            except LedgerError as error:
                return str(error)
            else:
                break
        return None

    def _write_probe(self) -> None:
        probe = Click(click_id=f"probe-{uuid4().hex}", agency="probe", id="probe", position=1)
        row = {"at": datetime.min, **msgspec.structs.asdict(probe)}  # noqa: DTZ901 - as in the table
        with self._transaction(self._database.probe_statement) as connection:
            connection.execute(sa.insert(clicks), row)
            connection.execute(sa.delete(clicks).where(clicks.c.click_id == probe.click_id))


def _read_row(row: dict[str, Any]) -> dict[str, Any]:
    """Read a row of the journal, perhaps of another version.

    Raises:
        ValueError: the row is no click.
    """
    known = {name: row[name] for name in Click.__struct_fields__ if name in row}
    try:
        click = decoding.convert(known, Click)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    return {"at": row["at"], **msgspec.structs.asdict(click)}


def _count_where(where: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
    """Return the number of counted clicks that meet a condition."""
    return sa.func.coalesce(sa.func.sum(sa.case((where, 1), else_=0)), 0).label(name)


def _in_period(since: date | None, until: date | None) -> sa.ColumnElement[bool]:
    first = datetime.combine(since or date.min, clock_time.min)
    return clicks.c.at.between(first, datetime.combine(until or date.max, clock_time.max))
