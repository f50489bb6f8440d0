"""Keep what links have carried in columns and indexes, and sales of a state by their times."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
readable_from = "0001"

SALES = "actions"
AMOUNT = ["currency", "state", "occurred_at", "payout"]
CARRIED = {"site": ("site", 253), "words": ("words", 500), "media_id": ("id", 100)}
"""Columns of clicks and their lengths, by those of sales."""
GROUPS = {
    "site": ["carried_site"],
    "words": ["carried_words"],
    "picture": ["clicked_agency", "carried_id"],
}


def upgrade() -> None:
    """Add the columns, which the database fills, and make the indexes."""
    for name in _list_former_indexes():
        op.drop_index(f"actions_{name}", SALES)
    additions = [f"ADD COLUMN {_describe_carried(name)}" for name in CARRIED]
    if op.get_bind().dialect.name == "postgresql":
        additions = [", ".join(additions)]  # one statement writes the table once
    for addition in additions:
        op.execute(f"ALTER TABLE {SALES} {addition}")
    for name, columns in GROUPS.items():
        op.create_index(f"actions_{name}", SALES, [*columns, *AMOUNT])
    op.create_index("actions_state", SALES, AMOUNT)


def downgrade() -> None:
    """Drop the columns; nothing is lost."""
    op.drop_index("actions_state", SALES)
    for name in GROUPS:
        op.drop_index(f"actions_{name}", SALES)
    for click_name, _ in CARRIED.values():
        op.drop_column(SALES, f"carried_{click_name}")
    for name in _list_former_indexes():
        op.create_index(f"actions_{name}", SALES, _list_former_columns(name))


def _list_former_columns(name: str) -> list[str | sa.TextClause]:
    if name == "picture":
        carried = _select_carried("media_id")
        return ["clicked_agency", carried, *AMOUNT, "clicked_id", "media_id"]
    return [_select_carried(name), *AMOUNT, f"clicked_{name}", name]


def _list_former_indexes() -> list[str]:
    others = ["words"] if op.get_bind().dialect.name == "sqlite" else []
    return ["site", "picture", *others]


def _describe_carried(name: str) -> str:
    click_name, length = CARRIED[name]
    postgresql = op.get_bind().dialect.name == "postgresql"
    collation, stored = (' COLLATE "C"', " STORED") if postgresql else ("", "")
    filled = f"GENERATED ALWAYS AS {_select_carried(name)}{stored}"
    return f"carried_{click_name} VARCHAR({length}){collation} {filled}"


def _select_carried(name: str) -> sa.TextClause:
    """Return the expression of what a link has carried, or the whole text of the click."""
    clicked = f"clicked_{CARRIED[name][0]}"
    is_cut = f"substr({clicked}, 1, length({name})) = {name}"
    return sa.text(f"(CASE WHEN {is_cut} THEN {clicked} ELSE {name} END)")
