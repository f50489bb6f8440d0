"""Begin, last use, network and browser of the owner's sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
readable_from = "0001"


def upgrade() -> None:
    """Add the columns, empty for open sessions and those of the previous version."""
    op.add_column("owner_sessions", sa.Column("begun_at", sa.DateTime))
    op.add_column("owner_sessions", sa.Column("seen_at", sa.DateTime))
    op.add_column("owner_sessions", sa.Column("network", sa.String(50)))
    op.add_column("owner_sessions", sa.Column("browser", sa.String(200)))


def downgrade() -> None:
    """Drop the columns."""
    for name in ("browser", "network", "seen_at", "begun_at"):
        op.drop_column("owner_sessions", name)
