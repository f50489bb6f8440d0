"""The ledger: searches and clicks, in SQLAlchemy, on SQLite or PostgreSQL.

It keeps what was clicked, where and when; nothing that says who: no address, browser or cookie.
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
from sqlalchemy.dialects import postgresql, sqlite

from affiliate.database.click_journal import ClickJournal
from affiliate.database.click_writer import Recorder
from affiliate.database.clicks import Click
from affiliate.database.engine import LedgerDatabase
from affiliate.database.schema import clicks
from affiliate.domain import decoding
from affiliate.errors import BadQuery, LedgerError, LedgerLost


class Month(sa.TypeDecorator[str]):
    """A month such as 2026-03, which the database counts as 202603."""

    impl = sa.Integer
    cache_ok = True

    def process_result_value(self, value: int | None, dialect: sa.Dialect) -> str | None:
        """Return a month as people write it."""
        del dialect
        return None if value is None else f"{value // 100}-{value % 100:02}"


def _part(name: str) -> sa.Cast[int]:
    """Return a part of a click's time in UTC, as a whole number."""
    return sa.cast(sa.extract(name, clicks.c.at), sa.Integer)


GROUPS: Final[Mapping[str, sa.Label[Any]]] = {  # what clicks can be counted by
    "day": sa.func.date(clicks.c.at, type_=sa.Date()).label("day"),  # both databases know date()
    "words": clicks.c.words.label("words"),
    "site": clicks.c.site.label("site"),
    "agency": clicks.c.agency.label("agency"),
    "place": clicks.c.place.label("place"),
    "sender": clicks.c.sender.label("sender"),
    "id": clicks.c.id.label("id"),
    "media": clicks.c.media.label("media"),
    "position": clicks.c.position.label("position"),
    "month": sa.type_coerce(_part("year") * 100 + _part("month"), Month()).label("month"),
    "hour": _part("hour").label("hour"),
}


INSERTS: Final[Mapping[str, sa.Insert]] = {
    "sqlite": sqlite.insert(clicks).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(clicks).on_conflict_do_nothing(),
}


class Ledger(LedgerDatabase):
    """The database at ``url``; safe to share between threads. ``now`` tells the time.

    Clicks that the database can't take now wait in ``journal``, where a path is given. Tables are
    made where there are none; those of an older version are changed by `upgrade` alone. Every
    method that asks the database raises `LedgerError` when it can't be reached or refuses.
    """

    def __init__(
        self,
        url: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        journal: Path | None = None,
    ) -> None:
        super().__init__(url, now)
        self._recorder = Recorder(self._write, ClickJournal(journal, _kept) if journal else None)
        self._checking = Lock()
        self._checked_at = float("-inf")
        self._trouble: str | None = None

    def record(self, click: Click) -> None:
        """Keep a click; returns once it is on the disk. A known ``click_id`` changes nothing.

        After a `LedgerError` the click may yet be kept; send it again.
        """
        at = self._now().astimezone(UTC).replace(tzinfo=None)
        self._recorder.record({"at": at, **msgspec.structs.asdict(click)})

    def replay(self) -> None:
        """Begin to write the clicks that a process before has left in the journal."""
        self._recorder.replay()

    def counts(
        self, by: Sequence[str], since: date | None = None, until: date | None = None
    ) -> Sequence[sa.RowMapping]:
        """Clicks from ``since`` through ``until`` (days in UTC), counted by any of `GROUPS`.

        Rows have what ``by`` names and ``clicks``; the newest day comes first, then most clicks.

        Raises:
            BadQuery: ``by`` names something else.
        """
        return self._counted(by, [sa.func.count().label("clicks")], _between(since, until))

    def counts_apart(
        self, by: Sequence[str], since: date | None = None, until: date | None = None
    ) -> Sequence[sa.RowMapping]:
        """Return `counts` of visitors' clicks alone; ``marked`` counts those of other senders.

        Raises:
            BadQuery: ``by`` names something else.
        """
        numbers = [
            _number_of(clicks.c.sender == "", "clicks"),
            _number_of(clicks.c.sender != "", "marked"),
        ]
        return self._counted(by, numbers, _between(since, until))

    def _counted(
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
        with self.reading() as connection:
            return connection.execute(query).mappings().all()

    def rows(
        self, since: date | None = None, until: date | None = None
    ) -> Iterator[tuple[datetime, Click]]:
        """Each click with its time in UTC, oldest first, read as it is taken."""
        query = sa.select(clicks).where(_between(since, until)).order_by(clicks.c.at)
        with self.reading() as connection:
            streamed = connection.execution_options(yield_per=500).execute(query)
            for row in map(dict, streamed.mappings()):
                yield row.pop("at").replace(tzinfo=UTC), Click(**row)

    def last_click(self) -> datetime | None:
        """Return when a visitor clicked last, in UTC; None when none has yet."""
        query = sa.select(clicks.c.at).where(clicks.c.sender == "")
        with self.reading() as connection:
            last = connection.execute(query.order_by(clicks.c.at.desc()).limit(1)).scalar()
        return last and last.replace(tzinfo=UTC)

    def forget_clicks(self, before: date) -> None:
        """Delete the clicks of days before one, in UTC."""
        self.delete_rows(clicks, clicks.c.at < datetime.combine(before, clock_time.min))

    def check(self) -> None:
        """Write a click and take it back, to see whether clicks can be written.

        Whoever asks while another look is still to begin shares what that finds.
        """
        asked = time.monotonic()
        with self._checking:
            if self._checked_at < asked:
                self._checked_at = time.monotonic()
                self._trouble = self._recorder.failure or self._probe()
            trouble = self._trouble
        if trouble:
            raise LedgerError(trouble)

    def clicks_state(self) -> Literal["ok", "kept", "down"]:
        """Return what becomes of clicks now: ``ok``, ``kept`` in the journal, or ``down``."""
        try:
            self.check()
        except LedgerError:
            return "kept" if self._recorder.keeps else "down"
        return "ok"

    def close(self) -> None:
        """Let go of all connections; the last one to a SQLite file folds its log in."""
        self._recorder.close()
        super().close()

    def _write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        with self._transaction(self._database.before, more_follow=len(rows) > 1) as connection:
            connection.execute(INSERTS[connection.dialect.name], rows)

    def _probe(self) -> str | None:
        """Return why a click can't be written, if so; a connection that was lost is replaced."""
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
        with self._transaction(self._database.probe) as connection:
            connection.execute(sa.insert(clicks), row)
            connection.execute(sa.delete(clicks).where(clicks.c.click_id == probe.click_id))


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """Read a row of the journal, perhaps one of another version.

    Raises:
        ValueError: no click can be made of the row.
    """
    known = {name: row[name] for name in Click.__struct_fields__ if name in row}
    try:
        click = decoding.convert(known, Click)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    return {"at": row["at"], **msgspec.structs.asdict(click)}


def _number_of(where: sa.ColumnElement[bool], name: str) -> sa.Label[int]:
    """Return how many of the clicks that are counted are such."""
    return sa.func.coalesce(sa.func.sum(sa.case((where, 1), else_=0)), 0).label(name)


def _between(since: date | None, until: date | None) -> sa.ColumnElement[bool]:
    first = datetime.combine(since or date.min, clock_time.min)
    return clicks.c.at.between(first, datetime.combine(until or date.max, clock_time.max))
