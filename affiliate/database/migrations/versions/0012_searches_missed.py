"""The number of times that a search found nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
readable_from = "0001"


def upgrade() -> None:
    """Add the column, 0 in old rows; the previous version writes rows without the column."""
    column = sa.Column("missed", sa.Integer, nullable=False, server_default="0")
    op.add_column("searches", column)


def downgrade() -> None:
    """Drop how often searches found nothing, and those that never found anything."""
    op.execute("DELETE FROM searches WHERE times = 0")
    op.drop_column("searches", "missed")
