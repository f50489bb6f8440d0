"""All actions of a period are fetched, by windows and pages, or none."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from affiliate.domain.actions import Action
from affiliate.earnings import impact_api
from affiliate.earnings.impact_api import ImpactApi
from affiliate.earnings.patient_calls import UNNAMED_WAIT
from affiliate.errors import AgencyError, BadAnswer, BadCredentials, Forbidden, TooManyCalls
from affiliate.transport.client import Transport
from tests.support.impact_network import ACCOUNT, ImpactNetwork, make_action, run_impact_network

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
YEAR = NOW - timedelta(days=365)


@pytest.fixture(scope="module")
def server() -> Iterator[ImpactNetwork]:
    with run_impact_network() as network:
        yield network


@pytest.fixture
def network(server: ImpactNetwork) -> ImpactNetwork:
    """Return a network without actions and calls."""
    server.actions, server.calls, server.refusal = [], [], 0
    server.limits, server.free_calls = [], 0
    return server


@pytest.fixture
def waits() -> list[tuple[str, float]]:
    """Return the networks and the seconds that were waited."""
    return []


@pytest.fixture
def api(network: ImpactNetwork, waits: list[tuple[str, float]]) -> Iterator[ImpactApi]:
    def wait(name: str, seconds: float) -> None:
        waits.append((name, seconds))

    with closing(Transport()) as transport:
        yield ImpactApi(transport, *ACCOUNT, url=network.url, wait=wait)


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).isoformat()


def test_an_action_is_read_with_what_its_link_carried(
    network: ImpactNetwork, api: ImpactApi
) -> None:
    network.actions = [make_action(1, "2026-11-20T13:45:00-08:00")]
    moment = datetime(2026, 11, 20, 21, 45, tzinfo=UTC)
    assert api.fetch_actions(YEAR, NOW) == [
        Action(
            action_id="1305.6544.1",
            state="pending",
            payout=58_000,
            sale=290_000,
            currency="USD",
            occurred_at=moment,
            clicked_at=moment,
            locks_at=moment,
            cleared_at=None,
            program="1305",
            site="blog.example",
            words="red bicycle",
            media_id="1061428",
            click_id="12345678-1",
        )
    ]


def test_a_year_is_fetched_in_windows_that_the_network_allows(
    network: ImpactNetwork, api: ImpactApi
) -> None:
    """An action on the border of two windows counts once."""
    network.actions = [make_action(day, days_ago(day)) for day in range(0, 365, 11)]
    found = api.fetch_actions(YEAR, NOW)
    assert {one.action_id for one in found} == {one["Id"] for one in network.actions}
    assert len(found) == len(network.actions)
    assert len(network.calls) == 9


def test_a_window_of_many_actions_is_fetched_in_pages_and_in_halves(
    network: ImpactNetwork, api: ImpactApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network refuses a window of more than ten pages."""
    monkeypatch.setattr(impact_api, "PAGE_SIZE", 3)
    network.actions = [make_action(number, days_ago(number / 10)) for number in range(100)]
    found = api.fetch_actions(NOW - timedelta(days=20), NOW)
    assert {one.action_id for one in found} == {one["Id"] for one in network.actions}
    assert len(found) == 100


def test_a_window_whose_page_is_too_large_is_fetched_in_halves(
    network: ImpactNetwork, api: ImpactApi
) -> None:
    """Actions with long fields: two thousand of them are more than is read of an answer."""
    long = {"CampaignName": "x" * 4000}
    network.actions = [make_action(day, days_ago(day / 100), **long) for day in range(1200)]
    assert len(api.fetch_actions(NOW - timedelta(days=40), NOW)) == 1200


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (403, Forbidden, "The token needs the scope of actions."),
        (429, TooManyCalls, "Not now. Run flask earnings fetch again in an hour."),
        (400, AgencyError, "Not now."),
        (503, AgencyError, ""),
    ],
)
def test_a_refusal_is_said_and_nothing_is_returned(
    network: ImpactNetwork, api: ImpactApi, status: int, error: type[AgencyError], words: str
) -> None:
    network.refusal = status
    with pytest.raises(error) as caught:
        api.fetch_actions(YEAR, NOW)
    assert words in caught.value.message
    assert not any(secret in str(caught.value) for secret in ACCOUNT)


def test_a_limit_of_calls_is_waited_for(
    network: ImpactNetwork, api: ImpactApi, waits: list[tuple[str, float]]
) -> None:
    """As long as the network says; pages that were read before are not read again."""
    network.actions = [make_action(day, days_ago(day)) for day in range(0, 365, 11)]
    network.free_calls = 3
    network.limits = [
        {"RateLimit-Reset": "700", "Retry-After": "7"},
        {"RateLimit-Reset": "8"},
        {},
    ]
    assert len(api.fetch_actions(YEAR, NOW)) == len(network.actions)
    assert waits == [("impact", 7), ("impact", 8), ("impact", UNNAMED_WAIT)]
    assert len(network.calls) == 9


def test_a_long_limit_is_said_with_the_time_of_the_next_try(
    network: ImpactNetwork, api: ImpactApi, waits: list[tuple[str, float]]
) -> None:
    """All waits of a fetch together are bounded, and those of another fetch are no part."""
    for _ in range(2):
        network.limits = [{"Retry-After": str(seconds)} for seconds in (300, 600, 2401)]
        before = datetime.now(UTC)
        with pytest.raises(TooManyCalls) as caught:
            api.fetch_actions(YEAR, NOW)
        assert caught.value.retry_after == 2401
        words, _, rest = caught.value.message.partition(" again in 41 min, after ")
        assert words == "Rate limit exceeded. Run flask earnings fetch"
        then = datetime.strptime(rest, "%Y-%m-%d %H:%M UTC.").replace(tzinfo=UTC)
        assert then > before + timedelta(minutes=39)
    assert [seconds for _, seconds in waits] == [300, 600, 300, 600]


def test_a_wrong_token_is_said(network: ImpactNetwork) -> None:
    with closing(Transport()) as transport, pytest.raises(BadCredentials):
        ImpactApi(transport, ACCOUNT[0], "wrong", url=network.url).fetch_actions(YEAR, NOW)


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("State", "PAID", "State of a sale is none of pending, approved, reversed."),
        ("Payout", "much", "Payout of a sale is no amount."),
        ("Payout", "", "A sale has no payout or no date."),
        ("LockingDate", "soon", "LockingDate of a sale is no time such as"),
        ("Currency", "Dollar", "Currency of a sale is no code of a currency such as USD."),
        ("Id", "a b", "Id of a sale is no id of a sale."),
    ],
)
def test_an_unreadable_action_is_named_and_nothing_is_returned(
    network: ImpactNetwork, api: ImpactApi, field: str, value: str, fault: str
) -> None:
    network.actions = [
        make_action(1, days_ago(1)),
        make_action(2, days_ago(2), **{field: value}),
    ]
    with pytest.raises(BadAnswer, match=fault):
        api.fetch_actions(YEAR, NOW)
