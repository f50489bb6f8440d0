"""The greatest sums over days and months are those of a sum over all rows, in one order."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import date
from random import Random

import pytest

from affiliate.database import bucket_sums
from affiliate.database.bucket_sums import BucketSums, Key, share_unread
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import DAY, Days
from affiliate.database.ranked_counts import (
    CountAdditions,
    RankedList,
    number_scope,
    number_text,
)
from tests.support.counted_periods import FIRST, PERIODS

PICTURES = RankedList.CLICKED_PICTURES
AGENCIES = ("demo", "pexels", "pixabay")
Clicks = list[tuple[date, str, str, int]]


def spread(random: Random, skew: float) -> Clicks:
    """Return clicks of 400 pictures over 130 days; the first pictures have more than others."""
    clicks = []
    for _ in range(6000):
        rank = int(400 * random.random() ** skew)
        day = FIRST + DAY * random.randrange(130)
        clicks.append((day, f"picture {rank}", AGENCIES[rank % 7 % 3], random.randrange(1, 4)))
    return clicks


def write(ledger: Ledger, clicks: Clicks) -> None:
    additions = CountAdditions()
    for day, text, agency, count in clicks:
        additions.add(PICTURES, day, text, count, (agency,))
    with ledger.write_transaction() as connection:
        additions.write(connection)


def to_key(agency: str, text: str) -> Key:
    return number_scope(agency), number_text(text)


def rank(clicks: Clicks, days: Days, agencies: Iterable[str]) -> list[tuple[Key, int]]:
    """Return all pictures with their sums, those alike by their keys."""
    sums: Counter[Key] = Counter()
    for day, text, agency, count in clicks:
        if days.first <= day <= days.last and agency in agencies:
            sums[to_key(agency, text)] += count
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))


def watch_sums(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets the number of the texts of each further call of `sum_keys`."""
    summed: list[int] = []
    sum_keys = BucketSums.sum_keys

    def count_keys(sums: BucketSums, keys: Collection[Key]) -> dict[Key, int]:
        summed.append(len(keys))
        return sum_keys(sums, keys)

    monkeypatch.setattr(BucketSums, "sum_keys", count_keys)
    return summed


@pytest.mark.parametrize("skew", [1, 3, 8])
@pytest.mark.parametrize(("share", "bounds"), [(0.5, 5), (0.9, 5), (0.65, 1)])
def test_the_greatest_sums_are_found_from_the_greatest_counts(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, skew: int, share: float, bounds: int
) -> None:
    """The answer is that of a sum over all rows, whatever the spread, the period and the scopes."""
    monkeypatch.setattr(bucket_sums, "FEW_ROWS", 0)
    monkeypatch.setattr(bucket_sums, "LEAST_BOUNDS", 0)
    monkeypatch.setattr(bucket_sums, "MAX_BOUNDS", bounds)
    monkeypatch.setattr(bucket_sums, "MAX_LOOKED_UP", 3)
    monkeypatch.setattr(bucket_sums, "UNREAD_SHARE", share)
    random = Random(skew)
    clicks, newest = spread(random, skew), spread(random, skew)[:20]
    write(ledger, clicks)
    with ledger.read_connection() as connection:
        for days in PERIODS:
            for agencies in (AGENCIES, AGENCIES[:1]):
                counts = {number_scope(agency): Counter[int]() for agency in agencies}
                own = [(days.first, *row[1:]) for row in newest if row[2] in agencies]
                for _, text, agency, count in own:
                    counts[number_scope(agency)][number_text(text)] += count
                sums = BucketSums(connection, PICTURES, days, counts)
                right = rank([*clicks, *own], days, agencies)
                for limit in (1, 5, 40, 500):
                    assert sums.find_top(limit) == right[:limit], (days, agencies, limit)


@pytest.mark.parametrize("few", [0, bucket_sums.FEW_ROWS])
def test_pages_of_sums_that_are_all_alike_follow_each_other(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """No picture stands on two pages, and none is left out between them."""
    monkeypatch.setattr(bucket_sums, "FEW_ROWS", few)
    write(ledger, [(FIRST + DAY * (n % 40), f"picture {n}", "demo", 1) for n in range(300)])
    days = Days(FIRST, FIRST + DAY * 39)
    with ledger.read_connection() as connection:
        sums = BucketSums(connection, PICTURES, days, {number_scope("demo"): {}})
        whole = sums.find_top(300)
        assert len(whole) == 300
        assert all(sums.find_top(limit) == whole[:limit] for limit in (1, 50, 51, 299))


@pytest.mark.parametrize("before", [0, 365, 3650])
def test_usual_pictures_are_found_without_a_sum_over_all_rows(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    """Where some pictures have far more clicks than others, most rows are left unread.

    Nor do days before the first click matter, however many a period has.
    """
    monkeypatch.setattr(bucket_sums, "FEW_ROWS", 0)
    clicks = spread(Random(1), 6)
    write(ledger, clicks)
    summed = watch_sums(monkeypatch)

    def fail(*_: object) -> None:
        pytest.fail("all rows were summed up")

    monkeypatch.setattr(BucketSums, "rank_all", fail)
    with ledger.read_connection() as connection:
        newest = {number_scope(agency): dict[int, int]() for agency in AGENCIES}
        days = Days(FIRST - DAY * before, PERIODS[0].last)
        sums = BucketSums(connection, PICTURES, days, newest)
        assert sums.find_top(5) == rank(clicks, PERIODS[0], AGENCIES)[:5]
    assert 5 <= sum(summed) < 25


def test_texts_that_are_all_alike_cost_few_single_sums(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The greatest counts of a bucket tell nothing of the others, each picture counted once."""
    monkeypatch.setattr(bucket_sums, "FEW_ROWS", 0)
    write(ledger, [(FIRST + DAY * (n % 10), f"picture {n}", "demo", 1) for n in range(2000)])
    summed = watch_sums(monkeypatch)
    days = Days(FIRST, FIRST + DAY * 9)
    with ledger.read_connection() as connection:
        sums = BucketSums(connection, PICTURES, days, {number_scope("demo"): {}})
        assert [count for _, count in sums.find_top(5)] == [1] * 5
    assert sum(summed) < 100


def test_thresholds_of_buckets_add_up() -> None:
    """A month has about five times the threshold of a day; no bucket is forgotten."""
    buckets = [20260131, *range(20260200, 20261300, 100), 20270101, 20270102]
    for unread in range(200):
        shares = share_unread(unread, buckets)
        assert sum(bound * len(some) for bound, some in shares.items()) == unread
        assert sorted(bucket for some in shares.values() for bucket in some) == sorted(buckets)
    assert share_unread(116, buckets) == {
        10: [*range(20260200, 20261300, 100)],
        2: [20260131, 20270101, 20270102],
    }
