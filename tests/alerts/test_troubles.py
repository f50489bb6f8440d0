"""The rules find what is wrong with a site from what it knows, without a call to anybody."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from affiliate.alerts.troubles import (
    FAILING,
    FETCHED_AGE,
    IMPORTED_AGE,
    REFUSING,
    find_troubles,
)
from affiliate.checks import stores
from affiliate.checks.findings import WARN, Finding
from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.failed_fetches import FailedFetches
from affiliate.database.search_figures import CallNumbers, SearchFigures
from affiliate.domain.actions import Action
from affiliate.domain.troubles import Trouble
from affiliate.errors import AgencyDown, BadCredentials, LedgerError, StoreDown, TooManyCalls
from affiliate.services import Services
from tests.alerts.conftest import MONDAY, BuildServices
from tests.support.clocks import SetClock

Later = Callable[[timedelta], None]
NOW = MONDAY.replace(tzinfo=None)
SHUTTERSTOCK = {"AGENCIES": "shutterstock", "SHUTTERSTOCK_API_TOKEN": "v2/abcdefghijklmnop"}
PAID = SHUTTERSTOCK | {"SHUTTERSTOCK_AFFILIATE_ID": "1234567"}
IMPACT = {"IMPACT_ACCOUNT_SID": "IRabc", "IMPACT_AUTH_TOKEN": "t0ken"}
ACTION = Action(
    action_id="1",
    state="approved",
    payout=50_000,
    currency="USD",
    occurred_at=MONDAY - timedelta(days=5),
)


def find(services: Services, *, now: datetime = NOW) -> dict[str, Trouble]:
    return {trouble.name: trouble for trouble in find_troubles(services, now).troubles}


def find_unknown(services: Services, now: datetime = NOW) -> list[str]:
    return find_troubles(services, now).unknown


def fail_with(services: Services, error: type, times: int = 1) -> None:
    """Have the one agency fail for calls of a search."""
    source = services.registry.enabled[0].agency.source
    for _ in range(times):
        services.gateway._breaker.record_failure(source, error("shutterstock", "No."))


@pytest.mark.usefixtures("clock")
def test_a_new_site_is_well(build: BuildServices) -> None:
    assert find(build(AGENCIES="demo")) == {}


@pytest.mark.usefixtures("clock")
def test_a_refused_key_is_told_at_once(build: BuildServices) -> None:
    """Until a call succeeds: that nobody searches any more is no success."""
    services = build(**PAID)
    fail_with(services, BadCredentials)
    trouble = find(services)["key:shutterstock"]
    assert "refuses the key" in trouble.title
    assert trouble.patience == timedelta()
    services.gateway._breaker.end_suspension(services.registry.enabled[0].agency.source)
    assert "key:shutterstock" not in find(services)
    assert "key:shutterstock" in find_unknown(services)
    figures = SearchFigures(services.ledger, UTC)
    figures.add_calls({"shutterstock": CallNumbers(2, 2, 10)})
    assert "key:shutterstock" in find_unknown(services)
    figures.add_calls({"shutterstock": CallNumbers(1, 0, 10)})
    assert "key:shutterstock" not in find_unknown(services)


@pytest.mark.usefixtures("clock")
def test_an_agency_that_fails_is_told_after_a_while(build: BuildServices) -> None:
    services = build(**PAID)
    fail_with(services, AgencyDown, 10)
    found = find(services)
    assert found.keys() == {"failing:shutterstock"}
    assert found["failing:shutterstock"].patience == FAILING


@pytest.mark.usefixtures("clock")
def test_an_agency_that_asks_for_a_pause_is_not_told(build: BuildServices) -> None:
    """A limit that is reached now and then is no trouble."""
    services = build(**PAID)
    fail_with(services, TooManyCalls)
    SearchFigures(services.ledger, UTC).add_calls({"shutterstock": CallNumbers(2, 1, 10)})
    assert find(services) == {}


@pytest.mark.usefixtures("clock")
def test_an_agency_that_asks_for_pauses_without_an_answer_is_told_after_hours(
    build: BuildServices,
) -> None:
    """As when the calls of a month are spent, of which no limit of an hour knows."""
    services = build(**PAID)
    fail_with(services, TooManyCalls)
    figures = SearchFigures(services.ledger, UTC)
    figures.add_calls({"shutterstock": CallNumbers(2, 2, 10)})
    (trouble,) = find(services).values()
    assert trouble.name == "failing:shutterstock"
    assert "answers no call, as too many were made" in trouble.title
    assert trouble.patience == REFUSING
    figures.add_calls({"shutterstock": CallNumbers(1, 0, 10)})
    assert find(services) == {}
    assert "failing:shutterstock" not in find_unknown(services)


@pytest.mark.usefixtures("clock")
def test_a_refused_key_is_not_over_because_the_agency_fails_otherwise(build: BuildServices) -> None:
    """Nothing is known of the key then, until a call succeeds."""
    services = build(**PAID)
    fail_with(services, BadCredentials)
    services.gateway._breaker.end_suspension(services.registry.enabled[0].agency.source)
    fail_with(services, AgencyDown, 10)
    assert "key:shutterstock" not in find(services)
    assert "key:shutterstock" in find_unknown(services)


@pytest.mark.usefixtures("clock")
def test_a_quota_that_is_nearly_spent_is_told(build: BuildServices) -> None:
    """Below a tenth of an hour's calls; limits of a second come and go."""
    services = build(**PAID, SHUTTERSTOCK_CALLS_PER_HOUR="20", SHUTTERSTOCK_CALLS_PER_SECOND="19")
    source = services.registry.enabled[0].agency.source
    services.gateway._quota.take(source, calls=18)
    assert find(services) == {}
    services.gateway._quota.take(source)
    (trouble,) = find(services).values()
    assert trouble.name == "quota:shutterstock:3600"
    assert trouble.title == "Shutterstock has 1 of 20 calls left this hour."


@pytest.mark.usefixtures("clock")
def test_links_without_an_id_are_told(build: BuildServices) -> None:
    (trouble,) = find(build(**SHUTTERSTOCK)).values()
    assert trouble.name == "links:shutterstock"
    assert "links earn nothing: SHUTTERSTOCK_AFFILIATE_ID is not set" in trouble.title
    assert find(build(**PAID)) == {}


def click(services: Services, clock: SetClock[datetime], at: datetime, *senders: str) -> None:
    now, clock.now = clock.now, at
    for number, sender in enumerate(senders):
        name = f"{at:%Y%m%d%H%M%S}-{number}"
        services.ledger.record(
            Click(click_id=name, agency="demo", id="1", position=1, sender=sender)
        )
    clock.now = now


def test_missing_clicks_are_told(build: BuildServices, clock: SetClock[datetime]) -> None:
    """Clicks of robots are neither clicks of today nor of the weeks before."""
    services = build()
    for week in range(1, 5):
        at = MONDAY - timedelta(weeks=week, hours=3)
        click(services, clock, at, *[""] * (8 + week))
    click(services, clock, MONDAY - timedelta(hours=1), "program", "unsigned")
    (trouble,) = find(services).values()
    assert trouble.name == "clicks"
    assert "there were 9, 10, 11 and 12 clicks" in trouble.advice
    click(services, clock, MONDAY - timedelta(hours=23), "")
    assert find(services) == {}


def test_a_silence_of_weeks_is_not_over(build: BuildServices, clock: SetClock[datetime]) -> None:
    """Its own days are compared then, which have no click either; only a click ends the alert."""
    services = build()
    for week in range(1, 5):
        click(services, clock, MONDAY - timedelta(weeks=week, hours=3), *[""] * 9)
    assert [*find(services)] == ["clicks"]
    clock.now = MONDAY + timedelta(days=8)
    later = clock.now.replace(tzinfo=None)
    assert find(services, now=later) == {}
    assert "clicks" in find_unknown(services, later)
    click(services, clock, clock.now - timedelta(hours=1), "")
    assert "clicks" not in find_unknown(services, later)


def test_clicks_of_robots_are_no_reason_to_expect_any(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    services = build()
    for week in range(1, 5):
        click(services, clock, MONDAY - timedelta(weeks=week, hours=3), *["program"] * 50)
    assert find(services) == {}


def test_a_failed_fetch_is_told_at_once_and_until_a_fetch_succeeds(
    build: BuildServices, clock: SetClock[datetime]
) -> None:
    """While the network has an account in the settings; of an old import nothing is told then."""
    services = build(**IMPACT)
    failed = FailedFetches(services.ledger)
    failed.record("impact", "HTTP 503")
    failed.record("partnerize", "The key is wrong.")
    clock.now += IMPORTED_AGE
    (trouble,) = find(services, now=clock.now.replace(tzinfo=None)).values()
    assert trouble.name == "import:impact"
    assert trouble.title == "The sales of impact could not be fetched: HTTP 503."
    assert f"{MONDAY:%Y-%m-%d %H:%M} UTC" in trouble.advice
    assert trouble.patience == timedelta()
    failed.forget("impact")
    Earnings(services.ledger).record("impact", [ACTION], MONDAY)
    assert find(services, now=clock.now.replace(tzinfo=None)) == {}


def test_old_imports_are_told(build: BuildServices, clock: SetClock[datetime]) -> None:
    """A network that is imported by hand has more time than one with an API."""
    services = build()
    Earnings(services.ledger).record("impact", [ACTION], clock.now)
    assert find(services) == {}
    later = NOW + FETCHED_AGE + timedelta(hours=1)
    assert find(services, now=later) == {}
    (trouble,) = find(build(**IMPACT), now=later).values()
    assert trouble.name == "import:impact"
    assert trouble.title == "No sales of impact have been imported since 2026-11-23."
    assert "flask earnings fetch" in trouble.advice
    (trouble,) = find(services, now=NOW + IMPORTED_AGE + timedelta(hours=1)).values()
    assert "flask earnings import FILE" in trouble.advice


@pytest.mark.usefixtures("clock")
def test_an_account_that_was_never_fetched_is_told_after_days(build: BuildServices) -> None:
    services = build(**IMPACT)
    (trouble,) = find(services).values()
    assert trouble.title == "No sales of impact have been imported yet."
    assert trouble.patience == FETCHED_AGE


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("reversed_", "total", "is_told"), [(7, 20, True), (6, 20, False), (19, 19, False)]
)
def test_reversals_above_a_share_are_told(
    build: BuildServices,
    reversed_: int,
    total: int,
    is_told: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Where there are enough sales for a share, in whatever currency."""
    services = build()
    actions = [
        msgspec.structs.replace(
            ACTION,
            action_id=str(number),
            currency=("USD", "EUR")[number % 2],
            state="reversed" if number < reversed_ else "pending",
        )
        for number in range(total)
    ]
    Earnings(services.ledger).record("impact", actions, MONDAY)
    found = find(services)
    assert (found.keys() == {"reversals:impact"}) == is_told
    if is_told:
        title = found["reversals:impact"].title
        assert title == "impact has reversed 7 of 20 sales of the last 90 days (35%)."


@pytest.mark.usefixtures("clock")
def test_a_full_disk_is_told(build: BuildServices, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(WARN, "DATA_DIR", "only 12 MB are free on the disk of /data")
    monkeypatch.setattr(stores, "check_folder", lambda _: iter([finding]))
    (trouble,) = find(build()).values()
    assert trouble.title == "The disk of DATA_DIR: only 12 MB are free on the disk of /data."


@pytest.mark.usefixtures("clock")
def test_a_cache_out_of_reach_is_told(
    build: BuildServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = build()

    def fail(*_: object) -> None:
        raise StoreDown("Redis does not answer.")

    monkeypatch.setattr(services.store.store, "set", fail)
    (trouble,) = find(services).values()
    assert trouble.name == "cache"
    assert "out of reach" in trouble.title
    assert trouble.title.endswith(": Redis does not answer.")


@pytest.mark.usefixtures("clock")
def test_what_a_rule_can_t_read_is_unknown(
    build: BuildServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other rules look all the same."""
    services = build(**SHUTTERSTOCK)

    def fail(*_: object) -> int:
        raise LedgerError("away")

    monkeypatch.setattr(services.ledger, "count_visitor_clicks_between", fail)
    assert "clicks" in find_unknown(services)
    assert find(services).keys() == {"links:shutterstock"}
