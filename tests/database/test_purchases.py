"""A purchase is on the disk before it is made, and stands in the way of the same one."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from affiliate.database.ledger import Ledger
from affiliate.database.purchases import Purchase, Purchases, _to_row
from affiliate.database.schema import purchases as table
from tests.support.clocks import SetClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock[datetime]:
    return SetClock(NOW)


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    one = Ledger(url)
    one.upgrade()
    yield one
    one.close()


@pytest.fixture
def purchases(ledger: Ledger, clock: SetClock[datetime]) -> Purchases:
    return Purchases(ledger, clock)


def purchase(**fields: Any) -> Purchase:
    usual = {
        "api": "https://api.example",
        "media": "image",
        "media_id": "1",
        "size": "huge",
        "license": "standard",
        "subscription_id": "s1",
        "made_at": NOW,
    }
    return Purchase(**{**usual, **fields})


def test_rows_of_the_version_before_are_shutterstock_s(
    ledger: Ledger, purchases: Purchases
) -> None:
    """What was written without an agency, before the upgrade or by a process still running."""
    row = {name: value for name, value in _to_row(purchase()).items() if name != "agency"}
    with ledger.write_transaction() as connection:
        connection.execute(sa.insert(table).values(row))
    assert [one.agency for one in purchases.list_all()] == ["shutterstock"]


def test_what_is_written_is_read_again(purchases: Purchases) -> None:
    """Every field comes back as it was, prices exactly."""
    wanted = purchase(asked=Decimal("12.30"), before="e0", agency="istock")
    assert purchases.claim(wanted) is None
    assert purchases.list_all() == [wanted]
    done = purchases.close(
        wanted, state="licensed", license_id="e1", price=Decimal("5.10"), currency="EUR", charge=1
    )
    assert purchases.list_all() == [done]
    assert done.closed_at == NOW


@pytest.mark.parametrize(
    "other",
    [
        {"media_id": "2"},
        {"media": "video"},
        {"size": "small"},
        {"license": "premier_comp"},
        {"api": "https://sandbox.example"},
    ],
)
def test_another_intent_is_free(purchases: Purchases, other: dict[str, str]) -> None:
    """Media, id, size, server and whether it is a comp make the intent."""
    assert purchases.claim(purchase()) is None
    assert purchases.claim(purchase(**other)) is None
    assert purchases.claim(purchase()) is not None


@pytest.mark.parametrize("other", [{"license": "enhanced"}, {"subscription_id": "s2"}])
def test_another_subscription_is_no_other_intent(
    purchases: Purchases, other: dict[str, str]
) -> None:
    """A repeat that goes by the next subscription, the first one being used up, is a repeat."""
    assert purchases.claim(purchase()) is None
    assert purchases.claim(purchase(**other)) is not None


def test_without_a_size_any_stands_in_the_way(
    purchases: Purchases, clock: SetClock[datetime]
) -> None:
    """Where nobody has named a size, what was bought in another is a repeat, comps aside."""
    first = purchase(size="small")
    purchases.claim(first)
    wanted = purchase()
    assert purchases.claim(wanted, any_size=True) == first
    done = purchases.close(first, state="licensed", license_id="e1")
    assert purchases.claim(wanted, any_size=True) == done
    assert purchases.claim(purchase(license="premier_comp"), any_size=True) is None
    assert purchases.claim(purchase(media_id="2"), any_size=True) is None
    clock.now += timedelta(hours=25)
    assert purchases.claim(wanted, any_size=True) is None


def test_force_and_failures_open_every_size(purchases: Purchases) -> None:
    """Forced, another size is no hindrance, nor is one that failed."""
    first = purchase(size="small")
    purchases.claim(first)
    assert purchases.claim(purchase(), any_size=True, force=True) is None
    purchases.close(first, state="failed", error="no")
    other = purchase(media_id="2", size="small")
    purchases.claim(other)
    purchases.close(other, state="failed", error="no")
    assert purchases.claim(purchase(media_id="2"), any_size=True) is None


def test_what_the_buyer_wrote_down_stays(purchases: Purchases) -> None:
    """Who looked at a purchase while its buyer closed it doesn't take its license away."""
    first = purchase()
    purchases.claim(first)
    done = purchases.close(first, state="licensed", license_id="e1", charge=1)
    for state in ("failed", "unknown"):
        assert purchases.conclude(first, state=state, error="late") == done
    assert purchases.list_all() == [done]
    assert purchases.claim(purchase()) == done


def test_the_time_is_the_database_s(url: str) -> None:
    """Machines that share a database go by its clock, whatever their own says."""
    wrong = datetime(2000, 1, 1, tzinfo=UTC)
    ledger = Ledger(url, lambda: wrong)
    said = Purchases(ledger).now()
    ledger.close()
    if url.startswith("sqlite"):
        assert said == wrong
    else:
        assert abs(said - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("state", ["pending", "unknown"])
@pytest.mark.parametrize("force", [False, True])
def test_an_open_purchase_stands_in_the_way_for_ever(
    purchases: Purchases, clock: SetClock[datetime], state: str, *, force: bool
) -> None:
    """Neither force nor time lets the same be bought while its outcome is open."""
    first = purchase()
    purchases.claim(first)
    if state == "unknown":
        purchases.close(first, state="unknown", error="lost")
    clock.now += timedelta(days=9)
    found = purchases.claim(purchase(made_at=clock.now), force=force)
    assert found is not None
    assert found.purchase_id == first.purchase_id


def test_a_made_purchase_stands_in_the_way_for_a_day(
    purchases: Purchases, clock: SetClock[datetime]
) -> None:
    """After 24 hours, or by force, the same may be bought again; a failed one is no hindrance."""
    first = purchase()
    purchases.claim(first)
    purchases.close(first, state="licensed", license_id="e1")
    clock.now += timedelta(hours=23, minutes=59)
    assert purchases.claim(purchase(made_at=clock.now)) is not None
    forced, third = purchase(made_at=clock.now), purchase(made_at=clock.now)
    assert purchases.claim(forced, force=True) is None
    purchases.close(forced, state="failed", error="no")
    assert purchases.claim(third) is None
    purchases.close(third, state="licensed", license_id="e3")
    clock.now += timedelta(hours=24, minutes=1)
    assert purchases.claim(purchase(made_at=clock.now)) is None


def test_of_many_that_claim_at_once_one_may(purchases: Purchases, url: str) -> None:
    """The unique key decides, whatever connections the claims come by."""
    ledgers = [Ledger(url) for _ in range(6)]
    with ThreadPoolExecutor(len(ledgers)) as pool:
        answers = list(pool.map(lambda one: Purchases(one).claim(purchase()), ledgers))
    for ledger in ledgers:
        ledger.close()
    assert answers.count(None) == 1
    [kept] = purchases.list_all()
    assert {one.purchase_id for one in answers if one} == {kept.purchase_id}


def test_open_and_unread_are_those_of_one_server(
    purchases: Purchases, clock: SetClock[datetime]
) -> None:
    """The sandbox's purchases are no business of the real account's, nor the other way."""
    here, there = purchase(), purchase(api="https://sandbox.example")
    for one in (here, there):
        purchases.claim(one)
    assert purchases.list_open(here.api) == [here]
    done = purchases.close(here, state="licensed")
    purchases.close(there, state="licensed")
    assert purchases.list_open(here.api) == []
    assert purchases.list_incomplete(here.api) == [done]
    assert purchases.list_licenses(here.api, "1") == set()
    clock.now += timedelta(days=2)
    assert purchases.list_incomplete(here.api) == []


def test_known_licenses_are_those_of_one_server(purchases: Purchases) -> None:
    """The same number at the sandbox is another license, and so is that of another item."""
    here, there = purchase(), purchase(api="https://sandbox.example")
    for one in (here, there):
        purchases.claim(one)
    purchases.close(there, state="licensed", license_id="e1")
    assert purchases.list_licenses(there.api, "1") == {"e1"}
    assert purchases.list_licenses(here.api, "1") == set()
    assert purchases.list_licenses(there.api, "2") == set()


def test_long_reasons_are_cut(purchases: Purchases) -> None:
    """What the agency says is kept as far as there is room."""
    one = purchase()
    purchases.claim(one)
    done = purchases.close(one, state="failed", error="x" * 1000)
    assert purchases.list_all() == [msgspec.structs.replace(done, error="x" * 300)]


def test_of_two_sizes_claimed_at_once_one_is_had(url: str, clock: SetClock[datetime]) -> None:
    """Where nobody has named a size, another one of the same item is the same."""
    ledgers = [Ledger(url) for _ in range(2)]
    ledgers[0].upgrade()
    together = Barrier(2)

    def claim(ledger: Ledger, size: str) -> list[bool]:
        had = []
        for number in range(15):
            together.wait()
            wanted = purchase(media_id=str(number), size=size)
            had.append(Purchases(ledger, clock).claim(wanted, any_size=True) is None)
        return had

    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(claim, ledgers, ("huge", "small")))
    assert [sum(had) for had in zip(*both, strict=True)] == [1] * 15
    for one in ledgers:
        one.close()


def test_a_form_that_is_sent_twice_claims_once(
    purchases: Purchases, clock: SetClock[datetime]
) -> None:
    """Under the id of a purchase that was begun nothing is claimed again, whatever became of it."""
    first = purchase(purchase_id="a" * 32)
    assert purchases.claim(first) is None
    for state in ("pending", "licensed", "failed"):
        if state != "pending":
            purchases.close(first, state=state)
        clock.now = clock.now + timedelta(days=2)
        again = purchase(purchase_id="a" * 32, made_at=clock.now)
        for force in (False, True):
            clash = purchases.claim(again, force=force)
            assert clash
            assert (clash.purchase_id, clash.state) == ("a" * 32, state)
    assert purchases.claim(purchase(made_at=clock.now)) is None
    assert len(purchases.list_all()) == 2


def test_of_one_form_in_many_threads_one_claims(purchases: Purchases) -> None:
    """A double click is two requests at the same moment, with the same id."""
    barrier = Barrier(4)

    def claim(_: int) -> bool:
        barrier.wait()
        return purchases.claim(purchase(purchase_id="b" * 32), force=True) is None

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(claim, range(4))) == 1


def test_of_one_form_in_two_processes_one_claims(url: str, clock: SetClock[datetime]) -> None:
    """The second looks for the record of the first while that is about to be written."""
    form = purchase(purchase_id="b" * 32)
    ledgers = [Ledger(url) for _ in range(2)]
    ledgers[0].upgrade()
    reads: list[datetime] = []
    second: list[Future[Purchase | None]] = []
    with ThreadPoolExecutor(1) as pool:

        def read_time() -> datetime:
            reads.append(clock.now)
            if len(reads) == 2:  # within the transaction
                second.append(pool.submit(Purchases(ledgers[1], clock).claim, form))
                wait(second, timeout=0.5)
            return clock.now

        assert Purchases(ledgers[0], read_time).claim(form, any_size=True) is None
    clash = second[0].result()
    assert clash
    assert clash.purchase_id == form.purchase_id
    for one in ledgers:
        one.close()


def test_purchases_are_found_by_their_id_and_item(purchases: Purchases) -> None:
    """Of an item at one agency, whichever server of the agency sold the item."""
    rows = [
        purchase(purchase_id="1" * 32),
        purchase(purchase_id="2" * 32, api="https://sandbox.example"),
        purchase(purchase_id="3" * 32, media_id="2"),
        purchase(purchase_id="4" * 32, agency="istock"),
    ]
    for row in rows:
        assert purchases.claim(row, force=True) is None or row.agency == "istock"
    found = purchases.find("3" * 32)
    assert found
    assert found.media_id == "2"
    assert purchases.find("5" * 32) is None
    assert {one.purchase_id[0] for one in purchases.list_item("shutterstock", "1")} == {"1", "2"}
