"""A page decodes the items that it shows of a stored chunk, and checks these alone."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliate.cache.answers import AnswerCache
from affiliate.domain.media import Media, SearchResult, Thumbnail
from affiliate.search import stored_chunks
from affiliate.search.federation import search_ranking
from affiliate.search.patience import Patience
from affiliate.search.stored_chunks import decode_places
from tests.support.memory_store import Memory
from tests.support.shelf import QUERY, NumberedAgency, enable_agency, make_gateway, make_search

ITEMS = tuple(
    Media(
        agency="a",
        id=str(rank),
        keywords=("cat", "čåt"),
        thumbnail=Thumbnail(f"https://a.example/{rank}.jpg", 390, 260.5),
    )
    for rank in range(30)
)
PLACES = st.builds(slice, st.integers(0, 40), st.integers(0, 40))


@given(
    PLACES,
    st.integers(0, 30),
    st.builds(
        SearchResult,
        st.just(()),
        total=st.none() | st.integers(0, 10**12),
        corrected=st.none() | st.text(),
        search_id=st.none() | st.text(),
        applied=st.booleans(),
        capped=st.booleans(),
    ),
)
def test_a_part_is_the_whole_with_fewer_items(
    places: slice, count: int, result: SearchResult
) -> None:
    """The items at the places and every other field are those of the whole chunk."""
    whole = msgspec.structs.replace(result, items=ITEMS[:count])
    part = decode_places(msgspec.msgpack.encode(whole), places)
    assert part == msgspec.structs.replace(whole, items=whole.items[places])
    assert type(part) is SearchResult


@pytest.mark.parametrize(
    "stored", [[1, 2], {}, {"items": None}, {"items": [7]}, {"items": [], "total": "x"}]
)
def test_anything_but_a_chunk_is_an_error(stored: object) -> None:
    """A wrong shape of the chunk or of an item that is shown is an error."""
    with pytest.raises(msgspec.ValidationError):
        decode_places(msgspec.msgpack.encode(stored), slice(48))


@pytest.mark.parametrize("cut", [1, 100, 1000])
def test_a_chunk_that_ends_early_is_an_error(cut: int) -> None:
    """Bytes that are missing at the end are an error, though no item there is shown."""
    packed = msgspec.msgpack.encode(SearchResult(ITEMS))
    with pytest.raises(ValueError, match="truncated"):
        decode_places(packed[:-cut], slice(1))


class Chunks:
    """A search in an agency's single chunk, and damage to the chunk's items in the store."""

    def __init__(self) -> None:
        self.shelf = NumberedAgency("a", 240)
        self.gateway = make_gateway(cache=AnswerCache(Memory()))
        self.search = make_search(self.shelf, gateway=self.gateway)
        self.call = self.gateway.prepare_chunk(search_ranking(enable_agency(self.shelf), QUERY), 0)

    def store_damaged(self, rank: int) -> None:
        """Store the chunk with something else in place of the item of a rank."""
        whole = self.shelf.search(QUERY, 0)
        items: list[object] = [*whole.items]
        items[rank] = {"agency": "a", "id": 7}
        damaged = msgspec.structs.replace(whole, items=items)
        self.gateway.refresh_within(self.call._replace(fetch=lambda: damaged), 0)
        self.shelf.calls.clear()

    def list_ids(self, page: int) -> list[int]:
        outcome = self.search.get_page(QUERY.replace(page=page), Patience.FULL)
        return [int(item.id) for item in outcome.page.items]


def test_a_damaged_item_on_a_page_makes_the_answer_missing() -> None:
    """The agency is called again, and its whole answer replaces the damaged one."""
    chunks = Chunks()
    chunks.store_damaged(50)
    assert chunks.list_ids(2) == list(range(48, 96))
    assert chunks.shelf.calls == [0]
    answer = chunks.gateway.peek(chunks.call)
    assert answer is not None
    assert answer.value == chunks.shelf.search(QUERY, 0)


def test_a_damaged_item_of_another_page_costs_no_call() -> None:
    """Pages that show the other items are rendered; who reads the whole chunk finds no answer."""
    chunks = Chunks()
    chunks.store_damaged(50)
    assert chunks.list_ids(1) == list(range(48))
    assert chunks.shelf.calls == []
    assert chunks.gateway.peek(chunks.call) is None


@pytest.mark.parametrize("most", [240, 100, 48, 20])
def test_pages_are_the_same_with_their_part_of_a_chunk_alone(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Pages of cached chunks equal those that a decoding of whole chunks gives."""
    shelves = NumberedAgency("a", 500, most=most), NumberedAgency("b", 130, depth=120)
    search = make_search(*shelves, weights=(3, 2))

    def list_pages(patience: Patience) -> list[object]:
        queries = [QUERY.replace(page=page) for page in range(1, 25)]
        return [search.get_page(query, patience).page.items for query in queries]

    fetched = list_pages(Patience.FULL)
    decoded: list[slice] = []
    decode: Callable[[bytes, slice], SearchResult] = stored_chunks.decode_places

    def record(packed: bytes, places: slice) -> SearchResult:
        decoded.append(places)
        return decode(packed, places)

    monkeypatch.setattr("affiliate.search.gateway.decode_places", record)
    assert list_pages(Patience.NONE) == fetched
    assert decoded
    assert all(places.stop - (places.start or 0) <= 48 for places in decoded)
