"""Searches know how often they found nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
readable_from = "0001"


def upgrade() -> None:
    """Add the column, with none in rows that are there; the version before writes without it."""
    column = sa.Column("missed", sa.Integer, nullable=False, server_default="0")
    op.add_column("searches", column)


def downgrade() -> None:
    """Drop how often searches found nothing, and those that never found anything."""
    op.execute("DELETE FROM searches WHERE times = 0")
    op.drop_column("searches", "missed")
