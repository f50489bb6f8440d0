"""The agency of a purchase; earlier purchases are Shutterstock's."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
readable_from = "0001"


def upgrade() -> None:
    """Add the column; processes of the previous version may go on writing without the column."""
    agency = sa.Column("agency", sa.String(100), nullable=False, server_default="shutterstock")
    op.add_column("purchases", agency)


def downgrade() -> None:
    """Drop the column; purchases at other agencies then look like Shutterstock's."""
    op.drop_column("purchases", "agency")
