"""The pages of collections featured by agencies, for visitors and search engines.

The owner's own collections are not included: reading them requires the token of the owner's
account, which the visitors' side never has.
"""

from http import HTTPStatus
from typing import Final

from flask import Blueprint, Response, render_template
from flask_babel import gettext
from werkzeug.exceptions import NotFound as NoSuchPage

from affiliate.domain.media import Collection, SearchQuery
from affiliate.domain.query import read_parameters
from affiliate.errors import AgencyError, NotFound
from affiliate.search.federation import build_query
from affiliate.search.patience import Patience
from affiliate.search.service import SearchOutcome
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.caching import (
    encode_fields,
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

blueprint = Blueprint("collections", __name__)


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the page cache may keep, each with its canonicalizer."""
    return {"/collections/": canonicalize_collection}


def canonicalize_collection(raw: bytes) -> str | None:
    """Canonicalize a collection's page; None without ``lang``, as the browser's languages matter.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    parameters = read_parameters(raw)
    return encode_fields(parameters, "media", "lang", "page") if has_language(parameters) else None


@blueprint.get(COLLECTION_PATH)
def collection_page(agency: str, collection_id: str) -> Response:
    """Return a page of a collection: with cached pictures, else a skeleton that the page fills."""
    fields = read_fields(request_parameters(), "media", "page")
    try:
        collection = current_services().lookups.get_collection(agency, collection_id, fields.media)
        outcome = _fetch_listed_page(collection, fields.page)
    except NotFound:
        raise NoSuchPage from None
    except AgencyError:
        query = build_query(fields.media, i18n.request_language()).replace(agency=(agency,))
        return error_page(
            HTTPStatus.BAD_GATEWAY, gettext("No answer"), _describe_silence(agency), query
        )
    statuses = {status.status for status in outcome.page.agencies}
    is_skeleton = not outcome.waited and "late" in statuses
    html = render_template(
        "collection.html",
        about=collection,
        asked=_build_agency_query(collection),
        number=outcome.page.page,
        page=None if is_skeleton else outcome.page,
    )
    return finish_search_response(Response(html), outcome)


@blueprint.get(f"/ajax{COLLECTION_PATH}/<int(min=1, max=99999):number>")
def ajax_collection(agency: str, collection_id: str, number: int) -> Response:
    """Return the pictures of a collection's page as an HTML fragment."""
    media = read_fields(request_parameters(), "media").media
    try:
        collection = current_services().lookups.get_collection(agency, collection_id, media)
        outcome = _fetch_page(collection, number, Patience.LINGER)
    except NotFound as error:
        return problem_response(HTTPStatus.NOT_FOUND, error.message)
    except AgencyError:
        return problem_response(HTTPStatus.BAD_GATEWAY, _describe_silence(agency))
    html = render_template(
        "_collection.html",
        about=collection,
        asked=_build_agency_query(collection),
        page=outcome.page,
    )
    return finish_search_response(Response(html), outcome)


def _build_agency_query(collection: Collection) -> SearchQuery:
    """Return the search at the agency for the collection's name, in case its pictures fail."""
    query = build_query(collection.media, i18n.request_language())
    return query.replace(q=collection.name, agency=(collection.agency,))


def _describe_silence(agency: str) -> str:
    name = agency_title(agency)
    return gettext("%(agency)s does not answer. Try again in a minute.", agency=name)


def _fetch_listed_page(collection: Collection, number: int) -> SearchOutcome:
    """Fetch a page of a collection; the first page is listed in the sitemap."""

    def fetch(patience: Patience) -> SearchOutcome:
        return _fetch_page(collection, number, patience)

    return (
        fetch_sitemap_page(fetch, read_patience(request_parameters(), Patience.NONE))
        if number == 1
        else fetch(Patience.NONE)
    )


def _fetch_page(collection: Collection, number: int, default_patience: Patience) -> SearchOutcome:
    return current_services().search.get_collection_page(
        collection,
        page=number,
        lang=i18n.request_language(),
        patience=read_patience(request_parameters(), default_patience),
        site=displaying_site(),
    )
