"""Statements that write rows of counts, or add the counts to rows that are there already."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from affiliate.database.inserts import DIALECTS

CountUpserts = Mapping[tuple[str, str], sa.Insert]
"""Statements by dialect and table."""


def build_count_upserts(counts: Mapping[sa.Table, Sequence[str]]) -> CountUpserts:
    """Return the statements of some tables, for each of which ``counts`` names the counts."""
    return {
        (dialect, table.name): _add_counts(insert(table), table, names)
        for dialect, insert in DIALECTS.items()
        for table, names in counts.items()
    }


def _add_counts(
    insert: sqlite.Insert | postgresql.Insert, table: sa.Table, names: Sequence[str]
) -> sa.Insert:
    return insert.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={name: table.c[name] + insert.excluded[name] for name in names},
    )
