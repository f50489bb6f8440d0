"""The slices of a page, from the cache or from agencies that are asked side by side."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from affiliate.agencies.base import PAGE_PLACES
from affiliate.cache.answers import CachedAnswer
from affiliate.domain.media import Failure, SearchResult
from affiliate.errors import BudgetSpent
from affiliate.search.client_budget import SEARCH_COST
from affiliate.search.fanout import LINGER_SECONDS, Question
from affiliate.search.federation import (
    AgencyResult,
    PageSlice,
    RankedSource,
    build_agency_result,
    cut_answer,
)
from affiliate.search.gateway import PAGE_SECONDS
from affiliate.search.patience import Patience
from affiliate.search.visitor_calls import VisitorCalls

WAITING: Final = frozenset({Patience.LINGER, Patience.FULL})
"""The patience of pages that wait for agencies."""
REST_PART: Final = 0.5
"""The part of the quota that full chunks behind a page may use; the rest is for pages."""


class FetchedChunks(NamedTuple):
    """The answers for some chunks of a ranking, by their numbers."""

    ranking: RankedSource
    answers: list[tuple[int, CachedAnswer[SearchResult]]]


class SliceFetcher:
    """The fetches of a page's slices, in chunks that serve several pages."""

    def __init__(self, calls: VisitorCalls) -> None:
        self._calls = calls
        self._gateway = calls.gateway

    def fetch_slices(
        self, slices: Sequence[PageSlice], patience: Patience
    ) -> tuple[list[AgencyResult], bool]:
        """Return cached slices, and slices that agencies give in time; True if any was asked."""
        results = {i: self._peek_slice(part, patience) for i, part in enumerate(slices)}
        missing = [i for i, result in results.items() if result is None]
        waits = bool(missing) and patience in WAITING
        absent = AgencyResult(status="late", lifetime=0)
        if missing and patience is not Patience.NONE:
            questions = {i: self._build_question(slices[i]) for i in missing}
            charged = [(slices[i].ranking.enabled, question) for i, question in questions.items()]
            rest = self._calls.charge(charged, SEARCH_COST, page=_identify(slices), ahead=not waits)
            if rest and waits:
                absent = AgencyResult(status="failed", lifetime=0, failure=budget_failure(rest))
                waits = False
            elif not rest:
                lingers = patience is Patience.LINGER
                shown = any(result and result.items for result in results.values())
                limit = LINGER_SECONDS if lingers and shown else PAGE_SECONDS
                fetched = self._calls.ask(
                    questions, limit if waits else 0, shows=_has_items if lingers else None
                )
                for i, (ranking, answers) in fetched.items():
                    part = msgspec.structs.replace(slices[i], ranking=ranking)
                    results[i] = build_agency_result(
                        [cut_answer(answer, part.places_in(chunk)) for chunk, answer in answers]
                    )
        return [results[i] or absent for i in range(len(slices))], waits

    def _peek_slice(self, part: PageSlice, patience: Patience) -> AgencyResult | None:
        """Return a slice from the cache; None when any chunk of the slice must be fetched.

        A stale slice is refreshed behind, but for a page that may ask no agency. Where the full
        chunks are missing or failed, chunks of a page's places may be there.
        """
        result = self._peek_chunks(part, patience)
        if (result is None or result.failure) and (paged := part.with_page_chunks()):
            is_small = self._gateway.sizes.is_small(part.ranking.enabled.agency.source)
            return self._peek_chunks(paged, patience) or (None if is_small else result)
        return result

    def _peek_chunks(self, part: PageSlice, patience: Patience) -> AgencyResult | None:
        """Return a slice from chunks of one size; None when any chunk must be fetched."""
        answers = []
        for chunk in part.chunks():
            answer = self._peek_chunk(part, chunk, refreshes=patience in WAITING)
            if answer is None:
                return None
            answers.append(answer)
        if not answers and (first := self._peek_chunk(part, 0)):
            answers.append(first)  # past the depth: nothing to show, but the total is known
        return build_agency_result(answers)

    def _build_question(self, part: PageSlice) -> Question[FetchedChunks]:
        """Return the fetch of a slice's chunks, some of which are not cached.

        From an agency whose full chunks come late, the page's own places are fetched first and
        the full chunks behind them.
        """
        agency = part.ranking.enabled.agency
        paged = part.with_page_chunks() if self._gateway.sizes.is_small(agency.source) else None
        first = paged or part
        key = ("chunks", *map(first.ranking.chunk_key, first.chunks()))

        def fetch() -> FetchedChunks:
            fetched = self._fetch_chunks(first)
            if paged and _has_more(fetched.answers):
                self._fetch_rest(part)
            return fetched

        return Question(agency.name, key, fetch)

    def _fetch_chunks(self, part: PageSlice) -> FetchedChunks:
        """Fetch the chunks of a slice one after the other."""
        gateway, ranking = self._gateway, part.ranking
        calls = [(chunk, gateway.prepare_chunk(ranking, chunk)) for chunk in part.chunks()]
        return FetchedChunks(ranking, [(chunk, gateway.get_or_call(call)) for chunk, call in calls])

    def _fetch_rest(self, part: PageSlice) -> None:
        """Begin to fetch the full chunks of a slice behind all pages."""
        for chunk in part.chunks():
            call = self._gateway.prepare_chunk(part.ranking, chunk, REST_PART)
            self._calls.begin_in_background(self._gateway.build_question(call))

    def _peek_chunk(
        self, part: PageSlice, chunk: int, *, refreshes: bool = False
    ) -> CachedAnswer[SearchResult] | None:
        """Return the cached answer for a chunk, with only the items of a slice.

        The answer is empty where the ranking is known to end before the chunk.
        """
        ranking = part.ranking
        call = self._gateway.prepare_chunk(ranking, chunk, places=part.places_in(chunk))
        if refreshes:
            answer = self._calls.cached_or_refresh(ranking.enabled, call)
        else:
            answer = self._gateway.peek(call)
        if answer is not None or chunk == 0:
            return answer
        first = self._gateway.peek(self._gateway.prepare_chunk(ranking, 0, places=slice(0)))
        total = first.value.total if first and first.value else None
        if first is None or total is None or chunk * ranking.chunk_size < total:
            return None
        return msgspec.structs.replace(first, value=SearchResult((), total))


def budget_failure(rest: float) -> Failure:
    """Return the failure of an agency that is not asked, as the visitor's budget has no room."""
    return Failure(BudgetSpent.kind, str(BudgetSpent(rest)), rest)


def budget_wait(failures: Iterable[Failure | None]) -> float:
    """Return the seconds to wait until the visitor's budget has room; 0 where all were asked."""
    waits = (
        failure.retry_after for failure in failures if failure and failure.kind == BudgetSpent.kind
    )
    return max(waits, default=0.0)


def _identify(slices: Sequence[PageSlice]) -> str:
    """Return the text that names a page, whichever of its chunks are cached."""
    return repr([part.ranking.chunk_key(chunk) for part in slices for chunk in part.chunks()])


def _has_items(chunks: FetchedChunks) -> bool:
    """Return whether there are pictures; failures begin no countdown for other agencies."""
    return any(answer.value and answer.value.items for _, answer in chunks.answers)


def _has_more(answers: Sequence[tuple[int, CachedAnswer[SearchResult]]]) -> bool:
    """Return whether all chunks came, and the ranking goes on behind a page."""
    values = [answer.value for _, answer in answers]
    return all(value and (value.total is None or value.total > PAGE_PLACES) for value in values)
