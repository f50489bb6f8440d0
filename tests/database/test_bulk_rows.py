"""Rows that are handed to the driver are read as SQLAlchemy would have written them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from affiliate.database.bulk_rows import execute_rows
from affiliate.database.ledger import Ledger
from affiliate.database.schema import click_hours, ranked_texts
from affiliate.errors import LedgerError

MOMENT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (click_hours, (MOMENT, "demo", "100%s.example", "tile", 3, 0)),
        (click_hours, (MOMENT.replace(microsecond=7), "demo", ":site ?", "", 2**31 - 1, 1)),
        (ranked_texts, (1, 2**62, "猫 100% %(key)s \U0001f6b2", date(2026, 3, 1))),
    ],
)
def test_rows_are_as_sqlalchemy_writes_them(
    ledger: Ledger, table: sa.Table, row: tuple[Any, ...]
) -> None:
    """Whatever signs texts have; a row of SQLAlchemy's with the same key is the same row."""
    with ledger.write_transaction() as connection:
        execute_rows(connection, sa.insert(table), [row])
        execute_rows(connection, sa.insert(table), [])
    with ledger.read_connection() as connection:
        assert connection.execute(sa.select(table)).all() == [row]
    names = [column.name for column in table.c]
    twice = dict(zip(names, row, strict=True))
    with pytest.raises(LedgerError), ledger.write_transaction() as connection:
        connection.execute(sa.insert(table), [twice])
