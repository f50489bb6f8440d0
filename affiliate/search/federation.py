"""The places of a page shared among agencies: slices of rankings, put together by rank.

Everything here is arithmetic, apart from `RankedSource.fetch_chunk`, which asks an agency.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from affiliate.agencies.base import Agency
from affiliate.cache.answers import CachedAnswer
from affiliate.cache.freshness import Policy
from affiliate.cache.keys import (
    collection_key,
    search_key,
    similar_key,
)
from affiliate.domain.affiliate_links import LinkStyle
from affiliate.domain.media import AgencyStatus, Failure, Media, SearchQuery, SearchResult
from affiliate.domain.query import MEDIA
from affiliate.domain.sanitize import clamp_result
from affiliate.errors import NotFound, Suspended

STATUS_SEVERITY: Final = ("fresh", "stale", "fetched", "late", "failed")
"""Statuses of an agency's chunks, from the best to the worst; a slice has the worst status."""


class EnabledAgency(msgspec.Struct, frozen=True, kw_only=True):
    """An agency that is on, with the owner's weight and link for it."""

    agency: Agency
    weight: int
    link: LinkStyle
    policy: Policy


class RankedSource(msgspec.Struct, frozen=True):
    """The order of one agency's answers: to a search, or similar to the picture ``like``.

    Or the content of the ``collection`` with an id. ``query`` has neither page nor agencies.
    """

    enabled: EnabledAgency
    query: SearchQuery
    like: str = ""
    collection: str = ""

    @property
    def chunk_size(self) -> int:
        """Return the number of items that a call gives."""
        agency = self.enabled.agency
        if self.collection:
            return agency.collection_size
        return agency.similar_size if self.like else agency.chunk_size

    def chunk_key(self, chunk: int) -> str:
        """Return the key of a chunk in the cache."""
        source = self.enabled.agency.source
        if self.collection:
            return collection_key(source, self.collection, chunk, self.query.media)
        if self.like:
            return similar_key(source, self.like, self.query, chunk)
        return search_key(source, self.query, chunk, self.chunk_size)

    @property
    def is_search(self) -> bool:
        """Return whether the ranking is of a search, not of a picture or a collection."""
        return not self.like and not self.collection

    def with_page_chunks(self) -> "RankedSource | None":
        """Return the ranking in chunks of a page's places; None where a call brings no more."""
        agency = self.enabled.agency.with_page_chunks()
        if not self.is_search or agency is self.enabled.agency:
            return None
        enabled = msgspec.structs.replace(self.enabled, agency=agency)
        return msgspec.structs.replace(self, enabled=enabled)

    def fetch_chunk(self, chunk: int) -> SearchResult:
        """Return a chunk from the agency.

        Raises:
            AgencyError: the agency gave nothing.
        """
        return clamp_result(self._fetch_raw_chunk(chunk), self.chunk_size)

    def _fetch_raw_chunk(self, chunk: int) -> SearchResult:
        agency = self.enabled.agency
        if self.collection:
            return agency.fetch_collection_chunk(self.collection, chunk, self.query.media)
        if self.like:
            return agency.fetch_similar(self.like, self.query, chunk)
        return agency.search(self.query, chunk)


def search_ranking(enabled: EnabledAgency, query: SearchQuery) -> RankedSource:
    """Return the ranking of a search at an agency, whatever page of the search is asked for."""
    return RankedSource(enabled, query.to_asked())


def build_query(media: str, lang: str) -> SearchQuery:
    """Return a query without words; msgspec knows a default value by its identity alone."""
    return SearchQuery(media=MEDIA[MEDIA.index(media)], lang=lang or None)


class PageSlice(msgspec.Struct, frozen=True):
    """The ranks ``first`` up to ``last`` of one agency's ranking, counted from 0."""

    ranking: RankedSource
    first: int
    last: int

    def with_page_chunks(self) -> "PageSlice | None":
        """Return the slice over chunks of a page's places; None where a call brings no more."""
        ranking = self.ranking.with_page_chunks()
        return msgspec.structs.replace(self, ranking=ranking) if ranking else None

    def chunks(self) -> range:
        """Return the chunks that hold these ranks; none past the agency's depth."""
        size = self.ranking.chunk_size
        last = min(self.last, self.ranking.enabled.agency.depth)
        return range(self.first // size, -(-last // size)) if self.first < last else range(0)

    def places_in(self, chunk: int) -> slice:
        """Return the places of these ranks in a chunk."""
        start = chunk * self.ranking.chunk_size
        return slice(max(self.first - start, 0), self.last - start)


class AgencyResult(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a page that one agency gives; ``lifetime`` in seconds."""

    items: tuple[Media, ...] = ()
    status: str = "fresh"
    total: int | None = None
    fetched_at: float | None = None
    lifetime: float = float("inf")
    failure: Failure | None = None
    corrected: str | None = None
    searched: str | None = None
    capped: bool = False


def allocate_slots(places: int, weights: Sequence[int]) -> list[int]:
    """Divide a page's places by weight, the largest remainders first; sums to ``places``."""
    if not weights:
        return []
    total = sum(weights)
    shares = [places * w // total for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(places * weights[i] % total), i))
    for i in by_remainder[: places - sum(shares)]:
        shares[i] += 1
    return shares


def interleave(rankings: Sequence[Sequence[Media]], shares: Sequence[int]) -> tuple[Media, ...]:
    """Merge by rank, each agency at its share's pace; an agency's empty places stay empty.

    The n-th of s places of an agency stands at (n + 1/2) / s of the page.
    """
    ranked = [
        ((n + 0.5) / places, i, media)
        for i, (items, places) in enumerate(zip(rankings, shares, strict=True))
        for n, media in enumerate(items)
    ]
    ranked.sort(key=lambda r: r[:2])
    seen: dict[tuple[str, str], Media] = {}
    for _, _, media in ranked:
        seen.setdefault((media.agency, media.id), media)
    return tuple(seen.values())


def cut_answer(answer: CachedAnswer[SearchResult], places: slice) -> CachedAnswer[SearchResult]:
    """Return the answer for a chunk with only the items at ``places``."""
    if answer.value is None:
        return answer
    value = msgspec.structs.replace(answer.value, items=answer.value.items[places])
    return msgspec.structs.replace(answer, value=value)


def build_agency_result(replies: Sequence[CachedAnswer[SearchResult]]) -> AgencyResult:
    """Return an agency's part of a page, from answers that have only the items of the page."""
    totals = [a.value.total for a in replies if a.value and a.value.total is not None]
    return AgencyResult(
        items=tuple(item for a in replies if a.value for item in a.value.items),
        status=max((a.status for a in replies), key=STATUS_SEVERITY.index, default="fresh"),
        total=totals[0] if totals else None,
        fetched_at=min((a.fetched_at for a in replies if a.fetched_at is not None), default=None),
        lifetime=min((a.lifetime for a in replies), default=float("inf")),
        failure=next((a.failure for a in replies if a.failure), None),
        corrected=next((a.value.corrected for a in replies if a.value and a.value.corrected), None),
        searched=next((a.value.corrected for a in replies if a.value and a.value.applied), None),
        capped=any(a.value.capped for a in replies if a.value),
    )


def agency_status(part: PageSlice, result: AgencyResult) -> AgencyStatus:
    """Return the status of an agency for a page."""
    failure = result.failure
    suspended = failure is not None and failure.kind == Suspended.kind and not result.items
    return AgencyStatus(
        agency=part.ranking.enabled.agency.name,
        status="suspended" if suspended else result.status,
        total=result.total,
        fetched_at=result.fetched_at,
        error=failure,
        capped=result.capped or msgspec.UNSET,
        searched=result.searched or msgspec.UNSET,
    )


def media_statuses(
    agencies: Sequence[str], answers: Sequence[CachedAnswer[Media] | None]
) -> tuple[AgencyStatus, ...]:
    """Return the statuses of agencies that were asked for single pictures; None is a late answer.

    A picture that is gone is no failure.
    """
    by_agency: dict[str, list[CachedAnswer[Media] | None]] = {}
    for agency, answer in zip(agencies, answers, strict=True):
        by_agency.setdefault(agency, []).append(answer)
    return tuple(_media_status(agency, answers) for agency, answers in by_agency.items())


def _media_status(agency: str, answers: Sequence[CachedAnswer[Media] | None]) -> AgencyStatus:
    """Return the status of an agency that was asked for single pictures."""
    present = [answer for answer in answers if answer]
    failures = [
        answer.failure
        for answer in present
        if answer.failure and answer.failure.kind != NotFound.kind
    ]
    statuses = [answer.status for answer in present if not answer.failure]
    statuses += ["failed"] * bool(failures)
    late = len(present) < len(answers)
    return AgencyStatus(
        agency=agency,
        status="late" if late else max(statuses, key=STATUS_SEVERITY.index, default="fresh"),
        fetched_at=min(
            (answer.fetched_at for answer in present if answer.fetched_at), default=None
        ),
        error=failures[0] if failures else None,
    )


def unsupported_status(enabled: EnabledAgency, query: SearchQuery) -> AgencyStatus:
    """Return the status of an agency that can't express a search, with the filters at fault."""
    values, expressed = dict(query.to_pairs()), enabled.agency.get_filters(query.media)
    names = ", ".join(
        f"{values[name]} {name}" if expressed.get(name) else name
        for name in enabled.agency.list_unsupported_filters(query)
    )
    failure = Failure("unsupported", f"It can't search by {names}.", 0)
    return AgencyStatus(agency=enabled.agency.name, status="unsupported", error=failure)


def switched_off_status(enabled: EnabledAgency) -> AgencyStatus:
    """Return the status of an agency that a search names and the owner has switched off."""
    failure = Failure("off", "It is switched off.", 0)
    return AgencyStatus(agency=enabled.agency.name, status="suspended", error=failure)


def sum_totals(totals: Iterable[int | None]) -> int | None:
    """Return the sum of the known totals; None where no total is known."""
    known = [t for t in totals if t is not None]
    return sum(known) if known else None


def count_pages(slices: Sequence[PageSlice], results: Sequence[AgencyResult]) -> int:
    """Return the largest number of pages that any agency fills; its depth replaces no total."""
    pages = 0
    for part, result in zip(slices, results, strict=True):
        depth = part.ranking.enabled.agency.depth
        total = result.total if result.total is not None or not result.items else depth
        places = part.last - part.first
        if total and places:
            pages = max(pages, -(-min(total, depth) // places))
    return pages
