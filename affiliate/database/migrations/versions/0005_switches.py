"""Switches: the agencies that the owner has switched off."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
readable_from = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "switches",
        sa.Column("agency", sa.String(100), primary_key=True),
        sa.Column("off_at", sa.DateTime, nullable=False),
    )


def downgrade() -> None:
    """Drop the switches; all agencies are on again."""
    op.drop_table("switches")
