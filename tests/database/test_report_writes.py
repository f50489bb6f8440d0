"""A report is written as a whole or not at all, whatever else changes the sales meanwhile."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from affiliate.database import report_writes
from affiliate.database.click_joins import refresh_joins
from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.ledger import Ledger
from affiliate.database.report_writes import BATCH, ImportCounts, lock_actions
from affiliate.database.schema import action_states, actions, imports
from tests.support.actions import ACTION, change
from tests.support.forks import fork_context
from tests.support.ledger_processes import die_in_an_import
from tests.support.ledgers import empty_database, has_waiting_transaction
from tests.support.waiting import PATIENCE, wait_until

DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATER = DAY + timedelta(2)


def read_sums(ledger: Ledger, *by: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in Earnings(ledger).sum_payouts(by)]


def test_a_long_report_is_written_whole(ledger: Ledger) -> None:
    sales = [change(action_id=str(number)) for number in range(2 * BATCH + 1)]
    assert Earnings(ledger).record("impact", sales, DAY) == ImportCounts(len(sales), 0, 0)
    assert read_sums(ledger) == [("USD", "pending", len(sales), len(sales) * 50_000)]


def test_of_an_import_that_is_killed_nothing_is_kept(url: str, ledger: Ledger) -> None:
    """Rows, states and the record of the import come together, and the next import has all."""
    sales = [change(action_id=str(number)) for number in range(2 * BATCH + 1)]
    Earnings(ledger).record("impact", [ACTION], DAY)
    process = fork_context().Process(
        target=die_in_an_import, args=(url, [change(state="reversed"), *sales[2:]], LATER)
    )
    process.start()
    process.join(PATIENCE)
    assert process.exitcode == -9
    with ledger.read_connection() as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in (actions, action_states, imports)
        ]
    assert counts == [1, 1, 1]
    assert read_sums(ledger) == [("USD", "pending", 1, 50_000)]
    assert Earnings(ledger).record("impact", sales, LATER).new == len(sales) - 1


def test_reports_that_are_imported_at_once_blank_nothing(ledger: Ledger) -> None:
    """As a scheduler fetches while the owner imports a file, each in an order of its own."""
    earnings, count = Earnings(ledger), 3 * BATCH
    full = [change(action_id=str(number), site="a.example") for number in range(count)]
    bare = [change(action_id=str(number), state="approved") for number in reversed(range(count))]
    with ThreadPoolExecutor(2) as threads:
        ends = [
            threads.submit(earnings.record, "impact", sales, DAY + timedelta(days))
            for days, sales in enumerate((full, bare))
        ]
    assert all(end.result() for end in ends)
    expected = [("a.example", "USD", "approved", count, count * 50_000)]
    assert read_sums(ledger, "site") == expected


def import_newest(ledger: Ledger) -> None:
    Earnings(ledger).record("impact", [change(state="reversed")], LATER)


def forget_all(ledger: Ledger) -> None:
    Earnings(ledger).forget("impact")


@pytest.mark.parametrize(
    ("meanwhile", "end"),
    [
        (import_newest, (ImportCounts(0, 0, 2), {"reversed", "pending"})),
        (forget_all, (ImportCounts(2, 0, 0), {"pending"})),
    ],
)
def test_a_report_is_merged_anew_where_sales_change_meanwhile(
    url: str,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[Ledger], None],
    end: tuple[ImportCounts, set[str]],
) -> None:
    """The newest of two reports counts; of sales that were deleted nothing stays."""
    report = [ACTION, change(action_id="2")]
    Earnings(ledger).record("impact", report, DAY)
    merge_report = report_writes._merge_report
    merged: list[Any] = []

    def merge(*args: Any) -> Any:
        found = merge_report(*args)
        if not merged:
            merged.append(found)
            with closing(Ledger(url)) as other:
                meanwhile(other)
        return found

    monkeypatch.setattr(report_writes, "_merge_report", merge)
    counts = Earnings(ledger).record("impact", report, DAY + timedelta(1))
    assert (counts, {state for _, state, *_ in read_sums(ledger)}) == end


def import_again(ledger: Ledger) -> None:
    Earnings(ledger).record("impact", [change(state="approved")], LATER)


def join_again(ledger: Ledger) -> None:
    refresh_joins(ledger, "impact", DAY.replace(tzinfo=None) - timedelta(30))


@pytest.mark.parametrize("write", [import_again, forget_all, join_again])
def test_all_that_change_the_sales_of_a_network_wait_for_each_other(
    postgres: str, write: Callable[[Ledger], None]
) -> None:
    """Or two that lock the same rows in different orders would end one another."""
    url = empty_database(postgres)
    with closing(Ledger(url)) as ledger, closing(Ledger(url)) as other:
        for network in ("impact", "partnerize"):
            Earnings(ledger).record(network, [change(click_id="c", media_id="7")], DAY)
        ledger.record(Click(click_id="c", agency="a", id="7", position=1))
        with ThreadPoolExecutor(1) as threads:
            with ledger.write_transaction() as connection:
                lock_actions(connection, "impact")
                Earnings(other).record("partnerize", [change(state="reversed")], LATER)
                written = threads.submit(write, other)
                wait_until(lambda: has_waiting_transaction(ledger))
                assert not written.done()
            written.result()
