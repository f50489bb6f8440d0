"""An agency over numbered pictures, and a search over several such agencies."""

from collections.abc import Callable, Mapping, Sequence

from affiliate.agencies.base import Agency
from affiliate.agencies.limits import Limit
from affiliate.cache.answers import AnswerCache
from affiliate.cache.freshness import Policy
from affiliate.domain.affiliate_links import LinkStyle
from affiliate.domain.media import Media, SearchQuery, SearchResult, Thumbnail
from affiliate.search.chunk_sizes import ChunkSizes
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import AgencyGateway
from affiliate.search.limits import (
    Breaker,
    Quota,
)
from affiliate.search.registry import AgencyRegistry
from affiliate.search.service import SearchService
from affiliate.search.visitor_calls import VisitorCalls
from affiliate.transport.client import Transport, pass_gate
from tests.support.memory_store import Memory

QUERY = SearchQuery(q="cat")


CLOSED = LinkStyle(template="{landing_url}")


class NumberedAgency(Agency):
    """An agency over numbered pictures in memory that counts its calls."""

    def __init__(self, name: str, total: int, *, most: int = 240, depth: int = 10_000) -> None:
        super().__init__(Transport())
        self.calls: list[int] = []
        self.before: Callable[[], None] = lambda: None
        self.total = total
        self.name = name  # type: ignore[misc] # a class has one, a shelf its own
        self.title = name.title()  # type: ignore[misc]
        self.max_per_call = most
        self.depth = depth

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        assert query == QUERY
        pass_gate()
        self.calls.append(chunk)
        self.before()
        ranks = range(chunk * self.chunk_size, min((chunk + 1) * self.chunk_size, self.total))
        return SearchResult(tuple(self.picture(rank) for rank in ranks), self.total)

    def picture(self, rank: int) -> Media:
        url = f"https://{self.name}.example/{rank}"
        thumbnail = Thumbnail(f"{url}.jpg", 390, 260)
        return Media(agency=self.name, id=str(rank), page_url=url, thumbnail=thumbnail)


def make_gateway(
    limits: Mapping[str, Sequence[Limit]] | None = None, cache: AnswerCache | None = None
) -> AgencyGateway:
    """Return calls that are cached in memory, within limits by source."""
    quota = Quota(Memory(), limits or {}, 1)
    return AgencyGateway(
        cache or AnswerCache(Memory()), quota, Breaker(Memory()), ChunkSizes(Memory())
    )


def make_search(
    *shelves: Agency, weights: tuple[int, ...] = (), gateway: AgencyGateway | None = None
) -> SearchService:
    policy = Policy(fresh=100, stale=100)
    listed = [
        EnabledAgency(agency=shelf, weight=weight, link=CLOSED, policy=policy)
        for shelf, weight in zip(shelves, weights or (1,) * len(shelves), strict=True)
    ]
    return SearchService(AgencyRegistry(listed), VisitorCalls(gateway or make_gateway()))


def enable_agency(agency: Agency, template: str = "{landing_url}") -> EnabledAgency:
    link = LinkStyle(template=template)
    return EnabledAgency(agency=agency, weight=1, link=link, policy=Policy(fresh=100, stale=100))
