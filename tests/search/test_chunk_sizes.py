"""Less is asked for in one call where full chunks keep coming late, and pages join all the same."""

from collections.abc import Callable

import pytest

from affiliate.domain.media import SearchResult
from affiliate.errors import AgencyDown
from affiliate.search.chunk_sizes import (
    LATE_SECONDS,
    MIN_LATE,
    REMEMBER_SECONDS,
    ChunkSizes,
)
from affiliate.search.patience import Patience
from affiliate.search.service import SearchService
from tests.support.clocks import SetClock
from tests.support.memory_store import Memory
from tests.support.shelf import QUERY, NumberedAgency, make_gateway, make_search
from tests.support.waiting import wait_until

LATE, SOON = LATE_SECONDS + 0.1, LATE_SECONDS - 0.1


class Passing(Memory):
    """A store whose values end by a clock."""

    def __init__(self, clock: SetClock[float]) -> None:
        super().__init__()
        self.clock = clock
        self.ends: dict[str, float] = {}

    def set(self, key: str, value: bytes, timeout: int) -> bool:
        self.ends[key] = self.clock.now + timeout
        return super().set(key, value, timeout)

    def get(self, key: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        has_ended = self.ends.get(key, self.clock.now + 1) <= self.clock.now
        return default if has_ended else dict.get(self, key, default)

    def lease(self, key: str, token: str, seconds: float) -> bool:
        raise NotImplementedError


@pytest.fixture
def clock() -> SetClock[float]:
    return SetClock(1000.0)


@pytest.fixture
def sizes(clock: SetClock[float]) -> ChunkSizes:
    return ChunkSizes(Passing(clock), now=clock)


def test_full_chunks_that_mostly_come_late_are_too_large(sizes: ChunkSizes) -> None:
    for _ in range(MIN_LATE - 1):
        sizes.record_duration("a", LATE, small=False)
    assert not sizes.is_small("a")
    sizes.record_duration("a", LATE, small=False)
    assert sizes.is_small("a")
    assert not sizes.is_small("b")


@pytest.mark.parametrize("every", [2, 3, 10])
def test_a_few_late_chunks_change_nothing(sizes: ChunkSizes, every: int) -> None:
    for number in range(100):
        sizes.record_duration("a", SOON if number % every else LATE, small=False)
        assert not sizes.is_small("a")


def test_full_chunks_are_tried_again_after_an_hour(
    sizes: ChunkSizes, clock: SetClock[float]
) -> None:
    for _ in range(MIN_LATE):
        sizes.record_duration("a", LATE, small=False)
    clock.now += REMEMBER_SECONDS - 1
    assert sizes.is_small("a")
    clock.now += 1
    assert not sizes.is_small("a")


def test_where_small_chunks_are_as_late_full_ones_are_asked_for(sizes: ChunkSizes) -> None:
    """An agency that is slow whatever is asked costs no more calls than a quick one."""
    for small in (False, True):
        for _ in range(MIN_LATE):
            sizes.record_duration("a", LATE, small=small)
    assert not sizes.is_small("a")
    for _ in range(20):
        sizes.record_duration("a", LATE, small=False)
    assert not sizes.is_small("a")


class Sized(NumberedAgency):
    """A shelf that notes the sizes of the chunks that it is asked for, which copies share."""

    def __init__(self, name: str, total: int, **limits: int) -> None:
        super().__init__(name, total, **limits)
        self.asked: list[tuple[int, int]] = []

    def search(self, query: object, chunk: int) -> SearchResult:
        self.asked.append((self.chunk_size, chunk))
        return super().search(query, chunk)  # type: ignore[arg-type]


def small_first(
    search: SearchService, sizes: ChunkSizes, shelf: NumberedAgency
) -> Callable[[int], list[int]]:
    """Let an agency's full chunks count as late; gives the ranks that are shown on a page."""
    for _ in range(MIN_LATE):
        sizes.record_duration(shelf.source, LATE, small=False)

    def ranks(page: int) -> list[int]:
        found = search.get_page(QUERY.replace(page=page), Patience.FULL).page
        return [int(item.id) for item in found.items if item.agency == shelf.name]

    return ranks


def test_the_first_page_comes_first_and_the_rest_behind() -> None:
    shelf = Sized("a", 1000)
    gateway = make_gateway()
    ranks = small_first(make_search(shelf, gateway=gateway), gateway.sizes, shelf)
    assert ranks(1) == list(range(48))
    assert shelf.asked[0] == (48, 0)
    wait_until(lambda: (240, 0) in shelf.asked)


@pytest.mark.parametrize(("total", "most"), [(1000, 240), (250, 240), (100, 100), (40, 240)])
@pytest.mark.parametrize("weights", [(1,), (1, 2), (5, 3, 9)])
def test_chunks_of_both_sizes_join_without_gap_or_double(
    total: int, most: int, weights: tuple[int, ...]
) -> None:
    """Whichever of them is in the cache when a page is asked for."""
    shelves = [Sized(f"s{i}", total, most=most) for i in range(len(weights))]
    gateway = make_gateway()
    search = make_search(*shelves, weights=weights, gateway=gateway)
    ranks = small_first(search, gateway.sizes, shelves[0])
    shown = [rank for page in range(1, 80) for rank in ranks(page)]
    assert shown == list(range(total))


def test_a_full_chunk_that_fails_behind_takes_no_pictures_away() -> None:
    """The page's own places stay, and further pages are asked for by themselves."""
    shelf = Sized("a", 1000)
    gateway = make_gateway()
    search = make_search(shelf, gateway=gateway)
    ranks = small_first(search, gateway.sizes, shelf)

    def fail() -> None:
        if shelf.asked[-1][0] == 240:
            raise AgencyDown("a", "It is down.")

    shelf.before = fail
    ranks(1)
    wait_until(lambda: (240, 0) in shelf.asked)
    assert ranks(1) == list(range(48))
    assert ranks(3) == list(range(96, 144))
    assert [size for size, _ in shelf.asked].count(240) == 1


def test_full_chunks_that_come_in_time_again_are_asked_for_alone(sizes: ChunkSizes) -> None:
    """After an outage each new search costs one call again, and not two for an hour."""
    for _ in range(MIN_LATE):
        sizes.record_duration("a", LATE, small=False)
    for _ in range(MIN_LATE):
        assert sizes.is_small("a")
        sizes.record_duration("a", SOON, small=False)
    assert not sizes.is_small("a")


def test_what_has_come_in_full_is_not_asked_for_again() -> None:
    """After the full chunk five pages cost no call more, and a small one alone serves its page."""
    shelf = Sized("a", 1000)
    gateway = make_gateway()
    search = make_search(shelf, gateway=gateway)
    ranks = small_first(search, gateway.sizes, shelf)
    ranks(1)
    wait_until(lambda: search.get_page(QUERY.replace(page=2), Patience.NONE).page.items != ())
    for page in range(1, 6):
        assert ranks(page) == list(range(48 * (page - 1), 48 * page))
    assert sorted(shelf.asked) == [(48, 0), (240, 0)]
