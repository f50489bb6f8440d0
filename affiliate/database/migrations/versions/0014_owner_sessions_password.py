"""A mark of the password of a session's log-in, so that a new password ends the session."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
readable_from = "0001"


def upgrade() -> None:
    """Add the column; sessions of the previous version lack the mark."""
    op.add_column("owner_sessions", sa.Column("password_mark", sa.String(16)))


def downgrade() -> None:
    """Drop the column."""
    op.drop_column("owner_sessions", "password_mark")
