"""Pages from several agencies: shared places, slices, statuses."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from affiliate.agencies.base import Agency
from affiliate.agencies.limits import Limit
from affiliate.domain.media import SearchQuery, SearchResult
from affiliate.errors import AgencyDown, BadQuery, NotFound
from affiliate.search.federation import allocate_slots, interleave
from affiliate.search.patience import Patience
from affiliate.search.registry import AgencyRegistry
from affiliate.search.service import SearchService
from affiliate.search.visitor_calls import VisitorCalls
from affiliate.transport.client import pass_gate
from tests.support.apps import ClientMaker
from tests.support.shelf import QUERY, NumberedAgency, enable_agency, make_gateway, make_search
from tests.support.shutterstock import TOKEN, shutterstock


def ranks(search: SearchService, page: int, agency: str) -> list[int]:
    outcome = search.get_page(QUERY.replace(page=page), Patience.FULL)
    return [int(item.id) for item in outcome.page.items if item.agency == agency]


@given(st.lists(st.integers(1, 99), min_size=1, max_size=12))
def test_places_are_shared_by_weight(weights: list[int]) -> None:
    """All 48 places are given, none is off its exact share by a place or more."""
    shares = allocate_slots(48, weights)
    assert sum(shares) == 48
    for places, weight in zip(shares, weights, strict=True):
        assert abs(places - 48 * weight / sum(weights)) < 1


@pytest.mark.parametrize(("most", "calls"), [(240, 1), (500, 1), (100, 3), (20, 13)])
def test_five_pages_join_without_gap_or_overlap(most: int, calls: int) -> None:
    """Whatever an agency's chunk is, pages 1 to 5 show ranks 0 to 239 once, for few calls."""
    shelf = NumberedAgency("a", 1000, most=most)
    search = make_search(shelf)
    shown = [rank for page in range(1, 6) for rank in ranks(search, page, "a")]
    assert shown == list(range(240))
    assert len(shelf.calls) == calls if most >= 48 else len(shelf.calls) <= calls


@settings(max_examples=20)
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(1, 300))
def test_slices_of_several_agencies_join(weights: list[int], total: int) -> None:
    """With any weights, an agency's ranking is shown whole and once over the pages."""
    shelves = [NumberedAgency(f"s{i}", total) for i in range(len(weights))]
    search = make_search(*shelves, weights=tuple(weights))
    pages = search.get_page(QUERY, Patience.FULL).page.pages
    shown: dict[str, list[int]] = {shelf.name: [] for shelf in shelves}
    for page in range(1, pages + 1):
        for item in search.get_page(QUERY.replace(page=page), Patience.FULL).page.items:
            shown[item.agency].append(int(item.id))
    for shelf, places in zip(shelves, allocate_slots(48, weights), strict=True):
        assert shown[shelf.name] == (list(range(total)) if places else [])


def test_agencies_are_interleaved_by_rank() -> None:
    """The first of each agency come before the second of any at equal weight."""
    a, b = NumberedAgency("a", 9), NumberedAgency("b", 9)
    rankings = [[shelf.picture(rank) for rank in range(3)] for shelf in (a, b)]
    names = [(item.agency, item.id) for item in interleave(rankings, [24, 24])]
    assert names == [("a", "0"), ("b", "0"), ("a", "1"), ("b", "1"), ("a", "2"), ("b", "2")]


def test_a_page_past_every_depth_costs_no_call() -> None:
    """page=99999999 is empty, at once, and no agency is asked."""
    shelf = NumberedAgency("a", 1000)
    outcome = make_search(shelf).get_page(QUERY.replace(page=99_999_999), Patience.FULL)
    assert (outcome.page.items, shelf.calls, outcome.waited) == ((), [], False)


def test_a_page_past_the_end_costs_no_call_once_the_total_is_known() -> None:
    """After page 1 has told the total, pages behind the end are empty without a call."""
    shelf = NumberedAgency("a", 60)
    search = make_search(shelf)
    assert search.get_page(QUERY, Patience.FULL).page.pages == 2
    beyond = search.get_page(QUERY.replace(page=40), Patience.FULL).page
    assert (beyond.items, beyond.total, beyond.pages, shelf.calls) == ((), 60, 2, [0])


def test_totals_are_summed_and_pages_are_the_largest() -> None:
    """Total sums what is known; pages counts the agency that fills the most."""
    page = (
        make_search(NumberedAgency("a", 30), NumberedAgency("b", 300))
        .get_page(QUERY, Patience.FULL)
        .page
    )
    assert (page.total, page.pages) == (330, 13)


def test_the_plain_page_asks_no_agency() -> None:
    """Without patience a page has what the cache has, and the rest is late."""
    shelf = NumberedAgency("a", 10)
    search = make_search(shelf)
    outcome = search.get_page(QUERY, Patience.NONE)
    assert [s.status for s in outcome.page.agencies] == ["late"]
    assert shelf.calls == []
    search.get_page(QUERY, Patience.FULL)
    assert [s.status for s in search.get_page(QUERY, Patience.NONE).page.agencies] == ["fresh"]


def test_a_late_agency_fills_the_cache() -> None:
    """A page goes out without the slow agency, whose answer is there for the next one."""
    quick, slow = NumberedAgency("quick", 10), NumberedAgency("slow", 10)
    go, done = threading.Event(), threading.Event()

    def hold() -> None:
        assert go.wait(10)
        done.set()

    slow.before = hold
    search = make_search(quick, slow)
    first = search.get_page(QUERY, Patience.LINGER)
    assert [s.status for s in first.page.agencies] == ["fetched", "late"]
    assert {item.agency for item in first.page.items} == {"quick"}
    go.set()
    assert done.wait(10)
    second = search.get_page(QUERY, Patience.FULL)
    assert {item.agency for item in second.page.items} == {"quick", "slow"}
    assert slow.calls == [0]


def test_a_failed_agency_is_data() -> None:
    """One agency's failure leaves its places empty and is named on the page."""
    good, bad = NumberedAgency("good", 100), NumberedAgency("bad", 100)

    def fail() -> None:
        raise AgencyDown("bad", "It is broken.")

    bad.before = fail
    outcome = make_search(good, bad).get_page(QUERY, Patience.FULL)
    assert len(outcome.page.items) == 24
    status = outcome.page.agencies[1]
    assert (status.status, status.error and status.error.message) == ("failed", "It is broken.")
    assert 0 < outcome.lifetime <= 5


def test_an_agency_that_cant_express_a_filter_is_left_out() -> None:
    """Its places go to the others, and the page says why it is missing."""
    able, unable = NumberedAgency("able", 100), NumberedAgency("unable", 100)
    able.image_filters = {"type": ("photo",)}  # type: ignore[misc]
    search = make_search(able, unable)
    able.search = lambda query, chunk: SearchResult((able.picture(chunk),), 1)  # type: ignore[method-assign] # noqa: ARG005
    page = search.get_page(QUERY.replace(type="photo"), Patience.FULL).page
    assert [(s.agency, s.status) for s in page.agencies] == [
        ("able", "fetched"),
        ("unable", "unsupported"),
    ]
    assert page.agencies[1].error is not None
    assert "type" in page.agencies[1].error.message


def test_agency_narrows_and_an_unknown_one_is_refused() -> None:
    """agency=b shows b alone on all places; one that is not on is the visitor's fault."""
    a, b = NumberedAgency("a", 100), NumberedAgency("b", 100)
    search = make_search(a, b)
    page = search.get_page(QUERY.replace(agency=("b",)), Patience.FULL).page
    assert {item.agency for item in page.items} == {"b"}
    assert (len(page.items), a.calls) == (48, [])
    with pytest.raises(BadQuery) as caught:
        search.get_page(QUERY.replace(agency=("nope",)), Patience.FULL)
    assert caught.value.field == "agency"


class Kin(NumberedAgency):
    """A shelf whose pictures are like those that stand behind them."""

    has_similar = True

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        assert query == SearchQuery(lang=query.lang)
        pass_gate()
        self.calls.append(chunk)
        self.before()
        first = int(media_id) + 1 + chunk * self.similar_size
        ranks = range(first, min(first + self.similar_size, self.total))
        return SearchResult(tuple(self.picture(rank) for rank in ranks), self.total)


def similar_ids(
    search: SearchService, patience: Patience = Patience.FULL, page: int = 1
) -> list[int]:
    outcome = search.get_similar_page("a", "5", lang="en", patience=patience, page=page)
    return [int(item.id) for item in outcome.page.items]


@pytest.mark.parametrize(("most", "calls"), [(240, [0]), (48, [0]), (20, [0, 1, 2])])
def test_similar_pictures_are_a_page(most: int, calls: list[int]) -> None:
    """At most 48, in the agency's order, linked, asked for once; how many pages is known."""
    kin = Kin("a", 1000, most=most)
    search = make_search(kin, NumberedAgency("b", 10))
    assert similar_ids(search) == similar_ids(search) == list(range(6, 54))
    assert kin.calls == calls
    page = search.get_similar_page("a", "5", lang="en", patience=Patience.FULL).page
    assert (page.page, page.pages, page.total, page.query.lang) == (1, 21, 1000, "en")
    assert [(s.agency, s.status) for s in page.agencies] == [("a", "fresh")]
    assert page.items[0].link == page.items[0].sellers[0].link == "https://a.example/6"


@pytest.mark.parametrize("most", [240, 48, 20])
def test_pages_of_similar_pictures_join(most: int) -> None:
    """Pages follow one another without gap or overlap; behind the last nothing is asked."""
    kin = Kin("a", 130, most=most)
    search = make_search(kin)
    shown = [number for page in (1, 2, 3) for number in similar_ids(search, page=page)]
    assert shown == list(range(6, 130))
    calls = len(kin.calls)
    for page in (4, 999_999):
        assert similar_ids(search, page=page) == []
        assert (
            search.get_similar_page(
                "a", "5", lang="en", patience=Patience.FULL, page=page
            ).page.pages
            == 3
        )
    assert len(kin.calls) == calls


def test_similar_pictures_cost_no_call_without_patience() -> None:
    """A page that may ask no agency has what is cached, in the language asked for, or is late."""
    kin = Kin("a", 20)
    search = make_search(kin)
    first = search.get_similar_page("a", "5", lang="en", patience=Patience.NONE)
    assert ([s.status for s in first.page.agencies], first.waited) == (["late"], False)
    assert kin.calls == []
    assert similar_ids(search) == similar_ids(search, Patience.NONE) == list(range(6, 20))
    other = search.get_similar_page("a", "5", lang="de", patience=Patience.NONE)
    assert [s.status for s in other.page.agencies] == ["late"]


def test_a_search_and_what_is_similar_are_kept_apart() -> None:
    """One agency's ranking for words is never taken for what is like a picture."""
    search = make_search(Kin("a", 100))
    assert ranks(search, 1, "a") == list(range(48))
    assert similar_ids(search) == list(range(6, 54))
    assert ranks(search, 1, "a") == list(range(48))


def test_many_who_ask_for_similar_pictures_cost_one_call() -> None:
    """While the call is under way, everyone else waits for it."""
    kin = Kin("a", 100)
    all_ask = threading.Barrier(20)
    search = make_search(kin)

    def ask() -> list[int]:
        all_ask.wait(10)
        return similar_ids(search)

    with ThreadPoolExecutor(20) as pool:
        found = [f.result() for f in [pool.submit(ask) for _ in range(20)]]
    assert found == [list(range(6, 54))] * 20
    assert kin.calls == [0]


def test_similar_pictures_count_on_the_quota() -> None:
    """When the calls of the hour are spent, the page says so; the failed agency is data."""
    kin = Kin("a", 100)
    search = SearchService(
        AgencyRegistry([enable_agency(kin)]), VisitorCalls(make_gateway({kin.source: [Limit(1)]}))
    )
    assert similar_ids(search) == list(range(6, 54))
    outcome = search.get_similar_page("a", "6", lang="en", patience=Patience.FULL)
    error = outcome.page.agencies[0].error
    assert (outcome.page.items, error and error.kind, kin.calls) == ((), "quota", [0])


@pytest.mark.parametrize(("agency", "media_id"), [("b", "5"), ("x", "5"), ("a", "9" * 101)])
def test_who_has_no_similar_pictures_says_not_found(agency: str, media_id: str) -> None:
    """An agency that is not on, or can't find similar ones, or a hopeless id, costs no call."""
    kin = Kin("a", 10)
    other = NumberedAgency("b", 10)
    search = make_search(kin, other)
    with pytest.raises(NotFound):
        search.get_similar_page(agency, media_id, lang="en", patience=Patience.FULL)
    assert kin.calls == []
    registry = AgencyRegistry([enable_agency(kin), enable_agency(other)])
    assert [registry.has_similar(name) for name in "abx"] == [True, False, False]


def test_a_picture_that_is_gone_has_no_similar_ones() -> None:
    """The agency's own answer that there is no such picture is data, as every failure."""
    kin = Kin("a", 10)
    kin.fetch_similar = lambda *_: Agency.fetch_similar(kin, "5", QUERY, 0)  # type: ignore[method-assign]
    page = make_search(kin).get_similar_page("a", "5", lang="en", patience=Patience.FULL).page
    error = page.agencies[0].error
    assert (page.items, error and error.kind) == ((), "not found")


def test_the_first_correction_is_the_page_s() -> None:
    """Better words come from the first agency that knows some, fetched or cached."""
    a, b, c = (NumberedAgency(name, 0) for name in "abc")
    b.search = lambda *_: SearchResult((), 0, "kitten")  # type: ignore[method-assign]
    c.search = lambda *_: SearchResult((), 0, "cattle")  # type: ignore[method-assign]
    search = make_search(a, b, c)
    for patience in (Patience.FULL, Patience.NONE):
        assert search.get_page(QUERY, patience).page.corrected == "kitten"
    assert make_search(a).get_page(QUERY, Patience.FULL).page.corrected is UNSET


@pytest.mark.parametrize(
    ("typed", "sent", "known"),
    [
        ("cat jane@example.com", "cat", "cat joe at gmail dot com"),
        ("call +49 170 1234567 now", "call now", "call now 4111 1111 1111 1111"),
        ("2471238493", "2471238493", "2471238493"),
    ],
)
def test_agencies_get_no_personal_details(
    make_client: ClientMaker, tmp_path: Path, typed: str, sent: str, known: str
) -> None:
    """Nor does a cached answer hold any; digits that may be the id of a picture are sent."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        page = client.get("/api/search", query_string={"q": typed}).get_json()
        client.get("/api/search", query_string={"q": known})
    assert page["query"]["q"] == typed
    assert [search["query"] for search in agency.searches()] == [[sent]]
    services = client.application.extensions["services"]
    assert services.store.store.size()[0]
    packed = b"".join(path.read_bytes() for path in tmp_path.rglob("cache.db*"))
    assert (typed == sent) or not re.search(rb"jane|170.1234567|gmail|4111", packed)


def test_a_search_for_personal_details_alone_is_sent_to_nobody(make_client: ClientMaker) -> None:
    """Without words an agency would find everything."""
    with shutterstock(10) as agency:
        client = make_client(SHUTTERSTOCK_URL=agency.url, SHUTTERSTOCK_API_TOKEN=TOKEN)
        page = client.get("/api/search", query_string={"q": "jane@example.com"}).get_json()
    assert page["items"] == []
    assert agency.searches() == []
