"""Rows without ids of actions get ids that later reports give them, too."""

import random
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.database.earnings import Earnings
from affiliate.domain.actions import STATES, Action
from affiliate.earnings.column_mapping import ColumnMapping
from affiliate.earnings.reports import number_actions, read_report
from affiliate.errors import ReportError
from tests.support.ledgers import new_ledger

DAY = datetime(2026, 11, 20, tzinfo=UTC)
MAPPING = ColumnMapping(state="approved", currency="USD").with_columns(
    {"sale-date": "Day", "payout": "Sum", "picture": "Image"}
)
SALES = st.lists(
    st.builds(
        Action,
        action_id=st.just(""),
        state=st.sampled_from(STATES),
        payout=st.integers(0, 3),
        currency=st.just("USD"),
        occurred_at=st.sampled_from([DAY, DAY + timedelta(hours=1)]),
        media_id=st.sampled_from(["7", "8"]),
    ),
    max_size=6,
)


def test_equal_rows_without_ids_are_sales_each() -> None:
    """Two sales of a picture on a day may be alike."""
    text = "Day,Sum,Image\n2026-11-20,2,7\n2026-11-20,2,7\n2026-11-21,2,7\n"
    actions = read_report(text.encode(), MAPPING.build_form())
    assert len({action.action_id for action in actions}) == len(actions) == 3


@pytest.mark.parametrize(
    "unknown", ["", "0001-01-01T00:00:00", "1970-01-01 01:00", "0000-00-00 00:00:00"]
)
def test_a_time_of_long_ago_is_unknown(unknown: str) -> None:
    """Programs write such times for none; a sale must have one of its own."""
    mapping = MAPPING.with_columns({"click-time": "Clicked"})
    text = f"Day,Sum,Image,Clicked\n2026-11-20,2,7,{unknown}\n"
    [sale] = read_report(text.encode(), mapping.build_form())
    assert sale.clicked_at is None
    with pytest.raises(ReportError, match="there is no sale date"):
        read_report(f"Day,Sum,Image\n{unknown},2,7\n".encode(), MAPPING.build_form())


def test_times_are_read_to_the_second() -> None:
    """PostgreSQL would round the last moment of a day to the day after."""
    text = "Day,Sum,Image\n2026-11-20T23:59:59.7+01:00,2,7\n"
    [sale] = read_report(text.encode(), MAPPING.build_form())
    assert sale.occurred_at == datetime(2026, 11, 20, 22, 59, 59, tzinfo=UTC)


def test_items_of_an_action_are_added_by_a_named_column() -> None:
    mapping = MAPPING.with_columns({"sale-id": "Order", "item": "Line"})
    text = "Order,Line,Day,Sum,Image\n1,a,2026-11-20,2,7\n1,b,2026-11-20,2,7\n"
    [action] = read_report(text.encode(), mapping.build_form())
    assert action.payout == 40_000


@given(older=SALES, growth=SALES, data=st.data())
def test_a_report_of_whole_days_leaves_its_own_sums(
    older: list[Action],
    growth: list[Action],
    data: st.DataObject,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Whatever amounts and states have become of the rows, and in whichever order they stand."""
    changed = [
        msgspec.structs.replace(
            sale, payout=data.draw(st.integers(0, 3)), state=data.draw(st.sampled_from(STATES))
        )
        for sale in older
    ]
    newer = data.draw(st.permutations([*changed, *growth]))
    reports = [(number_actions(older), DAY), (number_actions(newer), DAY + timedelta(1))]
    with new_ledger(tmp_path_factory.mktemp("ledger")) as ledger:
        earnings = Earnings(ledger)
        for actions, as_of in data.draw(st.permutations([*reports, reports[0]])):
            earnings.record("other", actions, as_of)
        kept: set[object] = {tuple(row.values()) for row in earnings.sum_payouts(["id"])}
    expected = {
        (picture, "USD", state, len(sums), sum(sums))
        for picture in ("7", "8")
        for state in STATES
        if (sums := [s.payout for s in newer if (s.media_id, s.state) == (picture, state)])
    }
    assert kept == expected


def test_ids_of_rows_do_not_depend_on_their_order() -> None:
    text = [f"2026-11-{day:02},{day % 3},{day % 2}" for day in (1, 1, 1, 2, 3, 3)]
    shuffled = random.Random(7).sample(text, len(text))
    first, second = (
        read_report("\n".join(["Day,Sum,Image", *rows]).encode(), MAPPING.build_form())
        for rows in (text, shuffled)
    )
    assert first == second
