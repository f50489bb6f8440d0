"""The months of a word or a picture stand side by side in an index of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
readable_from = "0001"

INDEX, TABLE = "ranked_counts_month", "ranked_counts"
IS_MONTH = sa.text("bucket % 100 = 0")


def upgrade() -> None:
    """Make the index."""
    columns = ["list", "scope", "key", "bucket", "count"]
    op.create_index(INDEX, TABLE, columns, sqlite_where=IS_MONTH, postgresql_where=IS_MONTH)


def downgrade() -> None:
    """Drop the index; nothing is lost."""
    op.drop_index(INDEX, TABLE)
