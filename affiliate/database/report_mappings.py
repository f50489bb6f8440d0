"""Mappings of the columns of networks' reports, as text, in the ledger's database."""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from affiliate.database.engine import LedgerDatabase
from affiliate.database.schema import report_mappings

KEY: Final = "network"
INSERTS: Final[Mapping[str, sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert(report_mappings),
    "postgresql": postgresql.insert(report_mappings),
}


class ReportMappings:
    """The mappings in a database; every method may raise `LedgerError`."""

    def __init__(self, database: LedgerDatabase) -> None:
        self._database = database

    def read(self, network: str) -> str:
        """Return the mapping of a network's reports; empty where none is known."""
        query = sa.select(report_mappings.c.mapping).where(report_mappings.c.network == network)
        with self._database.read_connection() as connection:
            return connection.scalar(query) or ""

    def write(self, network: str, mapping: str) -> None:
        """Write the mapping of a network's reports."""
        with self._database.write_transaction() as connection:
            insert = INSERTS[connection.dialect.name]
            upsert = insert.on_conflict_do_update(
                index_elements=[KEY], set_={"mapping": insert.excluded.mapping}
            )
            connection.execute(upsert, {"network": network, "mapping": mapping})
