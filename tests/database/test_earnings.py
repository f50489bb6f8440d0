"""The newest report decides what an action earns, whichever is imported first."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.ledger import Ledger
from affiliate.database.report_writes import ImportCounts
from affiliate.database.schema import actions as actions_table
from affiliate.domain.actions import REPORTED_FIELDS, STATES, Action
from affiliate.errors import BadQuery
from tests.support.actions import ACTION, change
from tests.support.ledgers import new_ledger

DAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


def read_sums(earnings: Earnings, *by: str) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in earnings.sum_payouts(by)]


def test_states_of_an_action_follow_each_other(ledger: Ledger) -> None:
    """A reversal takes nothing off: the action stands with its new state."""
    earnings = Earnings(ledger)
    reports = [
        ([ACTION], ImportCounts(1, 0, 0)),
        ([ACTION, change(action_id="2")], ImportCounts(1, 0, 1)),
        ([change(state="approved", payout=60_000), change(action_id="2")], ImportCounts(0, 1, 1)),
        ([change(state="reversed", payout=60_000)], ImportCounts(0, 1, 0)),
    ]
    for days, (actions, counts) in enumerate(reports):
        assert earnings.record("impact", actions, DAY + timedelta(days)) == counts
    assert read_sums(earnings) == [("USD", "reversed", 1, 60_000), ("USD", "pending", 1, 50_000)]
    states = [(row["as_of"].day, row["state"]) for row in earnings.list_states("impact", "1")]
    assert states == [(20, "pending"), (22, "approved"), (23, "reversed")]


def test_an_older_report_changes_nothing(ledger: Ledger) -> None:
    earnings = Earnings(ledger)
    earnings.record("impact", [change(state="approved")], DAY)
    assert earnings.record("impact", [ACTION], DAY - timedelta(1)) == ImportCounts(0, 0, 1)
    assert read_sums(earnings) == [("USD", "approved", 1, 50_000)]
    [newest] = earnings.find_last_imports()
    assert (newest.as_of, newest.sales) == (DAY.replace(tzinfo=None), 1)


def test_words_in_reports_are_masked(ledger: Ledger) -> None:
    """A report's words that hold an address are kept without the address, as those of clicks."""
    earnings = Earnings(ledger)
    earnings.record("impact", [change(words="card for jane@example.com")], DAY)
    assert read_sums(earnings, "words") == [("card for ***", "USD", "pending", 1, 50_000)]


def test_a_report_read_again_may_tell_more(ledger: Ledger) -> None:
    """As where the owner has named further columns of the same file."""
    earnings = Earnings(ledger)
    for site in ("", "blog.example"):
        earnings.record("impact", [change(site=site)], DAY)
    assert read_sums(earnings, "site") == [("blog.example", "USD", "pending", 1, 50_000)]


def test_networks_are_apart(ledger: Ledger) -> None:
    earnings = Earnings(ledger)
    for network in ("impact", "partnerize"):
        earnings.record(network, [ACTION], DAY)
    assert read_sums(earnings, "network") == [
        ("impact", "USD", "pending", 1, 50_000),
        ("partnerize", "USD", "pending", 1, 50_000),
    ]
    assert [one.network for one in earnings.find_last_imports()] == ["impact", "partnerize"]


def test_sums_are_of_days_currencies_and_what_links_carried(ledger: Ledger) -> None:
    earnings = Earnings(ledger)
    actions = [
        change(action_id="1", site="a.example", media_id="7"),
        change(action_id="2", site="b.example", payout=70_000),
        change(
            action_id="3", site="b.example", occurred_at=datetime(2026, 11, 2, 23, 59, tzinfo=UTC)
        ),
        change(action_id="4", site="b.example", currency="EUR"),
    ]
    earnings.record("impact", actions, DAY)
    assert read_sums(earnings, "site") == [
        ("b.example", "USD", "pending", 2, 120_000),
        ("a.example", "USD", "pending", 1, 50_000),
        ("b.example", "EUR", "pending", 1, 50_000),
    ]
    rows = earnings.sum_payouts(["day"], date(2026, 11, 2), date(2026, 11, 2))
    assert [(row["day"], row["payout"]) for row in rows] == [(date(2026, 11, 2), 50_000)]
    with pytest.raises(BadQuery):
        earnings.sum_payouts(["visitor"])


def test_a_sale_is_joined_to_the_click_that_led_to_it(ledger: Ledger) -> None:
    """By the id that both carry; a sale of a click that this site never saw is told apart."""
    earnings = Earnings(ledger)
    for number, place in enumerate(("tile", "look"), 1):
        ledger.record(
            Click(click_id=f"click-{number}", agency="a", id="7", position=number, place=place)
        )
    sales = [change(action_id=str(number), click_id=f"click-{number}") for number in (1, 2, 3)]
    earnings.record("impact", [*sales, change(action_id="4")], DAY)
    assert [(row["place"], row["sales"]) for row in earnings.sum_payouts(["place"])] == [
        ("", 2),
        ("look", 1),
        ("tile", 1),
    ]
    rows = earnings.sum_payouts(["clicked", "position"])
    assert {(row["clicked"], row["position"], row["sales"]) for row in rows} == {
        ("unknown", None, 2),
        ("exact", 1, 1),
        ("exact", 2, 1),
    }


REPORTS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.lists(
            st.builds(
                change,
                action_id=st.sampled_from("12"),
                state=st.sampled_from(STATES),
                payout=st.integers(0, 3),
                currency=st.sampled_from(["EUR", "USD"]),
                **dict.fromkeys(REPORTED_FIELDS, st.sampled_from([UNSET, True])),
            ),
            max_size=3,
            unique_by=lambda action: action.action_id,
        ),
    ),
    max_size=5,
)


@given(data=st.data(), reports=REPORTS)
def test_any_order_and_repetition_of_imports_ends_in_the_same_sums(
    data: st.DataObject,
    reports: list[tuple[int, list[Action]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Also reports that are as of the same time and differ, or have different columns."""
    again = data.draw(st.lists(st.sampled_from(reports), max_size=3)) if reports else []
    orders = [reports, data.draw(st.permutations([*reports, *again]))]
    ends = []
    for order in orders:
        with new_ledger(tmp_path_factory.mktemp("ledger")) as ledger:
            earnings = Earnings(ledger)
            for days, actions in order:
                told = [tell_fields(action, days) for action in actions]
                earnings.record("impact", told, DAY + timedelta(days))
            ends.append((read_sums(earnings), read_rows(ledger)))
    assert ends[0] == ends[1]


def tell_fields(action: Action, days: int) -> Action:
    """Return an action whose fields, where the report has them, are those of its report alone."""
    mark = f"{days}-{action.state}-{action.payout}-{action.currency}"
    values: dict[str, object] = dict.fromkeys(REPORTED_FIELDS, mark)
    values |= {name: DAY + timedelta(days) for name in ("clicked_at", "locks_at", "cleared_at")}
    values |= {"sale": days}
    return msgspec.structs.replace(
        action,
        **{name: value for name, value in values.items() if getattr(action, name) is not UNSET},
    )


def read_rows(ledger: Ledger) -> list[tuple[object, ...]]:
    """Return the actions of a ledger."""
    with ledger.read_connection() as connection:
        query = sa.select(actions_table).order_by(actions_table.c.action_id)
        return [tuple(row) for row in connection.execute(query)]


def test_a_report_without_columns_blanks_nothing(ledger: Ledger) -> None:
    """As Partnerize's export, which lacks what the API tells of links."""
    full = change(sale=90, clicked_at=DAY, site="a.example", words="cat", media_id="7")
    bare = change(state="approved", payout=60_000)
    expected = (60_000, 90, DAY.replace(tzinfo=None), "a.example", "cat", "7", "")
    earnings = Earnings(ledger)
    for network, reports in {"api first": (full, bare), "file first": (bare, full)}.items():
        for action in reports:
            days = 1 if action is bare else 0
            earnings.record(network, [action], DAY + timedelta(days))
    names = ("payout", "sale", "clicked_at", "site", "words", "media_id", "click_id")
    query = sa.select(*(actions_table.c[name] for name in names))
    with ledger.read_connection() as connection:
        assert [tuple(row) for row in connection.execute(query)] == [expected, expected]


def test_a_column_that_is_there_and_empty_counts(ledger: Ledger) -> None:
    """The newest report that has the column decides, also where an older one comes later."""
    earnings = Earnings(ledger)
    reports = [(change(site="a.example"), 0), (change(site=""), 2), (change(), 3)]
    reports += [(change(site="b.example"), 1)]
    for action, days in reports:
        earnings.record("impact", [action], DAY + timedelta(days))
    assert read_sums(earnings, "site") == [("", "USD", "pending", 1, 50_000)]
