"""The site's own key, which signs click links and hides clients in counters."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
readable_from = "0001"


def upgrade() -> None:
    """Make the table; the key is made at its first use."""
    op.create_table(
        "keys",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )


def downgrade() -> None:
    """Drop the key; pages that were signed with it are no longer known for the site's own."""
    op.drop_table("keys")
