"""Sales without the id of a click are joined to the click that has probably led to them."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from affiliate.database.click_joins import AFTER_CLICK, BEFORE_CLICK, COOKIE_TIME
from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.figures import Figures
from affiliate.database.ledger import Ledger
from affiliate.database.local_time import Days
from affiliate.database.schema import actions, clicks
from affiliate.domain.actions import Action
from tests.support.ledgers import new_ledger

SOLD_AT = datetime(2026, 11, 20, 12, 7, 3, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
SALE = Action(
    action_id="1", state="pending", payout=50_000, currency="USD", occurred_at=SOLD_AT, media_id="7"
)

OLD_SALE = {
    "network": "impact",
    "state": "pending",
    "payout": 1,
    "currency": "USD",
    "program": "",
    "occurred_at": SOLD_AT.replace(tzinfo=None),
    "as_of": SOLD_AT.replace(tzinfo=None),
    "site": "",
    "words": "",
    "media_id": "7",
}
"""A sale as revision 0019 wrote them."""


def place_click(ledger: Ledger, click_id: str, at: datetime, **fields: Any) -> None:
    """Write a click on picture 7, of a time."""
    click = Click(
        **{"agency": "shutterstock", "id": "7", "position": 1, **fields}, click_id=click_id
    )
    with ledger.write_transaction() as connection:
        row = {"at": at.replace(tzinfo=None), **msgspec.structs.asdict(click)}
        connection.execute(sa.insert(clicks), row)


def join(ledger: Ledger, agencies: Collection[str] = (), **changes: Any) -> str:
    """Import a sale and return the id of the click that is estimated for it."""
    sale = msgspec.structs.replace(SALE, **changes)
    Earnings(ledger).record("impact", [sale], SOLD_AT + 9 * HOUR, agencies)
    with ledger.read_connection() as connection:
        return str(connection.scalar(sa.select(actions.c.estimated_click)))


def test_the_last_click_on_the_picture_before_the_sale_is_taken(ledger: Ledger) -> None:
    """Within the time of the network's cookie, and no click of a robot."""
    place_click(ledger, "click-of-before", SOLD_AT - COOKIE_TIME - SECOND)
    assert join(ledger) == ""
    place_click(ledger, "click-of-days-ago", SOLD_AT - COOKIE_TIME)
    assert join(ledger) == "click-of-days-ago"
    place_click(ledger, "click-of-hours-ago", SOLD_AT - HOUR)
    place_click(ledger, "click-of-a-robot", SOLD_AT - MINUTE, sender="program")
    place_click(ledger, "click-on-another", SOLD_AT - MINUTE, id="8")
    place_click(ledger, "click-of-afterwards", SOLD_AT + MINUTE)
    assert join(ledger) == "click-of-hours-ago"


def test_the_nearest_click_to_the_time_of_the_click_is_taken(ledger: Ledger) -> None:
    """As clocks differ; without a picture the time alone decides, among the network's agencies."""
    clicked_at = SOLD_AT - 2 * HOUR
    place_click(ledger, "click-too-early", clicked_at - BEFORE_CLICK - SECOND)
    place_click(ledger, "click-too-late", clicked_at + AFTER_CLICK + SECOND)
    assert join(ledger, clicked_at=clicked_at) == ""
    place_click(ledger, "click-30-s-before", clicked_at - 30 * SECOND)
    place_click(ledger, "click-20-s-after", clicked_at + 20 * SECOND)
    place_click(ledger, "click-elsewhere", clicked_at, agency="depositphotos", id="8")
    assert join(ledger, clicked_at=clicked_at) == "click-20-s-after"
    assert join(ledger, ["shutterstock"], clicked_at=clicked_at, media_id="") == "click-20-s-after"
    assert join(ledger, clicked_at=clicked_at, media_id="") == "click-elsewhere"


@pytest.mark.parametrize(
    ("carried", "found"),
    [
        ({}, "click-newest"),
        ({"site": "blog.example"}, "click-of-blog"),
        ({"words": "Red bi"}, "click-of-words"),
        ({"site": "blog.example", "words": "red bicycle"}, ""),
        ({"media_id": ""}, ""),
    ],
)
def test_a_click_has_all_that_the_link_has_carried(
    ledger: Ledger, carried: dict[str, str], found: str
) -> None:
    """The words may have been cut for the link."""
    place_click(ledger, "click-of-words", SOLD_AT - 3 * HOUR, words="red bicycle")
    place_click(ledger, "click-of-blog", SOLD_AT - 2 * HOUR, site="blog.example")
    place_click(ledger, "click-newest", SOLD_AT - HOUR)
    assert join(ledger, **carried) == found


@pytest.mark.parametrize("click_id", ["", "click-of-long-words"])
def test_words_that_were_cut_for_the_link_are_those_of_the_click(
    ledger: Ledger, click_id: str
) -> None:
    """Else long words would have clicks without earnings, and their beginning earnings alone."""
    words, site = "日没の海辺にある赤い自転車と古い灯台", "blog.example"
    place_click(ledger, "click-of-long-words", SOLD_AT - HOUR, words=words, site=site)
    assert join(ledger, click_id=click_id, words=words[:9]) == (
        "" if click_id else "click-of-long-words"
    )
    joined_by, *_, found_site, found_words, media_id = sum_joined(ledger)
    assert (joined_by, found_site) == ("exact" if click_id else "estimated", site)
    assert (found_words, media_id) == (words, "7")


def test_a_sale_of_a_day_may_have_a_click_of_that_day(ledger: Ledger) -> None:
    """Some reports have days alone, in the zone of the account, for sales and for clicks."""
    day = datetime(2026, 11, 20, 5, tzinfo=UTC)
    place_click(ledger, "click-of-the-day", day + 20 * HOUR)
    place_click(ledger, "click-of-the-next", day + 25 * HOUR)
    assert join(ledger, occurred_at=day) == "click-of-the-day"
    place_click(ledger, "click-of-two-days-ago", day - 30 * HOUR)
    assert join(ledger, occurred_at=day, clicked_at=day - 48 * HOUR) == "click-of-two-days-ago"
    assert join(ledger, occurred_at=day, clicked_at=day - 48 * HOUR, media_id="") == ""


BY = ("clicked", "agency", "place", "position", "site", "words", "id")


def sum_joined(ledger: Ledger) -> tuple[Any, ...]:
    """Return the columns of `BY` of the one sale."""
    [row] = Figures(ledger, UTC).earned.sum_earned(Days(date.min, date(2027, 1, 1)), BY)
    return tuple(row[name] for name in BY)


def test_a_known_id_of_a_click_rules_out_an_estimate(ledger: Ledger) -> None:
    """Also where the click comes after the import that had estimated another."""
    place_click(ledger, "click-of-hours-ago", SOLD_AT - HOUR, place="tile", site="blog.example")
    assert join(ledger, click_id="1-2-3-4") == "click-of-hours-ago"
    estimated = ("estimated", "shutterstock", "tile", 1, "blog.example", "", "7")
    assert sum_joined(ledger) == estimated
    place_click(ledger, "1-2-3-4", SOLD_AT - 2 * HOUR, place="look", words="cat", position=9)
    assert sum_joined(ledger) == estimated
    assert join(ledger, click_id="1-2-3-4") == ""
    assert sum_joined(ledger) == ("exact", "shutterstock", "look", 9, "", "cat", "7")


@pytest.mark.parametrize("click_id", ["", "click-of-hours-ago"])
def test_a_sale_keeps_its_click_beyond_the_time_that_clicks_are_kept(
    ledger: Ledger, click_id: str
) -> None:
    """The next imports, of clicks that are deleted by then, change nothing."""
    place_click(ledger, "click-of-hours-ago", SOLD_AT - HOUR, place="tile", words="red bicycle")
    join(ledger, click_id=click_id)
    before = sum_joined(ledger)
    assert before[0] == ("exact" if click_id else "estimated")
    with ledger.write_transaction() as connection:
        connection.execute(sa.delete(clicks))
    join(ledger, click_id=click_id)
    assert sum_joined(ledger) == before


def test_another_id_in_a_newer_report_joins_another_click(ledger: Ledger) -> None:
    """The sale keeps nothing of the click before, which may not exist for the new id."""
    place_click(ledger, "click-of-hours-ago", SOLD_AT - HOUR, place="tile")
    place_click(ledger, "click-of-days-ago", SOLD_AT - 24 * HOUR, place="look")
    join(ledger, click_id="click-of-hours-ago")
    join(ledger, click_id="click-of-days-ago")
    assert sum_joined(ledger)[:3] == ("exact", "shutterstock", "look")
    join(ledger, click_id="click-of-nobody", media_id="8")
    assert sum_joined(ledger) == ("unknown", None, None, None, "", "", "8")


def test_joins_of_earlier_versions_are_kept(ledger: Ledger) -> None:
    """The migration takes them over: exact before estimated, and none for a sale without a click.

    Revision 0019 had the id of an estimated click alone, and looked for exact ones each time.
    """
    place_click(ledger, "first-click", SOLD_AT, words="cat", position=3, place="look")
    ledger.downgrade("0019")
    sales = [("1", "first-click", ""), ("2", "unknown-click", "first-click"), ("3", "", "")]
    with ledger.write_transaction() as connection:
        for number, click_id, estimate in sales:
            values = {**OLD_SALE, "action_id": number, "click_id": click_id}
            values["estimated_click"] = estimate
            columns = [sa.column(name, actions.c[name].type) for name in values]
            connection.execute(sa.insert(sa.table("actions", *columns)).values(values))
    ledger.upgrade()
    names = ("joined_by", "clicked_agency", "clicked_words", "clicked_place", "clicked_position")
    query = sa.select(*(actions.c[name] for name in names)).order_by(actions.c.action_id)
    with ledger.read_connection() as connection:
        rows = [tuple(row) for row in connection.execute(query)]
    click = ("shutterstock", "cat", "look", 3)
    assert rows == [("exact", *click), ("estimated", *click), ("unknown", *[None] * 4)]


MOMENTS = st.sampled_from([SOLD_AT + n * MINUTE for n in (-300, -4, -1, 0, 1, 4)])
CLICKS = st.lists(
    st.fixed_dictionaries(
        {
            "at": MOMENTS,
            "id": st.sampled_from(["7", "8"]),
            "site": st.sampled_from(["", "blog.example"]),
        }
    ),
    max_size=4,
)
SALES = st.lists(
    st.builds(
        Action,
        action_id=st.sampled_from("123"),
        state=st.just("pending"),
        payout=st.integers(0, 3),
        currency=st.just("USD"),
        occurred_at=MOMENTS,
        clicked_at=st.none() | MOMENTS,
        media_id=st.sampled_from(["", "7"]),
        site=st.sampled_from(["", "blog.example"]),
        click_id=st.sampled_from(["", "click-0"]),
    ),
    max_size=3,
    unique_by=lambda sale: sale.action_id,
)


@given(data=st.data(), found=CLICKS, reports=st.lists(SALES, min_size=1, max_size=3))
def test_joins_do_not_depend_on_the_order_of_imports_and_clicks(
    data: st.DataObject,
    found: list[dict[str, Any]],
    reports: list[list[Action]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Clicks may come late, in any order: the next import of the period joins them."""
    numbered: list[Any] = [(f"click-{number}", click) for number, click in enumerate(found)]
    dated: list[Any] = list(enumerate(reports))
    events = data.draw(st.permutations([*numbered, *dated, *dated[:1]]))
    everything = [sale for report in reports for sale in report]
    outcomes = []
    for order in ([*numbered, *dated], events):
        with new_ledger(tmp_path_factory.mktemp("ledger")) as ledger:
            earnings = Earnings(ledger)
            for name, event in [*order, *dated]:
                if isinstance(name, str):
                    place_click(ledger, name, **event)
                else:
                    earnings.record("impact", event, SOLD_AT + name * HOUR)
            with ledger.read_connection() as connection:
                rows = connection.execute(
                    sa.select(actions.c.action_id, actions.c.estimated_click, actions.c.as_of)
                ).all()
            outcomes.append((sorted(map(tuple, rows)), earnings.sum_payouts(["clicked", "place"])))
    assert outcomes[0] == outcomes[1]
    assert len(outcomes[0][0]) == len({sale.action_id for sale in everything})
