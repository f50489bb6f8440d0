"""PostgreSQL finds the counts of a text in the index of its key, as SQLite does."""

from alembic import op

revision = "0026"
down_revision = "0025"
readable_from = "0001"


def upgrade() -> None:
    """Make the index of the key anew, with the counts."""
    _make_key(" INCLUDE (count)")


def downgrade() -> None:
    """Make the index of the key without the counts; nothing is lost."""
    _make_key("")


def _make_key(included: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE ranked_counts DROP CONSTRAINT ranked_counts_pkey, ADD CONSTRAINT"
            f" ranked_counts_pkey PRIMARY KEY (list, scope, key, bucket){included}"
        )
