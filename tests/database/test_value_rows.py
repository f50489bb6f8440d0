"""Values of a query arrive as they are, whatever characters they have, in either database."""

from datetime import datetime

import pytest
import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.schema import clicks
from affiliate.database.value_rows import list_numbers, list_periods, match_any
from tests.support.desk_records import record_clicks

ODD_WORDS = [
    'a "red" bicycle',
    "back\\slash",
    "ends with \\",
    '\\"',
    "{cat,dog}",
    "cat,dog",
    "NULL",
    "null",
    "it's",
    " blanks at both ends ",
    "two\nlines",
    "a\ttab",
    "猫と犬",
    "\U0001f408",
    "100%",
    ":words",
    "%(words)s",
]


@pytest.mark.parametrize("words", ODD_WORDS)
def test_a_text_is_matched_as_it_is(ledger: Ledger, words: str) -> None:
    """Neither the other texts of a list nor a part of one is taken for it."""
    record_clicks(ledger, *({"words": one} for one in ODD_WORDS))
    query = sa.select(clicks.c.words)
    with ledger.read_snapshot() as connection:
        alone = connection.execute(query.where(match_any(connection, clicks.c.words, [words])))
        assert alone.scalars().all() == [words]
        others = match_any(connection, clicks.c.words, [one for one in ODD_WORDS if one != words])
        found = connection.execute(query.where(sa.not_(others))).scalars().all()
    assert found == [words]


def test_none_of_no_texts_is_matched(ledger: Ledger) -> None:
    record_clicks(ledger, {"words": ""}, {"words": "{}"})
    with ledger.read_snapshot() as connection:
        condition = match_any(connection, clicks.c.words, [])
        assert connection.execute(sa.select(clicks.c.words).where(condition)).all() == []


@pytest.mark.parametrize("numbers", [[], [0], [-1, 2**63 - 1, -(2**63), 7, 7]])
def test_numbers_of_64_bits_are_rows(ledger: Ledger, numbers: list[int]) -> None:
    with ledger.read_snapshot() as connection:
        rows = connection.execute(sa.select(list_numbers(connection, numbers))).scalars().all()
    assert rows == numbers


def test_periods_keep_their_microseconds(ledger: Ledger) -> None:
    times = [datetime(2026, 3, 29), datetime(2026, 3, 29, 1, 59, 59, 999_999), datetime(1, 1, 1)]  # noqa: DTZ001 - as the tables have them
    with ledger.read_snapshot() as connection:
        periods = list_periods(connection, [(times[0], times[1]), (times[2], times[0])])
        query = sa.select(
            periods.c.number,
            sa.type_coerce(periods.c.start, sa.DateTime),
            sa.type_coerce(periods.c.end, sa.DateTime),
        )
        rows = connection.execute(query).all()
    assert [tuple(row) for row in rows] == [(0, *times[:2]), (1, times[2], times[0])]
