"""Lookups of single things at agencies: a picture, suggestions, categories, collections."""

import enum
from collections.abc import Sequence
from typing import NamedTuple

from affiliate.agencies.base import Agency
from affiliate.domain.media import Collection, Contributor, Failure, Media, MediaPick, SearchQuery
from affiliate.domain.query import MEDIA
from affiliate.domain.sanitize import drop_unusable
from affiliate.domain.words import to_counted
from affiliate.errors import NotFound
from affiliate.search.cached_searches import find_cached_media
from affiliate.search.client_budget import BESIDE_COST
from affiliate.search.federation import EnabledAgency, build_query
from affiliate.search.gateway import CallCost, require_value
from affiliate.search.links import add_link
from affiliate.search.lookup_calls import (
    BESIDE_CALL,
    SINGLE_CALL,
    prepare_categories,
    prepare_collection,
    prepare_details,
    prepare_featured,
    prepare_suggestions,
)
from affiliate.search.picked_media import fetch_picks
from affiliate.search.registry import AgencyRegistry
from affiliate.search.slice_fetcher import budget_wait
from affiliate.search.visitor_calls import LookupAnswer, VisitorCalls


class DetailsPatience(enum.Enum):
    """The treatment of missing details of a picture that only a search tells of.

    No call, a call behind the answer, or a call for which the answer waits.
    """

    KNOWN = "known"
    BEHIND = "behind"
    WAITED = "waited"


class MediaLookup(NamedTuple):
    """A picture; ``lacks_details`` if its agency would tell more than is known yet."""

    media: Media
    lacks_details: bool


class PickLookup(NamedTuple):
    """A picture named by its id, with its link.

    The picture is None where the agency has not answered, or where the picture ``is_gone``.
    """

    media: Media | None
    is_gone: bool


class PicksLookup(NamedTuple):
    """Pictures named by their ids, and the seconds until the visitor's budget has room for more."""

    found: tuple[PickLookup, ...]
    withheld: float


class LookupService:
    """The lookups at the agencies that are on."""

    def __init__(self, registry: AgencyRegistry, calls: VisitorCalls) -> None:
        self._registry = registry
        self._calls = calls
        self._gateway = calls.gateway

    def get_media(  # noqa: PLR0913 - which picture, and what found it for its link
        self,
        agency: str,
        media_id: str,
        *,
        media: str = "image",
        words: str = "",
        lang: str = "",
        site: str = "",
    ) -> Media:
        """Return a picture or clip by its id, from the cache or its agency.

        Raises:
            AgencyError: see `look_up_media`.
        """
        query = build_query(media, lang).replace(q=words)
        return self.look_up_media(agency, media_id, query, site=site).media

    def look_up_media(
        self,
        agency: str,
        media_id: str,
        query: SearchQuery,
        *,
        site: str = "",
        more: DetailsPatience = DetailsPatience.KNOWN,
    ) -> MediaLookup:
        """Return a picture or clip by its id, from the cache or its agency.

        ``query`` found the picture: the query's words go into the link, and the cache may hold the
        answer to the query, or to its words alone. Where only these answers tell of the picture,
        ``more`` says what to do about the agency's details.

        Raises:
            AgencyError: NotFound when the picture is gone; else the agency did not answer.
        """
        enabled = self._registry.require_holder(agency, media_id)
        media, bare = query.media, build_query(query.media, query.lang or "").replace(q=query.q)
        ranked = (
            find_cached_media(self._gateway, enabled, media_id, source)
            for source in dict.fromkeys((query, bare))
        )
        cached = next(filter(None, ranked), None)
        words = to_counted(query.q, query.lang or "")
        tells_more = enabled.agency.has_more_details
        cost = BESIDE_CALL if cached else SINGLE_CALL
        call = prepare_details(self._gateway, enabled, media_id, media, cost)
        answer = self._calls.cached_or_refresh(enabled, call)
        if answer is None and (cached is None or (tells_more and more is DetailsPatience.WAITED)):
            answer = self._calls.fetch_answer(enabled, call)
        elif answer is None and tells_more and more is DetailsPatience.BEHIND:
            self._calls.fetch_in_background(enabled, call)
        is_gone = answer and answer.failure and _is_gone(answer.failure)
        if cached and not is_gone and not (answer and answer.value):
            return MediaLookup(self._add_link(cached.media, words, site), tells_more)
        item = require_value(agency, answer)
        return MediaLookup(self._add_link(item, words, site), lacks_details=False)

    def look_up_picks(self, picks: Sequence[MediaPick], *, site: str = "") -> PicksLookup:
        """Return pictures by their ids, from the cache or their agencies, within a page's time.

        Pictures of agencies that are off are gone.
        """
        answers, _ = fetch_picks(self._registry, self._calls, picks, asks=True)
        found = []
        for place, pick in enumerate(picks):
            answer = answers.get(place)
            media = answer.value if answer and answer.value else None
            shown = media if media and media.media == pick.media else None
            failure = answer.failure if answer else None
            is_gone = place not in answers or bool(media) or bool(failure and _is_gone(failure))
            found.append(
                PickLookup(shown and self._add_link(shown, site=site), not shown and is_gone)
            )
        withheld = budget_wait(answer.failure for answer in answers.values() if answer)
        return PicksLookup(tuple(found), withheld)

    def fetch_media(
        self, agency: str, ids: Sequence[str], media: str = "image"
    ) -> tuple[Media, ...]:
        """Return pictures or clips as their agency has them now, in the order of the ids.

        Pictures that are gone are left out.

        Raises:
            AgencyError: NotFound when no such agency is on; else the agency did not answer.
        """
        enabled = self._registry.require_enabled(agency)
        calls = -(-len(ids) // enabled.agency.ids_per_call)
        fetched = self._gateway.call_now(
            enabled, lambda: enabled.agency.fetch_media(ids, media), CallCost(calls)
        )
        return tuple(self._add_link(item) for item in drop_unusable(fetched) if item.media == media)

    def fetch_contributors(self, agency: str, ids: Sequence[str]) -> tuple[Contributor, ...]:
        """Return contributors by their ids, as their agency describes them now.

        Raises:
            AgencyError: NotFound when no such agency is on; else the agency did not answer.
        """
        enabled = self._registry.require_enabled(agency)
        return self._gateway.call_now(enabled, lambda: enabled.agency.fetch_contributors(ids))

    def count_pictures(self, agency: str) -> int | None:
        """Return the number of an agency's pictures; None where no call gives the number.

        Raises:
            AgencyError: NotFound when no such agency is on; else the agency did not answer.
        """
        enabled = self._registry.require_enabled(agency)
        is_known = type(enabled.agency).count_pictures is not Agency.count_pictures
        return self._gateway.call_now(enabled, enabled.agency.count_pictures) if is_known else None

    def list_featured(self, seconds: float) -> LookupAnswer[Collection]:
        """Return the featured collections of pictures, then of clips, within ``seconds``.

        The collections are cached for a day; 0 seconds ask for missing collections behind.
        """
        able = self._registry.find_able(lambda agency: agency.collection_size)
        calls = [
            prepare_featured(self._gateway, enabled, media) for media in MEDIA for enabled in able
        ]
        return self._calls.gather_values(calls, seconds)

    def get_collection(self, agency: str, collection_id: str, media: str = "image") -> Collection:
        """Return a featured collection's name and size, from the cache or its agency.

        Raises:
            AgencyError: NotFound when the collection is gone; else the agency did not answer.
        """
        enabled = self._registry.require_featuring(agency, collection_id)
        if listed := self._find_listed_collection(enabled, collection_id, media):
            return listed
        call = prepare_collection(self._gateway, enabled, collection_id, media)
        answer = self._calls.cached_or_refresh(enabled, call) or self._calls.fetch_answer(
            enabled, call
        )
        return require_value(agency, answer)

    def _find_listed_collection(
        self, enabled: EnabledAgency, collection_id: str, media: str
    ) -> Collection | None:
        """Return a collection from the cached list of its agency's featured collections."""
        answer = self._gateway.peek(prepare_featured(self._gateway, enabled, media))
        collections = (answer and answer.value) or ()
        return next((item for item in collections if item.id == collection_id), None)

    def suggest_searches(self, words: str, lang: str, seconds: float) -> tuple[str, ...]:
        """Return searches that agencies suggest by a call for canonical words, within ``seconds``.

        An agency that fails or is late gives nothing; late suggestions are cached.
        """
        able = self._registry.find_able(lambda agency: agency.has_suggestions and agency.api)
        calls = [prepare_suggestions(self._gateway, enabled, words, lang) for enabled in able]
        return self._calls.gather_values(calls, seconds, BESIDE_COST).values

    def list_categories(
        self, lang: str, seconds: float, media: str = "image", agencies: Sequence[str] = ()
    ) -> LookupAnswer[str]:
        """Return the names of the agencies' categories, within ``seconds``; cached for a day.

        ``agencies`` are the agencies to ask, by default all that have categories. An agency that
        fails or is late gives nothing; 0 seconds ask for missing names behind.
        """
        able = self._registry.find_able(lambda agency: agency.has_categories)
        calls = [
            prepare_categories(self._gateway, enabled, lang, media)
            for enabled in able
            if not agencies or enabled.agency.name in agencies
        ]
        answer = self._calls.gather_values(calls, seconds, 0)
        return LookupAnswer(tuple(dict.fromkeys(answer.values)), answer.late)

    def _add_link(self, media: Media, words: str = "", site: str = "") -> Media:
        return add_link(self._registry, media, words, site)


def _is_gone(failure: Failure) -> bool:
    return failure.kind == NotFound.kind
