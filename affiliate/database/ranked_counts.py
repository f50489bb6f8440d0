"""Counts of words and pictures by day and month, from which the most frequent are found quickly.

A row has the number of a list, a scope, a bucket (a day or a month, see `local_time`), a text's
number and its count. Words are counted for all sites and for each site, pictures for each agency.
A text's number is a digest: rows are short, and a text is written once. Each count stands in the
bucket of its day and in that of its month.
"""

import hashlib
import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import IntEnum
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.bulk_rows import execute_rows
from affiliate.database.count_upserts import build_count_upserts
from affiliate.database.engine import MAX_DELETED, LedgerDatabase
from affiliate.database.inserts import DIALECTS
from affiliate.database.local_time import Days, list_buckets, number_day
from affiliate.database.schema import ranked_counts, ranked_texts

ALL: Final = 0
"""The number of the scope of all sites."""
FIRST_ROWS: Final = 100
"""Rows that are read of each bucket at first; then four times as many, and so on."""
MAX_READ_ROWS: Final = 6400
"""Rows of a bucket from which on summing up whole buckets is faster."""
MONTH: Final = 100
"""The factor of a month in the number of a bucket; buckets of months are multiples of it."""
MAX_FOUND: Final = 500
"""Texts with some characters up to which each one's counts are added up."""
FORGETTING: Final = 0x666F7267
"""The number of the lock of PostgreSQL under which days are taken out of their months."""
KEYS_AT_ONCE: Final = 500
"""Keys in a statement: databases allow 32,766 parameters or more."""


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
        self._texts: dict[tuple[int, int], tuple[str, date]] = {}

    def add(
        self, name: RankedList, day: date, text: str, count: int, scopes: Iterable[str | None]
    ) -> None:
        """Add the count of a text on a day to some scopes; None is the scope of all sites."""
        key = number_text(text)
        in_day = number_day(day)
        in_month = in_day - in_day % MONTH
        for scope in scopes:
            number = number_scope(scope)
            self._counts[int(name), number, in_day, key] += count
            self._counts[int(name), number, in_month, key] += count
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
    """The counts of a list's scope in a period, by a connection whose reads see one state."""

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
        self._buckets = list_buckets(days)
        self._newest = {number_text(text): count for text, count in (newest or {}).items()}
        self._newest_texts = {number_text(text): text for text in newest or {}}
        number = number_scope(scope)
        self._own = (ranked_counts.c.list == name) & (ranked_counts.c.scope == number)

    def find_top(self, limit: int, containing: str = "") -> list[tuple[str, int]]:
        """Return the most frequent texts and their counts, the most frequent first.

        The first rows of each bucket are enough as soon as no text beyond these rows can have a
        greater sum than the last text of the answer (the threshold algorithm of Fagin, Lotem and
        Naor). With ``containing`` only texts with these characters count.
        """
        if containing:
            found = self._find_keys(containing)
            if found is None:
                return self._name_texts(self._sum_all(limit, containing))
            return self._name_texts(_rank_sums(self._sum_keys(found), limit))
        rows = max(FIRST_ROWS, limit)
        while rows <= MAX_READ_ROWS:
            top = self._find_top_in_heads(rows, limit)
            if top is not None:
                return self._name_texts(top)
            rows *= 4
        return self._name_texts(self._sum_all(limit))

    def count_texts(self, texts: Collection[str]) -> dict[str, int]:
        """Return the count of each of some texts."""
        keys = {number_text(text): text for text in texts}
        sums = self._sum_keys(keys)
        return {text: sums.get(key, 0) for key, text in keys.items()}

    def trace_text(self, text: str, days: Iterable[date]) -> dict[date, int]:
        """Return the count of a text on each of some days; without the newest counts."""
        by_bucket = {number_day(day): day for day in days}
        key = number_text(text)
        counts = dict.fromkeys(by_bucket.values(), 0)
        for some in _iter_parts(by_bucket):
            query = sa.select(ranked_counts.c.bucket, ranked_counts.c["count"]).where(
                self._own, ranked_counts.c.bucket.in_(some), ranked_counts.c.key == key
            )
            for bucket, count in self._connection.execute(query):
                counts[by_bucket[bucket]] = count
        return counts

    def _find_keys(self, containing: str) -> set[int] | None:
        """Return the keys of the texts with some characters; None where there are many."""
        query = sa.select(ranked_texts.c.key).where(
            ranked_texts.c.list == self._list,
            ranked_texts.c.text.contains(containing, autoescape=True),
        )
        found = set(self._connection.execute(query.limit(MAX_FOUND + 1)).scalars())
        return None if len(found) > MAX_FOUND else found | self._list_newest(containing)

    def _list_newest(self, containing: str) -> set[int]:
        return {key for key, text in self._newest_texts.items() if containing in text}

    def _find_top_in_heads(self, rows: int, limit: int) -> list[tuple[int, int]] | None:
        """Return the greatest sums, if the first rows of each bucket suffice."""
        seen: defaultdict[int, int] = defaultdict(int, self._newest)
        unseen = 0
        bounds: dict[int, int] = {}
        found: defaultdict[int, int] = defaultdict(int)
        for bucket in self._buckets:
            query = (
                sa.select(ranked_counts.c.key, ranked_counts.c["count"])
                .where(self._own, ranked_counts.c.bucket == bucket)
                .order_by(ranked_counts.c["count"].desc(), ranked_counts.c.key.desc())
                .limit(rows)
            )
            head = self._connection.execute(query).all()
            bounds[bucket] = head[-1][1] if len(head) == rows else 0
            unseen += bounds[bucket]
            for key, count in head:
                seen[key] += count
                found[key] += bounds[bucket]
        # The sums of the best texts so far bound the last sum of the answer from below.
        best = heapq.nlargest(4 * limit, seen, key=lambda key: seen[key])
        sums = self._sum_keys(best) if unseen else {key: seen[key] for key in best}
        floor = heapq.nlargest(limit, sums.values())[-1] if len(sums) >= limit else 0
        if unseen and floor < unseen:
            return None  # with more rows less is unseen
        # A text may have up to a bucket's bound in each bucket whose first rows lack the text.
        able = {key for key, count in seen.items() if count + unseen - found[key] >= floor}
        sums |= self._sum_keys(able - sums.keys()) if unseen else {key: seen[key] for key in able}
        top = _rank_sums(sums, limit)
        is_enough = not unseen or (len(top) == limit and top[-1][1] >= unseen)
        return top if is_enough else None

    def _sum_keys(self, keys: Iterable[int]) -> dict[int, int]:
        total = sa.func.sum(ranked_counts.c["count"])
        sums: dict[int, int] = {}
        for some in _iter_parts(keys):
            query = (
                sa.select(ranked_counts.c.key, total)
                .where(self._own)
                .where(ranked_counts.c.bucket.in_(self._buckets), ranked_counts.c.key.in_(some))
                .group_by(ranked_counts.c.key)
            )
            for key, count in self._connection.execute(query):
                sums[key] = int(count)
            for key in some:
                if key in self._newest:
                    sums[key] = sums.get(key, 0) + self._newest[key]
        return sums

    def _sum_all(self, limit: int, containing: str = "") -> list[tuple[int, int]]:
        """Return the greatest sums over whole buckets."""
        total = sa.func.sum(ranked_counts.c["count"]).label("total")
        query = (
            sa.select(ranked_counts.c.key, total)
            .where(self._own, ranked_counts.c.bucket.in_(self._buckets))
            .group_by(ranked_counts.c.key)
            .order_by(total.desc(), ranked_counts.c.key)
            .limit(limit + len(self._newest))
        )
        if containing:
            query = query.where(self._has_text(containing))
        sums = {key: int(count) for key, count in self._connection.execute(query)}
        newest = self._list_newest(containing)
        for key in newest & sums.keys():
            sums[key] += self._newest[key]
        return _rank_sums(sums | self._sum_keys(newest - sums.keys()), limit)

    def _has_text(self, containing: str) -> sa.ColumnElement[bool]:
        texts = ranked_texts.c
        found = sa.select(texts.key).where(
            texts.list == self._list, texts.text.contains(containing, autoescape=True)
        )
        return ranked_counts.c.key.in_(found)

    def _name_texts(self, counts: Sequence[tuple[int, int]]) -> list[tuple[str, int]]:
        """Return counts with the texts of their keys."""
        texts = dict(self._newest_texts)
        for some in _iter_parts(key for key, _ in counts):
            query = sa.select(ranked_texts.c.key, ranked_texts.c.text).where(
                ranked_texts.c.list == self._list, ranked_texts.c.key.in_(some)
            )
            texts |= {row.key: row.text for row in self._connection.execute(query)}
        return [(texts[key], count) for key, count in counts if key in texts]


def _rank_sums(sums: Mapping[int, int], limit: int) -> list[tuple[int, int]]:
    """Return the greatest sums with their keys; sums of nothing are left out."""
    positive = ((key, count) for key, count in sums.items() if count)
    return sorted(positive, key=lambda item: (-item[1], item[0]))[:limit]


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


def _iter_parts(keys: Iterable[int]) -> Iterator[list[int]]:
    """Yield keys in parts of `KEYS_AT_ONCE`."""
    rest = iter(keys)
    while part := list(islice(rest, KEYS_AT_ONCE)):
        yield part
