"""Clicks: one row for each, under the id that the browser made."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
readable_from = "0001"


def upgrade() -> None:
    """Make the table; a migration spells its columns out, as migrations must never change."""
    op.create_table(
        "clicks",
        sa.Column("click_id", sa.String(64), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("agency", sa.String(100), nullable=False),
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("media", sa.String(5), nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("site", sa.String(253), nullable=False),
    )
    op.create_index("clicks_at_agency", "clicks", ["at", "agency"])


def downgrade() -> None:
    """Drop the clicks, every one."""
    op.drop_table("clicks")
