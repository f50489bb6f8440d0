"""What is looked up by a single call: a picture, suggestions, categories, names of collections."""

import enum
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

import msgspec

from affiliate.agencies.base import Agency
from affiliate.cache.answers import (
    CachedAnswer,
    CacheRequest,
)
from affiliate.cache.keys import (
    categories_key,
    collection_info_key,
    details_key,
    featured_key,
    suggestions_key,
)
from affiliate.domain.affiliate_links import build_affiliate_link, build_search_link
from affiliate.domain.media import (
    Collection,
    Contributor,
    Media,
    SearchQuery,
    SearchResult,
    Seller,
    Sides,
    Thumbnail,
)
from affiliate.domain.query import MAX_NAME, MEDIA
from affiliate.domain.sanitize import drop_unusable
from affiliate.domain.words import to_counted
from affiliate.errors import BudgetSpent, NotFound
from affiliate.search.chunk_sizes import ChunkSizes
from affiliate.search.client_budget import BESIDE as BESIDE_COST
from affiliate.search.client_budget import SEARCH
from affiliate.search.fanout import FanOut, Question
from affiliate.search.federation import EnabledAgency, RankedSource
from affiliate.search.gateway import (
    PAGE_SECONDS,
    REST_FOR_SEARCHES,
    AgencyGateway,
    CallCost,
    PreparedCall,
    value_of,
)
from affiliate.search.limits import Spent
from affiliate.search.registry import AgencyRegistry

DAY: Final = 86400.0
GONE_SECONDS: Final = 3600.0
"""How long nobody is asked again for an id that an agency does not know."""
SINGLE: Final = CallCost(part=REST_FOR_SEARCHES)
"""Single pictures and collections may use three quarters of the quota; the rest is for searches."""
BESIDE: Final = CallCost(part=0.5)
"""Suggestions, names of categories, and more of what is known may use half of the quota."""

Value = TypeVar("Value")


class LookupAnswer(NamedTuple, Generic[Value]):
    """What several agencies have said; ``late`` if some are still asked."""

    values: tuple[Value, ...]
    late: bool


class DetailsPatience(enum.Enum):
    """Says what to do about details where only a search tells of a picture.

    Nothing, a call behind the answer, or a call that the answer waits for.
    """

    KNOWN = "known"
    BEHIND = "behind"
    WAITED = "waited"


class RankedMedia(NamedTuple):
    """A picture as a search has it, and its rank at its agency, counted from 0."""

    media: Media
    rank: int


class MediaLookup(NamedTuple):
    """A picture, and whether its agency would tell more of it than is known yet."""

    media: Media
    lacks_details: bool


class LookupService:
    """Looks things up at the agencies that are on.

    ``spend`` takes what calls cost from the budget of who asks; it returns the seconds to wait
    where there is no room, and 0 where there is.
    """

    def __init__(
        self,
        registry: AgencyRegistry,
        calls: AgencyGateway,
        spend: Callable[[int], float] = lambda _cost: 0.0,
    ) -> None:
        self._registry = registry
        self._spend = spend
        self._calls = calls
        self._fanout = FanOut()

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
        """Return a picture or clip by its id, from the cache or its agency, as `found` has it."""
        search = query_of(media, lang).replace(q=words)
        return self.found(agency, media_id, search, site=site).media

    def found(
        self,
        agency: str,
        media_id: str,
        search: SearchQuery,
        *,
        site: str = "",
        more: DetailsPatience = DetailsPatience.KNOWN,
    ) -> MediaLookup:
        """Return a picture or clip by its id, from the cache or its agency.

        ``search`` found it: its words go into the link, and the cache may hold its answer, or that
        of its words alone. Where only these tell of the picture, ``more`` says what to do about
        the agency's details.

        Raises:
            AgencyError: NotFound when it is gone; else the agency did not answer.
        """
        one = self._registry.require_holder(agency, media_id)
        media, bare = search.media, query_of(search.media, search.lang or "").replace(q=search.q)
        places = (self._seen(one, media_id, asked) for asked in dict.fromkeys((search, bare)))
        seen = next(filter(None, places), None)
        words = to_counted(search.q, search.lang or "")
        tells_more = one.agency.has_more_details
        call = self._details(one, media_id, media, BESIDE if seen else SINGLE)
        answer = self._kept_of(one, call)
        if answer is None and (seen is None or (tells_more and more is DetailsPatience.WAITED)):
            answer = self._waited(one, call)
        elif answer is None and tells_more and more is DetailsPatience.BEHIND:
            self._begin_behind(one, call)
        is_gone = answer and answer.failure and answer.failure.kind == NotFound.kind
        if seen and not is_gone and not (answer and answer.value):
            return MediaLookup(self.linked(seen.media, words, site), tells_more)
        found = value_of(agency, answer)
        return MediaLookup(self.linked(found, words, site), lacks_details=False)

    def several(self, agency: str, ids: Sequence[str], media: str = "image") -> tuple[Media, ...]:
        """Pictures or clips as their agency has them now, in the order of the ids.

        Those that are gone are left out.

        Raises:
            AgencyError: NotFound when no such agency is on; else it did not answer.
        """
        one = self._registry.require_enabled(agency)
        calls = -(-len(ids) // one.agency.ids_per_call)
        found = self._calls.call_now(
            one, lambda: one.agency.fetch_media(ids, media), CallCost(calls)
        )
        return tuple(self.linked(item) for item in drop_unusable(found) if item.media == media)

    def contributors(self, agency: str, ids: Sequence[str]) -> tuple[Contributor, ...]:
        """Return what an agency says of its contributors now, by their ids.

        Raises:
            AgencyError: NotFound when no such agency is on; else it did not answer.
        """
        one = self._registry.require_enabled(agency)
        return self._calls.call_now(one, lambda: one.agency.fetch_contributors(ids))

    def size(self, agency: str) -> int | None:
        """Pictures in the collection of an agency that is on, where a call says so.

        Raises:
            AgencyError: it did not answer.
        """
        one = self._registry.require_enabled(agency)
        says = type(one.agency).count_pictures is not Agency.count_pictures
        return self._calls.call_now(one, one.agency.count_pictures) if says else None

    def featured(self, seconds: float) -> LookupAnswer[Collection]:
        """The collections of pictures, then of clips, that agencies feature, within ``seconds``.

        They are known for a day; with 0 seconds they are asked for behind.
        """
        able = self._registry.find_able(lambda agency: agency.collection_size)
        return self._told([self._featured(one, media) for media in MEDIA for one in able], seconds)

    def about_collection(self, agency: str, collection_id: str, media: str = "image") -> Collection:
        """Return what a featured collection is called, from the cache or its agency.

        Raises:
            AgencyError: NotFound when it is gone; else the agency did not answer.
        """
        one = self._registry.require_featuring(agency, collection_id)
        if known := self._listed_collection(one, collection_id, media):
            return known
        key = collection_info_key(one.agency.source, collection_id, media)
        wanted = CacheRequest(key, Collection, one.policy, lambda _: False)
        ask = partial(one.agency.fetch_collection, collection_id, media)
        call = self._calls.prepare(one, wanted, lambda: _there(ask), SINGLE)
        return value_of(agency, self._kept_of(one, call) or self._waited(one, call))

    def _listed_collection(
        self, one: EnabledAgency, collection_id: str, media: str
    ) -> Collection | None:
        """Return a collection as the cached list of those that its agency features has it."""
        answer = self._calls.peek(self._featured(one, media))
        values = (answer and answer.value) or ()
        return next((about for about in values if about.id == collection_id), None)

    def suggest(self, words: str, lang: str, seconds: float) -> tuple[str, ...]:
        """Searches that agencies suggest by a call, for canonical words, within ``seconds``.

        An agency that fails or is late gives nothing; what it says later is there for the next.
        """
        able = self._registry.find_able(lambda agency: agency.has_suggestions and agency.api)
        calls = [self._suggestion(one, words, lang) for one in able]
        return self._told(calls, seconds, BESIDE_COST).values

    def categories(
        self, lang: str, seconds: float, media: str = "image", agencies: Sequence[str] = ()
    ) -> LookupAnswer[str]:
        """The names of the agencies' categories, within ``seconds``; known for a day.

        ``agencies`` are those to ask, by default all that list any; of those that fail or are
        late there is nothing. With 0 seconds they are asked behind what is known already.
        """
        able = self._registry.find_able(lambda agency: agency.has_categories)
        asked = [one for one in able if not agencies or one.agency.name in agencies]
        told = self._told([self._categories(one, lang, media) for one in asked], seconds, 0)
        return LookupAnswer(tuple(dict.fromkeys(told.values)), told.late)

    def peek(self, query: SearchQuery, one: EnabledAgency) -> CachedAnswer[SearchResult] | None:
        """Return what the store has of an agency's first chunk; never asks."""
        ranking = ranking_of(one, query)
        kept = self._calls.peek(self._calls.prepare_chunk(ranking, 0))
        if (kept is None or kept.value is None) and (paged := ranking.in_pages()):
            return self._calls.peek(self._calls.prepare_chunk(paged, 0)) or kept
        return kept

    @property
    def chunk_sizes(self) -> ChunkSizes:
        """Return what is known of how much each agency gives in time."""
        return self._calls.sizes

    def left_alone(self, one: EnabledAgency) -> tuple[float, str] | None:
        """Return for how many seconds more an agency is left alone, and why; None if it is not."""
        return self._calls.left_alone(one)

    def spent(self, one: EnabledAgency) -> list[Spent]:
        """Return what is spent of each limit of an agency's calls."""
        return self._calls.spent(one)

    def ask_again(self, one: EnabledAgency) -> None:
        """Forget that an agency is left alone, so that the next search asks it."""
        self._calls.ask_again(one)

    def _waited(self, one: EnabledAgency, call: PreparedCall[Value]) -> CachedAnswer[Value] | None:
        """Return the answer of a call if it comes in the time of a page; the call goes on.

        Raises:
            BudgetSpent: who asks has cost too much already.
        """
        question = self._calls.question(call)
        if rest := self._charge([(one, question)], SEARCH):
            raise BudgetSpent(rest)
        return self._fanout.ask({0: question}, PAGE_SECONDS).get(0)

    def _begin_behind(self, one: EnabledAgency, call: PreparedCall[Value]) -> None:
        question = self._calls.question(call)
        if not self._charge([(one, question)], BESIDE_COST):
            self._fanout.begin_behind(question)

    def _charge(self, asked: Iterable[tuple[EnabledAgency, Question[Value]]], cost: int) -> float:
        """Take the cost of questions together; return the seconds to wait where there is no room.

        What is under way already, and agencies of which nothing is called, cost nothing.
        """
        costs = any(o.agency.api and not self._fanout.is_under_way(q) for o, q in asked)
        return self._spend(cost) if costs else 0.0

    def _kept_of(self, one: EnabledAgency, call: PreparedCall[Value]) -> CachedAnswer[Value] | None:
        """Return what the store has of an agency; who asks pays for a stale answer's refresh."""
        return self._calls.cached_or_refresh(call, self._may_refresh if one.agency.api else _always)

    def _may_refresh(self) -> bool:
        return not self._spend(BESIDE_COST)

    def _told(
        self,
        calls: Sequence[PreparedCall[tuple[Value, ...]]],
        seconds: float,
        cost: int | None = None,
    ) -> LookupAnswer[Value]:
        """Return what the calls give within ``seconds``; what comes later is there for the next.

        They are made for everybody where no ``cost`` is given, else for those who may spend that.
        """
        end = time.monotonic() + seconds
        may = _always if cost is None else lambda: not self._spend(cost)
        kept = [self._calls.cached_or_refresh(call, may) for call in calls]
        missing = {i: self._calls.question(calls[i]) for i, one in enumerate(kept) if one is None}
        if missing and cost is not None and self._spend(cost):
            missing = {}
        asked = self._fanout.ask(missing, max(end - time.monotonic(), 0))
        answers = [answer or asked.get(i) for i, answer in enumerate(kept)]
        values = tuple(value for one in answers if one for value in one.value or ())
        return LookupAnswer(values, late=None in answers)

    def _suggestion(
        self, one: EnabledAgency, words: str, lang: str
    ) -> PreparedCall[tuple[str, ...]]:
        key = suggestions_key(one.agency.source, lang, words)
        policy = msgspec.structs.replace(one.policy, fresh=DAY, empty=DAY)
        wanted = CacheRequest(key, tuple[str, ...], policy, lambda value: not value)
        return self._calls.prepare(
            one, wanted, lambda: one.agency.suggest_searches(words, lang), BESIDE
        )

    def _categories(
        self, one: EnabledAgency, lang: str, media: str
    ) -> PreparedCall[tuple[str, ...]]:
        key = categories_key(one.agency.source, lang, media)
        policy = msgspec.structs.replace(one.policy, fresh=DAY)
        wanted = CacheRequest(key, tuple[str, ...], policy, lambda value: not value)
        return self._calls.prepare(
            one, wanted, lambda: one.agency.list_categories(lang, media), BESIDE
        )

    def _featured(self, one: EnabledAgency, media: str) -> PreparedCall[tuple[Collection, ...]]:
        key = featured_key(one.agency.source, media)
        policy = msgspec.structs.replace(one.policy, fresh=DAY)
        wanted = CacheRequest(key, tuple[Collection, ...], policy, lambda value: not value)
        return self._calls.prepare(one, wanted, lambda: one.agency.list_collections(media), BESIDE)

    def _details(
        self, one: EnabledAgency, media_id: str, media: str, kind: CallCost = SINGLE
    ) -> PreparedCall[Media]:
        """Return the call for what an agency tells of one picture or clip."""
        key = details_key(one.agency.source, media_id, media)
        wanted = CacheRequest(key, Media, one.policy, lambda _: False)
        return self._calls.prepare(one, wanted, lambda: _shown(one, media_id, media), kind)

    def _seen(self, one: EnabledAgency, media_id: str, asked: SearchQuery) -> RankedMedia | None:
        """Return a picture with its rank, as a cached search has it."""
        if not asked.has_criteria():
            return None
        whole = ranking_of(one, asked)
        for ranking in filter(None, (whole, whole.in_pages())):
            for chunk in range(-(-one.agency.depth // ranking.chunk_size)):
                answer = self._calls.peek(self._calls.prepare_chunk(ranking, chunk))
                if answer is None or answer.value is None:
                    break
                for place, item in enumerate(answer.value.items):
                    if item.id == media_id:
                        return RankedMedia(item, chunk * ranking.chunk_size + place)
        return None

    def linked(self, media: Media, words: str = "", site: str = "") -> Media:
        """An item with its link, for ``words`` on ``site``; its agency may be off by now."""
        one = self._registry.get(media.agency)
        landing = one.agency.landing_url(media)
        link = build_affiliate_link(one.link, media, landing, site=site, query=words)
        sides = media.largest or Sides(0, 0)
        seller = Seller(media.agency, media.id, link, sides.width, sides.height)
        return msgspec.structs.replace(media, link=link, sellers=(seller,), referral=None)

    def told_by_id(
        self, agency: str, media_id: str, media: str = "image", *, words: str = "", site: str = ""
    ) -> Media | None:
        """Return what an id alone tells of a picture that can't be read: the link to its page.

        None where no such agency is on, sells such media, or tells its pages by ids like this one.
        """
        one = self._registry.find_enabled(agency)
        sells = one is not None and (media == "image" or bool(one.agency.video_filters))
        may_be = sells and media_id.isascii() and len(media_id) <= MAX_NAME
        page = one.agency.build_page_url(media_id, media) if one and may_be else ""
        nothing = Thumbnail("", 1, 1)
        bare = Media(agency=agency, id=media_id, media=media, page_url=page, thumbnail=nothing)
        return self.linked(bare, words, site) if page else None

    def search_links(self, query: SearchQuery, site: str = "") -> dict[str, str]:
        """Return the links to a search on the own sites of the agencies that it asks, by names.

        Agencies that are off, or whose site is searched in an unknown way, have none.
        """
        words, found = query.to_counted().q, {}
        for one in self._registry.select_enabled(query.agency):
            if landing := one.agency.build_search_url(query):
                link = build_search_link(one.link, query.media, landing, site=site, query=words)
                found[one.agency.name] = link
        return found


def _shown(one: EnabledAgency, media_id: str, media: str) -> Media:
    """A picture or clip as its agency has it now; NotFound where it can't be shown."""
    found = drop_unusable([_there(partial(one.agency.fetch_details, media_id, media))])
    if not found:
        raise NotFound(one.agency.name, "It can't be shown.", retry_after=GONE_SECONDS)
    return found[0]


def _there(ask: Callable[[], Value]) -> Value:
    """Return what an agency has under an id.

    Raises:
        AgencyError: it gave nothing; NotFound, remembered for as long as an answer that is empty.
    """
    try:
        return ask()
    except NotFound as error:
        raise NotFound(error.agency, error.message, retry_after=GONE_SECONDS) from error


def ranking_of(one: EnabledAgency, query: SearchQuery) -> RankedSource:
    """Return what an agency finds for a search, whatever page of it is asked for."""
    return RankedSource(one, query.replace(page=1, agency=()))


def query_of(media: str, lang: str) -> SearchQuery:
    """A search of ``media`` in a language; msgspec knows a default value by its identity alone."""
    return SearchQuery(media=MEDIA[MEDIA.index(media)], lang=lang or None)


def _always() -> bool:
    return True
