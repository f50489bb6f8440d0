"""Counts of words and pictures are found by text: in SQLite they stand side by side."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
readable_from = "0001"

TABLE = "ranked_counts"
INDEX = "ranked_counts_count"
_COLUMNS = {
    "list": sa.SmallInteger,
    "scope": sa.BigInteger,
    "bucket": sa.Integer,
    "key": sa.BigInteger,
}


def upgrade() -> None:
    """Order the table by text, then bucket."""
    _order_by("key", "bucket")


def downgrade() -> None:
    """Order the counts of words and pictures by bucket again; nothing is lost."""
    _order_by("bucket", "key")


def _order_by(third: str, fourth: str) -> None:
    names = ["list", "scope", third, fourth]
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(f"{TABLE}_pkey", TABLE, type_="primary")
        op.create_primary_key(f"{TABLE}_pkey", TABLE, names)
        return
    op.create_table(
        "ordered_counts",
        *(sa.Column(n, _COLUMNS[n], primary_key=True, autoincrement=False) for n in names),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    columns = ", ".join(f'"{name}"' for name in (*names, "count"))
    op.execute(
        f'INSERT INTO ordered_counts ({columns}) SELECT {columns} FROM "{TABLE}"'  # noqa: S608
        f" ORDER BY {', '.join(names)}"
    )
    op.drop_table(TABLE)
    op.rename_table("ordered_counts", TABLE)
    op.create_index(INDEX, TABLE, ["list", "scope", "bucket", "count", "key"])
