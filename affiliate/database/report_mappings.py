"""Mappings of the columns of networks' reports, as text, in the ledger's database."""

import sqlalchemy as sa

from affiliate.database.engine import LedgerDatabase
from affiliate.database.inserts import replace_row
from affiliate.database.schema import report_mappings


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
            replace_row(connection, report_mappings, {"network": network, "mapping": mapping})
