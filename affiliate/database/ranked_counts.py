"""Counts of words and pictures by day and month, from which the most frequent are found quickly.

A row has the number of a list, a scope, a bucket (a day or a month, see `local_time`), a text's
number and its count. Words are counted for all sites and for each site, pictures for each agency.
A text's number is a digest: rows are short, and a text is written once. Each count stands in the
bucket of its day and in that of its month.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from enum import IntEnum
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.bucket_sums import BucketSums, Key, rank_sums
from affiliate.database.bulk_rows import execute_rows
from affiliate.database.count_upserts import build_count_upserts
from affiliate.database.engine import MAX_DELETED, LedgerDatabase
from affiliate.database.inserts import DIALECTS
from affiliate.database.local_time import MONTH, Days, number_day, number_month
from affiliate.database.schema import ranked_counts, ranked_texts
from affiliate.database.value_rows import match_any

ALL: Final = 0
"""The number of the scope of all sites."""
MAX_FOUND: Final = {"sqlite": 16_000, "postgresql": 500}
"""Texts with some characters up to which each one's counts are added up; PostgreSQL sooner reads
the rows of all texts."""
FIRST_LOOK: Final = 2
"""Most frequent texts that are looked through for some characters, for each text of the answer."""
SECOND_LOOK: Final = 1.5
"""The same for the second time, as a part of the number that the first one suggests."""
MAX_LOOK: Final = 10
"""The same at most: where more are suggested, the characters are too rare."""
FORGETTING: Final = 0x666F7267
"""The number of the lock of PostgreSQL under which days are taken out of their months."""


class RankedList(IntEnum):
    """Lists of counted texts."""

    CLICKED_WORDS = 1
    CLICKED_PICTURES = 2
    ASKED_WORDS = 3
    MISSED_WORDS = 4


SEARCH_LISTS: Final = (RankedList.ASKED_WORDS, RankedList.MISSED_WORDS)
CLICK_LISTS: Final = (RankedList.CLICKED_WORDS, RankedList.CLICKED_PICTURES)


@lru_cache(maxsize=4096)
def number_text(text: str) -> int:
    """Return the number of a text: 63 bits of a digest."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def number_scope(scope: str | None) -> int:
    """Return the number of a scope: a site or an agency, or None for all sites."""
    return ALL if scope is None else number_text(scope)


def _upsert_texts(insert: Any) -> sa.Insert:  # noqa: ANN401 - either dialect's insert
    new = insert.excluded
    upsert: sa.Insert = insert.on_conflict_do_update(
        index_elements=["list", "key"],
        set_={"last_day": new.last_day},
        where=ranked_texts.c.last_day < new.last_day,
    )
    return upsert


COUNT_UPSERTS: Final = build_count_upserts({ranked_counts: ["count"]})
TEXT_UPSERTS: Final = {
    name: _upsert_texts(insert(ranked_texts)) for name, insert in DIALECTS.items()
}


class CountAdditions:
    """Counts that are added to the lists in one transaction, in an order that all processes keep.

    Rows are locked in the order of their keys, so that two processes never wait for each other.
    """

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[int, int, int, int], int] = defaultdict(int)
        """By list, scope, text and bucket, as the rows of the table."""
        self._texts: dict[tuple[int, int], tuple[str, date]] = {}

    def add(
        self, name: RankedList, day: date, text: str, count: int, scopes: Iterable[str | None]
    ) -> None:
        """Add the count of a text on a day to some scopes; None is the scope of all sites."""
        key = number_text(text)
        in_day, in_month = number_day(day), number_month(day)
        for scope in scopes:
            number = number_scope(scope)
            self._counts[int(name), number, key, in_day] += count
            self._counts[int(name), number, key, in_month] += count
        known = self._texts.get((int(name), key))
        self._texts[int(name), key] = (text, max(day, known[1]) if known else day)

    def write(self, connection: sa.Connection) -> None:
        """Write the counts."""
        dialect = connection.dialect.name
        texts = [(name, key, *text) for (name, key), text in sorted(self._texts.items())]
        execute_rows(connection, TEXT_UPSERTS[dialect], texts)
        counts = [(*place, count) for place, count in sorted(self._counts.items())]
        execute_rows(connection, COUNT_UPSERTS[dialect, ranked_counts.name], counts)


class RankedCounts:
    """The counts of a list in a period, by a connection whose reads see one state."""

    def __init__(
        self,
        connection: sa.Connection,
        name: RankedList,
        days: Days,
        scope: str | None = None,
        newest: Mapping[str, int] | None = None,
    ) -> None:
        """Read the list of a scope; ``newest`` has its counts that no bucket has yet."""
        self._connection = connection
        self._list = name
        self._scope = scope
        self._newest_texts = {self._find_key(text): text for text in newest or {}}
        counts: dict[int, dict[int, int]] = {number: {} for number in self._list_scopes()}
        for text, count in (newest or {}).items():
            number, key = self._find_key(text)
            counts.setdefault(number, {})[key] = count
        self._scopes = list(counts)
        self._sums = BucketSums(connection, name, days, counts)

    def find_top(self, limit: int, containing: str = "") -> list[tuple[str, int]]:
        """Return the most frequent texts and their counts, the most frequent first.

        With ``containing`` only texts with these characters count. Texts that are alike are in the
        same order whatever the limit.
        """
        if not containing:
            return self._name_texts(self._sums.find_top(limit))
        if (top := self._search_top(limit, containing)) is not None:
            return top
        newest = {key for key, text in self._newest_texts.items() if containing in text}
        found = self._find_keys(containing)
        if found is None:
            found = {key for key, _ in self._sums.rank_all(limit, self._has_text(containing))}
        return self._name_texts(rank_sums(self._sums.sum_keys(found | newest), limit))

    def _search_top(self, limit: int, containing: str) -> list[tuple[str, int]] | None:
        """Return the most frequent texts with some characters; None where these are too rare."""
        number = FIRST_LOOK * limit
        while number <= MAX_LOOK * limit:
            top = self._sums.find_top(number)
            found = [item for item in self._name_texts(top) if containing in item[0]]
            if len(found) >= limit or len(top) < number:
                return found[:limit]
            if number > FIRST_LOOK * limit or not found:
                break
            number = math.ceil(SECOND_LOOK * limit * number / len(found))
        return None

    def count_texts(self, texts: Collection[str]) -> dict[str, int]:
        """Return the count of each of some texts."""
        keys = {self._find_key(text): text for text in texts}
        sums = self._sums.sum_keys(keys)
        return {text: sums.get(key, 0) for key, text in keys.items()}

    def trace_text(self, text: str, days: Iterable[date]) -> dict[date, int]:
        """Return the count of a text on each of some days; without the newest counts."""
        by_bucket = {number_day(day): day for day in days}
        counts = dict.fromkeys(by_bucket.values(), 0)
        query = sa.select(ranked_counts.c.bucket, ranked_counts.c["count"]).where(
            ranked_counts.c.list == self._list,
            ranked_counts.c.scope.in_(self._scopes),
            ranked_counts.c.key == number_text(text),
            match_any(self._connection, ranked_counts.c.bucket, by_bucket),
        )
        for bucket, count in self._connection.execute(query).all():
            counts[by_bucket[bucket]] += count
        return counts

    def _find_key(self, text: str) -> Key:
        """Return the key of a text; a picture names its agency."""
        if self._list is RankedList.CLICKED_PICTURES and self._scope is None:
            return number_scope(text.partition(" ")[0]), number_text(text)
        return number_scope(self._scope), number_text(text)

    def _list_scopes(self) -> list[int]:
        """Return the scopes to read: all that the list has where pictures are of no agency."""
        if self._list is not RankedList.CLICKED_PICTURES or self._scope is not None:
            return [number_scope(self._scope)]
        found: list[int] = []
        query = sa.select(sa.func.min(ranked_counts.c.scope)).where(
            ranked_counts.c.list == self._list
        )
        while True:  # one after the other: a query of all distinct ones would read each row
            after = ranked_counts.c.scope > (found[-1] if found else -1)
            scope = self._connection.execute(query.where(after)).scalar()
            if scope is None:
                return found
            found.append(scope)

    def _find_keys(self, containing: str) -> set[Key] | None:
        """Return the keys of the texts with some characters; None where there are many."""
        query = sa.select(ranked_texts.c.key).where(
            ranked_texts.c.list == self._list,
            ranked_texts.c.text.contains(containing, autoescape=True),
        )
        most = MAX_FOUND[self._connection.dialect.name]
        found = set(self._connection.execute(query.limit(most + 1)).scalars())
        if len(found) > most:
            return None
        return {(scope, text) for text in found for scope in self._scopes}

    def _has_text(self, containing: str) -> sa.ColumnElement[bool]:
        """Return the condition of texts with some characters, as rows of counts have them.

        PostgreSQL, left to itself, may look up the text of each row.
        """
        texts = ranked_texts.c
        query = sa.select(texts.key).where(
            texts.list == self._list, texts.text.contains(containing, autoescape=True)
        )
        found = query.cte("found").prefix_with("MATERIALIZED", dialect="postgresql")
        return ranked_counts.c.key.in_(sa.select(found.c.key))

    def _name_texts(self, counts: Sequence[tuple[Key, int]]) -> list[tuple[str, int]]:
        """Return counts with the texts of their keys."""
        texts = {number: text for (_, number), text in self._newest_texts.items()}
        query = sa.select(ranked_texts.c.key, ranked_texts.c.text).where(
            ranked_texts.c.list == self._list,
            match_any(self._connection, ranked_texts.c.key, [number for (_, number), _ in counts]),
        )
        texts |= dict(map(tuple, self._connection.execute(query).all()))
        return [(texts[number], count) for (_, number), count in counts if number in texts]


def list_days(connection: sa.Connection, lists: Collection[RankedList], before: date) -> list[int]:
    """Return the days before one, as buckets, that lists have in the scope of all sites."""
    query = (
        sa.select(ranked_counts.c.bucket)
        .where(ranked_counts.c.list.in_(lists), ranked_counts.c.scope == ALL)
        .where(ranked_counts.c.bucket < number_day(before), ranked_counts.c.bucket % MONTH != 0)
        .distinct()
    )
    return list(connection.execute(query).scalars())


def forget_day(
    connection: sa.Connection,
    lists: Collection[RankedList],
    day: int,
    scopes: Collection[str | None] = (None,),
) -> None:
    """Take the counts of a day out of its month, and delete the day.

    A process that comes second waits, and finds the day deleted.
    """
    if connection.dialect.name == "postgresql":  # a transaction in SQLite is alone
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(FORGETTING)))
    month, of_day = ranked_counts, ranked_counts.alias("of_day")
    same = sa.and_(*(of_day.c[name] == month.c[name] for name in ("list", "scope", "key")))
    count = sa.select(of_day.c["count"]).where(same, of_day.c.bucket == day).correlate(month)
    numbers = [number_scope(scope) for scope in scopes]
    own = month.c.list.in_(lists) & month.c.scope.in_(numbers)
    in_month = own & (month.c.bucket == day - day % MONTH)
    _lock_rows(connection, month, in_month & count.exists())
    connection.execute(
        sa.update(month)
        .where(in_month, count.exists())
        .values({"count": month.c["count"] - count.scalar_subquery()})
    )
    connection.execute(sa.delete(month).where(in_month, month.c["count"] <= 0))
    connection.execute(sa.delete(month).where(own, month.c.bucket == day))


def forget_texts(database: LedgerDatabase, lists: Collection[RankedList], before: date) -> None:
    """Delete the texts that were last counted before a day, some in each transaction."""
    texts = ranked_texts.c
    for name in lists:
        own = (texts.list == name) & (texts.last_day < before)
        query = sa.select(texts.key).where(own).order_by(texts.key).limit(MAX_DELETED)
        last = -1
        while True:
            with database.read_connection() as connection:
                keys = connection.execute(query.where(texts.key > last)).scalars().all()
            if not keys:
                break
            some, last = own & texts.key.between(keys[0], keys[-1]), keys[-1]
            with database.write_transaction() as connection:
                _lock_rows(connection, ranked_texts, some)
                connection.execute(sa.delete(ranked_texts).where(some))


def _lock_rows(connection: sa.Connection, table: sa.Table, where: sa.ColumnElement[bool]) -> None:
    """Lock rows in the order of their keys, in which `CountAdditions` writes them (PostgreSQL)."""
    if connection.dialect.name == "postgresql":  # a transaction in SQLite is alone
        query = sa.select(sa.literal(1)).select_from(table).where(where)
        connection.execute(query.order_by(*table.primary_key).with_for_update(of=table)).all()
