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
