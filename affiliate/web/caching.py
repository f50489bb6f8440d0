"""How a found page leaves the site: how long it is true, what it is made of, its tag."""

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
    Parameters,
    read_flag,
    read_parameters,
    read_single,
    read_site,
)
from affiliate.errors import BadQuery
from affiliate.search.lookups import LookupAnswer
from affiliate.search.service import Patience, SearchOutcome
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.client_limits import is_crawler
from affiliate.web.template_helpers import (
    cache_for,
    has_request_host,
    set_replay_result,
)

MAX_BROWSER_AGE: Final = 300
"""Seconds; so short that a corrected affiliate link takes effect."""
MAX_CDN_AGE: Final = 3600
"""Seconds for which a CDN may keep an answer, for the same reason; it can be purged, too."""
SOURCE_QUERY_PARAMETERS: Final = tuple(
    name for name in DEFAULTS if name not in {"media", "lang", "page"}
)
"""The parameters of a picture's page that say which search found the picture."""
ANSWERED_STATUSES: Final = frozenset({"fresh", "stale", "fetched"})
"""Statuses of agencies that have answered."""
INCOMPLETE_MAX_AGE: Final = 10
"""Seconds; a page that lacks something small which is on its way is true no longer."""


def request_parameters() -> Parameters:
    """Return what the request under way asks.

    Raises:
        BadQuery: names the parameter that isn't UTF-8.
    """
    return read_parameters(request.environ.get("QUERY_STRING", "").encode("latin-1"))


def read_search_query(asked: Parameters) -> SearchQuery:
    """The search in a request's parameters, in the language of the request."""
    query = SearchQuery.from_parameters(asked)
    return query if query.lang else query.replace(lang=i18n.request_language())


def read_words(asked: Parameters) -> str:
    """The words that found a picture, as a search has them; may be empty."""
    if read_single(asked, "q") is None:
        return ""
    return SearchQuery.from_parameters({"q": asked["q"]}).q


def read_position(asked: Parameters) -> int:
    """Return the place among the results of the tile that led to a picture's page; 0 if unknown."""
    text = next(iter(asked.get("position", ())), "")
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,5}", text, re.ASCII) else 0


def read_source_query(asked: Parameters, media: str) -> SearchQuery:
    """Return the search that found a picture or clip, without page and language; perhaps empty.

    A filter that can't be read is left out: the picture is worth more than the way back.

    Raises:
        BadQuery: names ``q`` where the words can't be read.
    """
    kept = {name: asked[name] for name in SOURCE_QUERY_PARAMETERS if name in asked} | {
        "media": [media]
    }
    words = read_words(asked)
    kept["q"] = ["-"]
    while True:
        try:
            query = SearchQuery.from_parameters(kept)
        except BadQuery as error:
            del kept[error.field]
        else:
            return query.replace(q=words)


def read_patience(asked: Parameters, otherwise: Patience) -> Patience:
    """All that comes with ``wait=1``, else as the route has it."""
    return Patience.FULL if read_flag(asked, "wait") else otherwise


def read_fields(asked: Parameters, *names: str) -> SearchQuery:
    """Some fields of what is asked, where it need not be a search; the words are "-" without any.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    kept = {name: asked[name] for name in names if read_single(asked, name) is not None}
    return SearchQuery.from_parameters({"q": ["-"], **kept})


def canonicalize_fields(raw: bytes, *names: str) -> str:
    """All that an answer may vary by, in one order: a search, or some fields by their ``names``.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    asked = read_parameters(raw)
    query = read_fields(asked, *names) if names else SearchQuery.from_parameters(asked)
    pairs = query.pairs()
    if names:
        pairs = [(name, value) for name, value in pairs if read_single(asked, name) is not None]
    return urlencode(pairs + _common_pairs(asked))


def _common_pairs(asked: Parameters) -> list[tuple[str, str]]:
    """Return what every answer varies by, beside what is asked."""
    waits = [("wait", "1")] if read_flag(asked, "wait") else []
    shown = read_site(asked)
    return waits + ([("site", shown)] if shown else [])


def canonicalize_search(raw: bytes) -> str:
    """A search whose language is the site's where the address doesn't say it."""
    return canonicalize_fields(raw)


def canonicalize_media(raw: bytes) -> str:
    """A fragment of a picture or of a collection: what found it, and which similar ones.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    asked = read_parameters(raw)
    search = read_source_query(asked, "video")  # which has the filters of both
    pairs = [pair for pair in search.pairs() if pair[0] != "media"]
    exact = read_fields(asked, "media", "lang", "page").pairs()
    pairs += [(name, value) for name, value in exact if name != "q" and read_single(asked, name)]
    if position := read_position(asked):
        pairs.append(("position", str(position)))
    return urlencode(pairs + _common_pairs(asked))


def canonicalize_search_page(raw: bytes) -> str | None:
    """A page of results; without a language in the address the browser has a say."""
    return canonicalize_fields(raw) if has_language(raw) else None


def canonicalize_media_page(raw: bytes) -> str | None:
    """A picture's page, likewise."""
    return canonicalize_media(raw) if has_language(raw) else None


def canonicalize_page(raw: bytes) -> str | None:
    """Any other page, likewise."""
    return canonicalize_fields(raw, "q", "lang") if has_language(raw) else None


def has_language(raw: bytes) -> bool:
    """Return whether an address says its language."""
    try:
        return read_single(read_parameters(raw), "lang") is not None
    except BadQuery:
        return False


def finish_search_response(
    response: Response, outcome: SearchOutcome, *beside: LookupAnswer[Any], asked: bool = True
) -> Response:
    """Say how long the answer is true, and what it is made of: a page, and what stands ``beside``.

    It counts as a search by what was found, unless no visitor ``asked`` for it, as on the start
    page and to crawlers.
    """
    if any(known.late for known in beside):
        outcome = msgspec.structs.replace(
            outcome, lifetime=min(outcome.lifetime, INCOMPLETE_MAX_AGE)
        )
    statuses = {status.status for status in outcome.page.agencies}
    response.headers["Cache-Control"] = build_cache_control(outcome)
    mark = "STALE" if "stale" in statuses else "HIT"
    mark = "MISS" if outcome.waited or "late" in statuses else mark
    response.headers["X-Cache"] = mark
    if outcome.withheld:
        return _refuse_withheld(response, outcome)
    asked &= outcome.page.query.has_criteria() and not is_crawler()
    found = _has_results(outcome.page)
    set_replay_result(found=found)
    if asked and (outcome.waited or "late" not in statuses):  # a skeleton is filled by another
        query = None if found is None else outcome.page.query
        current_services().usage.answered(mark, query, request.remote_addr or "", found=bool(found))
    return finish_response(
        response, outcome.lifetime, outcome.page, *(known.values for known in beside)
    )


def _has_results(page: SearchPage) -> bool | None:
    """Return whether a search found something; None where nothing is known to be there.

    That the words find nothing is known once every agency that can express the search has said it.
    """
    if page.items:
        return True
    answered = [one for one in page.agencies if one.status != "unsupported"]
    is_whole = page.page == 1 and not page.total and not page.query.agency
    return (
        False
        if is_whole and answered and {a.status for a in answered} <= ANSWERED_STATUSES
        else None
    )


def _refuse_withheld(response: Response, outcome: SearchOutcome) -> Response:
    """Give an answer to one who has cost too much: what is known, or 429 where nothing is."""
    if not outcome.page.items:
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
    response.headers["Retry-After"] = str(math.ceil(outcome.withheld))
    response.headers["Cache-Control"] = "private, no-store"
    return response


def finish_response(response: Response, lifetime: float, *parts: object) -> Response:
    """Give an answer an entity tag of what it was made of; keep it for as long as it is true."""
    if has_request_host():
        response.headers["Cache-Control"] = "private, no-cache"
    if not response.headers["Cache-Control"].startswith("private"):
        cache_for(lifetime)
    response.set_etag(_digest_parts(parts, response.mimetype), weak=True)
    return response.make_conditional(request.environ)  # type: ignore[return-value]


def build_cache_control(outcome: SearchOutcome) -> str:
    """The Cache-Control of an answer: never longer than its shortest-lived part."""
    if any(status.status == "late" for status in outcome.page.agencies):
        return "private, no-cache"
    if outcome.lifetime <= 0:
        return "public, no-cache"
    life = max(int(min(outcome.lifetime, 86400)), 1)
    fresh = f"public, max-age={min(life, MAX_BROWSER_AGE)}, s-maxage={min(life, MAX_CDN_AGE)}"
    if any(status.status == "failed" for status in outcome.page.agencies):
        return fresh  # a failure is shown for its time, and no longer
    grace = int(min(life, outcome.grace))
    if not grace:
        return fresh
    return f"{fresh}, stale-while-revalidate={min(grace, MAX_BROWSER_AGE)}, stale-if-error={grace}"


def _digest_parts(parts: tuple[object, ...], kind: str | None) -> str:
    made = [_etag_parts(one) if isinstance(one, SearchPage) else one for one in parts]
    spoken = (i18n.request_language(), i18n.ui_language())
    body = msgspec.json.encode((current_services().build_id, kind, spoken, made))
    return hashlib.blake2b(body, digest_size=12).hexdigest()


def _etag_parts(found: SearchPage) -> tuple[object, ...]:
    agencies = [(a.agency, a.total, a.fetched_at, a.error) for a in found.agencies]
    return (found.items, found.total, agencies)
