"""Sums of sales, clicks and positions read indexes that have their order."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
readable_from = "0001"

SALES = "actions"
DAYS = "actions_occurred_at"
AMOUNT = ("state", "occurred_at", "payout")
POSITIONS = "position_days_position"
CLICK_GROUPS = ("agency", "site", "place")


def _build_carried(name: str, click_name: str) -> sa.TextClause:
    """Return the expression of what a link has carried, or the whole text of the click."""
    clicked = f"clicked_{click_name}"
    is_cut = f"substr({clicked}, 1, length({name})) = {name}"
    return sa.text(f"(CASE WHEN ({is_cut}) THEN {clicked} ELSE {name} END)")


GROUPS: dict[str, tuple[str | sa.TextClause, ...]] = {
    "agency": ("currency", "clicked_agency"),
    "place": ("currency", "clicked_place"),
    "site": (_build_carried("site", "site"), "currency"),
    "picture": ("clicked_agency", _build_carried("media_id", "id"), "currency"),
}
WORDS: dict[str, tuple[str | sa.TextClause, ...]] = {
    "words": (_build_carried("words", "words"), "currency")
}
"""An index in SQLite alone: PostgreSQL refuses an entry of more than 2704 bytes."""
CARRIED = {
    "site": ("clicked_site", "site"),
    "words": ("clicked_words", "words"),
    "picture": ("clicked_id", "media_id"),
}
"""Columns of the expressions: with them a database reads the index alone."""


def upgrade() -> None:
    """Make the indexes; that of times gets the columns that are summed up."""
    op.drop_index(DAYS, SALES)
    op.create_index(DAYS, SALES, ["occurred_at", "currency", "state", "payout"])
    for name, group in _list_groups().items():
        columns = [*group, *AMOUNT, *CARRIED.get(name, ())]
        op.create_index(f"actions_{name}", SALES, columns)
    for name in CLICK_GROUPS:
        op.create_index(f"click_days_{name}", "click_days", [name, "day", "clicks", "marked"])
    op.create_index("click_days_day", "click_days", ["day", "clicks", "marked"])
    op.create_index(POSITIONS, "position_days", ["place", "position", "day", "clicks"])


def _list_groups() -> dict[str, tuple[str | sa.TextClause, ...]]:
    return GROUPS | WORDS if op.get_bind().dialect.name == "sqlite" else GROUPS


def downgrade() -> None:
    """Drop the indexes; nothing is lost."""
    op.drop_index(POSITIONS, "position_days")
    for name in ("day", *CLICK_GROUPS):
        op.drop_index(f"click_days_{name}", "click_days")
    for name in _list_groups():
        op.drop_index(f"actions_{name}", SALES)
    op.drop_index(DAYS, SALES)
    op.create_index(DAYS, SALES, ["occurred_at"])
