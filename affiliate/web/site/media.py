"""One picture: its page, the fragment that quick look shows, and what is similar to it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from flask import Blueprint, Response, render_template
from flask_babel import gettext

from affiliate.domain.media import Media, SearchPage, SearchQuery
from affiliate.domain.query import Parameters
from affiliate.domain.words import to_counted
from affiliate.errors import AgencyError, NotFound
from affiliate.search.lookups import DetailsPatience, MediaLookup
from affiliate.search.service import Patience, SearchOutcome
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
from affiliate.web.errors import error_page, problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    agency_title,
    displaying_site,
)

MEDIA_PATH: Final = "/<any(image, video):media>/<agency>/<media_id>"

blueprint = Blueprint("details", __name__)


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the memory tier may keep, and what each of them reads."""
    return {
        "/image/": canonicalize_media_page,
        "/video/": canonicalize_media_page,
        "/ajax/": canonicalize_media,
        "/api/": canonicalize_media,
    }


@blueprint.get(MEDIA_PATH)
def media_page(media: str, agency: str, media_id: str) -> Response:
    """Return the page of one picture: larger, with all that is known and similar pictures."""
    asked = request_parameters()
    try:
        found, more = _look_up_media(
            media, agency, media_id, asked, _details_patience(asked, DetailsPatience.KNOWN)
        )
    except AgencyError as error:
        return _failure_page(error, media, _media_by_id(media, agency, media_id, asked), asked)
    patience, number = read_patience(asked, Patience.NONE), read_fields(asked, "page").page
    similar = _fetch_similar(found, asked, patience)
    if similar and patience is Patience.NONE and not _is_from_cache(similar):
        similar = None  # the page asks for it
    search = _source_query(asked, media)
    found, position = _add_sellers(found, search, asked)
    page = {"media": found, "found_in": search, "similar": similar and similar.page}
    beside = {"words": search.q, "number": number, "position": position, "more": more}
    html = render_template("image.html", **page, **beside)
    response = Response(html)
    life = (
        int(min(_media_max_age(more=more), similar.lifetime))
        if similar
        else _media_max_age(more=more)
    )
    return finish_response(
        _set_public(response, life), life, position, more, number, *page.values()
    )


@blueprint.get(f"/ajax{MEDIA_PATH}")
def ajax_media(media: str, agency: str, media_id: str) -> Response:
    """Return one picture as an HTML fragment, for quick look."""
    asked = request_parameters()
    try:
        found, more = _look_up_media(
            media, agency, media_id, asked, _details_patience(asked, DetailsPatience.BEHIND)
        )
    except AgencyError as error:
        return _failure_problem(error, _media_by_id(media, agency, media_id, asked))
    search = _source_query(asked, media)
    found, position = _add_sellers(found, search, asked)
    html = render_template(
        "_image.html", media=found, found_in=search, quick=True, position=position, more=more
    )
    life = _media_max_age(more=more)
    return finish_response(_set_public(Response(html), life), life, found, search, position, more)


@blueprint.get(f"/api{MEDIA_PATH}")
def api_media(media: str, agency: str, media_id: str) -> Response:
    """Return one picture as JSON; the shape is ``media.Media``."""
    asked = request_parameters()
    try:
        found, more = _look_up_media(
            media, agency, media_id, asked, _details_patience(asked, DetailsPatience.BEHIND)
        )
    except AgencyError as error:
        return _failure_problem(error, _media_by_id(media, agency, media_id, asked))
    life = _media_max_age(more=more)
    found, _ = _add_sellers(found, _source_query(asked, media), asked)
    response = Response(msgspec.json.encode(found), mimetype="application/json")
    return finish_response(_set_public(response, life), life, found)


@blueprint.get(f"/ajax{MEDIA_PATH}/similar")
def ajax_similar(media: str, agency: str, media_id: str) -> Response:
    """Return pictures similar to one, as an HTML fragment."""

    def fragment(found: Media, page: SearchPage) -> Response:
        asked = request_parameters()
        known = {"found_in": _source_query(asked, media), "position": read_position(asked)}
        return Response(render_template("_similar.html", media=found, page=page, **known))

    return _answer_similar(media, agency, media_id, fragment)


@blueprint.get(f"/api{MEDIA_PATH}/similar")
def api_similar(media: str, agency: str, media_id: str) -> Response:
    """Return pictures similar to one as JSON; the shape is ``media.SearchPage``."""

    def encoded(_found: Media, page: SearchPage) -> Response:
        return Response(msgspec.json.encode(page), mimetype="application/json")

    return _answer_similar(media, agency, media_id, encoded)


def _answer_similar(
    media: str, agency: str, media_id: str, made: Callable[[Media, SearchPage], Response]
) -> Response:
    asked = request_parameters()
    try:
        found, _ = _look_up_media(media, agency, media_id, asked)
        similar = _fetch_similar(found, asked, read_patience(asked, Patience.LINGER))
    except AgencyError as error:
        return _failure_problem(error)
    if similar is None:
        return problem_response(HTTPStatus.NOT_FOUND, "This agency does not say what is similar.")
    return finish_search_response(made(found, similar.page), similar)


def _look_up_media(
    media: str,
    agency: str,
    media_id: str,
    asked: Parameters,
    more: DetailsPatience = DetailsPatience.KNOWN,
) -> MediaLookup:
    """Return a picture; ``more`` says what to do about details that are not known yet."""
    search = _source_query(asked, media)
    found = current_services().search.found(
        agency, media_id, search, site=displaying_site(), more=more
    )
    if found.media.media != media:
        raise NotFound(agency, "There is no such picture here.")
    return found


def _source_query(asked: Parameters, media: str) -> SearchQuery:
    """Return the search that found a picture, in the language of the request; it may be empty."""
    query, every = (
        read_source_query(asked, media),
        [one.agency.name for one in current_services().search.configured],
    )
    known = tuple(name for name in query.agency if name in every)
    return query.replace(lang=i18n.request_language(), agency=known)


def _details_patience(asked: Parameters, otherwise: DetailsPatience) -> DetailsPatience:
    """Return what to do about details: whoever waits for all that is known waits for them."""
    waits = read_patience(asked, Patience.NONE) is Patience.FULL
    return DetailsPatience.WAITED if waits else otherwise


def _add_sellers(media: Media, search: SearchQuery, asked: Parameters) -> tuple[Media, int]:
    """Return a picture with all its sellers, and its place, as the search that found it has it.

    The place is 0 where only the first is left: the address need not tell that.
    """
    tile = current_services().search.tile(media, search, site=displaying_site())
    found = msgspec.structs.replace(media, sellers=tile.sellers)
    return found, read_position(asked) or (tile.position if tile.position > 1 else 0)


def _media_by_id(media: str, agency: str, media_id: str, asked: Parameters) -> Media | None:
    """Return what the address alone tells of a picture: the link to its page at the agency."""
    words = to_counted(read_words(asked), i18n.request_language())
    return current_services().search.told_by_id(
        agency, media_id, media, words=words, site=displaying_site()
    )


def _failure_page(
    error: AgencyError, media: str, told: Media | None, asked: Parameters
) -> Response:
    """Return the page for a picture that is gone or can't be read, with the ways on to agencies."""
    search, position = _source_query(asked, media), read_position(asked) or 1
    query = search if search.q else None
    if isinstance(error, NotFound):
        title, text = gettext("This picture is gone"), gettext("Search for another one.")
        return error_page(HTTPStatus.NOT_FOUND, title, text, query, told, position=position)
    title = gettext("No answer")
    return error_page(
        HTTPStatus.BAD_GATEWAY, title, _describe_silence(error), query, told, position=position
    )


def _fetch_similar(media: Media, asked: Parameters, patience: Patience) -> SearchOutcome | None:
    search = current_services().search
    if not search.has_similar(media.agency):
        return None
    lang = i18n.request_language()
    return search.similar(
        media.agency,
        media.id,
        media=media.media,
        page=read_fields(asked, "page").page,
        lang=lang,
        patience=patience,
        site=displaying_site(),
    )


def _is_from_cache(outcome: SearchOutcome) -> bool:
    """Return whether all agencies of a page have answered from the cache."""
    return all(status.status in {"fresh", "stale"} for status in outcome.page.agencies)


def _media_max_age(*, more: bool) -> int:
    """Return the seconds for which a picture's answer is true: few while it lacks details."""
    return INCOMPLETE_MAX_AGE if more else MAX_BROWSER_AGE


def _set_public(response: Response, life: int = MAX_BROWSER_AGE) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={life}"
    return response


def _failure_problem(error: AgencyError, told: Media | None = None) -> Response:
    """Return a failure as a problem; its ``link`` leads to the picture where its id tells that."""
    link = told.link if told else ""
    if isinstance(error, NotFound):
        return problem_response(HTTPStatus.NOT_FOUND, error.message, link=link)
    return problem_response(HTTPStatus.BAD_GATEWAY, _describe_silence(error), link=link)


def _describe_silence(error: AgencyError) -> str:
    name = agency_title(error.agency)
    return gettext("%(agency)s does not answer. Try again in a minute.", agency=name)
