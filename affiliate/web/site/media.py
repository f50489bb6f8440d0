"""A picture or clip: its page, the fragment for quick look, the API, and similar pictures."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from flask import Blueprint, Response, render_template
from flask_babel import gettext

from affiliate.domain.media import Media, SearchPage, SearchQuery
from affiliate.domain.query import Parameters
from affiliate.domain.words import to_counted
from affiliate.errors import AgencyError, BudgetSpent, NotFound
from affiliate.search.links import build_media_from_id
from affiliate.search.lookups import DetailsPatience, MediaLookup
from affiliate.search.patience import Patience
from affiliate.search.service import SearchOutcome
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.caching import (
    INCOMPLETE_MAX_AGE,
    MAX_BROWSER_AGE,
    canonicalize_media,
    canonicalize_media_page,
    finish_response,
    finish_search_response,
    read_fields,
    read_patience,
    read_position,
    read_source_query,
    read_words,
    request_parameters,
)
from affiliate.web.errors import ask_to_wait, error_page, problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    agency_title,
    displaying_site,
)

MEDIA_PATH: Final = "/<any(image, video):media>/<agency>/<media_id>"

blueprint = Blueprint("media", __name__)


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the page cache may keep, each with its canonicalizer."""
    return {
        "/image/": canonicalize_media_page,
        "/video/": canonicalize_media_page,
        "/ajax/": canonicalize_media,
        "/api/": canonicalize_media,
    }


@blueprint.get(MEDIA_PATH)
def media_page(media: str, agency: str, media_id: str) -> Response:
    """Return the page of a picture: a larger rendition, all known details, similar pictures."""
    parameters = request_parameters()
    try:
        item, lacks_details = _look_up_media(
            media,
            agency,
            media_id,
            parameters,
            _read_details_patience(parameters, DetailsPatience.KNOWN),
        )
    except (AgencyError, BudgetSpent) as error:
        return _build_failure_page(
            error, media, _build_media_from_id(media, agency, media_id, parameters), parameters
        )
    patience, number = (
        read_patience(parameters, Patience.NONE),
        read_fields(parameters, "page").page,
    )
    similar = _fetch_similar(item, parameters, patience)
    if similar and patience is Patience.NONE and not _is_from_cache(similar):
        similar = None  # the page's script fetches similar pictures
    query = _read_known_source_query(parameters, media)
    item, position = _add_sellers(item, query, parameters)
    parts = {"media": item, "found_in": query, "similar": similar and similar.page}
    values = {"words": query.q, "number": number, "position": position, "more": lacks_details}
    html = render_template("image.html", **parts, **values)
    response = Response(html)
    max_age = _media_max_age(lacks_details=lacks_details)
    if similar:
        max_age = int(min(max_age, similar.lifetime))
    return finish_response(
        _set_public(response, max_age), max_age, position, lacks_details, number, *parts.values()
    )


@blueprint.get(f"/ajax{MEDIA_PATH}")
def ajax_media(media: str, agency: str, media_id: str) -> Response:
    """Return a picture as an HTML fragment, for quick look."""
    parameters = request_parameters()
    try:
        item, lacks_details = _look_up_media(
            media,
            agency,
            media_id,
            parameters,
            _read_details_patience(parameters, DetailsPatience.BEHIND),
        )
    except (AgencyError, BudgetSpent) as error:
        return _build_failure_problem(
            error, _build_media_from_id(media, agency, media_id, parameters)
        )
    query = _read_known_source_query(parameters, media)
    item, position = _add_sellers(item, query, parameters)
    html = render_template(
        "_image.html", media=item, found_in=query, quick=True, position=position, more=lacks_details
    )
    max_age = _media_max_age(lacks_details=lacks_details)
    response = _set_public(Response(html), max_age)
    return finish_response(response, max_age, item, query, position, lacks_details)


@blueprint.get(f"/api{MEDIA_PATH}")
def api_media(media: str, agency: str, media_id: str) -> Response:
    """Return a picture as JSON, a ``media.Media``."""
    parameters = request_parameters()
    try:
        item, lacks_details = _look_up_media(
            media,
            agency,
            media_id,
            parameters,
            _read_details_patience(parameters, DetailsPatience.BEHIND),
        )
    except (AgencyError, BudgetSpent) as error:
        return _build_failure_problem(
            error, _build_media_from_id(media, agency, media_id, parameters)
        )
    max_age = _media_max_age(lacks_details=lacks_details)
    item, _ = _add_sellers(item, _read_known_source_query(parameters, media), parameters)
    response = Response(msgspec.json.encode(item), mimetype="application/json")
    return finish_response(_set_public(response, max_age), max_age, item)


@blueprint.get(f"/ajax{MEDIA_PATH}/similar")
def ajax_similar(media: str, agency: str, media_id: str) -> Response:
    """Return pictures similar to a picture, as an HTML fragment."""

    def render_fragment(item: Media, page: SearchPage) -> Response:
        parameters = request_parameters()
        html = render_template(
            "_similar.html",
            media=item,
            page=page,
            found_in=_read_known_source_query(parameters, media),
            position=read_position(parameters),
        )
        return Response(html)

    return _answer_similar(media, agency, media_id, render_fragment)


@blueprint.get(f"/api{MEDIA_PATH}/similar")
def api_similar(media: str, agency: str, media_id: str) -> Response:
    """Return pictures similar to a picture as JSON, a ``media.SearchPage``."""

    def encode_page(_item: Media, page: SearchPage) -> Response:
        return Response(msgspec.json.encode(page), mimetype="application/json")

    return _answer_similar(media, agency, media_id, encode_page)


def _answer_similar(
    media: str, agency: str, media_id: str, build_response: Callable[[Media, SearchPage], Response]
) -> Response:
    parameters = request_parameters()
    try:
        item, _ = _look_up_media(media, agency, media_id, parameters)
        similar = _fetch_similar(item, parameters, read_patience(parameters, Patience.LINGER))
    except AgencyError as error:
        return _build_failure_problem(error)
    if similar is None:
        return problem_response(HTTPStatus.NOT_FOUND, "This agency does not say what is similar.")
    return finish_search_response(build_response(item, similar.page), similar)


def _look_up_media(
    media: str,
    agency: str,
    media_id: str,
    parameters: Parameters,
    details_patience: DetailsPatience = DetailsPatience.KNOWN,
) -> MediaLookup:
    """Look up a picture; ``details_patience`` applies to details that are not cached yet."""
    query = _read_known_source_query(parameters, media)
    lookup = current_services().lookups.look_up_media(
        agency, media_id, query, site=displaying_site(), more=details_patience
    )
    if lookup.media.media != media:
        raise NotFound(agency, "There is no such picture here.")
    return lookup


def _read_known_source_query(parameters: Parameters, media: str) -> SearchQuery:
    """Return the search that found a picture, in the language of the request; perhaps empty.

    Names of agencies that are not configured are dropped.
    """
    query = read_source_query(parameters, media)
    configured = current_services().registry.names
    agencies = tuple(name for name in query.agency if name in configured)
    return query.replace(lang=i18n.request_language(), agency=agencies)


def _read_details_patience(parameters: Parameters, default: DetailsPatience) -> DetailsPatience:
    """Return DetailsPatience.WAITED for ``wait=1``, else ``default``."""
    waits = read_patience(parameters, Patience.NONE) is Patience.FULL
    return DetailsPatience.WAITED if waits else default


def _add_sellers(media: Media, query: SearchQuery, parameters: Parameters) -> tuple[Media, int]:
    """Return a picture with all sellers of its tile in the source search, and the tile's position.

    The position is 0 for the first tile, which an address need not name.
    """
    tile = current_services().search.find_tile(media, query, site=displaying_site())
    item = msgspec.structs.replace(media, sellers=tile.sellers)
    return item, read_position(parameters) or (tile.position if tile.position > 1 else 0)


def _build_media_from_id(
    media: str, agency: str, media_id: str, parameters: Parameters
) -> Media | None:
    """Return a picture made from its address alone: with the link to its page at the agency."""
    words = to_counted(read_words(parameters), i18n.request_language())
    return build_media_from_id(
        current_services().registry, agency, media_id, media, words=words, site=displaying_site()
    )


def _build_failure_page(
    error: AgencyError | BudgetSpent, media: str, item: Media | None, parameters: Parameters
) -> Response:
    """Return the page for a picture that is gone or unreadable, with links to agencies."""
    source, position = _read_known_source_query(parameters, media), read_position(parameters) or 1
    query = source if source.q else None
    if isinstance(error, NotFound):
        title, text = gettext("This picture is gone"), gettext("Search for another one.")
        return error_page(HTTPStatus.NOT_FOUND, title, text, query, item, position=position)
    title = gettext("No answer")
    if isinstance(error, BudgetSpent):
        status, text = HTTPStatus.TOO_MANY_REQUESTS, gettext("Try again in a minute.")
        response = error_page(status, title, text, query, item, position=position)
        return ask_to_wait(response, error)
    return error_page(
        HTTPStatus.BAD_GATEWAY, title, _describe_silence(error), query, item, position=position
    )


def _fetch_similar(
    media: Media, parameters: Parameters, patience: Patience
) -> SearchOutcome | None:
    services = current_services()
    if not services.registry.has_similar(media.agency):
        return None
    lang = i18n.request_language()
    return services.search.get_similar_page(
        media.agency,
        media.id,
        media=media.media,
        page=read_fields(parameters, "page").page,
        lang=lang,
        patience=patience,
        site=displaying_site(),
    )


def _is_from_cache(outcome: SearchOutcome) -> bool:
    """Return whether all answers of a page come from the cache."""
    return all(status.status in {"fresh", "stale"} for status in outcome.page.agencies)


def _media_max_age(*, lacks_details: bool) -> int:
    """Return the max-age of a picture's answer in seconds: few while details are missing."""
    return INCOMPLETE_MAX_AGE if lacks_details else MAX_BROWSER_AGE


def _set_public(response: Response, max_age: int = MAX_BROWSER_AGE) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={max_age}"
    return response


def _build_failure_problem(error: AgencyError | BudgetSpent, item: Media | None = None) -> Response:
    """Return a failure as a problem, with the link of an ``item`` made from the address alone."""
    link = item.link if item else ""
    if isinstance(error, BudgetSpent):
        response = problem_response(HTTPStatus.TOO_MANY_REQUESTS, str(error), link=link)
        return ask_to_wait(response, error)
    if isinstance(error, NotFound):
        return problem_response(HTTPStatus.NOT_FOUND, error.message, link=link)
    return problem_response(HTTPStatus.BAD_GATEWAY, _describe_silence(error), link=link)


def _describe_silence(error: AgencyError) -> str:
    name = agency_title(error.agency)
    return gettext("%(agency)s does not answer. Try again in a minute.", agency=name)
