"""The owner's open sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
readable_from = "0001"


def upgrade() -> None:
    """Make the table; a logged-in owner must log in once more."""
    op.create_table(
        "owner_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("ends_at", sa.DateTime, nullable=False),
    )


def downgrade() -> None:
    """Drop the sessions."""
    op.drop_table("owner_sessions")
