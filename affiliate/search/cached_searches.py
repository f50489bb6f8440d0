"""Pictures, totals and first chunks from the cached answers to searches; no agency is asked."""

from collections.abc import Iterable
from typing import NamedTuple

from affiliate.cache.answers import CachedAnswer
from affiliate.domain.media import Media, SearchQuery, SearchResult
from affiliate.search.federation import EnabledAgency, search_ranking
from affiliate.search.gateway import AgencyGateway


class RankedMedia(NamedTuple):
    """A picture of a cached search, and its rank at the agency, counted from 0."""

    media: Media
    rank: int


class KnownTotal(NamedTuple):
    """The number of pictures that a search finds, as far as answers at hand tell.

    ``is_sum``: the number adds up several agencies, and counts a picture for each of its sellers.
    ``capped``: an agency counts no further, and may have more.
    """

    total: int
    is_sum: bool
    capped: bool


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
    gateway: AgencyGateway,
    enabled: EnabledAgency,
    query: SearchQuery,
    places: slice | None = None,
) -> CachedAnswer[SearchResult] | None:
    """Return the cached answer for the first chunk of a search, full or of a page's places.

    With ``places``, the answer has only the items at these places.
    """
    ranking = search_ranking(enabled, query)
    answer = gateway.peek(gateway.prepare_chunk(ranking, 0, places=places))
    if (answer is None or answer.value is None) and (paged := ranking.with_page_chunks()):
        return gateway.peek(gateway.prepare_chunk(paged, 0, places=places)) or answer
    return answer


def sum_known_totals(
    gateway: AgencyGateway, able: Iterable[EnabledAgency], query: SearchQuery
) -> KnownTotal | None:
    """Return the total of a search at all its agencies; None where any total is not at hand.

    Agencies that are part of the site share their ids: a picture of several counts once.
    """
    totals, capped = [], False
    ids: frozenset[str] = frozenset()
    agencies = list(able)
    for enabled in agencies:
        at_hand = enabled.agency.list_ids_at_hand(query.to_asked())
        if at_hand is not None:
            ids |= at_hand
            continue
        answer = peek_first_chunk(gateway, enabled, query, slice(0))
        if answer is None or answer.value is None or answer.value.total is None:
            return None
        totals.append(answer.value.total)
        capped = capped or answer.value.capped
    totals.append(len(ids))
    return KnownTotal(sum(totals), sum(map(bool, totals)) > 1, capped) if agencies else None


def count_doubles_at_hand(able: Iterable[EnabledAgency], query: SearchQuery) -> int:
    """Return how often the totals of agencies that are part of the site count a picture again."""
    asked = query.to_asked()
    found = [enabled.agency.list_ids_at_hand(asked) or frozenset() for enabled in able]
    return sum(map(len, found)) - len(frozenset().union(*found))
