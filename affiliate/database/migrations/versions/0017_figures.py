"""Figures: counts of clicks, searches and calls by hour, day and month."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
readable_from = "0001"

TABLES = (
    *("roll_ups", "click_hours", "click_days", "position_days", "ranked_counts", "ranked_texts"),
    *("search_hours", "search_days", "call_hours"),
)
_RANK = ["list", "scope", "bucket", "count", "key"]


def upgrade() -> None:
    """Make the tables; the clicks of before are counted in the background."""
    op.create_table(
        "roll_ups",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
    )
    for table, start in (
        ("click_hours", sa.Column("hour", sa.DateTime, primary_key=True)),
        ("click_days", sa.Column("day", sa.Date, primary_key=True)),
    ):
        op.create_table(
            table,
            start,
            sa.Column("agency", sa.String(100), primary_key=True),
            sa.Column("site", sa.String(253), primary_key=True),
            sa.Column("place", sa.String(10), primary_key=True),
            sa.Column("clicks", sa.Integer, nullable=False),
            sa.Column("marked", sa.Integer, nullable=False),
        )
    op.create_table(
        "position_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("place", sa.String(10), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("clicks", sa.Integer, nullable=False),
    )
    _make_lists()
    _make_searches()


def _make_lists() -> None:
    op.create_table(
        "ranked_counts",
        sa.Column("list", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("scope", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ranked_counts_count", "ranked_counts", _RANK)
    op.create_table(
        "ranked_texts",
        sa.Column("list", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("text", sa.String(500), nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sqlite_with_rowid=False,
    )


def _make_searches() -> None:
    op.create_table(
        "search_hours",
        sa.Column("hour", sa.DateTime, primary_key=True),
        sa.Column("digest", sa.String(32), primary_key=True),
        sa.Column("words", sa.String(500), nullable=False),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("hits", sa.Integer, nullable=False),
        sa.Column("milliseconds", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "search_days",
        sa.Column("day", sa.Date, primary_key=True),
        sa.Column("language", sa.String(10), primary_key=True),
        sa.Column("asked", sa.Integer, nullable=False),
        sa.Column("missed", sa.Integer, nullable=False),
        sa.Column("hits", sa.Integer, nullable=False),
        sa.Column("milliseconds", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "call_hours",
        sa.Column("hour", sa.DateTime, primary_key=True),
        sa.Column("agency", sa.String(100), primary_key=True),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("milliseconds", sa.BigInteger, nullable=False),
    )


def downgrade() -> None:
    """Drop the tables; clicks can be counted again, figures of searches and calls are lost."""
    for table in reversed(TABLES):
        op.drop_table(table)
