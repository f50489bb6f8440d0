"""The click that has probably led to a sale, and an index to find the clicks on a picture."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
readable_from = "0001"


def upgrade() -> None:
    """Add the column, empty until a report is imported, and the index."""
    column = sa.Column("estimated_click", sa.String(64), nullable=False, server_default="")
    op.add_column("actions", column)
    op.create_index("clicks_id_at", "clicks", ["id", "at"])


def downgrade() -> None:
    """Drop the estimates, which the next import makes anew."""
    op.drop_index("clicks_id_at", "clicks")
    op.drop_column("actions", "estimated_click")
