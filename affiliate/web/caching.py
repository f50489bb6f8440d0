"""HTTP caching of answers: canonical query strings, Cache-Control, and entity tags."""

import hashlib
import math
import re
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from flask import Response, request

from affiliate.domain.media import SearchPage, SearchQuery
from affiliate.domain.query import (
    DEFAULTS,
    POSITION,
    Parameters,
    read_flag,
    read_parameters,
    read_single,
    read_site,
)
from affiliate.domain.robots import counts_search
from affiliate.domain.times import DAY_SECONDS
from affiliate.errors import BadQuery
from affiliate.search.patience import Patience
from affiliate.search.service import SearchOutcome
from affiliate.search.visitor_calls import LookupAnswer
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.prefetches import is_prefetch
from affiliate.web.request_context import current_context
from affiliate.web.template_helpers import (
    cache_for,
    has_request_host,
    set_replay_result,
)

MAX_BROWSER_AGE: Final = 300
"""Seconds for which a browser may keep an answer: few, so that a link's correction takes effect."""
MAX_CDN_AGE: Final = 3600
"""Seconds for which a CDN may keep an answer; the owner can also purge a CDN."""
SOURCE_QUERY_PARAMETERS: Final = tuple(
    name for name in DEFAULTS if name not in {"media", "lang", "page"}
)
"""The parameters of a picture's page that describe the search that found the picture."""
ANSWERED_STATUSES: Final = frozenset({"fresh", "stale", "fetched"})
"""Statuses of agencies that have answered."""
INCOMPLETE_MAX_AGE: Final = 10
"""Seconds for which a page is valid that still lacks details or lists that are on their way."""


def request_parameters() -> Parameters:
    """Return the parameters of the current request.

    Raises:
        BadQuery: names the parameter that isn't UTF-8.
    """
    return current_context().parameters


def read_search_query(parameters: Parameters) -> SearchQuery:
    """Return the search in a request's parameters, in the language of the request."""
    query = SearchQuery.from_parameters(parameters)
    return query if query.lang else query.replace(lang=i18n.request_language())


def read_words(parameters: Parameters) -> str:
    """Return the words of the search that found a picture; empty without any."""
    if read_single(parameters, "q") is None:
        return ""
    return SearchQuery.from_parameters({"q": parameters["q"]}).q


def read_position(parameters: Parameters) -> int:
    """Return the place among the results of the tile that led to a picture's page; 0 if unknown."""
    text = next(iter(parameters.get("position", ())), "")
    return int(text) if re.fullmatch(POSITION, text) else 0


def read_source_query(parameters: Parameters, media: str) -> SearchQuery:
    """Return the search that found a picture or clip, without page and language; perhaps empty.

    An unreadable filter is dropped: the picture is worth more than the exact way back.

    Raises:
        BadQuery: names ``q`` where the words can't be read.
    """
    readable = {name: parameters[name] for name in SOURCE_QUERY_PARAMETERS if name in parameters}
    readable["media"] = [media]
    words = read_words(parameters)
    readable["q"] = ["-"]
    while True:
        try:
            query = SearchQuery.from_parameters(readable)
        except BadQuery as error:
            del readable[error.field]
        else:
            return query.replace(q=words)


def read_patience(parameters: Parameters, default: Patience) -> Patience:
    """Return Patience.FULL for ``wait=1``, else ``default``."""
    return Patience.FULL if read_flag(parameters, "wait") else default


def read_fields(parameters: Parameters, *names: str) -> SearchQuery:
    """Return a query of the fields ``names`` alone; without ``q`` its words are "-".

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    fields = {name: parameters[name] for name in names if read_single(parameters, name) is not None}
    return SearchQuery.from_parameters({"q": ["-"], **fields})


def encode_fields(parameters: Parameters, *names: str) -> str:
    """Return the canonical query string of an answer: of a search, or of the fields ``names``.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    query = read_fields(parameters, *names) if names else SearchQuery.from_parameters(parameters)
    pairs = query.to_pairs()
    if names:
        pairs = [
            (name, value) for name, value in pairs if read_single(parameters, name) is not None
        ]
    return urlencode(pairs + _list_common_pairs(parameters))


def _list_common_pairs(parameters: Parameters) -> list[tuple[str, str]]:
    """Return the parameters that every answer varies by: ``wait`` and ``site``."""
    wait_pairs = [("wait", "1")] if read_flag(parameters, "wait") else []
    site = read_site(parameters)
    return wait_pairs + ([("site", site)] if site else [])


def canonicalize_search(raw: bytes) -> str:
    """Canonicalize the parameters of results; without ``lang`` the site's language applies."""
    return encode_fields(read_parameters(raw))


def canonicalize_media(raw: bytes) -> str:
    """Canonicalize the parameters of a picture: source query, page of similar pictures, position.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    return _encode_media(read_parameters(raw))


def _encode_media(parameters: Parameters) -> str:
    query = read_source_query(parameters, "video")  # clips have the filters of both kinds
    pairs = [pair for pair in query.to_pairs() if pair[0] != "media"]
    exact = read_fields(parameters, "media", "lang", "page").to_pairs()
    pairs += [
        (name, value) for name, value in exact if name != "q" and read_single(parameters, name)
    ]
    if position := read_position(parameters):
        pairs.append(("position", str(position)))
    return urlencode(pairs + _list_common_pairs(parameters))


def canonicalize_search_page(raw: bytes) -> str | None:
    """Canonicalize a page of results; None without ``lang``, as the browser's languages matter."""
    parameters = read_parameters(raw)
    return encode_fields(parameters) if has_language(parameters) else None


def canonicalize_media_page(raw: bytes) -> str | None:
    """Canonicalize a picture's page; None without ``lang``, as the browser's languages matter."""
    parameters = read_parameters(raw)
    return _encode_media(parameters) if has_language(parameters) else None


def canonicalize_page(raw: bytes) -> str | None:
    """Canonicalize any other page; None without ``lang``, as the browser's languages matter."""
    parameters = read_parameters(raw)
    return encode_fields(parameters, "q", "lang") if has_language(parameters) else None


def has_language(parameters: Parameters) -> bool:
    """Return whether parameters name a language."""
    return read_single(parameters, "lang") is not None


def finish_search_response(
    response: Response, outcome: SearchOutcome, *lookups: LookupAnswer[Any], is_search: bool = True
) -> Response:
    """Add the caching headers and tag of an answer made of a page and the ``lookups`` on it.

    An answer counts as a search that found something or nothing, unless ``is_search`` is False, as
    on the start page, or the request is a program's or a prefetch.
    """
    if any(lookup.late for lookup in lookups):
        outcome = msgspec.structs.replace(
            outcome, lifetime=min(outcome.lifetime, INCOMPLETE_MAX_AGE)
        )
    statuses = {status.status for status in outcome.page.agencies}
    response.headers["Cache-Control"] = build_cache_control(outcome)
    cache_status = "STALE" if "stale" in statuses else "HIT"
    cache_status = "MISS" if outcome.waited or "late" in statuses else cache_status
    response.headers["X-Cache"] = cache_status
    if outcome.withheld:
        return _refuse_withheld(response, outcome)
    is_search &= outcome.page.query.has_criteria() and not is_prefetch()
    is_search &= counts_search(request.user_agent.string, request.path)
    has_results = _has_results(outcome.page)
    set_replay_result(has_results=has_results)
    # The request that fills a skeleton counts, not the skeleton.
    if is_search and (outcome.waited or "late" not in statuses):
        query = None if has_results is None else outcome.page.query
        current_services().usage.count_answer(
            cache_status,
            query,
            request.remote_addr or "",
            found=bool(has_results),
            seconds=current_context().seconds,
        )
    return finish_response(
        response, outcome.lifetime, outcome.page, *(lookup.values for lookup in lookups)
    )


def _has_results(page: SearchPage) -> bool | None:
    """Return whether a search found something; None where the page can't tell.

    An empty page means no results once every agency that can express the search has answered.
    """
    if page.items:
        return True
    statuses = {agency.status for agency in page.agencies} - {"unsupported"}
    is_whole = page.page == 1 and not page.total and not page.query.agency
    return False if is_whole and statuses and statuses <= ANSWERED_STATUSES else None


def _refuse_withheld(response: Response, outcome: SearchOutcome) -> Response:
    """Answer a client without budget: with the known pictures, or with 429 if there are none."""
    if not outcome.page.items:
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    response.headers["Retry-After"] = str(math.ceil(outcome.withheld))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def finish_response(response: Response, lifetime: float, *parts: object) -> Response:
    """Tag a response with a digest of ``parts``; let the page cache keep it for ``lifetime``."""
    if has_request_host():
        response.headers["Cache-Control"] = "private, no-cache"
    if not response.headers["Cache-Control"].startswith("private"):
        cache_for(lifetime)
    response.set_etag(_digest_parts(parts, response.mimetype), weak=True)
    return response.make_conditional(request.environ)  # type: ignore[return-value]


def set_caching(
    response: Response, max_age: int = DAY_SECONDS, replay_seconds: float = DAY_SECONDS
) -> Response:
    """Let all caches keep the response, unless the response contains the request's host.

    ``replay_seconds`` is the life in this site's page cache; up to ``REPLAY_SECONDS`` the response
    goes into no store.
    """
    response.add_etag()
    if has_request_host():
        response.headers["Cache-Control"] = "private, no-cache"
    else:
        response.headers["Cache-Control"] = f"public, max-age={max_age}"
        cache_for(replay_seconds)
    return response


def build_cache_control(outcome: SearchOutcome) -> str:
    """Build the Cache-Control of an answer, which expires with its shortest-lived part."""
    if any(status.status == "late" for status in outcome.page.agencies):
        return "private, no-cache"
    if outcome.lifetime <= 0:
        return "public, no-cache"
    seconds = max(int(min(outcome.lifetime, DAY_SECONDS)), 1)
    fresh = f"public, max-age={min(seconds, MAX_BROWSER_AGE)}, s-maxage={min(seconds, MAX_CDN_AGE)}"
    if any(status.status == "failed" for status in outcome.page.agencies):
        return fresh  # a failure is shown for its lifetime, without grace
    grace = int(min(seconds, outcome.grace))
    if not grace:
        return fresh
    return f"{fresh}, stale-while-revalidate={min(grace, MAX_BROWSER_AGE)}, stale-if-error={grace}"


def _digest_parts(parts: tuple[object, ...], kind: str | None) -> str:
    values = [_list_etag_parts(part) if isinstance(part, SearchPage) else part for part in parts]
    languages = (i18n.request_language(), i18n.ui_language())
    body = msgspec.json.encode((current_services().build_id, kind, languages, values))
    return hashlib.blake2b(body, digest_size=12).hexdigest()


def _list_etag_parts(page: SearchPage) -> tuple[object, ...]:
    agencies = [(a.agency, a.total, a.fetched_at, a.error) for a in page.agencies]
    return (page.items, page.total, agencies)
