"""One picture: its page, the fragment that quick look shows, and what is similar to it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Final

import msgspec
from flask import Blueprint, Response, render_template
from flask_babel import gettext

from affiliate import languages
from affiliate.answers import (
    MAX_AGE,
    answer,
    canonical_details,
    canonical_details_page,
    parameters,
    patience_of,
    shown_on,
    some_of,
    tagged,
    words_of,
)
from affiliate.errors import AgencyError, NotFound
from affiliate.memory import Canonical
from affiliate.model import Media, SearchPage
from affiliate.page import site_of_app, title_of
from affiliate.problems import error_page, problem
from affiliate.query import Parameters
from affiliate.search import Outcome, Patience

PICTURES: Final = "/<any(image, video):media>/<agency>/<media_id>"

blueprint = Blueprint("details", __name__)


def routes() -> dict[str, Canonical]:
    """The paths whose answers the memory tier may keep, and what each of them reads."""
    return {
        "/image/": canonical_details_page,
        "/video/": canonical_details_page,
        "/ajax/": canonical_details,
        "/api/": canonical_details,
    }


@blueprint.get(PICTURES)
def image(media: str, agency: str, media_id: str) -> Response:
    """One picture, larger, with what is known about it and what is similar."""
    asked = parameters()
    try:
        found = _found(media, agency, media_id, asked)
    except NotFound:
        title = gettext("This picture is gone")
        return error_page(HTTPStatus.NOT_FOUND, title, gettext("Search for another one."))
    except AgencyError as error:
        return error_page(HTTPStatus.BAD_GATEWAY, gettext("No answer"), _sorry(error))
    patience, number = patience_of(asked, Patience.NONE), some_of(asked, "page").page
    similar = _similar(found, asked, patience)
    if similar and patience is Patience.NONE and not _is_known(similar):
        similar = None  # the page asks for it
    page = {"media": found, "words": words_of(asked), "similar": similar and similar.page}
    response = Response(render_template("image.html", number=number, **page))
    life = int(min(MAX_AGE, similar.lifetime)) if similar else MAX_AGE
    return tagged(_public(response, life), life, found, page["words"], page["similar"])


@blueprint.get(f"/ajax{PICTURES}")
def ajax_image(media: str, agency: str, media_id: str) -> Response:
    """The same as a fragment, for quick look."""
    asked = parameters()
    try:
        found = _found(media, agency, media_id, asked)
    except AgencyError as error:
        return _problem(error)
    words = words_of(asked)
    html = render_template("_image.html", media=found, words=words, quick=True)
    return tagged(_public(Response(html)), MAX_AGE, found, words)


@blueprint.get(f"/api{PICTURES}")
def api_image(media: str, agency: str, media_id: str) -> Response:
    """The same as JSON; the shape is ``model.Media``."""
    try:
        found = _found(media, agency, media_id, parameters())
    except AgencyError as error:
        return _problem(error)
    body = msgspec.json.encode(found)
    return tagged(_public(Response(body, mimetype="application/json")), MAX_AGE, found)


@blueprint.get(f"/ajax{PICTURES}/similar")
def ajax_similar(media: str, agency: str, media_id: str) -> Response:
    """What is similar to a picture, as an HTML fragment."""

    def fragment(found: Media, page: SearchPage) -> Response:
        words = words_of(parameters())
        return Response(render_template("_similar.html", media=found, page=page, words=words))

    return _similar_to(media, agency, media_id, fragment)


@blueprint.get(f"/api{PICTURES}/similar")
def api_similar(media: str, agency: str, media_id: str) -> Response:
    """What is similar to a picture, as JSON; the shape is ``model.SearchPage``."""

    def encoded(_found: Media, page: SearchPage) -> Response:
        return Response(msgspec.json.encode(page), mimetype="application/json")

    return _similar_to(media, agency, media_id, encoded)


def _similar_to(
    media: str, agency: str, media_id: str, made: Callable[[Media, SearchPage], Response]
) -> Response:
    asked = parameters()
    try:
        found = _found(media, agency, media_id, asked)
        similar = _similar(found, asked, patience_of(asked, Patience.LINGER))
    except AgencyError as error:
        return _problem(error)
    if similar is None:
        return problem(HTTPStatus.NOT_FOUND, "This agency does not say what is similar.")
    return answer(made(found, similar.page), similar)


def _found(media: str, agency: str, media_id: str, asked: Parameters) -> Media:
    words, lang = words_of(asked), languages.asked()
    found = site_of_app().search.details(
        agency, media_id, media=media, words=words, lang=lang, site=shown_on(asked)
    )
    if found.media != media:
        raise NotFound(agency, "There is no such picture here.")
    return found


def _similar(media: Media, asked: Parameters, patience: Patience) -> Outcome | None:
    search = site_of_app().search
    if not search.has_similar(media.agency):
        return None
    lang = languages.asked()
    return search.similar(
        media.agency,
        media.id,
        media=media.media,
        page=some_of(asked, "page").page,
        lang=lang,
        patience=patience,
        site=shown_on(asked),
    )


def _is_known(outcome: Outcome) -> bool:
    """Whether a page holds all that there is to it."""
    return all(status.status in {"fresh", "stale"} for status in outcome.page.agencies)


def _public(response: Response, life: int = MAX_AGE) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={life}"
    return response


def _problem(error: AgencyError) -> Response:
    if isinstance(error, NotFound):
        return problem(HTTPStatus.NOT_FOUND, error.message)
    return problem(HTTPStatus.BAD_GATEWAY, _sorry(error))


def _sorry(error: AgencyError) -> str:
    name = title_of(error.agency)
    return gettext("%(agency)s does not answer. Try again in a minute.", agency=name)
