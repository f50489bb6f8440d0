"""Numbers of rows in the ledger's tables, exact while small, at a bounded cost."""

from typing import Final, NamedTuple

import sqlalchemy as sa

from affiliate.database.engine import LedgerDatabase

MAX_COUNTED: Final = 10_000
"""Rows up to which a table is counted, in some 2 ms; a larger table is estimated."""


class RowCount(NamedTuple):
    """The number of rows of a table, ``exact``, or estimated, or the least that there are."""

    rows: int
    exact: bool = True


def count_rows(database: LedgerDatabase, table: sa.Table) -> RowCount:
    """Return the number of rows of a table.

    Raises:
        LedgerError: the database can't be read.
    """
    some = sa.select(sa.literal(1)).select_from(table).limit(MAX_COUNTED + 1).subquery()
    with database.read_connection() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
        if rows <= MAX_COUNTED:
            return RowCount(rows)
        if not table.dialect_options["sqlite"]["with_rowid"]:
            return RowCount(rows, exact=False)
        if connection.dialect.name == "sqlite":
            first, last = (f"(SELECT {end}(rowid) FROM {table.name})" for end in ("min", "max"))  # noqa: S608 - a table's own name
            query = sa.text(f"SELECT {last} - {first} + 1")  # each alone reads one row
        else:
            query = sa.text("SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)")
            query = query.bindparams(name=table.name)
        estimate = int(connection.execute(query).scalar() or 0)
    return RowCount(max(estimate, rows), exact=False)
