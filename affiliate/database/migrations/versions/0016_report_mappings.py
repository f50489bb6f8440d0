"""Report mappings: the columns of networks' reports, as the owner has named them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
readable_from = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "report_mappings",
        sa.Column("network", sa.String(20), primary_key=True),
        sa.Column("mapping", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop the table; the columns of reports can be named again."""
    op.drop_table("report_mappings")
