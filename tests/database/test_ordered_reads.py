"""Sums of a long period read an index in the order of their groups, where a database must sort."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from affiliate.database.figures import Figures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import Days
from affiliate.database.ranked_counts import RankedList
from affiliate.database.schema import metadata
from tests.support.desk_records import record_sales

Read = Callable[[Figures, Days], Any]
TABLES = "|".join(metadata.tables)
TODAY = datetime(2026, 11, 30, tzinfo=UTC).date()
READS: dict[str, Read] = {
    "sales by state": lambda figures, days: figures.earned.sum_states(days),
    "sales by day": lambda figures, days: figures.earned.trace_sales(days, "day"),
    "sales of a site by day": lambda figures, days: figures.earned.trace_sales(
        days, "day", {"site": "blog.example"}
    ),
    "sales of an agency by day": lambda figures, days: figures.earned.trace_sales(
        days, "day", {"agency": "pixabay"}
    ),
    "sales by agency": lambda figures, days: figures.earned.sum_earned(days, ("agency",)),
    "sales by place": lambda figures, days: figures.earned.sum_earned(days, ("place",)),
    "sales by site": lambda figures, days: figures.earned.sum_earned(days, ("site",)),
    "sales by words": lambda figures, days: figures.earned.sum_earned(days, ("words",)),
    "sales by picture": lambda figures, days: figures.earned.sum_earned(days, ("agency", "id")),
    "clicks by day": lambda figures, days: figures.sum_clicks(days, ("day",)),
    "clicks by agency": lambda figures, days: figures.sum_clicks(days, ("agency",)),
    "clicks by place": lambda figures, days: figures.sum_clicks(days, ("place",)),
    "clicks by site": lambda figures, days: figures.sum_clicks(days, ("site",)),
    "positions": lambda figures, days: figures.sum_positions(days),
    "positions of a place": lambda figures, days: figures.sum_positions(days, "tile"),
}


@contextmanager
def list_plans() -> Iterator[list[str]]:
    """Yield the list to which the steps of each query's plan in SQLite are added."""
    steps: list[str] = []

    def explain(_: object, cursor: Any, statement: str, parameters: Any, *__: object) -> None:
        if statement.startswith(("SELECT", "WITH")) and "sum(" in statement:
            connection = cursor.connection
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps.extend(step for *_, step in plan)
            steps.extend(list_read_rows(connection, statement, parameters))

    sa.event.listen(sa.Engine, "before_cursor_execute", explain)
    try:
        yield steps
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", explain)


def list_read_rows(connection: Any, statement: str, parameters: Any) -> Iterator[str]:
    """Yield a step for each table of which the program of a query reads rows.

    A plan does not say whether an index of columns that SQLite computes has all that is read.
    """
    tables = "SELECT rootpage, name FROM sqlite_master WHERE type = 'table'"
    names = dict(connection.execute(tables).fetchall())
    program = connection.execute(f"EXPLAIN {statement}", parameters).fetchall()
    cursors = {p1: names.get(p2) for _, code, p1, p2, *_ in program if code == "OpenRead"}
    for _, code, p1, *_ in program:
        if code == "Column" and cursors.get(p1):
            yield f"READ ROWS OF {cursors[p1]}"


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_year_is_summed_up_without_a_sort(
    tmp_path: Path, opened: Callable[..., Ledger], read: Read
) -> None:
    """Rows are read by an index in their order, which has all that is summed up."""
    ledger = opened(f"sqlite:///{tmp_path}/ledger.db")
    ledger.upgrade()
    record_sales(ledger, {})
    with list_plans() as steps:
        read(Figures(ledger, UTC), Days(TODAY - timedelta(days=364), TODAY))
    read_by_index = re.compile(rf"(SCAN|SEARCH) ({TABLES}) USING (COVERING )?INDEX")
    assert any(map(read_by_index.match, steps))
    assert not [step for step in steps if re.search("TEMP B-TREE|READ ROWS", step)]


def test_a_texts_months_are_read_side_by_side(
    tmp_path: Path, opened: Callable[..., Ledger]
) -> None:
    """In the index of months, where a year is one range."""
    ledger = opened(f"sqlite:///{tmp_path}/ledger.db")
    ledger.upgrade()
    with list_plans() as steps:
        days = Days(TODAY - timedelta(days=364), TODAY)
        Figures(ledger, UTC).count_texts(RankedList.ASKED_WORDS, days, ["cat"])
    assert any("COVERING INDEX ranked_counts_month" in step for step in steps)
