"""Calls live longer than the visitors who wait for them, and belong to the key that they use."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from affiliate.services import Services
from tests.simulator import hang_up
from tests.support.apps import ClientMaker
from tests.support.shutterstock import CLIENT, Answer, Shutterstock, shutterstock
from tests.support.waiting import wait_until

SEARCH = "/api/search?q=cat&wait=1&lang=en"


@pytest.fixture
def agency() -> Iterator[Shutterstock]:
    with shutterstock(10) as server:
        yield server


def settings(agency: Shutterstock, secret: str = CLIENT[1]) -> dict[str, str]:
    return {
        "AGENCIES": "shutterstock",
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_CLIENT_ID": CLIENT[0],
        "SHUTTERSTOCK_CLIENT_SECRET": secret,
    }


def status(client: FlaskClient, path: str = SEARCH) -> str:
    found: str = client.get(path).get_json()["agencies"][0]["status"]
    return found


def get_services(client: FlaskClient) -> Services:
    site: Services = client.application.extensions["services"]
    return site


def test_an_agency_slower_than_its_visitors_fills_the_cache(
    make_client: ClientMaker, agency: Shutterstock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its call goes on behind the page; who asks meanwhile joins it, and the next one has a hit."""
    monkeypatch.setattr("affiliate.search.slice_fetcher.PAGE_SECONDS", 0.05)
    client = make_client(**settings(agency))
    agency.gate.clear()
    assert [status(client) for _ in range(3)] == ["late"] * 3
    agency.gate.set()
    wait_until(lambda: client.get(SEARCH).headers["X-Cache"] == "HIT")
    assert len(agency.searches()) == 1


def test_a_call_lives_as_long_as_its_agency_is_given(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """After that it is a failure that pages tell."""
    client = make_client(**settings(agency), SHUTTERSTOCK_TIMEOUT_SECONDS="1")
    agency.gate.clear()
    found = client.get(SEARCH).get_json()["agencies"][0]
    assert (found["status"], found["error"]["kind"]) == ("failed", "timeout")
    agency.gate.set()


def test_a_wrong_key_elsewhere_neither_silences_nor_feeds_a_right_one(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """Two processes share the store; one has settings of before the key was changed."""
    good, bad = make_client(**settings(agency)), make_client(**settings(agency, "revoked"))
    assert status(bad) == "failed"
    assert status(bad, SEARCH.replace("cat", "dog")) == "suspended"
    assert status(good) == "fetched"
    assert status(bad, f"{SEARCH}&page=2") == "failed"
    assert status(good, f"{SEARCH}&page=2") == "fresh"


def test_another_address_has_answers_of_its_own(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """What a sandbox said is not shown once the site asks the real agency."""
    with shutterstock(10) as sandbox:
        assert status(make_client(**settings(sandbox))) == "fetched"
        assert status(make_client(**settings(agency))) == "fetched"
        again = make_client(**settings(sandbox)).get(f"{SEARCH}&page=2")
        assert again.get_json()["agencies"][0]["status"] == "fresh"


def test_what_was_never_asked_leaves_no_trace(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """When an agency is asked again, searches that it was spared are answered at once."""
    client = make_client(**settings(agency))
    agency.answer = Answer(429, b"{}", {"Retry-After": "600"})
    assert status(client) == "failed"
    agency.answer = None
    other = "/api/search?q=dog&wait=1&lang=en"
    found = client.get(other).get_json()["agencies"][0]
    assert (found["status"], found["error"]["why"]) == ("suspended", "quota")
    assert 500 < found["error"]["retry_after"] <= 600
    site = get_services(client)
    site.gateway.end_suspension(site.registry.configured[0])
    assert status(client, f"{other}&page=2") == "fetched"


def test_what_is_refused_without_sending_costs_and_says_nothing(
    make_client: ClientMaker, agency: Shutterstock
) -> None:
    """Made-up ids and signs that are no words leave the quota to those who search."""
    client = make_client(**settings(agency), SHUTTERSTOCK_CALLS_PER_HOUR="1")
    for number in range(5):
        assert client.get(f"/image/shutterstock/bad{number}-?lang=en").status_code == 404
        client.get("/api/search", query_string={"q": "+" * (number + 1), "wait": "1"})
    assert status(client) == "fetched"
    assert status(client, SEARCH.replace("cat", "dog")) == "failed"


@pytest.mark.parametrize(("limit", "seen"), [("1", 1), ("2", 2), ("9", 2)])
def test_a_call_that_is_sent_again_counts_again(
    make_client: ClientMaker, agency: Shutterstock, limit: str, seen: int
) -> None:
    """An agency that has read a call and hung up has had one; the second is within the limit."""
    client = make_client(**settings(agency), SHUTTERSTOCK_CALLS_PER_HOUR=limit)
    agency.misbehave(hang_up("read"))
    assert status(client) == ("fetched" if seen > 1 else "failed")
    site = get_services(client)
    assert site.gateway.list_spent_calls(site.registry.configured[0])[0].calls == seen
    assert len(agency.searches()) == seen
