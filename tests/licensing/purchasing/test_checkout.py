"""Money: nothing is bought twice, lost, or bought while an outcome is unknown."""

from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affiliate.errors import (
    AgencyDown,
    Forbidden,
    LedgerError,
    NotConnected,
    NotFound,
    PurchaseRefused,
    RequestRefused,
)
from affiliate.licensing.offers import LicenseOptions
from tests.simulator import (
    FIRST_ID,
    FIRST_VIDEO,
    TOKEN,
    Fault,
    answer_html,
    answer_with,
    comp,
    hang_up,
    premier,
    revenue_share,
    run_first,
    simulator,
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
    lock_database,
    open_counter,
    state,
)

__all__ = ["agency", "at"]

FIRST = str(FIRST_ID)


# -- buying


def test_a_purchase_is_recorded_as_the_agency_has_it(at: PurchaseDesk) -> None:
    """License, charge and state in the record are those of the agency's own list."""
    [done] = at.license(list_ordinary_ids(at.agency)[0])
    [bought] = at.agency.purchases
    assert state(done) == "licensed"
    assert done.purchase
    assert done.result
    assert (done.purchase.license_id, done.purchase.charge) == (bought.id, bought.charge)
    assert "download_url" not in repr(done)
    assert done.result.download_url
    assert bought.size == "huge"


def test_many_go_in_one_request(at: PurchaseDesk) -> None:
    """Items of one subscription share a request."""
    ids = list_ordinary_ids(at.agency)[:3]
    assert [state(one) for one in at.license(*ids)] == ["licensed"] * 3
    assert len([r for r in at.agency.requests if (r.method, r.path) == ("POST", PATH)]) == 1


def test_more_than_fifty_go_in_several_requests(tmp_path: Path) -> None:
    """A request takes fifty items; each is bought once and has its own record."""
    with simulator(size=90) as agency, open_counter(agency, tmp_path) as at:
        agency.subscribe(standard(limit=100))
        rows = (agency.library.find("image", str(FIRST_ID + n)) for n in range(90))
        ids = [row["id"] for row in rows if row and not row["is_editorial"]][:53]
        assert [state(one) for one in at.license(*ids)] == ["licensed"] * 53
        posted = [len(seen.json()["images"]) for seen in agency.requests if seen.method == "POST"]
        assert posted == [50, 3]
        assert sorted(one.media_id for one in agency.purchases) == ids


def test_downloads_that_are_used_up_meanwhile_fail_alone(at: PurchaseDesk) -> None:
    """The plan had two left when it was chosen; the agency says of which item it had none."""
    at.agency.subscriptions.clear()
    at.agency.subscribe(standard("s1", limit=2))
    offers = at.offer(*list_ordinary_ids(at.agency)[:2])
    at.agency.buy(0, subscription_id="s1")
    done = list(at.desk.license(offers))
    assert [state(one) for one in done] == ["licensed", "failed"]
    assert done[1].purchase
    assert done[1].purchase.error == "No downloads left in subscription"


def test_an_item_that_fails_alone_fails_alone(at: PurchaseDesk) -> None:
    """A 200 with an error inside is a failure of that item, which may be tried again."""
    one, other = list_ordinary_ids(at.agency)[:2]
    offers = at.offer(one, other)
    at.agency.library.withdrawn.add(other)
    done = list(at.desk.license(offers))
    assert [state(o) for o in done] == ["licensed", "failed"]
    assert done[1].purchase
    assert done[1].purchase.error == "Media unavailable"
    at.agency.library.withdrawn.clear()
    assert [state(o) for o in at.license(other)] == ["licensed"]


def test_the_same_is_not_bought_twice_within_a_day(at: PurchaseDesk) -> None:
    """A repeat is refused and names the license; another size, force or the next day is not."""
    one = list_ordinary_ids(at.agency)[0]
    at.license(one)
    [again] = at.license(one)
    assert state(again) == "refused"
    assert at.agency.purchases[0].id in again.refused
    assert [state(o) for o in at.license(one, size="small")] == ["licensed"]
    assert [state(o) for o in at.license(one, force=True)] == ["licensed"]
    at.skip += timedelta(hours=25)
    assert [state(o) for o in at.license(one)] == ["licensed"]
    assert len(at.agency.purchases) == 4


def test_api_subscriptions_take_one_item_a_request(at: PurchaseDesk) -> None:
    """Each goes alone, with price and customer; what is charged is read from the history."""
    at.agency.subscribe(revenue_share("rs"))
    ids = list_ordinary_ids(at.agency)[:2]
    asked: dict[str, Any] = {"subscription_id": "rs", "price": Decimal("1.50"), "customer_id": "c7"}
    done = at.license(*ids, **asked)
    posts = [r.json()["images"] for r in at.agency.requests if (r.method, r.path) == ("POST", PATH)]
    assert [len(items) for items in posts] == [1, 1]
    assert posts[0][0]["price"] == 1.5
    assert posts[0][0]["metadata"] == {"customer_id": "c7"}
    prices = [(o.purchase.asked, o.purchase.price, o.purchase.currency) for o in done if o.purchase]
    assert prices == [(Decimal("1.50"), Decimal("5.00"), "USD")] * 2


def test_a_price_that_cannot_be_read_back_now_is_read_later(at: PurchaseDesk) -> None:
    """A history out of order after the purchase leaves it bought; the next look fills it in."""
    at.agency.subscribe(revenue_share("rs"))
    at.agency.misbehave(answer_with(400), on=PATH, method="GET", skip=1)
    asked: dict[str, Any] = {"subscription_id": "rs", "price": Decimal(9), "customer_id": "c7"}
    [done] = at.license(list_ordinary_ids(at.agency)[0], **asked)
    assert state(done) == "licensed"
    assert done.purchase
    assert done.purchase.price is None
    assert at.desk.settle() == []
    assert [one.price for one in at.purchases.list_all()] == [Decimal("9.00")]


def test_custom_sizes_and_searches_are_sent(at: PurchaseDesk) -> None:
    """Dimensions and the search's id reach the agency."""
    at.license(list_ordinary_ids(at.agency)[0], custom=(800, 0), search_id="abc")
    [sent] = [r.json()["images"] for r in at.agency.requests if r.method == "POST"]
    assert sent[0]["custom_dimensions"] == {"width": 800}
    assert (sent[0]["size"], sent[0]["search_id"]) == ("custom", "abc")
    assert at.agency.purchases[0].dimensions


def test_comps_cost_nothing(at: PurchaseDesk) -> None:
    """A comp takes the comp subscription and no download."""
    at.agency.subscribe(comp("draft"))
    [done] = at.license(list_ordinary_ids(at.agency)[0], comp=True)
    assert done.purchase
    assert (done.purchase.subscription_id, done.purchase.charge) == ("draft", 0)


def test_videos_are_licensed(at: PurchaseDesk) -> None:
    """Footage goes by its own call, in its best size."""
    clips = (at.agency.library.find("video", str(FIRST_VIDEO + n)) for n in range(20))
    clip = next(row["id"] for row in clips if row and not row["is_editorial"])
    [done] = at.license(clip, media="video")
    assert state(done) == "licensed"
    assert at.agency.purchases[0].media == "video"


# -- refusals before anything is sent


def test_metadata_that_is_demanded_must_be_there(at: PurchaseDesk) -> None:
    """The offer names what is missing; without it nothing is sent."""
    at.agency.subscribe(premier("pr"))
    [offer] = at.offer(list_ordinary_ids(at.agency)[0], subscription_id="pr")
    assert offer.missing == ("client",)
    with pytest.raises(PurchaseRefused, match="client"):
        list(at.desk.license([offer]))
    assert count_posts(at.agency) == 0
    [done] = at.desk.license([offer.with_values({"client": "ACME"})])
    assert state(done) == "licensed"
    assert at.agency.purchases[0].metadata == {"client": "ACME"}


@pytest.mark.parametrize(
    "metadata",
    [dict.fromkeys("abcde", "x"), {"a": " "}, {"": "x"}, {"a": "x\n"}],
)
def test_metadata_is_checked_here(at: PurchaseDesk, metadata: dict[str, str]) -> None:
    """At most four fields, none of them blank or with control characters."""
    with pytest.raises(PurchaseRefused):
        at.offer(list_ordinary_ids(at.agency)[0], metadata=metadata)


def test_editorial_images_need_agreement(at: PurchaseDesk) -> None:
    """Nothing is sent before the notice was agreed to; then the acknowledgement is."""
    [offer] = at.offer(find_editorial_id(at.agency))
    with pytest.raises(PurchaseRefused, match="agree"):
        list(at.desk.license([offer]))
    assert count_posts(at.agency) == 0
    [done] = at.desk.license([offer.with_notice_accepted()])
    assert state(done) == "licensed"


def test_the_sandbox_refuses_editorial_and_we_say_so_first(tmp_path: Path) -> None:
    """An editorial image in the sandbox costs no purchase call."""
    with simulator(size=20, sandbox=True) as agency, open_counter(agency, tmp_path) as at:
        with pytest.raises(PurchaseRefused, match="sandbox"):
            at.offer(find_editorial_id(agency))
        assert [state(o) for o in at.license(list_ordinary_ids(agency)[0])] == ["licensed"]
        assert count_posts(agency) == 1


def test_no_subscription(at: PurchaseDesk) -> None:
    """Without one nothing is sent, and that is what is said."""
    at.agency.subscriptions.clear()
    with pytest.raises(PurchaseRefused, match="No subscription"):
        at.offer(FIRST)


def test_no_downloads_left(at: PurchaseDesk) -> None:
    """What one command takes counts too."""
    at.agency.subscriptions.clear()
    at.agency.subscribe(standard("s1", limit=1))
    chooser = at.desk.create_proposer()
    one, other = list_ordinary_ids(at.agency)[:2]
    chooser.make_offer(LicenseOptions(), one)
    with pytest.raises(PurchaseRefused, match="no downloads left"):
        chooser.make_offer(LicenseOptions(), other)


def test_a_wrong_size(at: PurchaseDesk) -> None:
    """A size that nobody has is refused here; one that the agency refuses fails alone."""
    with pytest.raises(PurchaseRefused, match="no size 'giant'"):
        at.offer(FIRST, size="giant")
    [offer] = at.offer(list_ordinary_ids(at.agency)[0])
    plan = at.agency.subscriptions[offer.subscription.id]
    plan.sizes = ("small",)
    [done] = at.desk.license([offer])
    assert state(done) == "failed"


def test_a_withdrawn_image(at: PurchaseDesk) -> None:
    """An image that is gone is said to be before anything is sent."""
    at.agency.library.withdrawn.add(FIRST)
    with pytest.raises(NotFound):
        at.offer(FIRST)


# -- tokens


def test_an_expired_token(at: PurchaseDesk) -> None:
    """The owner is told to connect again; the record says that nothing was bought."""
    offers = at.offer(list_ordinary_ids(at.agency)[0])
    at.agency.misbehave(answer_with(401), on=PATH, method="POST")
    with pytest.raises(NotConnected):
        list(at.desk.license(offers))
    assert at.states() == ["failed"]


def test_a_missing_scope_is_named(at: PurchaseDesk) -> None:
    """A token that may look but not buy: the refusal names what it lacks."""
    offers = at.offer(list_ordinary_ids(at.agency)[0])
    at.agency.accounts.grants[TOKEN].scopes.discard("licenses.create")
    with pytest.raises(Forbidden, match=r"scope licenses\.create;"):
        list(at.desk.license(offers))
    assert at.states() == ["failed"]
    assert at.agency.purchases == []


def test_scopes_that_cannot_be_looked_up_are_not_said_to_be_missing(at: PurchaseDesk) -> None:
    """A 403 whose token doesn't say what it allows names what the call needs, and that alone."""
    offers = at.offer(list_ordinary_ids(at.agency)[0])
    at.agency.misbehave(answer_with(403), on=PATH, method="POST")
    at.agency.misbehave(answer_with(503), on="/v2/user/access_token")
    with pytest.raises(Forbidden, match=r"may lack the scope licenses\.create and purchases"):
        list(at.desk.license(offers))
    assert at.states() == ["failed"]


def test_a_403_with_every_scope_is_the_agency_s_own(at: PurchaseDesk) -> None:
    """Where no scope is missing, its own words are said."""
    offers = at.offer(list_ordinary_ids(at.agency)[0])
    at.agency.misbehave(answer_with(403, b'{"message": "Account on hold"}'), on=PATH, method="POST")
    with pytest.raises(Forbidden, match="Account on hold"):
        list(at.desk.license(offers))


def test_a_refused_request_buys_nothing(at: PurchaseDesk) -> None:
    """A 400 closes the record, and the same may be tried again."""
    at.agency.misbehave(answer_with(400, b'{"message": "No."}'), on=PATH, method="POST")
    [done] = at.license(list_ordinary_ids(at.agency)[0])
    assert done.purchase
    assert (state(done), done.purchase.error) == ("failed", "No.")
    assert [state(o) for o in at.license(list_ordinary_ids(at.agency)[0])] == ["licensed"]


def test_an_unreachable_agency_buys_nothing(at: PurchaseDesk) -> None:
    """A refused connection is no unknown outcome."""
    offers = at.offer(list_ordinary_ids(at.agency)[0])
    real = at.account.license

    def gone(*wanted: Any) -> Any:
        at.account.url = "http://127.0.0.1:9"
        try:
            return real(*wanted)
        finally:
            at.account.url = at.agency.url

    at.account.license = gone  # type: ignore[assignment,method-assign]
    with pytest.raises(AgencyDown):
        list(at.desk.license(offers))
    assert at.states() == ["failed"]


# -- unknown outcomes

LOST = {
    "unread": hang_up("unread"),
    "read": hang_up("read"),
    "acted": hang_up("acted"),
    "body": hang_up("body", after=20),
    "html": Fault(change=lambda _: answer_html().answer or _),
    "gateway": Fault(change=lambda _: answer_with(502).answer or _),
}
BOUGHT = {"acted", "body", "html", "gateway"}


@pytest.mark.parametrize("stage", LOST)
def test_a_lost_answer_is_settled_by_the_history(at: PurchaseDesk, stage: str) -> None:
    """What was bought is found; what was not stays unknown and blocks until the time is over."""
    one, other = list_ordinary_ids(at.agency)[:2]
    at.agency.misbehave(LOST[stage], on=PATH, method="POST")
    [done] = at.license(one)
    if stage in BOUGHT:
        assert state(done) == "licensed"
        assert done.purchase
        assert done.purchase.license_id == at.agency.purchases[0].id
        assert [state(o) for o in at.license(one)] == ["refused"]
    else:
        assert state(done) == "unknown"
        for wanted in (one, other):
            with pytest.raises(PurchaseRefused, match="unknown"):
                at.license(wanted)
        at.skip += timedelta(minutes=11)
        assert [state(o) for o in at.license(one)] == ["licensed"]
    assert len(at.agency.purchases) == 1


def test_an_unknown_outcome_stops_the_rest(at: PurchaseDesk) -> None:
    """Of two requests the second is not sent when nobody knows of the first."""
    at.agency.subscribe(revenue_share("rs"))
    at.agency.misbehave(hang_up("read"), on=PATH, method="POST")
    asked: dict[str, Any] = {"subscription_id": "rs", "price": Decimal(9), "customer_id": "c7"}
    done = at.license(*list_ordinary_ids(at.agency)[:2], **asked)
    assert [state(o) for o in done] == ["unknown"]
    assert at.agency.purchases == []


def test_an_older_license_of_the_image_settles_nothing(at: PurchaseDesk) -> None:
    """Only what came after the record was written can be its license."""
    one = list_ordinary_ids(at.agency)[0]
    for days in (2, 1):
        old = at.purchases.now() - timedelta(days=days)
        at.agency.buy(int(one) - FIRST_ID, size="huge", time=old)
    at.agency.misbehave(hang_up("read"), on=PATH, method="POST")
    [done] = at.license(one, force=True)
    assert state(done) == "unknown"


def test_a_license_settles_one_purchase(at: PurchaseDesk) -> None:
    """A license that belongs to a purchase already is none of another's, made at the same time."""
    one = list_ordinary_ids(at.agency)[0]
    [made] = at.license(one)
    assert made.purchase
    other = msgspec.structs.replace(made.purchase, purchase_id="0", size="small", license_id=None)
    at.purchases.claim(msgspec.structs.replace(other, state="unknown"))
    assert [left.size for left in at.desk.settle()] == ["small"]


def test_a_slow_agency_that_acts_after_we_hung_up_is_found(at: PurchaseDesk) -> None:
    """The purchase that comes late is settled, and not bought again."""
    one = list_ordinary_ids(at.agency)[0]
    at.agency.misbehave(hang_up("read"), on=PATH, method="POST")
    assert [state(o) for o in at.license(one)] == ["unknown"]
    at.agency.buy(int(one) - FIRST_ID, size="huge")
    assert at.desk.settle() == []
    assert at.states() == ["licensed"]
    assert [state(o) for o in at.license(one)] == ["refused"]


def test_a_history_that_cannot_be_read_leaves_it_unknown(at: PurchaseDesk) -> None:
    """While the history is out of order nothing is concluded and nothing bought."""
    one = list_ordinary_ids(at.agency)[0]
    at.agency.misbehave(hang_up("acted"), on=PATH, method="POST")
    at.agency.misbehave(answer_with(400), on=PATH, method="GET", times=2, skip=1)
    [done] = at.license(one)
    assert state(done) == "unknown"
    at.skip += timedelta(minutes=11)
    with pytest.raises(RequestRefused):
        at.license(one)
    assert [state(o) for o in at.license(one)] == ["refused"]
    assert len(at.agency.purchases) == 1


def test_what_took_too_long_to_get_ready_is_not_sent(at: PurchaseDesk) -> None:
    """A record that others may soon take for not bought is given up before the agency is asked."""
    offers = at.offer(*list_ordinary_ids(at.agency)[:2])
    late = run_first(lambda: at.wait(6 * 60))
    at.agency.misbehave(late, on=PATH, method="GET", skip=1)
    with pytest.raises(PurchaseRefused, match="took too long"):
        list(at.desk.license(offers))
    assert at.states() == ["failed", "failed"]
    assert count_posts(at.agency) == 0


# -- the ledger out of order


@pytest.mark.usefixtures("impatient")
def test_without_a_record_nothing_is_bought(at: PurchaseDesk, tmp_path: Path) -> None:
    """When the record can't be written, the agency is not asked."""
    offers = at.offer(list_ordinary_ids(at.agency)[0])
    with lock_database(tmp_path), pytest.raises(LedgerError):
        list(at.desk.license(offers))
    assert (count_posts(at.agency), at.agency.purchases) == (0, [])


@pytest.mark.usefixtures("impatient")
def test_a_record_that_cannot_be_closed_is_settled_later(at: PurchaseDesk, tmp_path: Path) -> None:
    """Bought, but the database is stuck: the next look finds the license, and buys no other."""
    one = list_ordinary_ids(at.agency)[0]
    offers = at.offer(one)
    with ExitStack() as stack:
        stuck = run_first(lambda: stack.enter_context(lock_database(tmp_path)))
        at.agency.misbehave(stuck, on=PATH, method="POST")
        with pytest.raises(LedgerError):
            list(at.desk.license(offers))
    assert at.states() == ["pending"]
    assert [state(o) for o in at.license(one)] == ["refused"]
    assert at.states() == ["licensed"]
    assert len(at.agency.purchases) == 1


# -- the history


def test_history_that_changes_while_it_is_paged_gives_nothing_twice(at: PurchaseDesk) -> None:
    """Purchases made between two pages push rows on; each license still comes once."""
    for number in range(450):
        at.agency.buy(number % 20)
    old = {one.id for one in at.agency.purchases}
    for skip in (1, 2):
        at.agency.misbehave(
            run_first(lambda: [at.agency.buy(1) for _ in range(30)]),
            on=PATH,
            method="GET",
            skip=skip,
        )
    found = [one.id for one in at.account.iter_history("image")]
    assert len(found) == len(set(found))
    assert old <= set(found)


def test_history_is_filtered(at: PurchaseDesk) -> None:
    """By image, by license and by date, as the agency counts them."""
    at.agency.buy(0)
    at.agency.clock.move(days=2)
    middle = at.agency.buy(1, license="enhanced")
    at.agency.clock.move(days=2)
    at.agency.buy(2)
    day = timedelta(days=1)
    for filters in (
        {"media_id": middle.media_id},
        {"license": "enhanced"},
        {"since": middle.time - day, "until": middle.time + day},
    ):
        assert [one.id for one in at.account.iter_history("image", **filters)] == [middle.id]
