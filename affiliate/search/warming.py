"""Refreshes of first chunks ahead of visitors, for `flask warm`."""

from affiliate.domain.media import Collection, SearchQuery, SearchResult
from affiliate.search.federation import RankedSource, build_query, search_ranking
from affiliate.search.gateway import AgencyGateway, PreparedCall
from affiliate.search.registry import AgencyRegistry


class CacheWarmer:
    """The calls that bring first chunks of searches and collections into the cache."""

    def __init__(self, registry: AgencyRegistry, gateway: AgencyGateway) -> None:
        self._registry = registry
        self._gateway = gateway

    def refresh_search(self, query: SearchQuery, within: float) -> int:
        """Fetch first chunks that will be fresh for less than ``within`` seconds; return how many.

        Raises:
            BadQuery: ``agency`` names an agency that is not configured.
        """
        able = [
            enabled
            for enabled in self._registry.select_for(query)
            if not enabled.agency.list_unsupported_filters(query)
        ]
        calls = [self._gateway.prepare_chunk(search_ranking(enabled, query), 0) for enabled in able]
        return sum(self._gateway.refresh_within(call, within) for call in calls)

    def has_collection(self, collection: Collection) -> bool:
        """Return whether the first pictures of a featured collection are cached."""
        answer = self._gateway.peek(self._prepare_collection(collection))
        return bool(answer and answer.value)

    def fetch_collection(self, collection: Collection) -> int:
        """Fetch the first chunk of a featured collection; return how many chunks were fetched."""
        return int(self._gateway.refresh_within(self._prepare_collection(collection), 0))

    def _prepare_collection(self, collection: Collection) -> PreparedCall[SearchResult]:
        """Return the call for the first chunk of a featured collection."""
        enabled = self._registry.require_featuring(collection.agency, collection.id)
        query = build_query(collection.media, "")
        return self._gateway.prepare_chunk(
            RankedSource(enabled, query, collection=collection.id), 0
        )
