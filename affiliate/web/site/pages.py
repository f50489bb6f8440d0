"""The visitors' side: the pages, their Ajax fragment, the JSON API, and the beacon of clicks."""

import json
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Flask, Response, current_app, render_template, request
from werkzeug.exceptions import NotFound

from affiliate import logs
from affiliate.agencies import AGENCIES
from affiliate.database.clicks import Click
from affiliate.domain.media import Collection, SearchQuery
from affiliate.domain.query import MAX_WORDS, read_parameters, read_single
from affiliate.domain.words import cut_between_signs, to_counted
from affiliate.errors import BadQuery, LedgerError
from affiliate.search.service import Patience, SearchOutcome
from affiliate.services import Services, current_services
from affiliate.web import (
    click_addresses,
    errors,
    i18n,
    openapi,
    readiness,
    template_helpers,
)
from affiliate.web.caching import (
    canonicalize_page,
    canonicalize_search,
    canonicalize_search_page,
    finish_search_response,
    read_patience,
    read_search_query,
    request_parameters,
)
from affiliate.web.client_limits import current_client_limits, fetch_sitemap_page
from affiliate.web.errors import problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.site import (
    collections,
)
from affiliate.web.site import (
    media as details,
)
from affiliate.web.template_helpers import (
    cache_for,
    displaying_site,
)

CLICK_BYTES: Final = 4096
CLICK_RETRY_AFTER: Final = "20"
"""Seconds after which pages send a click again that could not be kept (static/embed.js)."""
START_STRIP_ITEMS: Final = 24
FEATURED_COUNTS: Final = {"image": 8, "video": 4}
"""Featured collections of each kind that the start page shows."""
CACHED_ASSETS: Final = (
    "site.css",
    "icon.svg",
    "embed.js",
    "site.js",
    "look.js",
    "more.js",
    "suggest.js",
)

blueprint = Blueprint("site", __name__)


def page_cache_routes() -> dict[str, Canonicalizer]:
    """Return the paths whose answers the memory tier may keep, and what each of them reads."""
    return {
        "/": canonicalize_page,
        "/search": canonicalize_search_page,
        "/topics/": canonicalize_page,
        "/ajax/search": canonicalize_search,
        "/api/search": canonicalize_search,
        **collections.page_cache_routes(),
        **details.page_cache_routes(),
        **openapi.page_cache_routes(),
        **dict.fromkeys((f"/static/{name}" for name in CACHED_ASSETS), canonicalize_version),
    }


def canonicalize_version(raw: bytes) -> str | None:
    """Return the version of a static file, which makes its address new when the file changes.

    None for what is no version: such an answer is kept nowhere.
    """
    version = read_single(read_parameters(raw), "v")
    if version is None:
        return ""
    return urlencode({"v": version}) if template_helpers.ASSET_VERSION.fullmatch(version) else None


def register(app: Flask, services: Services) -> None:
    """Add the visitors' routes, the error pages and the headers to an app."""
    app.register_blueprint(blueprint)
    app.register_blueprint(collections.blueprint)
    app.register_blueprint(details.blueprint)
    app.register_blueprint(readiness.blueprint)
    app.before_request(_refuse_odd_paths)
    app.after_request(_set_asset_caching)
    i18n.register(app, services.config.site_language)
    template_helpers.register(app)
    click_addresses.register(app)
    errors.register(app, services.search)
    openapi.register(app)


# -- pages


@blueprint.get("/")
def start_page() -> Response:
    """Return the start page: search box, topics, pictures of one of them, featured collections."""
    topics, known = current_services().config.site_topics, current_services().search.featured(0)
    outcome = _fetch_results(_topic_query(topics[0] if topics else "-"), Patience.NONE)
    shown = msgspec.structs.replace(outcome.page, items=outcome.page.items[:START_STRIP_ITEMS])
    html = render_template("start.html", page=shown, featured=_choose_featured(known.values))
    return finish_search_response(Response(html), outcome, known, is_search=False)


def _choose_featured(featured: Sequence[Collection]) -> list[Collection]:
    """Return the first few collections of each kind."""
    kinds = {media: [one for one in featured if one.media == media] for media in FEATURED_COUNTS}
    return [one for media, kind in kinds.items() for one in kind[: FEATURED_COUNTS[media]]]


@blueprint.get("/search")
def search_page() -> Response:
    """Return the page of results: with cached answers, else a skeleton that the page fills."""
    asked = request_parameters()
    query = read_search_query(asked)
    outcome = _fetch_results(query, read_patience(asked, Patience.NONE))
    return _render_results("search.html", outcome)


@blueprint.get("/topics/<slug>")
def topic_page(slug: str) -> Response:
    """Return the page of one of the owner's topics, for search engines too."""
    words = template_helpers.owner_topics().find_topic(slug)
    if words is None:
        raise NotFound
    asked = request_parameters()
    query = _topic_query(words)
    outcome = fetch_sitemap_page(
        lambda patience: _fetch_results(query, patience), read_patience(asked, Patience.NONE)
    )
    return _render_results("topic.html", outcome, topic=words)


def _topic_query(words: str) -> SearchQuery:
    """The owner's words as a visitor's are read, in the language of the request."""
    return SearchQuery.from_parameters({"q": [words]}).replace(lang=i18n.request_language())


def _render_results(template: str, outcome: SearchOutcome, **more: str) -> Response:
    is_late = any(status.status == "late" for status in outcome.page.agencies)
    waiting = is_late and not outcome.waited and not outcome.page.items
    shown = None if waiting else outcome.page
    query, search = outcome.page.query, current_services().search
    known = search.categories(i18n.request_language(), 0, query.media, query.agency)
    html = render_template(template, query=query, page=shown, categories=known.values, **more)
    return finish_search_response(Response(html), outcome, known)


@blueprint.get("/ajax/search")
def ajax_search() -> Response:
    """Return the results alone, as an HTML fragment."""
    asked = request_parameters()
    outcome = _fetch_results(read_search_query(asked), read_patience(asked, Patience.LINGER))
    return finish_search_response(
        Response(render_template("_results.html", page=outcome.page)), outcome
    )


@blueprint.get("/api/search")
def api_search() -> Response:
    """Return the results as JSON; the shape is ``media.SearchPage``."""
    asked = request_parameters()
    outcome = _fetch_results(read_search_query(asked), read_patience(asked, Patience.LINGER))
    body = msgspec.json.encode(outcome.page)
    return finish_search_response(Response(body, mimetype="application/json"), outcome)


def _fetch_results(query: SearchQuery, patience: Patience) -> SearchOutcome:
    return current_services().search.page(query, patience, site=displaying_site())


# -- clicks


@blueprint.post("/clicks")
def record_click() -> Response:
    """Record a click: 204 once it is durable, and only once for each ``click_id``.

    The fields come as JSON (``sendBeacon``) or, from the ``ping`` attribute, in the address.
    Pages send a click that is refused by 503 once more.
    """
    fields = _read_click_fields()
    click = Click.from_fields(fields)
    shown = click_addresses.has_valid_seal(click, fields.get(click_addresses.SEAL_PARAMETER))
    words = to_counted(click.words, "")  # a page has lowered them by its language's rules
    click = msgspec.structs.replace(click, words=cut_between_signs(words, MAX_WORDS))
    click = click.sent_by(request.user_agent.string, request.headers.get("Sec-Purpose", ""))
    if click.agency not in AGENCIES:  # pages from before an agency left are still read
        raise BadQuery("agency", "This agency is not searched here.")
    click = current_client_limits().mark_click(click, was_shown=shown)
    try:
        current_services().ledger.record(click)
    except LedgerError as error:
        current_app.logger.error("a click could not be recorded: %s", error)  # noqa: TRY400 - no trace
        answer = problem_response(
            HTTPStatus.SERVICE_UNAVAILABLE, "The click could not be recorded; resend."
        )
        answer.headers["Retry-After"] = CLICK_RETRY_AFTER
        return answer
    return Response(status=HTTPStatus.NO_CONTENT)


def _read_click_fields() -> Mapping[str, Any]:
    parameters = read_parameters(request.environ["QUERY_STRING"].encode("latin-1"))
    fields: dict[str, Any] = {name: values[0] for name, values in parameters.items()}
    body = request.stream.read(CLICK_BYTES + 1)
    if len(body) > CLICK_BYTES:
        raise BadQuery("body", f"Send at most {CLICK_BYTES} bytes.")
    if body in {b"", b"PING"}:
        fields.setdefault("click_id", secrets.token_hex(12))  # nothing on the page made one
    else:
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError):
            raise BadQuery("body", "Send a JSON object.") from None
        if not isinstance(sent, dict):
            raise BadQuery("body", "Send a JSON object.")
        fields |= sent
        logs.hide_texts(sent.values())
    return fields


def _refuse_odd_paths() -> None:
    """Refuse paths that mean the same as another: each page has one address."""
    path = request.environ["PATH_INFO"]  # Flask's own has lost slashes at the beginning
    if "//" in path or (path.startswith("/static/") and path.endswith("/")):
        raise NotFound


def _set_asset_caching(response: Response) -> Response:
    """Files of the site itself: for ever under an address with their version."""
    name = request.path.removeprefix("/static/")
    if name != request.path and response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        asked = f"{request.path}?{request.environ['QUERY_STRING']}"
        if "?v=" not in asked:
            life = "max-age=604800"
        elif asked == template_helpers.asset_url(name):
            life = "max-age=31536000, immutable"
        else:  # another version's address must not keep this one's bytes
            life = "no-cache"
        response.headers["Cache-Control"] = f"public, {life}"
        if life != "no-cache":
            cache_for(3600)
    return response
