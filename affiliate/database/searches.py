"""Counts of searches by day, in the ledger's database.

`search.usage` adds to the counts; suggestions, ``flask searches`` and ``flask cache warm`` read
them. A row says how often a canonical query was asked on a day, never by whom.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import DIALECTS
from affiliate.database.schema import searches

CLIENT_BITS: Final = 30
"""Bits of ``clients``. Each client of a day has one of the bits, the same in all processes, so that
the bits set are as many as the different clients, or fewer. None is set for unknown clients."""
MIN_CLIENTS: Final = 3
"""Clients of one day without whom a search is not popular."""
MIN_DAYS: Final = 2
"""Days without which a search is not popular."""
MAX_QUERY_LENGTH: Final = 1000
"""Characters of the longest canonical query that is counted."""


def _upsert_counts(insert: Any) -> sa.Insert:  # noqa: ANN401 - either dialect's insert
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


UPSERTS: Final = {name: _upsert_counts(insert(searches)) for name, insert in DIALECTS.items()}


class SearchCounts:
    """The counts of searches in a database; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def add_found(
        self, counts: Mapping[str, int], clients: Mapping[str, int] | None = None
    ) -> None:
        """Add to today's counts of searches that found something; keys are canonical queries.

        ``clients`` has the bits of the known clients of each search.
        """
        bits = clients or {}
        self._add(
            {"query": query, "times": times, "clients": bits.get(query, 0), "missed": 0}
            for query, times in counts.items()
        )

    def add_missed(self, counts: Mapping[str, int], limit: int) -> None:
        """Add to today's counts of searches that found nothing.

        Of the searches that have found nothing today, the ``limit`` most asked are kept.
        """
        self._add(
            {"query": query, "times": 0, "clients": 0, "missed": times}
            for query, times in counts.items()
        )
        only_missed = (searches.c.day == self._database.today()) & (searches.c.times == 0)
        rest = sa.select(searches.c.day, searches.c.digest).where(only_missed)
        rest = rest.order_by(searches.c.missed.desc(), searches.c.digest).offset(limit)
        rest = rest.with_for_update(skip_locked=True)  # no wait for processes that are counting
        key = sa.tuple_(searches.c.day, searches.c.digest)
        with self._database.write_transaction() as connection:
            connection.execute(sa.delete(searches).where(key.in_(rest)))

    def _add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows of today's counts, in the one order in which all processes lock the rows."""
        day = self._database.today()
        keyed = [{"day": day, "digest": _digest(row["query"]), **row} for row in rows]
        keyed.sort(key=lambda row: str(row["digest"]))
        if keyed:
            with self._database.write_transaction() as connection:
                connection.execute(UPSERTS[connection.dialect.name], keyed)

    def forget_before(self, day: date) -> None:
        """Delete the counts of days before ``day``."""
        self._database.delete_rows(searches, searches.c.day < day)

    def list_found(self, since: date, limit: int) -> list[tuple[str, int]]:
        """Return the searches that found something, and how often; the most frequent first."""
        return self._list_most_frequent(searches.c.day >= since, limit)

    def list_searched(
        self, since: date, limit: int, *, only_missed: bool = False
    ) -> list[tuple[str, int, int]]:
        """Return the searches since a day, how often each was asked, and how often in vain.

        The most asked come first; with ``only_missed`` only those that found nothing, the most
        missed first.
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
        with self._database.read_connection() as connection:
            rows = connection.execute(query)
            return [(row.query, int(row.asked), int(row.missed)) for row in rows]

    def list_popular(self, since: date, least: int, limit: int) -> list[tuple[str, int]]:
        """Return the searches by words alone, asked ``least`` times or more since a day.

        Canonical queries of such searches hold ``q`` and ``lang`` alone; each comes with its
        times, the most asked first. Searches of fewer than `MIN_DAYS` days, or never of
        `MIN_CLIENTS` clients on a day, are left out, so that nobody can plant words.
        """
        alone = searches.c.query.like("q=%&lang=%") & searches.c.query.not_like("%&%&%")
        where = alone & (searches.c.day >= since) & (searches.c.times > 0)
        having = (sa.func.max(_count_clients()) >= MIN_CLIENTS) & (sa.func.count() >= MIN_DAYS)
        return self._list_most_frequent(where, limit, having, least)

    def _list_most_frequent(
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
        with self._database.read_connection() as connection:
            return [(row.query, int(row.times)) for row in connection.execute(query)]


def _count_clients() -> sa.ColumnElement[int]:
    """Return the number of known clients of a search on a day; its times where none is known."""
    bits = (searches.c.clients.bitwise_and(1 << bit) != 0 for bit in range(CLIENT_BITS))
    known = sum((sa.case((bit, 1), else_=0) for bit in bits), sa.literal(0))
    return sa.case((searches.c.clients == 0, searches.c.times), else_=known)


def _digest(query: str) -> str:
    return hashlib.blake2b(query.encode(), digest_size=16).hexdigest()
