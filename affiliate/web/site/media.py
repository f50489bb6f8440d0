"""One picture: its page, the fragment that quick look shows, and what is similar to it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from flask import Blueprint, Response, render_template
from flask_babel import gettext

from affiliate.domain.media import Media, SearchPage, SearchQuery
from affiliate.domain.query import Parameters
from affiliate.domain.words import counted
from affiliate.errors import AgencyError, NotFound
from affiliate.search.lookups import DetailsPatience, MediaLookup
from affiliate.search.service import Patience, SearchOutcome
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.caching import (
    MAX_AGE,
    SOON,
    answer,
    canonical_details,
    canonical_details_page,
    found_in,
    parameters,
    patience_of,
    position_of,
    some_of,
    tagged,
    words_of,
)
from affiliate.web.errors import error_page, problem
from affiliate.web.page_cache import Canonical
from affiliate.web.template_helpers import (
    shown_on,
    title_of,
)

PICTURES: Final = "/<any(image, video):media>/<agency>/<media_id>"

blueprint = Blueprint("details", __name__)


def routes() -> dict[str, Canonical]:
    """Return the paths whose answers the memory tier may keep, and what each of them reads."""
    return {
        "/image/": canonical_details_page,
        "/video/": canonical_details_page,
        "/ajax/": canonical_details,
        "/api/": canonical_details,
    }


@blueprint.get(PICTURES)
def image(media: str, agency: str, media_id: str) -> Response:
    """Return the page of one picture: larger, with all that is known and similar pictures."""
    asked = parameters()
    try:
        found, more = _found(media, agency, media_id, asked, _more(asked, DetailsPatience.KNOWN))
    except AgencyError as error:
        return _unreadable(error, media, _told_by_id(media, agency, media_id, asked), asked)
    patience, number = patience_of(asked, Patience.NONE), some_of(asked, "page").page
    similar = _similar(found, asked, patience)
    if similar and patience is Patience.NONE and not _is_known(similar):
        similar = None  # the page asks for it
    search = _search(asked, media)
    found, position = _sold(found, search, asked)
    page = {"media": found, "found_in": search, "similar": similar and similar.page}
    beside = {"words": search.q, "number": number, "position": position, "more": more}
    html = render_template("image.html", **page, **beside)
    response = Response(html)
    life = int(min(_life(more=more), similar.lifetime)) if similar else _life(more=more)
    return tagged(_public(response, life), life, position, more, number, *page.values())


@blueprint.get(f"/ajax{PICTURES}")
def ajax_image(media: str, agency: str, media_id: str) -> Response:
    """Return one picture as an HTML fragment, for quick look."""
    asked = parameters()
    try:
        found, more = _found(media, agency, media_id, asked, _more(asked, DetailsPatience.BEHIND))
    except AgencyError as error:
        return _problem(error, _told_by_id(media, agency, media_id, asked))
    search = _search(asked, media)
    found, position = _sold(found, search, asked)
    html = render_template(
        "_image.html", media=found, found_in=search, quick=True, position=position, more=more
    )
    life = _life(more=more)
    return tagged(_public(Response(html), life), life, found, search, position, more)


@blueprint.get(f"/api{PICTURES}")
def api_image(media: str, agency: str, media_id: str) -> Response:
    """Return one picture as JSON; the shape is ``model.Media``."""
    asked = parameters()
    try:
        found, more = _found(media, agency, media_id, asked, _more(asked, DetailsPatience.BEHIND))
    except AgencyError as error:
        return _problem(error, _told_by_id(media, agency, media_id, asked))
    life = _life(more=more)
    found, _ = _sold(found, _search(asked, media), asked)
    response = Response(msgspec.json.encode(found), mimetype="application/json")
    return tagged(_public(response, life), life, found)


@blueprint.get(f"/ajax{PICTURES}/similar")
def ajax_similar(media: str, agency: str, media_id: str) -> Response:
    """Return pictures similar to one, as an HTML fragment."""

    def fragment(found: Media, page: SearchPage) -> Response:
        asked = parameters()
        known = {"found_in": _search(asked, media), "position": position_of(asked)}
        return Response(render_template("_similar.html", media=found, page=page, **known))

    return _similar_to(media, agency, media_id, fragment)


@blueprint.get(f"/api{PICTURES}/similar")
def api_similar(media: str, agency: str, media_id: str) -> Response:
    """Return pictures similar to one as JSON; the shape is ``model.SearchPage``."""

    def encoded(_found: Media, page: SearchPage) -> Response:
        return Response(msgspec.json.encode(page), mimetype="application/json")

    return _similar_to(media, agency, media_id, encoded)


def _similar_to(
    media: str, agency: str, media_id: str, made: Callable[[Media, SearchPage], Response]
) -> Response:
    asked = parameters()
    try:
        found, _ = _found(media, agency, media_id, asked)
        similar = _similar(found, asked, patience_of(asked, Patience.LINGER))
    except AgencyError as error:
        return _problem(error)
    if similar is None:
        return problem(HTTPStatus.NOT_FOUND, "This agency does not say what is similar.")
    return answer(made(found, similar.page), similar)


def _found(
    media: str,
    agency: str,
    media_id: str,
    asked: Parameters,
    more: DetailsPatience = DetailsPatience.KNOWN,
) -> MediaLookup:
    """Return a picture; ``more`` says what to do about details that are not known yet."""
    search = _search(asked, media)
    found = current_services().search.found(agency, media_id, search, site=shown_on(), more=more)
    if found.media.media != media:
        raise NotFound(agency, "There is no such picture here.")
    return found


def _search(asked: Parameters, media: str) -> SearchQuery:
    """Return the search that found a picture, in the language of the request; it may be empty."""
    query, every = (
        found_in(asked, media),
        [one.agency.name for one in current_services().search.configured],
    )
    known = tuple(name for name in query.agency if name in every)
    return query.replace(lang=i18n.request_language(), agency=known)


def _more(asked: Parameters, otherwise: DetailsPatience) -> DetailsPatience:
    """Return what to do about details: whoever waits for all that is known waits for them."""
    waits = patience_of(asked, Patience.NONE) is Patience.FULL
    return DetailsPatience.WAITED if waits else otherwise


def _sold(media: Media, search: SearchQuery, asked: Parameters) -> tuple[Media, int]:
    """Return a picture with all its sellers, and its place, as the search that found it has it.

    The place is 0 where only the first is left: the address need not tell that.
    """
    tile = current_services().search.tile(media, search, site=shown_on())
    found = msgspec.structs.replace(media, sellers=tile.sellers)
    return found, position_of(asked) or (tile.position if tile.position > 1 else 0)


def _told_by_id(media: str, agency: str, media_id: str, asked: Parameters) -> Media | None:
    """Return what the address alone tells of a picture: the link to its page at the agency."""
    words = counted(words_of(asked), i18n.request_language())
    return current_services().search.told_by_id(
        agency, media_id, media, words=words, site=shown_on()
    )


def _unreadable(error: AgencyError, media: str, told: Media | None, asked: Parameters) -> Response:
    """Return the page for a picture that is gone or can't be read, with the ways on to agencies."""
    search, position = _search(asked, media), position_of(asked) or 1
    query = search if search.q else None
    if isinstance(error, NotFound):
        title, text = gettext("This picture is gone"), gettext("Search for another one.")
        return error_page(HTTPStatus.NOT_FOUND, title, text, query, told, position=position)
    title = gettext("No answer")
    return error_page(HTTPStatus.BAD_GATEWAY, title, _sorry(error), query, told, position=position)


def _similar(media: Media, asked: Parameters, patience: Patience) -> SearchOutcome | None:
    search = current_services().search
    if not search.has_similar(media.agency):
        return None
    lang = i18n.request_language()
    return search.similar(
        media.agency,
        media.id,
        media=media.media,
        page=some_of(asked, "page").page,
        lang=lang,
        patience=patience,
        site=shown_on(),
    )


def _is_known(outcome: SearchOutcome) -> bool:
    """Return whether all agencies of a page have answered from the cache."""
    return all(status.status in {"fresh", "stale"} for status in outcome.page.agencies)


def _life(*, more: bool) -> int:
    """Return the seconds for which a picture's answer is true: few while it lacks details."""
    return SOON if more else MAX_AGE


def _public(response: Response, life: int = MAX_AGE) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={life}"
    return response


def _problem(error: AgencyError, told: Media | None = None) -> Response:
    """Return a failure as a problem; its ``link`` leads to the picture where its id tells that."""
    link = told.link if told else ""
    if isinstance(error, NotFound):
        return problem(HTTPStatus.NOT_FOUND, error.message, link=link)
    return problem(HTTPStatus.BAD_GATEWAY, _sorry(error), link=link)


def _sorry(error: AgencyError) -> str:
    name = title_of(error.agency)
    return gettext("%(agency)s does not answer. Try again in a minute.", agency=name)
