"""The reading side: shares a page among agencies, asks them side by side, puts it together."""

import enum
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from affiliate.agencies.base import PAGE_PLACES
from affiliate.cache import (
    Answer,
    Cache,
    Wanted,
    about_key,
    categories_key,
    details_key,
    suggest_key,
)
from affiliate.errors import AgencyError, BadQuery, NotFound
from affiliate.fanout import LINGER_SECONDS, FanOut, Question
from affiliate.health import Quota
from affiliate.links import affiliate_link
from affiliate.model import (
    AgencyStatus,
    Collection,
    Failure,
    Media,
    SearchPage,
    SearchQuery,
    SearchResult,
    Seller,
)
from affiliate.query import MAX_NAME, MEDIA
from affiliate.slices import (
    Listed,
    Part,
    Ranking,
    Slice,
    interleave,
    pages_of,
    part_of,
    share,
    status_of,
    total_of,
    unsupported,
)

PAGE_SECONDS: Final = 3.0
DAY: Final = 86400.0
SUGGEST_PART: Final = 0.5
"""Of the hour's calls, what suggestions may use; the rest is for searches."""

Value = TypeVar("Value")


class Patience(enum.Enum):
    """How long a page may take: what the cache has, the quick answers, or all that come."""

    NONE = "none"
    LINGER = "linger"
    FULL = "full"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A page, the seconds for which it stays true, and whether anyone was waited for."""

    page: SearchPage
    lifetime: float
    waited: bool


class _Call(NamedTuple, Generic[Value]):
    """What is wanted of the cache, and the call to an agency that gives it."""

    wanted: Wanted[Value]
    fetch: Callable[[], Value]


class Search:
    """Searches all agencies that are on."""

    def __init__(self, listed: Sequence[Listed], cache: Cache, quota: Quota) -> None:
        self.listed = tuple(listed)
        self._cache = cache
        self._quota = quota
        self._fanout = FanOut()

    def page(self, query: SearchQuery, patience: Patience, *, site: str = "") -> Outcome:
        """One page of results; late and failed agencies are part of it, as data.

        ``site`` is the host name of the site that shows it, for the links.

        Raises:
            BadQuery: ``agency`` names one that is not on.
        """
        chosen = self._chosen(query)
        able = [one for one in chosen if not one.agency.unsupported(query)]
        shares = share(PAGE_PLACES, [one.weight for one in able])
        slices = [
            Slice(_ranking(one, query), (query.page - 1) * places, query.page * places)
            for one, places in zip(able, shares, strict=True)
        ]
        unable = [unsupported(one, query) for one in chosen if one not in able]
        return self._outcome(query, slices, patience, site, unable)

    def similar(  # noqa: PLR0913 - which picture, how long to wait, and what links carry
        self,
        agency: str,
        media_id: str,
        *,
        lang: str,
        patience: Patience,
        media: str = "image",
        site: str = "",
    ) -> Outcome:
        """Pictures like one of an agency's, on one page; a late or failed agency is data.

        Raises:
            NotFound: no such agency is on, or it can't find pictures like one.
        """
        one = self._named(agency, media_id)
        if not self.has_similar(agency):
            raise NotFound(agency, "It can't find pictures like one.")
        query = _query(media, lang)
        whole = Slice(Ranking(one, query, media_id), 0, PAGE_PLACES)
        outcome = self._outcome(query, [whole], patience, site)
        page = msgspec.structs.replace(outcome.page, pages=min(outcome.page.pages, 1))
        return msgspec.structs.replace(outcome, page=page)

    def has_similar(self, agency: str) -> bool:
        """Whether an agency is on and can find pictures like one."""
        return any(one.agency.has_similar for one in self.listed if one.agency.name == agency)

    def details(  # noqa: PLR0913 - which picture, and what found it for its link
        self,
        agency: str,
        media_id: str,
        *,
        media: str = "image",
        words: str = "",
        lang: str = "",
        site: str = "",
    ) -> Media:
        """One picture or clip by its id, from the cache or its agency.

        ``words`` found it, for the link; their cached search in ``lang`` may hold all of it.

        Raises:
            AgencyError: NotFound when it is gone; else the agency did not answer.
        """
        one = self._named(agency, media_id)
        key = details_key(agency, media_id, media)
        wanted = Wanted(key, Media, one.policy, lambda _: False)
        call = self._call(one, wanted, lambda: one.agency.details(media_id, media))
        answer = self._kept(call)
        asked = _query(media, lang).replace(q=words)
        if answer is None and (found := self._seen(one, media_id, asked)):
            return self._linked(found, words, site)
        answer = answer or self._fanout.alone(lambda: self._through(call))
        return self._linked(_value(agency, answer), words, site)

    def collection(  # noqa: PLR0913 - which page of what, how long to wait, and what links carry
        self,
        agency: str,
        collection_id: str,
        *,
        page: int,
        lang: str,
        patience: Patience,
        site: str = "",
    ) -> Outcome:
        """One page of a collection that an agency features; a late or failed agency is data.

        Raises:
            NotFound: no such agency is on, or it features none.
        """
        one = self._featuring(agency, collection_id)
        first = (page - 1) * PAGE_PLACES
        ranking = Ranking(one, SearchQuery(), collection=collection_id)
        whole = Slice(ranking, first, first + PAGE_PLACES)
        return self._outcome(SearchQuery(lang=lang, page=page), [whole], patience, site)

    def about_collection(self, agency: str, collection_id: str) -> Collection:
        """What a featured collection is called, from the cache or its agency.

        Raises:
            AgencyError: NotFound when it is gone; else the agency did not answer.
        """
        one = self._featuring(agency, collection_id)
        key = about_key(agency, collection_id)
        wanted = Wanted(key, Collection, one.policy, lambda _: False)
        call = self._call(one, wanted, lambda: one.agency.about_collection(collection_id))
        return _value(agency, self._kept(call) or self._fanout.alone(lambda: self._through(call)))

    def _featuring(self, agency: str, collection_id: str) -> Listed:
        one = self._named(agency, collection_id)
        if not one.agency.collection_size:
            raise NotFound(agency, "It features no collections.")
        return one

    def suggest(self, words: str, lang: str, seconds: float) -> tuple[str, ...]:
        """Searches that agencies suggest by a call, for canonical words, within ``seconds``.

        An agency that fails or is late gives nothing; what it says later is there for the next.
        """
        able = [one for one in self.listed if one.agency.suggests and one.agency.api]
        return self._told([self._suggestion(one, words, lang) for one in able], seconds)

    def categories(
        self, lang: str, seconds: float, media: str = "image", agencies: Sequence[str] = ()
    ) -> tuple[str, ...]:
        """The names of the agencies' categories, within ``seconds``; known for a day.

        ``agencies`` are those to ask, by default all that list any; of those that fail or are
        late there is nothing. With 0 seconds they are asked behind what is known already.
        """
        able = [one for one in self.listed if one.agency.categorizes]
        asked = [one for one in able if not agencies or one.agency.name in agencies]
        names = self._told([self._categories(one, lang, media) for one in asked], seconds)
        return tuple(dict.fromkeys(names))

    def _told(self, calls: Sequence[_Call[tuple[str, ...]]], seconds: float) -> tuple[str, ...]:
        """What the calls give within ``seconds``; what comes later is there for the next."""
        end = time.monotonic() + seconds
        kept = [self._kept(call) for call in calls]
        missing = {i: self._question(calls[i]) for i, answer in enumerate(kept) if answer is None}
        asked = self._fanout.ask(missing, max(end - time.monotonic(), 0), linger=False)
        answers = [answer or asked.get(i) for i, answer in enumerate(kept)]
        return tuple(text for one in answers if one for text in one.value or ())

    def warm(self, query: SearchQuery, within: float) -> int:
        """Fetch the first chunks that will be fresh for less than ``within`` seconds; how many."""
        able = [one for one in self._chosen(query) if not one.agency.unsupported(query)]
        calls = [self._chunk(_ranking(one, query), 0) for one in able]
        return sum(self._cache.renew(call.wanted, call.fetch, within) for call in calls)

    def peek(self, query: SearchQuery, one: Listed) -> Answer[SearchResult] | None:
        """What the store has of an agency's first chunk; never asks."""
        return self._cache.peek(self._chunk(_ranking(one, query), 0).wanted)

    def _chosen(self, query: SearchQuery) -> list[Listed]:
        names = [one.agency.name for one in self.listed]
        if set(query.agency) - set(names):
            raise BadQuery("agency", "Use one of: %(values)s.", values=", ".join(names))
        return [o for o in self.listed if not query.agency or o.agency.name in query.agency]

    def _named(self, agency: str, media_id: str) -> Listed:
        """The agency that would have a picture."""
        one = next((o for o in self.listed if o.agency.name == agency), None)
        if one is None or not 0 < len(media_id) <= MAX_NAME:
            raise NotFound(agency, "There is no such picture here.")
        return one

    def _outcome(
        self,
        query: SearchQuery,
        slices: list[Slice],
        patience: Patience,
        site: str,
        unable: Iterable[AgencyStatus] = (),
    ) -> Outcome:
        """The page that the slices make, with the statuses of those who can't give any."""
        parts, waited = self._gather(slices, patience)
        shares = [one.last - one.first for one in slices]
        items = interleave([part.items for part in parts], shares)
        statuses = [status_of(one, part) for one, part in zip(slices, parts, strict=True)]
        page = SearchPage(
            query=query,
            page=query.page,
            pages=pages_of(slices, parts),
            total=total_of(part.total for part in parts),
            items=tuple(self._linked(m, query.q, site) for m in items),
            agencies=(*statuses, *unable),
            corrected=next((p.corrected for p in parts if p.corrected), msgspec.UNSET),
        )
        return Outcome(
            page=page, lifetime=min((p.lifetime for p in parts), default=0), waited=waited
        )

    def _gather(self, slices: list[Slice], patience: Patience) -> tuple[list[Part], bool]:
        """What the store has, then what the agencies give in time; True when any was asked."""
        parts = {i: self._cached(one, patience) for i, one in enumerate(slices)}
        missing = [i for i, part in parts.items() if part is None]
        waits = bool(missing) and patience is not Patience.NONE
        if waits:
            answered = len(missing) < len(slices)
            limit = LINGER_SECONDS if answered and patience is Patience.LINGER else PAGE_SECONDS
            linger = patience is Patience.LINGER
            questions = {i: self._fetching(slices[i]) for i in missing}
            found = self._fanout.ask(questions, limit, linger=linger)
            parts.update(found)
        late = Part(status="late", lifetime=0)
        return [parts[i] or late for i in range(len(slices))], waits

    def _cached(self, one: Slice, patience: Patience) -> Part | None:
        """The slice from the store; None when any chunk of it must be fetched.

        A stale one is refreshed behind, but for a page that may ask no agency.
        """
        answers = []
        for chunk in one.chunks():
            answer = self._peek(one.ranking, chunk)
            if answer is None:
                return None
            if answer.status == "stale" and patience is not Patience.NONE:
                answer = self._through(self._chunk(one.ranking, chunk))
            answers.append((chunk, answer))
        if not answers and (first := self._peek(one.ranking, 0)):
            answers.append((0, first))  # past the depth: nothing to show, but the total is known
        return part_of(one, answers)

    def _fetching(self, one: Slice) -> Question[Part]:
        """The fetch of a slice, of which the store lacks some."""
        calls = [(chunk, self._chunk(one.ranking, chunk)) for chunk in one.chunks()]
        key = (one.ranking.key(0), f"{one.first}-{one.last}")
        return Question(key, lambda: part_of(one, [(n, self._through(c)) for n, c in calls]))

    def _peek(self, ranking: Ranking, chunk: int) -> Answer[SearchResult] | None:
        """What the store knows of a chunk: its answer, or that the ranking ends before it."""
        answer = self._cache.peek(self._chunk(ranking, chunk).wanted)
        if answer is not None or chunk == 0:
            return answer
        first = self._cache.peek(self._chunk(ranking, 0).wanted)
        total = first.value.total if first and first.value else None
        if first is None or total is None or chunk * ranking.chunk_size < total:
            return None
        return msgspec.structs.replace(first, value=SearchResult((), total))

    def _chunk(self, ranking: Ranking, chunk: int) -> _Call[SearchResult]:
        one = ranking.listed
        wanted = Wanted(ranking.key(chunk), SearchResult, one.policy, _is_empty)
        calls = 2 if ranking.collection else 1  # the ids in it, and the pictures that they are
        return self._call(one, wanted, lambda: ranking.ask(chunk), calls=calls)

    def _suggestion(self, one: Listed, words: str, lang: str) -> _Call[tuple[str, ...]]:
        key = suggest_key(one.agency.name, lang, words)
        policy = msgspec.structs.replace(one.policy, fresh=DAY, empty=DAY)
        wanted = Wanted(key, tuple[str, ...], policy, lambda value: not value)
        return self._call(one, wanted, lambda: one.agency.suggest(words, lang), SUGGEST_PART)

    def _categories(self, one: Listed, lang: str, media: str) -> _Call[tuple[str, ...]]:
        key = categories_key(one.agency.name, lang, media)
        policy = msgspec.structs.replace(one.policy, fresh=DAY)
        wanted = Wanted(key, tuple[str, ...], policy, lambda value: not value)
        return self._call(one, wanted, lambda: one.agency.categories(lang, media), SUGGEST_PART)

    def _call(
        self,
        one: Listed,
        wanted: Wanted[Value],
        ask: Callable[[], Value],
        part: float = 1.0,
        *,
        calls: int = 1,
    ) -> _Call[Value]:
        """A call to an agency, counted on its quota (or a part of it) when it is made."""

        def fetch() -> Value:
            for _ in range(calls):
                self._quota.take(one.agency.name, part)
            return ask()

        return _Call(wanted, fetch)

    def _kept(self, call: _Call[Value]) -> Answer[Value] | None:
        """What the store has; a stale answer is refreshed behind."""
        answer = self._cache.peek(call.wanted)
        return self._through(call) if answer and answer.status == "stale" else answer

    def _through(self, call: _Call[Value]) -> Answer[Value]:
        return self._cache.through(call.wanted, call.fetch, PAGE_SECONDS)

    def _question(self, call: _Call[Value]) -> Question[Answer[Value]]:
        return Question((call.wanted.key,), lambda: self._through(call))

    def _seen(self, one: Listed, media_id: str, asked: SearchQuery) -> Media | None:
        """A picture as the cached search for some words has it."""
        if not asked.q:
            return None
        answer = self.peek(asked, one)
        items = answer.value.items if answer and answer.value else ()
        return next((item for item in items if item.id == media_id), None)

    def _linked(self, media: Media, words: str, site: str) -> Media:
        one = next(o for o in self.listed if o.agency.name == media.agency)
        landing = one.agency.landing(media)
        link = affiliate_link(one.link, media, landing, site=site, query=words)
        seller = Seller(media.agency, media.id, link)
        return msgspec.structs.replace(media, link=link, sellers=(seller,))


def _value(agency: str, answer: Answer[Value] | None) -> Value:
    """The value of an answer; None is that too many ask.

    Raises:
        AgencyError: there is none; NotFound when what was asked for is gone.
    """
    if answer is not None and answer.value is not None:
        return answer.value
    failure = answer.failure if answer else Failure("busy", "Too many ask just now.", 1)
    failure = failure or Failure("failed", "No answer.", 5)
    kind = NotFound if failure.kind == NotFound.kind else AgencyError
    raise kind(agency, failure.message, retry_after=failure.retry_after)


def _ranking(one: Listed, query: SearchQuery) -> Ranking:
    return Ranking(one, query.replace(page=1, agency=()))


def _query(media: str, lang: str) -> SearchQuery:
    """A search of ``media`` in a language; msgspec knows a default value by its identity alone."""
    return SearchQuery(media=MEDIA[MEDIA.index(media)], lang=lang or None)


def _is_empty(result: SearchResult) -> bool:
    return not result.items
