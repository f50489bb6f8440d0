"""The reading side: shares a page among agencies, asks them side by side, puts it together."""

import enum
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from affiliate.agencies.base import PAGE_PLACES
from affiliate.cache.answers import CachedAnswer
from affiliate.domain.media import (
    AgencyStatus,
    Collection,
    Failure,
    Media,
    SearchPage,
    SearchQuery,
    SearchResult,
    Seller,
)
from affiliate.errors import BadQuery, BudgetSpent, NotFound
from affiliate.search.client_budget import PICK, SEARCH
from affiliate.search.deduplicate import merge_duplicates
from affiliate.search.fanout import LINGER_SECONDS, Question
from affiliate.search.federation import (
    AgencyResult,
    EnabledAgency,
    PageSlice,
    RankedSource,
    agency_result,
    allocate_slots,
    interleave,
    page_count,
    status_of,
    statuses_of,
    sum_of_totals,
    switched_off,
    unsupported,
)
from affiliate.search.gateway import PAGE_SECONDS, PreparedCall
from affiliate.search.lookups import LookupService, query_of, ranking_of
from affiliate.search.registry import is_possible_id

REST_PART: Final = 0.5
"""Of the quota, what full chunks behind a page may use; the rest is for pages."""


class Patience(enum.Enum):
    """How long a page may take: what the cache has, the quick answers, or all that come."""

    NONE = "none"
    LINGER = "linger"
    FULL = "full"


class SearchOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A page, the seconds for which it stays true, and whether anyone was waited for.

    ``grace`` are the seconds after those for which it may be shown where nothing newer can be had,
    ``withheld`` those that who asked has to wait for what was not asked for: it is theirs alone.
    """

    page: SearchPage
    lifetime: float
    grace: float
    waited: bool
    withheld: float = 0.0


class FetchedChunks(NamedTuple):
    """The answers for some chunks of a ranking, by their numbers."""

    ranking: RankedSource
    answers: list[tuple[int, CachedAnswer[SearchResult]]]


class TilePlace(NamedTuple):
    """Where a picture stands among the results of a search, counted from 1, and who sells it."""

    position: int
    sellers: tuple[Seller, ...]


class SearchService(LookupService):
    """Searches all agencies that are on."""

    def page(self, query: SearchQuery, patience: Patience, *, site: str = "") -> SearchOutcome:
        """One page of results; late and failed agencies are part of it, as data.

        ``site`` is the host name of the site that shows it, for the links.

        Raises:
            BadQuery: ``agency`` names one that is not on.
        """
        chosen = self._chosen(query)
        slices = self._slices(query)
        able = [one.ranking.enabled for one in slices]
        off = [
            entry
            for entry in self._registry.configured
            if entry.agency.name in query.agency and entry not in chosen
        ]
        unable = [unsupported(one, query) for one in chosen if one not in able]
        unable += [switched_off(one) for one in off]
        outcome = self._outcome(query, slices, patience, site, unable)
        return self._leading_on(outcome, site)

    def _slices(self, query: SearchQuery) -> list[PageSlice]:
        """Return what the agencies that can express a search give to its page."""
        able = [
            one for one in self._chosen(query) if not one.agency.list_unsupported_filters(query)
        ]
        shares = allocate_slots(PAGE_PLACES, [one.weight for one in able])
        return [
            PageSlice(ranking_of(one, query), (query.page - 1) * places, query.page * places)
            for one, places in zip(able, shares, strict=True)
        ]

    def tile(self, media: Media, query: SearchQuery, *, site: str = "") -> TilePlace:
        """Return what the tile of a picture holds in the cached answer to a search.

        The picture's own seller comes first. A picture that no such answer holds has that seller
        alone, and the first place; nothing is asked for that.

        Raises:
            BadQuery: ``agency`` names one that is not on.
        """
        slices = [one for one in self._slices(query) if one.last > one.first]
        part = next((p for p in slices if p.ranking.enabled.agency.name == media.agency), None)
        seen = self._seen(part.ranking.enabled, media.id, query) if part else None
        if part is None or seen is None:
            return TilePlace(1, media.sellers)
        page = seen.rank // (part.last - part.first) + 1
        items = self.page(query.replace(page=page), Patience.NONE, site=site).page.items
        for place, item in enumerate(items, (page - 1) * PAGE_PLACES + 1):
            others = tuple(one for one in item.sellers if one.agency != media.agency)
            if (media.agency, media.id) in [(one.agency, one.id) for one in item.sellers]:
                return TilePlace(place, (*media.sellers, *others))
        return TilePlace(1, media.sellers)

    def _leading_on(self, outcome: SearchOutcome, site: str) -> SearchOutcome:
        """Return a page of results whose agencies say where their own sites search the same."""
        links = self.search_links(outcome.page.query, site)
        agencies = tuple(
            msgspec.structs.replace(one, search_link=links.get(one.agency, msgspec.UNSET))
            for one in outcome.page.agencies
        )
        page = msgspec.structs.replace(outcome.page, agencies=agencies)
        return msgspec.structs.replace(outcome, page=page)

    def similar(  # noqa: PLR0913 - which picture, how long to wait, and what links carry
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
        """One page of pictures like one of an agency's; a late or failed agency is data.

        Raises:
            NotFound: no such agency is on, or it can't find pictures like one.
        """
        one = self._registry.require_holder(agency, media_id)
        if not self.has_similar(agency):
            raise NotFound(agency, "It can't find pictures like one.")
        query, first = query_of(media, lang), (page - 1) * PAGE_PLACES
        whole = PageSlice(RankedSource(one, query, media_id), first, first + PAGE_PLACES)
        return self._outcome(query.replace(page=page), [whole], patience, site)

    def has_similar(self, agency: str) -> bool:
        """Return whether an agency is on and can find pictures like one."""
        entry = self._registry.find_enabled(agency)
        return entry is not None and entry.agency.has_similar

    def collection(
        self, about: Collection, *, page: int, lang: str, patience: Patience, site: str = ""
    ) -> SearchOutcome:
        """One page of a collection that an agency features; a late or failed agency is data.

        Raises:
            NotFound: no such agency is on, or it features none.
        """
        one = self._registry.require_featuring(about.agency, about.id)
        first = (page - 1) * PAGE_PLACES
        ranking = RankedSource(one, query_of(about.media, ""), collection=about.id)
        whole = PageSlice(ranking, first, first + PAGE_PLACES)
        query = query_of(about.media, lang).replace(page=page)
        outcome = self._outcome(query, [whole], patience, site)
        if outcome.page.total is not None or about.total is None:
            return outcome
        pages = -(-about.total // PAGE_PLACES)
        found = msgspec.structs.replace(outcome.page, total=about.total, pages=pages)
        return msgspec.structs.replace(outcome, page=found)

    def picked(
        self,
        picks: Sequence[tuple[str, str]],
        query: SearchQuery,
        patience: Patience,
        *,
        site: str = "",
    ) -> SearchOutcome:
        """Return pictures by their agencies and ids as a page, in the order of the ids.

        Those that are gone, or whose agency is off or fails, are left out. ``query`` has the words
        that links carry, the language and the kind of media.
        """
        on = {one.agency.name: one for one in self._registry.enabled}
        known = [pick for pick in picks if pick[0] in on and is_possible_id(pick[1])]
        calls = [self._details(on[agency], media_id, query.media) for agency, media_id in known]
        asks = patience is not Patience.NONE
        answers = [
            self._kept_of(on[agency], call) if asks else self._calls.peek(call)
            for (agency, _), call in zip(known, calls, strict=True)
        ]
        missing = [i for i, answer in enumerate(answers) if answer is None and asks]
        questions = {i: self._calls.question(calls[i]) for i in missing}
        asked = [(on[known[i][0]], question) for i, question in questions.items()]
        found = {}
        if rest := self._charge(asked, PICK * len(asked)):
            busy = CachedAnswer[Media](status="failed", lifetime=0, failure=_busy(rest))
            found = dict.fromkeys(missing, busy)
        else:
            found = self._fanout.ask(questions, PAGE_SECONDS)
        answers = [answer or found.get(i) for i, answer in enumerate(answers)]
        items = [answer.value for answer in answers if answer and answer.value]
        words = query.to_counted().q
        page = SearchPage(
            query=query,
            page=1,
            pages=1,
            total=len(items),
            items=tuple(self.linked(m, words, site) for m in items if m.media == query.media),
            agencies=statuses_of([agency for agency, _ in known], answers),
        )
        lifetime = min((answer.lifetime for answer in answers if answer), default=0)
        withheld = _withheld(answer.failure for answer in answers if answer)
        waited = bool(missing) and not withheld
        return SearchOutcome(
            page=page, lifetime=lifetime, grace=0, waited=waited, withheld=withheld
        )

    def made(self, one: EnabledAgency, query: SearchQuery) -> SearchResult:
        """The first chunk as its agency gives it now, past the cache; counted like every call.

        Raises:
            AgencyError: it gave nothing.
        """
        return self._calls.call_now(one, lambda: ranking_of(one, query).ask(0))

    def warm(self, query: SearchQuery, within: float) -> int:
        """Fetch the first chunks that will be fresh for less than ``within`` seconds; how many."""
        able = [
            one for one in self._chosen(query) if not one.agency.list_unsupported_filters(query)
        ]
        calls = [self._calls.prepare_chunk(ranking_of(one, query), 0) for one in able]
        return sum(self._calls.renew(call, within) for call in calls)

    def shows_collection(self, about: Collection) -> bool:
        """Return whether the store has the first pictures of a featured collection."""
        answer = self._calls.peek(self._first_of(about))
        return bool(answer and answer.value)

    def warm_collection(self, about: Collection) -> int:
        """Fetch the first chunk of a featured collection; return how many were fetched."""
        return int(self._calls.renew(self._first_of(about), 0))

    def _first_of(self, about: Collection) -> PreparedCall[SearchResult]:
        one = self._registry.require_featuring(about.agency, about.id)
        ranking = RankedSource(one, query_of(about.media, ""), collection=about.id)
        return self._calls.prepare_chunk(ranking, 0)

    def _chosen(self, query: SearchQuery) -> list[EnabledAgency]:
        names = self._registry.names
        if set(query.agency) - set(names):
            raise BadQuery("agency", "Use one of: %(values)s.", values=", ".join(names))
        return self._registry.select_enabled(query.agency)

    def _outcome(
        self,
        query: SearchQuery,
        slices: list[PageSlice],
        patience: Patience,
        site: str,
        unable: Iterable[AgencyStatus] = (),
    ) -> SearchOutcome:
        """The page that the slices make, with the statuses of those who can't give any."""
        parts, waited = self._gather(slices, patience)
        shares, words = [one.last - one.first for one in slices], query.to_counted().q
        items = interleave([part.items for part in parts], shares)
        statuses = [status_of(one, part) for one, part in zip(slices, parts, strict=True)]
        page = SearchPage(
            query=query,
            page=query.page,
            pages=page_count(slices, parts),
            total=sum_of_totals(part.total for part in parts),
            items=merge_duplicates([self.linked(m, words, site) for m in items]),
            agencies=(*statuses, *unable),
            corrected=next((p.corrected for p in parts if p.corrected), msgspec.UNSET),
        )
        return SearchOutcome(
            page=page,
            lifetime=min((p.lifetime for p in parts), default=0),
            grace=min((one.ranking.enabled.policy.stale for one in slices), default=0),
            waited=waited,
            withheld=_withheld(part.failure for part in parts),
        )

    def _gather(
        self, slices: list[PageSlice], patience: Patience
    ) -> tuple[list[AgencyResult], bool]:
        """Return what the store has, then what agencies give in time; True when any was asked."""
        parts = {i: self._cached(one, patience) for i, one in enumerate(slices)}
        missing = [i for i, part in parts.items() if part is None]
        waits = bool(missing) and patience is not Patience.NONE
        if waits:
            lingers = patience is Patience.LINGER
            shown = any(part and part.items for part in parts.values())
            limit = LINGER_SECONDS if lingers and shown else PAGE_SECONDS
            questions = {i: self._fetching(slices[i]) for i in missing}
            asked = [(slices[i].ranking.enabled, question) for i, question in questions.items()]
            if rest := self._charge(asked, SEARCH):
                busy = AgencyResult(status="failed", lifetime=0, failure=_busy(rest))
                return [parts[i] or busy for i in range(len(slices))], False
            found = self._fanout.ask(questions, limit, shows=_show if lingers else None)
            for i, (ranking, answers) in found.items():
                one = msgspec.structs.replace(slices[i], ranking=ranking)
                parts[i] = agency_result(one, answers)
        late = AgencyResult(status="late", lifetime=0)
        return [parts[i] or late for i in range(len(slices))], waits

    def _cached(self, one: PageSlice, patience: Patience) -> AgencyResult | None:
        """Return the slice from the store; None when any chunk of it must be fetched.

        A stale one is refreshed behind, but for a page that may ask no agency. Where the full
        chunks are missing or failed, those of a page's places may be there.
        """
        found = self._kept(one, patience)
        if (found is None or found.failure) and (paged := one.in_pages()):
            small = self._calls.sizes.is_small(one.ranking.enabled.agency.source)
            return self._kept(paged, patience) or (None if small else found)
        return found

    def _kept(self, one: PageSlice, patience: Patience) -> AgencyResult | None:
        """Return the slice from chunks of one size; None when any of them must be fetched."""
        answers = []
        for chunk in one.chunks():
            answer = self._peek(one.ranking, chunk, refreshes=patience is not Patience.NONE)
            if answer is None:
                return None
            answers.append((chunk, answer))
        if not answers and (first := self._peek(one.ranking, 0)):
            answers.append((0, first))  # past the depth: nothing to show, but the total is known
        return agency_result(one, answers)

    def _fetching(self, one: PageSlice) -> Question[FetchedChunks]:
        """Return the fetch of a slice's chunks, of which the store lacks some.

        From an agency whose full chunks come late, the page's own places are fetched first and
        the full chunks behind them.
        """
        agency = one.ranking.enabled.agency
        paged = one.in_pages() if self._calls.sizes.is_small(agency.source) else None
        asked = paged or one
        key = ("chunks", *map(asked.ranking.key, asked.chunks()))

        def fetch() -> FetchedChunks:
            found = self._fetched(asked)
            if paged and _is_more(found.answers):
                self._fetch_rest(one)
            return found

        return Question(agency.name, key, fetch)

    def _fetched(self, one: PageSlice) -> FetchedChunks:
        calls = [(chunk, self._calls.prepare_chunk(one.ranking, chunk)) for chunk in one.chunks()]
        return FetchedChunks(one.ranking, [(n, self._calls.get_or_call(call)) for n, call in calls])

    def _fetch_rest(self, one: PageSlice) -> None:
        """Begin to fetch the full chunks of a slice behind all pages."""
        for chunk in one.chunks():
            call = self._calls.prepare_chunk(one.ranking, chunk, REST_PART)
            self._fanout.begin_behind(self._calls.question(call))

    def _peek(
        self, ranking: RankedSource, chunk: int, *, refreshes: bool = False
    ) -> CachedAnswer[SearchResult] | None:
        """Return what the store knows of a chunk: its answer, or that the ranking ends before."""
        call = self._calls.prepare_chunk(ranking, chunk)
        answer = self._kept_of(ranking.enabled, call) if refreshes else self._calls.peek(call)
        if answer is not None or chunk == 0:
            return answer
        first = self._calls.peek(self._calls.prepare_chunk(ranking, 0))
        total = first.value.total if first and first.value else None
        if first is None or total is None or chunk * ranking.chunk_size < total:
            return None
        return msgspec.structs.replace(first, value=SearchResult((), total))


def _busy(rest: float) -> Failure:
    """Return why an agency is not asked for somebody who has cost too much already."""
    return Failure(BudgetSpent.kind, str(BudgetSpent(rest)), rest)


def _withheld(failures: Iterable[Failure | None]) -> float:
    """Return the seconds to wait for what was not asked for; 0 where all was."""
    waits = (one.retry_after for one in failures if one and one.kind == BudgetSpent.kind)
    return max(waits, default=0.0)


def _show(found: FetchedChunks) -> bool:
    """Tell whether there are pictures; failures begin no countdown for the others."""
    return any(answer.value and answer.value.items for _, answer in found.answers)


def _is_more(answers: Sequence[tuple[int, CachedAnswer[SearchResult]]]) -> bool:
    """Tell whether all chunks came, and the ranking goes on behind a page."""
    values = [answer.value for _, answer in answers]
    return all(one and (one.total is None or one.total > PAGE_PLACES) for one in values)
