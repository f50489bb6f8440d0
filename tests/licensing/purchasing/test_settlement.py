"""What an answer leaves open, the history settles: for each item alone, and for nobody else's."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from affiliate.database.purchases import Purchase
from affiliate.errors import AgencyTimeout, PurchaseRefused
from affiliate.licensing.purchasing.checkout import SETTLE_POLL_SECONDS
from affiliate.licensing.purchasing.settlement import ANSWER_WAIT
from tests.simulator import (
    FIRST_ID,
    Answer,
    Fault,
    answer_with,
    comp,
    hang_up,
    revenue_share,
    run_first,
    standard,
)
from tests.support.purchase_desk import (
    PATH,
    PurchaseDesk,
    agency,
    at,
    count_posts,
    find_editorial_id,
    list_ordinary_ids,
    state,
)

__all__ = ["agency", "at"]

Rows = list[dict[str, Any]]


def change_rows(change: Callable[[Rows], Rows]) -> Fault:
    """Return a fault that replaces the rows of the proper answer."""

    def other(answer: Answer) -> Answer:
        body = json.loads(answer.body)
        return Answer(200, json.dumps({**body, "data": change(body["data"])}).encode())

    return Fault(change=other)


def without(name: str, rows: Rows) -> Rows:
    return [{key: value for key, value in row.items() if key != name} for row in rows]


# -- answers that are half an answer


def test_an_error_beside_a_license_is_no_failure(at: PurchaseDesk) -> None:
    """What has a license was bought, whatever else is said of it; and is not bought again."""
    one = list_ordinary_ids(at.agency)[0]
    at.agency.misbehave(
        change_rows(lambda rows: [row | {"error": "No link now"} for row in rows]),
        on=PATH,
        method="POST",
    )
    [done] = at.license(one)
    assert state(done) == "licensed"
    assert done.purchase
    assert (done.purchase.license_id, done.purchase.error) == (
        at.agency.purchases[0].id,
        "No link now",
    )
    assert [state(o) for o in at.license(one)] == ["refused"]


def test_an_item_that_the_answer_leaves_out_is_looked_up(at: PurchaseDesk) -> None:
    """The others are licensed; of the one that is missing the history says that it was bought."""
    ids = list_ordinary_ids(at.agency)[:3]
    at.agency.misbehave(change_rows(lambda rows: rows[:1] + rows[2:]), on=PATH, method="POST")
    done = at.license(*ids)
    assert [state(one) for one in done] == ["licensed"] * 3
    bought = {one.media_id: one.id for one in at.agency.purchases}
    assert [o.purchase.license_id for o in done if o.purchase] == [bought[one] for one in ids]


def test_rows_in_another_order_are_told_apart(at: PurchaseDesk) -> None:
    """Each license goes to the item that it names."""
    ids = list_ordinary_ids(at.agency)[:3]
    at.agency.misbehave(change_rows(lambda rows: rows[::-1]), on=PATH, method="POST")
    bought = {o.offer.asset.id: o.purchase.license_id for o in at.license(*ids) if o.purchase}
    assert bought == {one.media_id: one.id for one in at.agency.purchases}


def test_an_item_that_says_nothing_stays_unknown_alone(at: PurchaseDesk) -> None:
    """While the history can't be read it is unknown, and what the answer says of others is kept."""
    ids = list_ordinary_ids(at.agency)[:2]
    offers = at.offer(*ids)
    at.agency.misbehave(change_rows(lambda rows: rows[:1]), on=PATH, method="POST")
    at.agency.misbehave(answer_with(400), on=PATH, method="GET", skip=2)
    done = list(at.desk.license(offers))
    assert [state(one) for one in done] == ["licensed", "unknown"]
    assert at.desk.settle() == []
    assert at.states() == ["licensed"] * 2


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: [row | {"image_id": "99"} for row in rows],
        lambda rows: rows * 2,
        lambda rows: without("image_id", rows),
        lambda rows: [row | {"error": {"code": 1}} for row in rows],
    ],
)
def test_an_answer_about_something_else_is_unclear(
    at: PurchaseDesk, change: Callable[[Rows], Rows]
) -> None:
    """An answer that names other items, or one twice, proves nothing; the history does."""
    at.agency.misbehave(change_rows(change), on=PATH, method="POST")
    [done] = at.license(list_ordinary_ids(at.agency)[0])
    assert state(done) == "licensed"
    assert done.purchase
    assert done.purchase.license_id == at.agency.purchases[0].id


def test_a_reason_holds_no_link_and_no_escape(at: PurchaseDesk) -> None:
    """The agency's words are kept without signed links and without what a terminal obeys."""
    reason = "\x1b[8mNo\x07 see https://download.example/a?sig=secret"
    at.agency.misbehave(
        change_rows(lambda rows: [{"image_id": row["image_id"], "error": reason} for row in rows]),
        on=PATH,
        method="POST",
    )
    [done] = at.license(list_ordinary_ids(at.agency)[0])
    assert done.purchase
    assert done.purchase.error == "[8mNo see"


# -- repeats


def test_a_repeat_by_the_next_subscription_is_refused(at: PurchaseDesk) -> None:
    """The first plan being used up by the purchase, the next would buy the same again."""
    at.agency.subscriptions.clear()
    at.agency.subscribe(standard("soon", limit=1, days=9), standard("late", license="enhanced"))
    one = list_ordinary_ids(at.agency)[0]
    assert [state(o) for o in at.license(one)] == ["licensed"]
    assert [state(o) for o in at.license(one)] == ["refused"]
    assert [one.subscription_id for one in at.agency.purchases] == ["soon"]
    assert [state(o) for o in at.license(one, force=True)] == ["licensed"]


def test_a_repeat_in_the_next_best_size_is_refused(at: PurchaseDesk) -> None:
    """Nobody has named a size, and the plan with the best one is used up: no second purchase."""
    at.agency.subscriptions.clear()
    at.agency.subscribe(standard("a", limit=1), standard("b", sizes=("small",)))
    one = list_ordinary_ids(at.agency)[0]
    at.license(one)
    [again] = at.license(one)
    assert "in the size huge" in again.refused
    assert [state(o) for o in at.license(one, size="small")] == ["licensed"]
    assert [one.size for one in at.agency.purchases] == ["huge", "small"]


def test_what_was_bought_elsewhere_is_a_repeat(at: PurchaseDesk) -> None:
    """A license of today that no record knows of, the disk having been emptied, is not doubled."""
    one = list_ordinary_ids(at.agency)[0]
    number = int(one) - FIRST_ID
    old = at.agency.buy(number, size="huge", time=at.purchases.now() - timedelta(hours=25))
    assert [state(o) for o in at.license(one)] == ["licensed"]
    lost = at.agency.buy(number + 1, size="small")
    for size in ("", "small"):
        [again] = at.license(lost.media_id, size=size)
        assert f"elsewhere at {lost.time:%Y-%m-%d}" in again.refused
        assert lost.id in again.refused
    assert [state(o) for o in at.license(lost.media_id, size="huge")] == ["licensed"]
    assert [state(o) for o in at.license(lost.media_id, size="small", force=True)] == ["licensed"]
    assert len(at.agency.purchases) == 5
    assert old.id not in at.purchases.list_licenses(at.agency.url, one)


def test_a_comp_made_elsewhere_is_no_repeat(at: PurchaseDesk) -> None:
    """A draft of today doesn't keep anybody from the real license, nor the other way."""
    at.agency.subscribe(comp("draft"))
    one = list_ordinary_ids(at.agency)[0]
    at.agency.buy(int(one) - FIRST_ID, size="huge", license="premier_comp")
    assert [state(o) for o in at.license(one)] == ["licensed"]
    assert [state(o) for o in at.license(one, comp=True)] == ["refused"]


def test_an_id_that_the_agency_writes_otherwise_is_refused(at: PurchaseDesk) -> None:
    """01 and 1 are one image, so that one of both names alone can buy it."""
    one = list_ordinary_ids(at.agency)[0]
    found = at.agency.library.find("image", one)
    at.agency.misbehave(answer_with(200, json.dumps(found).encode()), on=f"/v2/images/0{one}")
    with pytest.raises(PurchaseRefused, match=f"calls it '{one}'"):
        at.offer(f"0{one}")


# -- what is open


def test_a_token_that_cannot_be_had_buys_nothing(at: PurchaseDesk) -> None:
    """A refreshing that is lost on its way is no purchase that is."""

    def token() -> str:
        error = AgencyTimeout("shutterstock", "No answer in time.")
        error.sent = True
        raise error

    offers = at.offer(list_ordinary_ids(at.agency)[0])
    at.agency.misbehave(
        run_first(lambda: setattr(at.account, "_token", token)), on=PATH, method="GET"
    )
    with pytest.raises(AgencyTimeout):
        list(at.desk.license(offers))
    assert at.states() == ["failed"]
    assert count_posts(at.agency) == 0


def begin_purchase(at: PurchaseDesk, **fields: Any) -> Purchase:
    """Return a purchase that some process has begun."""
    usual = {"media": "image", "media_id": "77", "size": "huge", "license": "standard"}
    now = {"made_at": at.purchases.now(), "api": at.agency.url, "subscription_id": "s10000001"}
    one = Purchase(**{**usual, **now, **fields})
    assert at.purchases.claim(one) is None
    return one


def test_a_record_of_tomorrow_keeps_nobody_for_ever(at: PurchaseDesk) -> None:
    """After a clock was set back it is waited for no longer than for any other, and then said."""
    begin_purchase(at, made_at=at.purchases.now() + timedelta(days=1))
    with pytest.raises(PurchaseRefused, match="image 77 was bought is unknown"):
        at.license(list_ordinary_ids(at.agency)[0])
    assert at.skip < ANSWER_WAIT + timedelta(seconds=2 * SETTLE_POLL_SECONDS)
    assert count_posts(at.agency) == 0


def test_what_becomes_unknown_meanwhile_stops_the_rest(at: PurchaseDesk) -> None:
    """Another process's purchase is lost between two requests of ours: the second is not sent."""
    at.agency.subscribe(revenue_share("rs"))
    asked: dict[str, Any] = {"subscription_id": "rs", "price": Decimal(9), "customer_id": "c"}
    buying = at.desk.license(at.offer(*list_ordinary_ids(at.agency)[:2], **asked))
    assert state(next(buying)) == "licensed"
    at.purchases.close(begin_purchase(at), state="unknown", error="lost")
    with pytest.raises(PurchaseRefused, match="image 77 was bought is unknown"):
        next(buying)
    assert len(at.agency.purchases) == 1


def test_another_process_s_purchase_is_waited_for(at: PurchaseDesk) -> None:
    """One that is under way is waited for, and then ours is made."""
    other = begin_purchase(at)

    def wait(seconds: float) -> None:
        at.move(seconds)
        if at.skip > timedelta(seconds=5):
            at.purchases.close(other, state="failed", error="no")

    at.wait = wait
    assert [state(o) for o in at.license(list_ordinary_ids(at.agency)[0])] == ["licensed"]


def test_each_size_settles_its_own(at: PurchaseDesk) -> None:
    """Of two open purchases of an image the one license belongs to that of its size."""
    one = list_ordinary_ids(at.agency)[0]
    for size in ("huge", "small"):
        at.purchases.close(
            begin_purchase(at, media_id=one, size=size), state="unknown", error="lost"
        )
    at.agency.buy(int(one) - FIRST_ID, size="small")
    assert [left.size for left in at.desk.settle()] == ["huge"]


def test_a_size_by_another_name_settles_too(at: PurchaseDesk) -> None:
    """A width of one's own stands as custom in the history."""
    one = list_ordinary_ids(at.agency)[0]
    at.agency.misbehave(hang_up("acted"), on=PATH, method="POST")
    [done] = at.license(one, custom=(800, 0))
    assert done.purchase
    assert (state(done), done.purchase.size) == ("licensed", "800x")


def test_the_size_that_another_item_waits_for_is_free(at: PurchaseDesk) -> None:
    """A license named by another size is its image's, though some other image waits for that."""
    one, other = list_ordinary_ids(at.agency)[:2]
    begin_purchase(at, media_id=one, size="800x")
    begin_purchase(at, media_id=other, size="small")
    at.agency.buy(int(one) - FIRST_ID, size="small")
    assert [left.media_id for left in at.desk.settle()] == [other]


def test_what_its_buyer_writes_down_meanwhile_is_kept(at: PurchaseDesk) -> None:
    """Closed while another process reads the history, a purchase keeps its charge."""
    one = list_ordinary_ids(at.agency)[0]
    mine = begin_purchase(at, media_id=one)
    at.agency.buy(int(one) - FIRST_ID, size="huge")
    closes = run_first(lambda: at.purchases.close(mine, state="licensed", charge=1))
    at.agency.misbehave(closes, on=PATH, method="GET")
    assert at.desk.settle() == []
    assert [done.charge for done in at.purchases.list_all()] == [1]


def test_an_editorial_license_is_settled_as_well(at: PurchaseDesk) -> None:
    """The answer being lost, an editorial purchase is found by its history."""
    at.agency.misbehave(hang_up("acted"), on=PATH, method="POST")
    [offer] = at.offer(find_editorial_id(at.agency))
    [done] = at.desk.license([offer.with_notice_accepted()])
    assert state(done) == "licensed"
