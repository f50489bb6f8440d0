"""Sales keep which report tells a field that their newest report lacks; failed fetches are kept."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
readable_from = "0001"


def upgrade() -> None:
    """Add the column, and make the table."""
    op.add_column("actions", sa.Column("origins", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "failed_fetches",
        sa.Column("network", sa.String(20), primary_key=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
    )


def downgrade() -> None:
    """Drop both; an import may then blank what another report has told."""
    op.drop_table("failed_fetches")
    op.drop_column("actions", "origins")
