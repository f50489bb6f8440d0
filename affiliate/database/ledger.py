"""The ledger: searches and clicks, in SQLAlchemy, on SQLite or PostgreSQL.

It keeps what was clicked, where and when; nothing that says who: no address, browser or cookie.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from affiliate.database.schema import clicks, searches
from affiliate.domain import decoding
from affiliate.errors import BadQuery, LedgerError, LedgerLost

SEARCH_KEY: Final = sa.tuple_(searches.c.day, searches.c.digest)
CLIENT_BITS: Final = 30
"""Bits of ``clients``, of which each client of a day has one, whichever process counts: so many are
set as there were different clients, or fewer. None is set where that is not known."""
FORGOTTEN: Final = 2000
"""Rows that are deleted in one transaction."""
SEVERAL: Final = 3
"""Clients of one day without whom a search is not popular."""
MAX_SEARCH: Final = 1000
"""The longest canonical query that is counted."""


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


def _count(insert: Any) -> sa.Insert:  # noqa: ANN401 - either dialect's insert
    known, new = searches.c, insert.excluded
    upsert: sa.Insert = insert.on_conflict_do_update(
        index_elements=["day", "digest"],
        set_={
            "times": known.times + new.times,
            "clients": known.clients.bitwise_or(new.clients),
            "missed": known.missed + new.missed,
        },
    )
    return upsert


INSERTS: Final[Mapping[str, sa.Insert]] = {
    "sqlite": sqlite.insert(clicks).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(clicks).on_conflict_do_nothing(),
}
UPSERTS: Final[Mapping[str, sa.Insert]] = {
    "sqlite": _count(sqlite.insert(searches)),
    "postgresql": _count(postgresql.insert(searches)),
}


log = logging.getLogger(__name__)


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

    def add_searches(
        self, counts: Mapping[str, int], clients: Mapping[str, int] | None = None
    ) -> None:
        """Add to today's counts of searches that found something; keys are canonical queries.

        ``clients`` has the bits of those who asked them, as far as they are known.
        """
        known = clients or {}
        self._add(
            {"query": query, "times": times, "clients": known.get(query, 0), "missed": 0}
            for query, times in counts.items()
        )

    def add_missed(self, counts: Mapping[str, int], most: int) -> None:
        """Add to today's counts of searches that found nothing.

        Of those that have found nothing today ``most`` are kept, the most asked ones.
        """
        self._add(
            {"query": query, "times": 0, "clients": 0, "missed": times}
            for query, times in counts.items()
        )
        only_missed = (searches.c.day == self.today()) & (searches.c.times == 0)
        rest = sa.select(searches.c.day, searches.c.digest).where(only_missed)
        rest = rest.order_by(searches.c.missed.desc(), searches.c.digest).offset(most)
        rest = rest.with_for_update(skip_locked=True)  # waits for no process that is counting
        with self.writing() as connection:
            connection.execute(sa.delete(searches).where(SEARCH_KEY.in_(rest)))

    def _add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows of today's counts, in the one order in which all processes lock them."""
        day = self.today()
        known = [{"day": day, "digest": _digest(row["query"]), **row} for row in rows]
        known.sort(key=lambda row: str(row["digest"]))
        if known:
            with self.writing() as connection:
                connection.execute(UPSERTS[connection.dialect.name], known)

    def today(self) -> date:
        """Return the day in UTC."""
        return self._now().astimezone(UTC).date()

    def forget_searches(self, before: date) -> None:
        """Drop the counts of searches of days before one."""
        some = sa.select(searches.c.day, searches.c.digest).where(searches.c.day < before)
        self._forget(sa.delete(searches).where(SEARCH_KEY.in_(some.limit(FORGOTTEN))))

    def forget_clicks(self, before: date) -> None:
        """Drop the clicks of days before one, in UTC."""
        old = clicks.c.at < datetime.combine(before, clock_time.min)
        some = sa.select(clicks.c.click_id).where(old).limit(FORGOTTEN)
        self._forget(sa.delete(clicks).where(clicks.c.click_id.in_(some)))

    def _forget(self, delete: sa.Delete) -> None:
        """Delete a bounded number of rows at a time, as clicks wait meanwhile."""
        gone = FORGOTTEN
        while gone == FORGOTTEN:
            with self.writing() as connection:
                gone = connection.execute(delete).rowcount

    def asked(self, since: date, limit: int) -> list[tuple[str, int]]:
        """Return the searches that found something most often since a day, with how often."""
        return self._most(searches.c.day >= since, limit)

    def searched(
        self, since: date, limit: int, *, only_missed: bool = False
    ) -> list[tuple[str, int, int]]:
        """Return the searches asked most often since a day, with how often, and how often in vain.

        With ``only_missed`` they are those that found nothing, by how often that was.
        """
        missed = sa.func.sum(searches.c.missed).label("missed")
        asked = sa.func.sum(searches.c.times + searches.c.missed).label("asked")
        query = (
            sa.select(searches.c.query, asked, missed)
            .where(searches.c.day >= since)
            .group_by(searches.c.query)
            .having(missed >= int(only_missed))
            .order_by((missed if only_missed else asked).desc(), searches.c.query)
            .limit(limit)
        )
        with self.reading() as connection:
            found = connection.execute(query)
            return [(row.query, int(row.asked), int(row.missed)) for row in found]

    def popular(self, since: date, least: int, limit: int) -> list[tuple[str, int]]:
        """The searches by words alone, asked ``least`` times or more since a day, with how often.

        Their canonical queries hold ``q`` and ``lang`` and nothing else; the most asked come first.
        What was asked on a single day, or on no day by `SEVERAL` clients, is left out, so that
        nobody puts words there.
        """
        alone = searches.c.query.like("q=%&lang=%") & searches.c.query.not_like("%&%&%")
        where = alone & (searches.c.day >= since) & (searches.c.times > 0)
        several = sa.func.max(_clients_of_a_day()) >= SEVERAL
        return self._most(where, limit, several & (sa.func.count() >= 2), least)  # noqa: PLR2004 - days

    def _most(
        self,
        where: sa.ColumnElement[bool],
        limit: int,
        having: sa.ColumnElement[bool] | None = None,
        least: int = 1,
    ) -> list[tuple[str, int]]:
        times = sa.func.sum(searches.c.times).label("times")
        enough = times >= least
        query = (
            sa.select(searches.c.query, times)
            .where(where)
            .group_by(searches.c.query)
            .having(enough if having is None else enough & having)
            .order_by(times.desc(), searches.c.query)
            .limit(limit)
        )
        with self.reading() as connection:
            return [(row.query, int(row.times)) for row in connection.execute(query)]

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


def _clients_of_a_day() -> sa.ColumnElement[int]:
    """Return how many clients are known to have asked a search; the times where none is known."""
    bits = (searches.c.clients.bitwise_and(1 << bit) != 0 for bit in range(CLIENT_BITS))
    known = sum((sa.case((bit, 1), else_=0) for bit in bits), sa.literal(0))
    return sa.case((searches.c.clients == 0, searches.c.times), else_=known)


def _digest(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=16).hexdigest()


def _between(since: date | None, until: date | None) -> sa.ColumnElement[bool]:
    first = datetime.combine(since or date.min, clock_time.min)
    return clicks.c.at.between(first, datetime.combine(until or date.max, clock_time.max))
