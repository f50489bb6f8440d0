"""Curated pages: the collections that an agency features, for visitors and search engines.

The owner's own collections are not among them: to read those takes the token of their account,
which the visitors' side never holds.
"""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, render_template
from flask_babel import gettext
from werkzeug.exceptions import NotFound as NoSuchPage

from affiliate.domain.media import Collection, SearchQuery
from affiliate.errors import AgencyError, NotFound
from affiliate.search.lookups import query_of
from affiliate.search.service import Patience, SearchOutcome
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.caching import (
    canonicalize_fields,
    finish_search_response,
    has_language,
    read_fields,
    read_patience,
    request_parameters,
)
from affiliate.web.client_limits import fetch_sitemap_page
from affiliate.web.errors import error_page, problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.template_helpers import (
    agency_title,
    displaying_site,
)

COLLECTION_PATH: Final = "/collections/<agency>/<collection_id>"

blueprint = Blueprint("collected", __name__)


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the memory tier may keep, and what each of them reads."""
    return {"/collections/": canonicalize_collection}


def canonicalize_collection(raw: bytes) -> str | None:
    """A page of a collection; without a language in the address the browser has a say.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    if not has_language(raw):
        return None
    return canonicalize_fields(raw, "media", "lang", "page")


@blueprint.get(COLLECTION_PATH)
def collection_page(agency: str, collection_id: str) -> Response:
    """Return a page of a collection: cached pictures are in it, else the page fills itself."""
    asked = read_fields(request_parameters(), "media", "page")
    try:
        about = current_services().search.about_collection(agency, collection_id, asked.media)
        outcome = _fetch_listed_page(about, asked.page)
    except NotFound:
        raise NoSuchPage from None
    except AgencyError:
        asked = query_of(asked.media, i18n.request_language()).replace(agency=(agency,))
        return error_page(
            HTTPStatus.BAD_GATEWAY, gettext("No answer"), _describe_silence(agency), asked
        )
    statuses = {status.status for status in outcome.page.agencies}
    waiting = not outcome.waited and "late" in statuses
    html = render_template(
        "collection.html",
        about=about,
        asked=_agency_query(about),
        number=outcome.page.page,
        page=None if waiting else outcome.page,
    )
    return finish_search_response(Response(html), outcome)


@blueprint.get(f"/ajax{COLLECTION_PATH}/<int(min=1, max=99999):number>")
def ajax_collection(agency: str, collection_id: str, number: int) -> Response:
    """Return the pictures of a page alone, as an HTML fragment."""
    media = read_fields(request_parameters(), "media").media
    try:
        about = current_services().search.about_collection(agency, collection_id, media)
        outcome = _fetch_page(about, number, Patience.LINGER)
    except NotFound as error:
        return problem_response(HTTPStatus.NOT_FOUND, error.message)
    except AgencyError:
        return problem_response(HTTPStatus.BAD_GATEWAY, _describe_silence(agency))
    html = render_template(
        "_collection.html", about=about, asked=_agency_query(about), page=outcome.page
    )
    return finish_search_response(Response(html), outcome)


def _agency_query(about: Collection) -> SearchQuery:
    """Return the search for a collection's name at its agency, where its pictures don't come."""
    query = query_of(about.media, i18n.request_language())
    return query.replace(q=about.name, agency=(about.agency,))


def _describe_silence(agency: str) -> str:
    name = agency_title(agency)
    return gettext("%(agency)s does not answer. Try again in a minute.", agency=name)


def _fetch_listed_page(about: Collection, number: int) -> SearchOutcome:
    """Return a page of a collection; the sitemap lists the first one."""

    def ask(patience: Patience) -> SearchOutcome:
        return _fetch_page(about, number, patience)

    return (
        fetch_sitemap_page(ask, read_patience(request_parameters(), Patience.NONE))
        if number == 1
        else ask(Patience.NONE)
    )


def _fetch_page(about: Collection, number: int, otherwise: Patience) -> SearchOutcome:
    asked = request_parameters()
    return current_services().search.collection(
        about,
        page=number,
        lang=i18n.request_language(),
        patience=read_patience(asked, otherwise),
        site=displaying_site(),
    )
