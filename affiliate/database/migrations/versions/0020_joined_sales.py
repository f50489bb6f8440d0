"""Sales keep what the desk shows of the clicks that led to them, and how each was found."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
readable_from = "0001"

KEPT: dict[str, sa.types.TypeEngine[Any]] = {
    "agency": sa.String(100),
    "id": sa.String(100),
    "words": sa.String(500),
    "site": sa.String(253),
    "place": sa.String(10),
    "position": sa.Integer(),
}


def upgrade() -> None:
    """Add the columns, and fill them from the clicks that are joined so far."""
    op.add_column(
        "actions",
        sa.Column("joined_by", sa.String(10), nullable=False, server_default="unknown"),
    )
    for name, kind in KEPT.items():
        op.add_column("actions", sa.Column(f"clicked_{name}", kind))
    clicks = sa.table("clicks", sa.column("click_id"), *map(sa.column, KEPT))
    actions = sa.table(
        "actions",
        *map(sa.column, ("click_id", "estimated_click", "joined_by")),
        *(sa.column(f"clicked_{name}") for name in KEPT),
    )
    copied = {f"clicked_{name}": clicks.c[name] for name in KEPT}
    for joined_by, column in (
        ("estimated", actions.c.estimated_click),
        ("exact", actions.c.click_id),
    ):
        op.execute(
            sa.update(actions)
            .values(joined_by=joined_by, **copied)
            .where(column != "", clicks.c.click_id == column)
        )


def downgrade() -> None:
    """Drop the columns; earlier versions look the clicks up each time."""
    for name in ("joined_by", *(f"clicked_{name}" for name in KEPT)):
        op.drop_column("actions", name)
