"""Earnings: what networks report of sales, each state of an action, and the reports read."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
readable_from = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "actions",
        sa.Column("network", sa.String(20), primary_key=True),
        sa.Column("action_id", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("payout", sa.BigInteger, nullable=False),
        sa.Column("sale", sa.BigInteger),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("occurred_at", sa.DateTime, nullable=False),
        sa.Column("clicked_at", sa.DateTime),
        sa.Column("locks_at", sa.DateTime),
        sa.Column("cleared_at", sa.DateTime),
        sa.Column("program", sa.String(64), nullable=False),
        sa.Column("site", sa.String(253), nullable=False),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("media_id", sa.String(100), nullable=False),
        sa.Column("click_id", sa.String(64), nullable=False),
        sa.Column("as_of", sa.DateTime, nullable=False),
    )
    op.create_index("actions_occurred_at", "actions", ["occurred_at"])
    op.create_table(
        "action_states",
        sa.Column("network", sa.String(20), primary_key=True),
        sa.Column("action_id", sa.String(64), primary_key=True),
        sa.Column("as_of", sa.DateTime, primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("payout", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
    )
    op.create_table(
        "imports",
        sa.Column("import_id", sa.String(32), primary_key=True),
        sa.Column("network", sa.String(20), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("as_of", sa.DateTime, nullable=False),
        sa.Column("actions", sa.Integer, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables; reports can be imported again."""
    for table in ("imports", "action_states", "actions"):
        op.drop_table(table)
