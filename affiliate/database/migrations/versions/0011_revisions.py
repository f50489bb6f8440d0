"""The oldest programs that can use the result of each migration."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
readable_from = "0001"


def upgrade() -> None:
    """Make the table, to be filled after each migration."""
    op.create_table(
        "revisions",
        sa.Column("revision", sa.String(32), primary_key=True),
        sa.Column("readable_from", sa.String(32), nullable=False),
    )


def downgrade() -> None:
    """Drop the marks: an older program then refuses newer databases."""
    op.drop_table("revisions")
