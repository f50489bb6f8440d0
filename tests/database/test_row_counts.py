"""Rows of a table are counted while there are few, and estimated beyond."""

import pytest
import sqlalchemy as sa

from affiliate.database import row_counts
from affiliate.database.ledger import Ledger
from affiliate.database.row_counts import RowCount, count_rows
from affiliate.database.schema import ranked_counts, switches


def test_large_tables_are_estimated(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to a bound the number is exact; a table with more is not read to its end."""
    monkeypatch.setattr(row_counts, "MAX_COUNTED", 3)
    for number in range(4):
        assert count_rows(ledger, switches) == RowCount(number)
        with ledger.write_transaction() as connection:
            values = {"agency": f"a{number}", "off_at": ledger.now()}
            connection.execute(sa.insert(switches).values(values))
    count = count_rows(ledger, switches)
    assert count.rows >= 4
    assert not count.exact


def test_a_table_without_numbers_of_rows_is_counted_up_to_a_bound(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_counts, "MAX_COUNTED", 3)
    rows = [{"list": 1, "scope": 0, "bucket": 1, "key": key, "count": 1} for key in range(6)]
    with ledger.write_transaction() as connection:
        connection.execute(sa.insert(ranked_counts), rows)
    assert count_rows(ledger, ranked_counts) == RowCount(4, exact=False)
