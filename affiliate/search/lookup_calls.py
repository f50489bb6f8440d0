"""The calls of lookups: the key, the lifetime and the cost of each kind."""

from collections.abc import Callable
from functools import partial
from typing import Final, TypeVar

import msgspec

from affiliate.cache.answers import CacheRequest
from affiliate.cache.keys import (
    categories_key,
    collection_info_key,
    details_key,
    featured_key,
    suggestions_key,
)
from affiliate.domain.media import Collection, Media
from affiliate.domain.sanitize import drop_unusable
from affiliate.domain.times import DAY_SECONDS
from affiliate.errors import NotFound
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import LOOKUP_PART, AgencyGateway, CallCost, PreparedCall

GONE_SECONDS: Final = 3600.0
"""Seconds for which an agency is not asked again for an unknown id."""
SINGLE_CALL: Final = CallCost(part=LOOKUP_PART)
"""The cost of single pictures and collections: three quarters of the quota, the rest is for
searches."""
BESIDE_CALL: Final = CallCost(part=0.5)
"""The cost of suggestions, names of categories, and details of known pictures: half of the
quota."""

Value = TypeVar("Value")


def prepare_details(  # noqa: PLR0913 - which picture, and the call with its cost
    gateway: AgencyGateway,
    enabled: EnabledAgency,
    media_id: str,
    media: str,
    cost: CallCost = SINGLE_CALL,
    *,
    fetch: Callable[[], Media] | None = None,
) -> PreparedCall[Media]:
    """Return the call for the details of a picture or clip; ``fetch`` replaces the usual call."""
    key = details_key(enabled.agency.source, media_id, media)
    request = CacheRequest(key, Media, enabled.policy, lambda _: False)
    fetch = fetch or partial(_fetch_media, enabled, media_id, media)
    return gateway.prepare(enabled, request, fetch, cost)


def prepare_collection(
    gateway: AgencyGateway, enabled: EnabledAgency, collection_id: str, media: str
) -> PreparedCall[Collection]:
    """Return the call for the name and the size of a featured collection."""
    key = collection_info_key(enabled.agency.source, collection_id, media)
    request = CacheRequest(key, Collection, enabled.policy, lambda _: False)
    fetch = partial(enabled.agency.fetch_collection, collection_id, media)
    return gateway.prepare(enabled, request, lambda: _remember_gone(fetch), SINGLE_CALL)


def prepare_featured(
    gateway: AgencyGateway, enabled: EnabledAgency, media: str
) -> PreparedCall[tuple[Collection, ...]]:
    """Return the call for the collections that an agency features; fresh for a day."""
    key = featured_key(enabled.agency.source, media)
    policy = msgspec.structs.replace(enabled.policy, fresh=DAY_SECONDS)
    request = CacheRequest(key, tuple[Collection, ...], policy, _is_empty)
    fetch = partial(enabled.agency.list_collections, media)
    return gateway.prepare(enabled, request, fetch, BESIDE_CALL)


def prepare_suggestions(
    gateway: AgencyGateway, enabled: EnabledAgency, words: str, lang: str
) -> PreparedCall[tuple[str, ...]]:
    """Return the call for the searches that an agency suggests; fresh for a day."""
    key = suggestions_key(enabled.agency.source, lang, words)
    policy = msgspec.structs.replace(enabled.policy, fresh=DAY_SECONDS, empty=DAY_SECONDS)
    request = CacheRequest(key, tuple[str, ...], policy, _is_empty)
    fetch = partial(enabled.agency.suggest_searches, words, lang)
    return gateway.prepare(enabled, request, fetch, BESIDE_CALL)


def prepare_categories(
    gateway: AgencyGateway, enabled: EnabledAgency, lang: str, media: str
) -> PreparedCall[tuple[str, ...]]:
    """Return the call for the names of an agency's categories; fresh for a day."""
    key = categories_key(enabled.agency.source, lang, media)
    policy = msgspec.structs.replace(enabled.policy, fresh=DAY_SECONDS)
    request = CacheRequest(key, tuple[str, ...], policy, _is_empty)
    fetch = partial(enabled.agency.list_categories, lang, media)
    return gateway.prepare(enabled, request, fetch, BESIDE_CALL)


def _fetch_media(enabled: EnabledAgency, media_id: str, media: str) -> Media:
    """Return a picture or clip as its agency has it now.

    Raises:
        AgencyError: the agency did not answer; NotFound where the picture can't be shown.
    """
    fetched = _remember_gone(partial(enabled.agency.fetch_details, media_id, media))
    usable = drop_unusable([fetched])
    if not usable:
        raise NotFound(enabled.agency.name, "It can't be shown.", retry_after=GONE_SECONDS)
    return usable[0]


def _remember_gone(fetch: Callable[[], Value]) -> Value:
    """Return the value that an agency has under an id.

    Raises:
        AgencyError: the agency gave nothing; NotFound, cached for `GONE_SECONDS`.
    """
    try:
        return fetch()
    except NotFound as error:
        raise NotFound(error.agency, error.message, retry_after=GONE_SECONDS) from error


def _is_empty(values: tuple[object, ...]) -> bool:
    return not values
