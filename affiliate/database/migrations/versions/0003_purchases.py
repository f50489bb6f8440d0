"""Purchases: one row for each item to be licensed, written before the agency is called."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
readable_from = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "purchases",
        sa.Column("purchase_id", sa.String(32), primary_key=True),
        sa.Column("intent", sa.String(32), unique=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("api", sa.String(200), nullable=False),
        sa.Column("media", sa.String(20), nullable=False),
        sa.Column("media_id", sa.String(100), nullable=False),
        sa.Column("size", sa.String(20), nullable=False),
        sa.Column("license", sa.String(100), nullable=False),
        sa.Column("subscription_id", sa.String(100), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("closed_at", sa.DateTime),
        sa.Column("before", sa.String(100), nullable=False),
        sa.Column("license_id", sa.String(100)),
        sa.Column("charge", sa.Integer),
        sa.Column("asked", sa.String(30)),
        sa.Column("price", sa.String(30)),
        sa.Column("currency", sa.String(10)),
        sa.Column("error", sa.String(300)),
    )
    op.create_index("purchases_state", "purchases", ["state"])
    op.create_index("purchases_media", "purchases", ["media_id"])


def downgrade() -> None:
    """Drop the purchases: what the agency's history says remains."""
    op.drop_table("purchases")
