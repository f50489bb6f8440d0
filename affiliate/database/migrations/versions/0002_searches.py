"""Counts of searches by day, under a digest, as queries are long."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
readable_from = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "searches",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("digest", sa.String(32), primary_key=True),
        sa.Column("query", sa.String(1000), nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop the counts of searches."""
    op.drop_table("searches")
