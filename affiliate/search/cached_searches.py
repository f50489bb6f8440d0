"""Pictures and first chunks from the cached answers to searches; no agency is asked."""

from typing import NamedTuple

from affiliate.cache.answers import CachedAnswer
from affiliate.domain.media import Media, SearchQuery, SearchResult
from affiliate.search.federation import EnabledAgency, search_ranking
from affiliate.search.gateway import AgencyGateway


class RankedMedia(NamedTuple):
    """A picture of a cached search, and its rank at the agency, counted from 0."""

    media: Media
    rank: int


def find_cached_media(
    gateway: AgencyGateway, enabled: EnabledAgency, media_id: str, query: SearchQuery
) -> RankedMedia | None:
    """Return a picture with its rank from the cached chunks of a search."""
    if not query.has_criteria():
        return None
    full = search_ranking(enabled, query)
    for ranking in filter(None, (full, full.with_page_chunks())):
        for chunk in range(-(-enabled.agency.depth // ranking.chunk_size)):
            answer = gateway.peek(gateway.prepare_chunk(ranking, chunk))
            if answer is None or answer.value is None:
                break
            for place, item in enumerate(answer.value.items):
                if item.id == media_id:
                    return RankedMedia(item, chunk * ranking.chunk_size + place)
    return None


def peek_first_chunk(
    gateway: AgencyGateway, enabled: EnabledAgency, query: SearchQuery
) -> CachedAnswer[SearchResult] | None:
    """Return the cached answer for the first chunk of a search, full or of a page's places."""
    ranking = search_ranking(enabled, query)
    answer = gateway.peek(gateway.prepare_chunk(ranking, 0))
    if (answer is None or answer.value is None) and (paged := ranking.with_page_chunks()):
        return gateway.peek(gateway.prepare_chunk(paged, 0)) or answer
    return answer
