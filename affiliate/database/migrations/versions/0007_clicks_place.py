"""The place of a clicked link, and a mark of clicks that a program sent."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
readable_from = "0001"


def upgrade() -> None:
    """Add the columns, empty in old rows; the previous version writes rows without them."""
    for name in ("place", "sender"):
        column = sa.Column(name, sa.String(10), nullable=False, server_default="")
        op.add_column("clicks", column)


def downgrade() -> None:
    """Drop the columns."""
    for name in ("sender", "place"):
        op.drop_column("clicks", name)
