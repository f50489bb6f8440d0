"""Tokens of connected accounts: encrypted, one row for each agency."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
readable_from = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "tokens",
        sa.Column("account", sa.String(100), primary_key=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("leased_until", sa.Float),
    )


def downgrade() -> None:
    """Drop the tokens; the accounts must be connected anew."""
    op.drop_table("tokens")
