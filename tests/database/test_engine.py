"""Reads in a snapshot see one state of the database, whatever is written meanwhile."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.schema import clicks
from affiliate.errors import LedgerError
from tests.support.desk_records import record_clicks


def count_clicks(ledger: Ledger) -> int:
    with ledger.read_snapshot() as connection:
        return int(connection.execute(sa.select(sa.func.count(clicks.c.click_id))).scalar_one())


def test_a_snapshot_inside_of_another_is_the_same(ledger: Ledger) -> None:
    """Figures of one page are of one state."""
    record_clicks(ledger, {"click_id": "first-click"})
    with ledger.read_snapshot():
        assert count_clicks(ledger) == 1
        record_clicks(ledger, {"click_id": "second-click"})
        assert count_clicks(ledger) == 1
    assert count_clicks(ledger) == 2


def test_snapshots_of_threads_are_apart(ledger: Ledger) -> None:
    """One ends with an error, in this thread, and the next begins anew."""
    with ThreadPoolExecutor(1) as other, ledger.read_snapshot():
        assert count_clicks(ledger) == 0
        record_clicks(ledger, {})
        assert (count_clicks(ledger), other.submit(count_clicks, ledger).result()) == (0, 1)
    with ledger.read_snapshot(), pytest.raises(LedgerError), ledger.read_connection() as connection:
        connection.execute(sa.text("SELECT nothing FROM nowhere"))
    assert count_clicks(ledger) == 1
