"""All conversions of a period are fetched, page by page, or none."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from affiliate.domain.actions import Action
from affiliate.earnings.partnerize_api import PartnerizeApi
from affiliate.earnings.patient_calls import MAX_WAIT
from affiliate.errors import AgencyError, BadAnswer, BadCredentials, Forbidden, TooManyCalls
from affiliate.transport.client import Transport
from tests.support.partnerize_network import (
    KEYS,
    PUBLISHER,
    PartnerizeNetwork,
    make_conversion,
    make_item,
    run_partnerize_network,
)

NOW = datetime(2026, 11, 29, 9, tzinfo=UTC)
YEAR = NOW - timedelta(days=365)
MOMENT = "2026-11-20 13:45:00"


@pytest.fixture(scope="module")
def server() -> Iterator[PartnerizeNetwork]:
    with run_partnerize_network() as network:
        yield network


@pytest.fixture
def network(server: PartnerizeNetwork) -> PartnerizeNetwork:
    """Return a network without conversions and calls."""
    server.conversions, server.calls, server.refusals, server.page_size = [], [], [], 300
    return server


@pytest.fixture
def waits() -> list[float]:
    """Return the seconds that were waited."""
    return []


@pytest.fixture
def api(network: PartnerizeNetwork, waits: list[float]) -> Iterator[PartnerizeApi]:
    with closing(Transport()) as transport:
        yield PartnerizeApi(
            transport, KEYS, PUBLISHER, network.url, lambda _, seconds: waits.append(seconds)
        )


def test_a_conversion_is_read_with_what_its_link_carried(
    network: PartnerizeNetwork, api: PartnerizeApi
) -> None:
    network.conversions = [make_conversion(314, MOMENT)]
    moment = datetime(2026, 11, 20, 13, 45, tzinfo=UTC)
    assert api.fetch_actions(YEAR, NOW) == [
        Action(
            action_id="111111l314",
            state="pending",
            payout=955_000,
            sale=9_550_000,
            currency="EUR",
            occurred_at=moment,
            clicked_at=moment,
            program="111111l29",
            site="blog.example",
            words="red bicycle",
            media_id="1061428",
            click_id="1-22-333-4294967295",
        )
    ]


@pytest.mark.parametrize(
    ("items", "state", "payout"),
    [
        ([("approved", 2), ("approved", 3)], "approved", 5),
        ([("rejected", 2), ("rejected", 3)], "reversed", 5),
        ([("rejected", 2), ("approved", 3), ("rejected", 4)], "approved", 3),
        ([("approved", 2), ("pending", 3)], "pending", 5),
        ([("approved", 1e-05), ("rejected", 3), ("pending", 3)], "pending", 3),
        ([], "pending", 95.5),
    ],
)
def test_the_items_of_a_conversion_are_one_sale(
    network: PartnerizeNetwork,
    api: PartnerizeApi,
    items: list[tuple[str, float]],
    state: str,
    payout: float,
) -> None:
    """Rejected items count where all are rejected; without items the whole conversion counts."""
    found = [make_item(status, commission) for status, commission in items]
    network.conversions = [make_conversion(1, MOMENT, conversion_items=found)]
    [action] = api.fetch_actions(YEAR, NOW)
    assert (action.state, action.payout) == (state, payout * 10_000)


def test_an_empty_reference_and_an_empty_click_are_read(
    network: PartnerizeNetwork, api: PartnerizeApi
) -> None:
    """The API has an empty list for an empty object."""
    network.conversions = [make_conversion(1, MOMENT, publisher_reference="", click=[])]
    [action] = api.fetch_actions(YEAR, NOW)
    assert (action.site, action.words, action.media_id, action.click_id) == ("", "", "", "")
    assert action.clicked_at is None


def test_all_pages_are_fetched(network: PartnerizeNetwork, api: PartnerizeApi) -> None:
    network.page_size = 3
    network.conversions = [make_conversion(number, MOMENT) for number in range(10)]
    assert len(api.fetch_actions(YEAR, NOW)) == 10
    assert [call.get("cursor_id") for call in network.calls] == [None, "3", "6", "9"]


@pytest.mark.parametrize(
    ("address", "calls"),
    [("https://elsewhere.example/x?cursor_id=5", 2), ("https://[x?cursor_id=5", 1)],
)
def test_pages_without_an_end_are_given_up(
    network: PartnerizeNetwork,
    api: PartnerizeApi,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    calls: int,
) -> None:
    """A next page that came before is no next page, and no other host is ever called."""

    def answer(path: str, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        del path
        network.calls.append(asked)
        pagination = {"next_page": address}
        row = {"conversion_data": make_conversion(1, MOMENT)}
        return 200, {"hypermedia": {"pagination": pagination}, "conversions": [row]}

    monkeypatch.setattr(network, "answer", answer)
    with pytest.raises(BadAnswer, match=r"no (readable address|end)"):
        api.fetch_actions(YEAR, NOW)
    assert len(network.calls) == calls


def test_a_limit_of_calls_is_waited_for(
    network: PartnerizeNetwork, api: PartnerizeApi, waits: list[float]
) -> None:
    """As long as the network says, and not for ever."""
    network.conversions = [make_conversion(1, MOMENT)]
    network.refusals = [429, 429]
    assert len(api.fetch_actions(YEAR, NOW)) == 1
    assert waits == [7, 7]
    network.refusals = [429] * (int(MAX_WAIT / 7) + 1)
    with pytest.raises(TooManyCalls):
        api.fetch_actions(YEAR, NOW)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (403, Forbidden, "The user needs access to the partner's reports."),
        (404, AgencyError, ""),
        (503, AgencyError, ""),
    ],
)
def test_a_refusal_is_said_and_nothing_is_returned(
    network: PartnerizeNetwork,
    api: PartnerizeApi,
    status: int,
    error: type[AgencyError],
    words: str,
) -> None:
    network.refusals = [status]
    with pytest.raises(error) as caught:
        api.fetch_actions(YEAR, NOW)
    assert words in caught.value.message
    assert not any(secret in str(caught.value) for secret in KEYS)


def test_a_wrong_key_is_said(network: PartnerizeNetwork) -> None:
    with closing(Transport()) as transport:
        api = PartnerizeApi(transport, (KEYS[0], "wrong"), PUBLISHER, network.url)
        with pytest.raises(BadCredentials):
            api.fetch_actions(YEAR, NOW)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"conversion_items": [make_item("paid")]}, "status of a sale is none of pending,"),
        ({"conversion_items": [make_item(commission=-1)]}, "publisher_commission of a sale is"),
        ({"currency": "Euro"}, "currency of a sale is no code"),
        ({"conversion_id": "a b"}, "conversion_id of a sale is no id"),
        ({"conversion_time": ""}, "A sale has no payout or no date."),
        ({"conversion_items": [], "conversion_value": []}, "A sale has no payout or no date."),
    ],
)
def test_an_unreadable_conversion_is_named_and_nothing_is_returned(
    network: PartnerizeNetwork,
    api: PartnerizeApi,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, object],
    fault: str,
) -> None:
    rows = [make_conversion(1, MOMENT), make_conversion(2, MOMENT) | changes]
    page = {"conversions": [{"conversion_data": row} for row in rows]}
    monkeypatch.setattr(network, "answer", lambda *_: (200, page))
    with pytest.raises(BadAnswer, match=fault):
        api.fetch_actions(YEAR, NOW)
