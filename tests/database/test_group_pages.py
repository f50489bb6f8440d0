"""Groups are read a page at a time, each page with the number of all."""

import pytest
import sqlalchemy as sa

from affiliate.database.group_pages import read_page
from affiliate.database.ledger import Ledger
from affiliate.database.schema import clicks
from tests.support.desk_records import record_clicks


@pytest.mark.parametrize(
    ("offset", "rows"), [(0, [("7", 2), ("8", 1)]), (2, [("9", 1)]), (3, []), (10**9, [])]
)
def test_each_page_has_the_number_of_all(
    ledger: Ledger, offset: int, rows: list[tuple[str, int]]
) -> None:
    """Also one beyond the last."""
    record_clicks(ledger, *({"id": media_id} for media_id in "9787"))
    query = sa.select(clicks.c.id, sa.func.count().label("clicks")).group_by(clicks.c.id)
    groups = query.cte("groups")
    order = [groups.c.clicks.desc(), groups.c.id]
    with ledger.read_snapshot() as connection:
        assert read_page(connection, groups, order, offset=offset, limit=2) == (rows, 3)


def test_no_groups_have_an_empty_page(ledger: Ledger) -> None:
    groups = sa.select(clicks.c.id).group_by(clicks.c.id).cte("groups")
    with ledger.read_snapshot() as connection:
        assert read_page(connection, groups, [groups.c.id], offset=0, limit=2) == ([], 0)
