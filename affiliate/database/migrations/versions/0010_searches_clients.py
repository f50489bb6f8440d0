"""The number of clients of a search."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
readable_from = "0001"


def upgrade() -> None:
    """Add the column, 0 in old rows; the previous version writes rows without the column."""
    column = sa.Column("clients", sa.Integer, nullable=False, server_default="0")
    op.add_column("searches", column)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("searches", "clients")
