"""The most frequent texts of any period are those of a sum over all rows."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from random import Random
from threading import Thread
from types import SimpleNamespace
from typing import Final, cast

import pytest
import sqlalchemy as sa

from affiliate.database import bucket_sums, ranked_counts
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import DAY, Days, number_day, number_month
from affiliate.database.ranked_counts import (
    CountAdditions,
    RankedCounts,
    RankedList,
    forget_day,
    number_text,
)
from affiliate.database.schema import ranked_counts as ranked_counts_table
from affiliate.database.schema import ranked_texts
from affiliate.errors import LedgerError
from tests.support.counted_periods import FIRST, PERIODS
from tests.support.ledgers import has_waiting_transaction
from tests.support.postgres import new_database
from tests.support.waiting import PATIENCE, wait_until

WORDS = RankedList.CLICKED_WORDS
Counts = list[tuple[date, str, str, int]]


def spread(random: Random, skew: float) -> Counts:
    """Return counts of 400 words over 130 days and two sites; the first words are more frequent."""
    counts = []
    for _ in range(6000):
        rank = int(400 * random.random() ** skew)
        day = FIRST + DAY * random.randrange(130)
        site = random.choice(["", "blog.example"])
        counts.append((day, f"word {rank}", site, random.randrange(1, 4)))
    return counts


def write(ledger: Ledger, counts: Counts) -> None:
    additions = CountAdditions()
    for day, text, site, count in counts:
        additions.add(WORDS, day, text, count, (None, site))
    with ledger.write_transaction() as connection:
        additions.write(connection)


def sum_up(counts: Counts, days: Days, site: str | None = None) -> Counter[str]:
    sums: Counter[str] = Counter()
    for day, text, own, count in counts:
        if days.first <= day <= days.last and site in {None, own}:
            sums[text] += count
    return sums


def test_newest_counts_are_added(ledger: Ledger) -> None:
    """Counts that no bucket has yet change the order and bring new words."""
    write(ledger, [(FIRST, "cat", "", 5), (FIRST, "dog", "", 4)])
    with ledger.read_connection() as connection:
        read = RankedCounts(connection, WORDS, Days(FIRST, FIRST), None, {"dog": 3, "owl": 6})
        assert read.find_top(3) == [("dog", 7), ("owl", 6), ("cat", 5)]
        assert read.find_top(1) == [("dog", 7)]
        assert read.find_top(5, containing="o") == [("dog", 7), ("owl", 6)]
        assert read.count_texts(["dog", "cat", "nothing"]) == {"dog": 7, "cat": 5, "nothing": 0}


def test_texts_are_found_by_a_part(ledger: Ledger) -> None:
    """Signs of patterns stand for themselves."""
    write(ledger, [(FIRST, text, "", 1) for text in ("100% wool", "100 wools", "a_b", "acb")])
    with ledger.read_connection() as connection:
        read = RankedCounts(connection, WORDS, Days(FIRST, FIRST))
        assert [text for text, _ in read.find_top(9, containing="0%")] == ["100% wool"]
        assert [text for text, _ in read.find_top(9, containing="a_b")] == ["a_b"]


@pytest.mark.parametrize(("most", "look"), [(0, 0), (2000, 0), (0, 10), (3, 1000)])
def test_the_most_frequent_of_some_texts_are_found(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, most: int, look: int
) -> None:
    """Few or many texts with the characters: the answer is that of a sum over all rows."""
    monkeypatch.setattr(ranked_counts, "MAX_FOUND", dict.fromkeys(("sqlite", "postgresql"), most))
    monkeypatch.setattr(ranked_counts, "MAX_LOOK", look)
    counts = spread(Random(5), 4)
    write(ledger, counts)
    with ledger.read_connection() as connection:
        for days in PERIODS:
            read = RankedCounts(connection, WORDS, days)
            for containing in ("7", "word", "word 39", "nothing"):
                sums = {t: n for t, n in sum_up(counts, days).items() if containing in t}
                for limit in (1, 6, 500):
                    top = read.find_top(limit, containing)
                    best = sorted(sums.values(), reverse=True)[:limit]
                    assert [count for _, count in top] == best, (days, containing, limit)
                    assert all(sums[text] == count for text, count in top)


def test_characters_of_most_texts_are_looked_for_in_the_most_frequent(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither all texts nor all rows are read."""
    monkeypatch.setattr(bucket_sums, "FEW_ROWS", 0)
    counts = spread(Random(5), 4)
    write(ledger, counts)

    def fail(*_: object) -> None:
        pytest.fail("all of them were read")

    monkeypatch.setattr(RankedCounts, "_find_keys", fail)
    monkeypatch.setattr(bucket_sums.BucketSums, "rank_all", fail)
    sums = {t: n for t, n in sum_up(counts, PERIODS[0]).items() if "1" in t}
    with ledger.read_connection() as connection:
        top = RankedCounts(connection, WORDS, PERIODS[0]).find_top(5, "1")
    assert [count for _, count in top] == sorted(sums.values(), reverse=True)[:5]


def test_a_text_is_traced_through_days(ledger: Ledger) -> None:
    write(ledger, [(FIRST, "cat", "", 2), (FIRST + DAY, "cat", "blog.example", 3)])
    days = [FIRST, FIRST + DAY, FIRST + DAY * 2]
    with ledger.read_connection() as connection:
        read = RankedCounts(connection, WORDS, Days(days[0], days[-1]))
        assert read.trace_text("cat", days) == dict(zip(days, (2, 3, 0), strict=True))


def test_sums_grow_and_texts_know_their_last_day(ledger: Ledger) -> None:
    """Whatever the order of days; the longest words of any script are kept."""
    longest = "\U0001f6b2" * 500
    for day in (FIRST + DAY, FIRST):
        write(ledger, [(day, longest, "s" * 253, 1)])
    with ledger.read_connection() as connection:
        read = RankedCounts(connection, WORDS, Days(FIRST, FIRST + DAY))
        assert read.find_top(2) == [(longest, 2)]
        row = connection.execute(sa.select(ranked_texts.c.text, ranked_texts.c.last_day)).one()
    assert row == (longest, FIRST + DAY)


def test_counts_stay_where_the_ledger_is_taken_back_and_forth(ledger: Ledger) -> None:
    """Programs of before and after an upgrade count in the same table."""
    counts = spread(Random(2), 3)
    write(ledger, counts[:2000])
    ledger.downgrade("0021")
    write(ledger, counts[2000:4000])
    ledger.upgrade()
    write(ledger, counts[4000:])
    sums = sum_up(counts, PERIODS[0])
    with ledger.read_connection() as connection:
        top = RankedCounts(connection, WORDS, PERIODS[0]).find_top(400)
    assert dict(top) == sums


def test_writers_lock_rows_in_one_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Additions are sorted by their keys, so that two writers can't wait for each other."""
    written: list[list[tuple[object, ...]]] = []

    def keep(_: object, __: object, rows: list[tuple[object, ...]]) -> None:
        written.append([row[:4] for row in rows])

    monkeypatch.setattr(ranked_counts, "execute_rows", keep)
    connection = SimpleNamespace(dialect=SimpleNamespace(name="sqlite"))
    for order in (1, -1):
        additions = CountAdditions()
        for text in ("a", "b", "c", "d")[::order]:
            additions.add(WORDS, FIRST, text, 1, (None, "blog.example"))
        additions.write(cast("sa.Connection", connection))
    assert written[0] == written[2]
    assert written[1] == written[3] == sorted(written[1])


def test_two_processes_take_a_day_out_of_its_month_once(
    postgres: str, opened: Callable[..., Ledger]
) -> None:
    """All processes of a site forget old days at about the same time."""
    url = new_database(postgres)
    first, second = opened(url), opened(url)
    first.upgrade()
    write(first, [(FIRST, "cat", "", 10), (FIRST + DAY, "cat", "", 15)])
    bucket = number_day(FIRST)

    def forget_again() -> None:
        with second.write_transaction() as connection:
            ranked_counts.forget_day(connection, [WORDS], bucket)

    with ThreadPoolExecutor() as threads:
        with first.write_transaction() as connection:
            ranked_counts.forget_day(connection, [WORDS], bucket)
            again = threads.submit(forget_again)
            wait_until(lambda: has_waiting_transaction(first))
        again.result()
    month = Days(FIRST.replace(day=1), FIRST.replace(day=31))
    with first.read_connection() as connection:
        assert RankedCounts(connection, WORDS, month).find_top(5) == [("cat", 15)]


SCANS: Final = "options=-cenable_indexscan%3Doff%20-cenable_bitmapscan%3Doff&"
"""Options of PostgreSQL by which rows are found in the order in which they were written."""


def test_a_day_that_is_taken_out_of_its_month_holds_up_no_count(
    postgres: str, opened: Callable[..., Ledger]
) -> None:
    """Rows are locked in the order of their keys by all, so that no two wait for each other."""
    url = new_database(postgres)
    counting, forgetting = opened(url), opened(url.replace("?", f"?{SCANS}"))
    counting.upgrade()
    first, last = sorted(("cat", "dog"), key=number_text)
    for word in (last, first):
        write(counting, [(FIRST, word, "", 1)])
    errors: list[LedgerError] = []

    def forget() -> None:
        try:
            with forgetting.write_transaction() as connection:
                forget_day(connection, [WORDS], number_day(FIRST))
        except LedgerError as error:
            errors.append(error)

    other = Thread(target=forget)
    in_month = ranked_counts_table.c.bucket == number_month(FIRST)
    with counting.write_transaction() as connection:
        for word in (first, last):
            row = in_month & (ranked_counts_table.c.key == number_text(word))
            change = sa.update(ranked_counts_table).where(row)
            connection.execute(change.values({"count": ranked_counts_table.c["count"] + 1}))
            if word == first:
                other.start()
                wait_until(lambda: has_waiting_transaction(counting))
    other.join(PATIENCE)
    assert errors == []
