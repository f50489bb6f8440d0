"""Searches know how many clients they came from."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
readable_from = "0001"


def upgrade() -> None:
    """Add the column, with nobody in rows that are there; the version before writes without it."""
    column = sa.Column("clients", sa.Integer, nullable=False, server_default="0")
    op.add_column("searches", column)


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("searches", "clients")
