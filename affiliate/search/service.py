"""Pages of results: shared among agencies, which are asked side by side, and put together."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from affiliate.agencies.base import PAGE_PLACES
from affiliate.domain.media import (
    AgencyStatus,
    Collection,
    Media,
    MediaPick,
    SearchPage,
    SearchQuery,
    Seller,
)
from affiliate.errors import NotFound
from affiliate.search.cached_searches import (
    KnownTotal,
    count_doubles_at_hand,
    find_cached_media,
    sum_known_totals,
)
from affiliate.search.deduplicate import merge_duplicates
from affiliate.search.federation import (
    AgencyResult,
    EnabledAgency,
    PageSlice,
    RankedSource,
    agency_status,
    allocate_slots,
    build_query,
    count_pages,
    interleave,
    media_statuses,
    search_ranking,
    sum_totals,
    switched_off_status,
    unsupported_status,
)
from affiliate.search.links import add_link, list_search_links
from affiliate.search.patience import Patience
from affiliate.search.picked_media import fetch_picks
from affiliate.search.registry import AgencyRegistry
from affiliate.search.slice_fetcher import SliceFetcher, budget_wait
from affiliate.search.visitor_calls import VisitorCalls


class SearchOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A page, the seconds for which the page stays true, and whether any agency was waited for.

    ``grace`` are the seconds after those for which the page may be shown where nothing newer can
    be had. ``withheld`` are the seconds until the visitor's budget has room for agencies that were
    not asked; they concern this visitor alone.
    """

    page: SearchPage
    lifetime: float
    grace: float
    waited: bool
    withheld: float = 0.0


class TilePlace(NamedTuple):
    """The position of a picture among the results of a search, counted from 1, and its sellers."""

    position: int
    sellers: tuple[Seller, ...]


class SearchService:
    """The pages of results of all agencies that are on."""

    def __init__(self, registry: AgencyRegistry, calls: VisitorCalls) -> None:
        self._registry = registry
        self._calls = calls
        self._gateway = calls.gateway
        self._fetcher = SliceFetcher(calls)

    def get_page(self, query: SearchQuery, patience: Patience, *, site: str = "") -> SearchOutcome:
        """Return a page of results; late and failed agencies are part of the page, as data.

        ``site`` is the host name of the site that shows the page, for the links.

        Raises:
            BadQuery: ``agency`` names an agency that is not configured.
        """
        chosen = self._registry.select_for(query)
        slices = self._allocate_slices(query)
        able = [part.ranking.enabled for part in slices]
        off = [
            entry
            for entry in self._registry.configured
            if entry.agency.name in query.agency and entry not in chosen
        ]
        unable = [unsupported_status(enabled, query) for enabled in chosen if enabled not in able]
        unable += [switched_off_status(entry) for entry in off]
        outcome = self._build_outcome(query, slices, patience, site, unable)
        return self._add_search_links(outcome, site)

    def _allocate_slices(self, query: SearchQuery) -> list[PageSlice]:
        """Return the slices of the agencies that can express a search."""
        able = self._select_able(query)
        shares = allocate_slots(PAGE_PLACES, [enabled.weight for enabled in able])
        return [
            PageSlice(
                search_ranking(enabled, query), (query.page - 1) * places, query.page * places
            )
            for enabled, places in zip(able, shares, strict=True)
        ]

    def _select_able(self, query: SearchQuery) -> list[EnabledAgency]:
        """Return the agencies of a search that can express the search."""
        chosen = self._registry.select_for(query)
        return [enabled for enabled in chosen if not enabled.agency.list_unsupported_filters(query)]

    def find_known_total(self, query: SearchQuery) -> KnownTotal | None:
        """Return the number of pictures of a search as far as answers at hand tell; never call.

        Raises:
            BadQuery: ``agency`` names an agency that is not configured.
        """
        return sum_known_totals(self._gateway, self._select_able(query), query)

    def find_tile(self, media: Media, query: SearchQuery, *, site: str = "") -> TilePlace:
        """Return the place and the sellers of a picture's tile in the cached answer to a search.

        The picture's own seller comes first. A picture that no cached answer holds has the first
        place and this seller alone; no agency is asked.

        Raises:
            BadQuery: ``agency`` names an agency that is not configured.
        """
        slices = [part for part in self._allocate_slices(query) if part.last > part.first]
        part = next((p for p in slices if p.ranking.enabled.agency.name == media.agency), None)
        if part is None:
            return TilePlace(1, media.sellers)
        cached = find_cached_media(self._gateway, part.ranking.enabled, media.id, query)
        if cached is None:
            return TilePlace(1, media.sellers)
        page = cached.rank // (part.last - part.first) + 1
        items = self.get_page(query.replace(page=page), Patience.NONE, site=site).page.items
        for place, item in enumerate(items, (page - 1) * PAGE_PLACES + 1):
            others = tuple(seller for seller in item.sellers if seller.agency != media.agency)
            if (media.agency, media.id) in [(seller.agency, seller.id) for seller in item.sellers]:
                return TilePlace(place, (*media.sellers, *others))
        return TilePlace(1, media.sellers)

    def _add_search_links(self, outcome: SearchOutcome, site: str) -> SearchOutcome:
        """Return a page of results with links to the same search on the agencies' own sites."""
        links = list_search_links(self._registry, outcome.page.query, site)
        agencies = tuple(
            msgspec.structs.replace(status, search_link=links.get(status.agency, msgspec.UNSET))
            for status in outcome.page.agencies
        )
        page = msgspec.structs.replace(outcome.page, agencies=agencies)
        return msgspec.structs.replace(outcome, page=page)

    def get_similar_page(  # noqa: PLR0913 - which picture, how long to wait, and what links carry
        self,
        agency: str,
        media_id: str,
        *,
        lang: str,
        patience: Patience,
        media: str = "image",
        page: int = 1,
        site: str = "",
    ) -> SearchOutcome:
        """Return a page of pictures similar to an agency's; a late or failed agency is data.

        Raises:
            NotFound: no such agency is on, or the agency can't find similar pictures.
        """
        enabled = self._registry.require_holder(agency, media_id)
        if not enabled.agency.has_similar:
            raise NotFound(agency, "It can't find pictures like one.")
        query, first = build_query(media, lang), (page - 1) * PAGE_PLACES
        part = PageSlice(RankedSource(enabled, query, media_id), first, first + PAGE_PLACES)
        return self._build_outcome(query.replace(page=page), [part], patience, site)

    def get_collection_page(
        self, collection: Collection, *, page: int, lang: str, patience: Patience, site: str = ""
    ) -> SearchOutcome:
        """Return a page of a featured collection; a late or failed agency is data.

        Raises:
            NotFound: no such agency is on, or the agency features no collections.
        """
        enabled = self._registry.require_featuring(collection.agency, collection.id)
        first = (page - 1) * PAGE_PLACES
        ranking = RankedSource(enabled, build_query(collection.media, ""), collection=collection.id)
        part = PageSlice(ranking, first, first + PAGE_PLACES)
        query = build_query(collection.media, lang).replace(page=page)
        outcome = self._build_outcome(query, [part], patience, site)
        if outcome.page.total is not None or collection.total is None:
            return outcome
        pages = -(-collection.total // PAGE_PLACES)
        counted = msgspec.structs.replace(outcome.page, total=collection.total, pages=pages)
        return msgspec.structs.replace(outcome, page=counted)

    def get_picks_page(
        self,
        picks: Sequence[tuple[str, str]],
        query: SearchQuery,
        patience: Patience,
        *,
        site: str = "",
    ) -> SearchOutcome:
        """Return a page of the pictures with the given agencies and ids, in the given order.

        Pictures that are gone or of another medium are left out, as are those of an agency that is
        off or fails. ``query`` has the language, the kind of media, and the words for links.
        """
        wanted = [MediaPick(agency, media_id, query.media) for agency, media_id in picks]
        asks = patience is not Patience.NONE
        by_place, waited = fetch_picks(self._registry, self._calls, wanted, asks=asks)
        answers = list(by_place.values())
        found = (answer.value for answer in answers if answer)
        words = query.to_counted().q
        items = [
            add_link(self._registry, media, words, site)
            for media in found
            if media and media.media == query.media
        ]
        page = SearchPage(
            query=query,
            page=1,
            pages=1,
            total=len(items),
            items=tuple(items),
            agencies=media_statuses([picks[place][0] for place in by_place], answers),
        )
        lifetime = min((answer.lifetime for answer in answers if answer), default=0)
        withheld = budget_wait(answer.failure for answer in answers if answer)
        return SearchOutcome(
            page=page, lifetime=lifetime, grace=0, waited=waited, withheld=withheld
        )

    def _build_outcome(
        self,
        query: SearchQuery,
        slices: list[PageSlice],
        patience: Patience,
        site: str,
        unable: Iterable[AgencyStatus] = (),
    ) -> SearchOutcome:
        """Return the page of the slices, with the statuses of agencies that give none."""
        results, waited = self._fetcher.fetch_slices(slices, patience)
        shares, words = [part.last - part.first for part in slices], query.to_counted().q
        items = interleave([result.items for result in results], shares)
        linked = [add_link(self._registry, item, words, site) for item in items]
        statuses = [
            agency_status(part, result) for part, result in zip(slices, results, strict=True)
        ]
        page = SearchPage(
            query=query,
            page=query.page,
            pages=count_pages(slices, results),
            total=_sum_found(query, slices, results),
            items=merge_duplicates(linked),
            agencies=(*statuses, *unable),
            corrected=next((r.corrected for r in results if r.corrected), msgspec.UNSET),
        )
        return SearchOutcome(
            page=page,
            lifetime=min((result.lifetime for result in results), default=0),
            grace=min((part.ranking.enabled.policy.stale for part in slices), default=0),
            waited=waited,
            withheld=budget_wait(result.failure for result in results),
        )


def _sum_found(
    query: SearchQuery, slices: Sequence[PageSlice], results: Sequence[AgencyResult]
) -> int | None:
    """Return the sum of the known totals, without what agencies of the site have twice."""
    total = sum_totals(result.total for result in results)
    counted = [
        part.ranking.enabled
        for part, result in zip(slices, results, strict=True)
        if result.total and part.ranking.is_search
    ]
    return total - count_doubles_at_hand(counted, query) if total and len(counted) > 1 else total
