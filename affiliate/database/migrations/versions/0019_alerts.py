"""Alerts: since when each lasts, who has been told, and until when it is silenced."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
readable_from = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alerts",
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("advice", sa.String(500), nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.Column("due_at", sa.DateTime, nullable=False),
        sa.Column("lasts_until", sa.DateTime, nullable=False),
        sa.Column("told_at", sa.DateTime),
        sa.Column("told_to", sa.String(100), nullable=False),
        sa.Column("silenced_until", sa.DateTime),
        sa.Column("ended_at", sa.DateTime),
    )


def downgrade() -> None:
    """Drop the table; alerts that last are told again, silenced ones too."""
    op.drop_table("alerts")
