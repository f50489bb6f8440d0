"""Sums of ranked counts over buckets, and the greatest of them without a sum over all rows.

A bucket is a day or a month, see `local_time`. A text is counted in one scope of those that are
read together; its key is the number of this scope and its own.
"""

import heapq
import math
import operator
from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import reduce
from itertools import cycle, islice
from typing import Any, Final

import sqlalchemy as sa

from affiliate.database.local_time import (
    Days,
    count_days,
    find_first_day,
    is_month,
    list_bucket_ranges,
    list_buckets,
    list_covering_buckets,
)
from affiliate.database.schema import IS_MONTH, ranked_counts
from affiliate.database.value_rows import list_numbers

Key = tuple[int, int]
"""The number of a scope and the number of a text."""
UNREAD_SHARE: Final = 0.65
"""The part of the last sum of an answer up to which counts are left unread: with more, fewer rows
are read, and more texts are then summed up."""
MAX_BOUNDS: Final = 5
"""Texts that are looked at for one of the answer; where more can be in it, all are summed up."""
LEAST_BOUNDS: Final = 100
"""Texts that are looked at in any case."""
MONTH_SHARE: Final = 5
"""The threshold of a month in thresholds of a day, about the square root of a month's days: so the
fewest rows are read."""
SAMPLES: Final = 3
"""Buckets whose counts tell about how great the last sum of an answer is."""
FEW_ROWS: Final = 50_000
"""Rows of buckets up to which all of them are summed up: that is as fast as to choose."""
MAX_LOOKED_UP: Final = 200
"""Newest counts whose texts are summed up in any case."""

counts = ranked_counts.c
UNORDERED_KEY: Final = (counts.key + sa.literal_column("0")).label("key")
"""A key to group by: by the column itself SQLite would read the rows of all buckets in its order,
instead of those of some buckets by the index."""


class BucketSums:
    """The sums of some scopes of a list, by a connection whose reads see one state."""

    def __init__(
        self,
        connection: sa.Connection,
        name: int,
        days: Days,
        newest: Mapping[int, Mapping[int, int]],
    ) -> None:
        """Read the scopes that ``newest`` names, with their counts that no bucket has yet."""
        self._connection = connection
        self._list = name
        self._scopes = list(newest)
        self._own = (counts.list == name) & counts.scope.in_(self._scopes)
        self._days = days = self._cut_to_counted(days)
        self._covering = list_covering_buckets(days)
        step = max(1, len(self._covering) // SAMPLES)
        self._samples = self._covering[step // 2 :: step][:SAMPLES]
        self._ranges = list_bucket_ranges(days)
        self._in_days = counts.bucket.in_(list_buckets(days))
        self._newest = {
            (scope, text): count for scope, own in newest.items() for text, count in own.items()
        }

    def sum_keys(self, keys: Collection[Key]) -> dict[Key, int]:
        """Return the sums of some texts."""
        by_scope: defaultdict[int, list[int]] = defaultdict(list)
        for scope, text in set(keys):
            by_scope[scope].append(text)
        sums = {key: self._newest.get(key, 0) for key in keys}
        if not self._ranges:
            return sums
        for scope, texts in by_scope.items():
            for text, count in self._connection.execute(self._select_sums(scope, texts)).all():
                sums[scope, text] += int(count)
        return sums

    def _cut_to_counted(self, days: Days) -> Days:
        """Return the period without the days before the first bucket; maybe none is left."""
        first = sa.select(sa.func.min(counts.bucket)).where(counts.list == self._list)
        queries = [first.where(counts.scope == scope) for scope in self._scopes]
        found = self._connection.execute(sa.union_all(*queries)).scalars() if queries else ()
        begun = [find_first_day(bucket) for bucket in found if bucket is not None]
        return Days(max(days.first, min(begun, default=days.first)), days.last)

    def _select_sums(self, scope: int, texts: list[int]) -> sa.Select[int, Any]:
        """Return the query of the sums of some texts: of each text its ranges of buckets are read.

        Rows of a range stand side by side: those of days in the table or in the index of its key,
        those of months in an index of months alone.
        """
        text = list_numbers(self._connection, texts)
        own = (counts.list == self._list) & (counts.scope == scope) & (counts.key == text)
        total = sa.select(sa.func.sum(counts["count"])).where(own)
        parts = (
            total.where(counts.bucket.between(*ends), *([IS_MONTH] if is_month(ends[0]) else []))
            for ends in self._ranges
        )
        sums = (sa.func.coalesce(part.scalar_subquery(), 0) for part in parts)
        return sa.select(text, reduce(operator.add, sums))

    def rank_all(
        self, limit: int, where: sa.ColumnElement[bool] | None = None
    ) -> list[tuple[Key, int]]:
        """Return the greatest sums of all texts, or of those that ``where`` lets pass.

        Newest counts are in none of them.
        """
        total = sa.func.sum(counts["count"]).label("total")
        query = (
            sa.select(counts.scope, UNORDERED_KEY, total)
            .where(self._own, self._in_days)
            .group_by(counts.scope, UNORDERED_KEY)
            .order_by(total.desc(), counts.scope, UNORDERED_KEY)
            .limit(limit)
        )
        if where is not None:
            query = query.where(where)
        rows = self._connection.execute(query).all()
        return [((scope, key), int(count)) for scope, key, count in rows]

    def find_top(self, limit: int) -> list[tuple[Key, int]]:
        """Return the greatest sums, the greatest first, those alike by their keys.

        The greatest counts of buckets that cover the period tell which texts can be in the answer
        (the threshold algorithm of Fagin, Lotem and Naor): a text has what was read of it and, of
        each bucket that it was not read of, a threshold at most. Texts are summed up in the order
        of these bounds, until the next one's is less than the last sum of the answer.
        """
        newest = heapq.nlargest(MAX_LOOKED_UP, self._newest, key=lambda key: self._newest[key])
        margin = self._newest[newest[-1]] if len(newest) == MAX_LOOKED_UP else 0
        sums: dict[Key, int] = {}
        unread = self._guess_last_sum(limit) if self._has_many() else 0
        while (unread := int(UNREAD_SHARE * unread)) > 0:
            sums |= self.sum_keys({*newest} - sums.keys())
            last_sum = self._sum_candidates(sums, limit, unread, margin)
            if last_sum > unread + margin:
                return rank_sums(sums, limit)
            unread = min(unread, last_sum - margin)
        top = {key for key, _ in self.rank_all(limit)} | self._newest.keys()
        return rank_sums(sums | self.sum_keys(top - sums.keys()), limit)

    def _sum_candidates(self, sums: dict[Key, int], limit: int, unread: int, margin: int) -> int:
        """Add the sums of all texts that can be in the answer; return the answer's last sum.

        No other text has more than ``unread`` in the buckets and ``margin`` in the newest counts.
        The last sum is 0 where there are too many such texts, or too few for a whole answer.
        """
        most = MAX_BOUNDS * limit + LEAST_BOUNDS
        bounds = self._list_bounds(unread, most)
        beyond = bounds[-1][1] if len(bounds) == most else 0
        last_sum = 0
        for start in range(0, len(bounds), limit):
            if bounds[start][1] + margin < last_sum:
                break
            if beyond + margin >= last_sum > 0:
                return 0
            some = {
                key for key, bound in bounds[start : start + limit] if bound + margin >= last_sum
            }
            sums |= self.sum_keys(some - sums.keys())
            greatest = heapq.nlargest(limit, sums.values())
            last_sum = greatest[-1] if len(greatest) == limit else 0
        return last_sum if last_sum > beyond + margin else 0

    def _list_bounds(self, unread: int, limit: int) -> list[tuple[Key, int]]:
        """Return texts with the most that each can have in the buckets, the greatest first."""
        heads = sa.union_all(
            *(
                sa.select(
                    counts.scope,
                    UNORDERED_KEY,
                    (counts["count"] - threshold).label("above"),
                ).where(self._own, counts.bucket.in_(buckets), counts["count"] > threshold)
                for threshold, buckets in share_unread(unread, self._covering).items()
            )
        ).subquery()
        above = sa.func.sum(heads.c.above).label("above")
        groups = (heads.c.scope, heads.c["key"])
        query = sa.select(*groups, above).group_by(*groups).order_by(above.desc()).limit(limit)
        return [
            ((scope, key), int(count) + unread)
            for scope, key, count in self._connection.execute(query).all()
        ]

    def _has_many(self) -> bool:
        """Return whether the buckets have more than `FEW_ROWS`, as some of them may show."""
        if not self._samples:
            return False
        part = FEW_ROWS * self._count_sampled_days() // self._count_days()
        samples = counts.bucket.in_(self._samples)
        return self._has_more(samples, part) or self._has_more(self._in_days, FEW_ROWS)

    def _has_more(self, where: sa.ColumnElement[bool], number: int) -> bool:
        rows = sa.select(sa.literal(1)).where(self._own, where).limit(number + 1)
        many = sa.select(sa.func.count()).select_from(rows.subquery())
        return self._connection.execute(many).scalar_one() > number

    def _guess_last_sum(self, limit: int) -> int:
        """Return about how great the last sum of an answer is, from counts of some buckets."""
        found = sum(self._find_count(bucket, limit) for bucket in self._samples)
        return found * self._count_days() // self._count_sampled_days()

    def _count_days(self) -> int:
        return (self._days.last - self._days.first).days + 1

    def _count_sampled_days(self) -> int:
        return sum(map(count_days, self._samples))

    def _find_count(self, bucket: int, rank: int) -> int:
        """Return about the count of a rank in a bucket, as if scopes were alike.

        A bucket's greatest counts are great by chance, too: the usual error is taken off.
        """
        offset = (rank - 1) // len(self._scopes)
        found = 0
        for scope in self._scopes:
            query = (
                sa.select(counts["count"])
                .where(self._own, counts.scope == scope, counts.bucket == bucket)
                .order_by(counts["count"].desc(), counts.key.desc())
            )
            count = self._connection.execute(query.offset(offset).limit(1)).scalar()
            found = max(found, count or 0)
        return found - math.isqrt(found)


def share_unread(unread: int, buckets: list[int]) -> dict[int, list[int]]:
    """Return buckets by their thresholds, which add up to what may be left unread."""
    months = [bucket for bucket in buckets if is_month(bucket)]
    days = [bucket for bucket in buckets if not is_month(bucket)]
    share, rest = divmod(unread, MONTH_SHARE * len(months) + len(days))
    thresholds = dict.fromkeys(months, MONTH_SHARE * share) | dict.fromkeys(days, share)
    for bucket in islice(cycle([*months, *days]), rest):
        thresholds[bucket] += 1
    by_threshold: defaultdict[int, list[int]] = defaultdict(list)
    for bucket, threshold in thresholds.items():
        by_threshold[threshold].append(bucket)
    return by_threshold


def rank_sums(sums: Mapping[Key, int], limit: int) -> list[tuple[Key, int]]:
    """Return the greatest sums with their keys; sums of nothing are left out."""
    positive = ((key, count) for key, count in sums.items() if count)
    return sorted(positive, key=lambda item: (-item[1], item[0]))[:limit]
