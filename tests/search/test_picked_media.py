"""Pictures by their ids: in as few calls as agencies allow, and never beyond a visitor's budget."""

import threading
from collections.abc import Sequence

import pytest

from affiliate.cache.answers import AnswerCache
from affiliate.cache.freshness import Policy
from affiliate.domain.media import Media, MediaPick
from affiliate.errors import AgencyDown, NotFound
from affiliate.search.client_budget import PICK_COST
from affiliate.search.federation import EnabledAgency
from affiliate.search.picked_media import fetch_picks
from affiliate.search.registry import AgencyRegistry
from affiliate.search.visitor_calls import VisitorCalls
from tests.support.memory_store import Memory
from tests.support.shelf import CLOSED, NumberedAgency, make_gateway


class CountingAgency(NumberedAgency):
    """An agency of ten pictures that counts its calls, one picture or several a call."""

    api = "https://counting.example"

    def __init__(self, name: str, ids_per_call: int = 1) -> None:
        super().__init__(name, 10)
        self.ids_per_call = ids_per_call  # type: ignore[misc]
        self.sent: list[tuple[str, ...]] = []
        self.is_down = False
        self.called = threading.Semaphore(0)

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        del media
        self._count((media_id,))
        if not media_id.isdecimal() or int(media_id) >= 10:
            raise NotFound(self.name, "There is none.")
        return self.picture(int(media_id))

    def fetch_media(self, ids: Sequence[str], media: str = "image") -> tuple[Media, ...]:
        del media
        self._count(tuple(ids))
        return tuple(self.picture(int(i)) for i in ids if i.isdecimal() and int(i) < 10)

    def _count(self, ids: tuple[str, ...]) -> None:
        self.sent.append(ids)
        self.called.release()
        if self.is_down:
            raise AgencyDown(self.name, "It is down.")


def pick_all(agency: str, *ids: str) -> list[MediaPick]:
    return [MediaPick(agency, media_id) for media_id in ids]


def enable(*agencies: CountingAgency, fresh: float = 100) -> AgencyRegistry:
    policy = Policy(fresh=fresh, stale=1000)
    return AgencyRegistry(
        [EnabledAgency(agency=a, weight=1, link=CLOSED, policy=policy) for a in agencies]
    )


def test_one_call_brings_all_pictures_of_an_agency() -> None:
    """An agency that takes several ids is called once; each picture is cached by itself."""
    agency = CountingAgency("a", ids_per_call=500)
    registry, calls = enable(agency), VisitorCalls(make_gateway())
    found = fetch_picks(registry, calls, pick_all("a", "3", "nope", "1"), asks=True)
    answers = [found.answers[i] for i in range(3)]
    assert [answer and answer.value and answer.value.id for answer in answers] == ["3", None, "1"]
    assert answers[1]
    assert answers[1].failure
    assert answers[1].failure.kind == NotFound.kind
    assert agency.sent == [("3", "nope", "1")]
    again = fetch_picks(registry, calls, pick_all("a", "1", "nope"), asks=True)
    assert not again.waited
    fetch_picks(registry, calls, pick_all("a", "1", "2"), asks=True)
    assert agency.sent == [("3", "nope", "1"), ("2",)]


def test_an_agency_of_single_calls_is_called_for_each() -> None:
    """More ids than an agency takes need further calls."""
    single, double = CountingAgency("a"), CountingAgency("b", ids_per_call=2)
    picks = pick_all("a", "1", "2") + pick_all("b", "1", "2", "3")
    found = fetch_picks(enable(single, double), VisitorCalls(make_gateway()), picks, asks=True)
    assert all(answer and answer.value for answer in found.answers.values())
    assert sorted(single.sent) == [("1",), ("2",)]
    assert sorted(double.sent) == [("1", "2"), ("3",)]


def test_stale_pictures_are_refreshed_by_one_call() -> None:
    """The stale pictures are shown at once."""
    now = [1000.0]
    agency, cache = CountingAgency("a", ids_per_call=500), AnswerCache(Memory(), now=lambda: now[0])
    registry, calls = enable(agency), VisitorCalls(make_gateway(cache=cache))
    picks = pick_all("a", *map(str, range(8)))
    fetch_picks(registry, calls, picks, asks=True)
    now[0] += 150
    stale = fetch_picks(registry, calls, picks, asks=True)
    assert {answer and answer.status for answer in stale.answers.values()} == {"stale"}
    assert agency.called.acquire(timeout=10)
    assert agency.called.acquire(timeout=10)
    cache.close()
    assert [len(ids) for ids in agency.sent] == [8, 8]


def test_a_failure_is_not_repeated_for_each_picture() -> None:
    """An agency that is down gets one call for a whole board."""
    agency = CountingAgency("a", ids_per_call=500)
    agency.is_down = True
    found = fetch_picks(
        enable(agency), VisitorCalls(make_gateway()), pick_all("a", "1", "2", "3"), asks=True
    )
    assert {a and a.failure and a.failure.kind for a in found.answers.values()} == {"down"}
    assert len(agency.sent) == 1


@pytest.mark.parametrize("rest", [0.0, 30.0])
def test_a_visitor_pays_for_each_missing_picture(rest: float) -> None:
    """Without room in the visitor's budget no agency is called, and known pictures are shown."""
    agency, spent = CountingAgency("a", ids_per_call=500), []

    def spend(cost: int, page: str = "", *, ahead: bool = False) -> float:
        del page, ahead
        spent.append(cost)
        return rest

    registry, gateway = enable(agency), make_gateway()
    fetch_picks(registry, VisitorCalls(gateway), pick_all("a", "1"), asks=True)
    found = fetch_picks(
        registry, VisitorCalls(gateway, spend), pick_all("a", "1", "2", "3"), asks=True
    )
    assert spent == [2 * PICK_COST]
    values = [answer and answer.value and answer.value.id for answer in found.answers.values()]
    assert values == (["1", None, None] if rest else ["1", "2", "3"])
    assert len(agency.sent) == (1 if rest else 2)
