"""The visitors' side: start page, results, topics, the JSON API, and the recording of clicks."""

import json
import secrets
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Flask, Response, current_app, render_template, request
from werkzeug.exceptions import NotFound

from affiliate import logs
from affiliate.agencies import AGENCIES
from affiliate.database.clicks import Click
from affiliate.domain.media import Collection, SearchPage, SearchQuery
from affiliate.domain.query import MAX_WORDS, read_parameters, read_single
from affiliate.domain.words import cut_between_signs, to_counted
from affiliate.errors import BadQuery, BudgetSpent, LedgerError
from affiliate.search.patience import Patience
from affiliate.search.service import SearchOutcome
from affiliate.services import Services, current_services
from affiliate.web import (
    click_addresses,
    errors,
    i18n,
    openapi,
    prefetches,
    readiness,
)
from affiliate.web.assets import ASSET_VERSION, asset_url
from affiliate.web.caching import (
    INCOMPLETE_MAX_AGE,
    canonicalize_page,
    canonicalize_search,
    canonicalize_search_page,
    finish_search_response,
    read_patience,
    read_search_query,
    request_parameters,
)
from affiliate.web.client_limits import (
    current_client_limits,
    fetch_sitemap_page,
    is_visit,
    takes_preloads,
)
from affiliate.web.errors import problem_response
from affiliate.web.page_cache import Canonicalizer
from affiliate.web.picture_hosts import PictureHosts
from affiliate.web.site import about, board, collections, demo_shop, logo, media
from affiliate.web.template_helpers import (
    cache_for,
    displaying_site,
    owner_topics,
    register_vocabulary,
)

CLICK_BYTES: Final = 4096
CLICK_RETRY_AFTER: Final = "20"
"""Seconds after which pages resend a click that could not be recorded (static/embed.js)."""
CODE_MAX_AGE: Final = 300
"""Seconds for which browsers keep scripts and styles that other scripts load by name alone."""
STRIP_ITEMS: Final = 12
"""Pictures of a topic on the start page, more than fit beside each other on a wide screen."""
MAX_STRIPS: Final = 8
"""Topics with pictures on the start page; the page names further topics without pictures."""
FEATURED_COUNTS: Final = {"image": 8, "video": 4}
"""Numbers of featured collections on the start page, by kind of media."""
COMPRESSED_SUFFIXES: Final = frozenset({".css", ".js", ".svg"})
"""Suffixes of the static files that the page cache compresses."""

blueprint = Blueprint("site", __name__)


class Strip(NamedTuple):
    """A row of pictures on the start page: the owner's topic, and the first results for it."""

    topic: str
    page: SearchPage


def page_cache_routes(static_folder: str) -> dict[str, Canonicalizer]:
    """Return the paths whose answers the page cache may keep, each with its canonicalizer."""
    assets = [
        path.name for path in Path(static_folder).iterdir() if path.suffix in COMPRESSED_SUFFIXES
    ]
    return {
        "/": canonicalize_page,
        "/search": canonicalize_search_page,
        "/topics/": canonicalize_page,
        "/ajax/search": canonicalize_search,
        "/api/search": canonicalize_search,
        **board.page_cache_routes(),
        **collections.page_cache_routes(),
        **media.page_cache_routes(),
        **openapi.page_cache_routes(),
        prefetches.RULES_PATH: lambda _: "",
        **dict.fromkeys((f"/static/{name}" for name in assets), canonicalize_version),
    }


def canonicalize_version(raw: bytes) -> str | None:
    """Canonicalize the version of a static file, which changes the address with the file.

    None for any other text than a version: such an answer is not kept.
    """
    version = read_single(read_parameters(raw), "v")
    if version is None:
        return ""
    return urlencode({"v": version}) if ASSET_VERSION.fullmatch(version) else None


def register(app: Flask, services: Services) -> None:
    """Add the visitors' routes, the error pages and the headers to an app."""
    app.extensions["picture_hosts"] = PictureHosts()
    app.register_blueprint(blueprint)
    app.register_blueprint(about.blueprint)
    app.register_blueprint(board.blueprint)
    app.register_blueprint(demo_shop.blueprint)
    app.register_blueprint(collections.blueprint)
    app.register_blueprint(logo.blueprint)
    app.register_blueprint(media.blueprint)
    app.register_blueprint(readiness.blueprint)
    app.before_request(_refuse_odd_paths)
    app.after_request(_set_asset_caching)
    i18n.register(app, services.config.site_language)
    register_vocabulary(app)
    click_addresses.register(app)
    errors.register(app, services.registry)
    openapi.register(app)
    prefetches.register(app)


# -- pages


@blueprint.get("/")
def start_page() -> Response:
    """Return the start page: search box, a strip of pictures per topic, featured collections.

    Strips come from caches alone, unless all agencies are part of the site, as the demo is. The
    page itself requests the pictures of the first topic where no cache has any.
    """
    services = current_services()
    featured = services.lookups.list_featured(0)
    is_local = all(not enabled.agency.api for enabled in services.registry.enabled)
    patience = Patience.LINGER if is_local else Patience.NONE
    topics = services.config.site_topics[:MAX_STRIPS]
    found = [_fetch_strip(topic, patience) for topic in topics or ("-",)]
    shown = [i for i, outcome in enumerate(found) if outcome.page.items or i == 0]
    strips = list(_iter_strips((topics[i], found[i].page) for i in shown if topics))
    html = render_template("start.html", strips=strips, featured=_choose_featured(featured.values))
    lifetime = min(found[i].lifetime for i in shown)
    if not all(outcome.page.items for outcome in found):
        lifetime = min(lifetime, INCOMPLETE_MAX_AGE)
    items = tuple(item for strip in strips for item in strip.page.items)
    page = msgspec.structs.replace(found[0].page, items=items)  # the tag is a digest of all items
    outcome = msgspec.structs.replace(found[0], page=page, lifetime=lifetime, withheld=0.0)
    return finish_search_response(Response(html), outcome, featured, is_search=False)


def _fetch_strip(topic: str, patience: Patience) -> SearchOutcome:
    """Return pictures of a topic in the visitor's language, else cached ones in the site's.

    Owners write topics in the language of their site, and `flask warm` asks in that language.
    """
    query, lang = _build_topic_query(topic), current_services().config.site_language
    outcome = _fetch_results(query, patience)
    if outcome.page.items or query.lang == lang:
        return outcome
    fallback = _fetch_results(query.replace(lang=lang), Patience.NONE)
    return fallback if fallback.page.items else outcome


def _iter_strips(pages: Iterable[tuple[str, SearchPage]]) -> Iterator[Strip]:
    """Yield a strip for each topic; pictures that earlier strips show come last."""
    seen: set[tuple[str, str]] = set()
    for topic, page in pages:
        items = sorted(page.items, key=lambda item: (item.agency, item.id) in seen)[:STRIP_ITEMS]
        seen |= {(item.agency, item.id) for item in items}
        yield Strip(topic, msgspec.structs.replace(page, items=tuple(items)))


def _choose_featured(featured: Sequence[Collection]) -> list[Collection]:
    """Return the first FEATURED_COUNTS collections of each kind of media."""
    return [
        collection
        for kind, count in FEATURED_COUNTS.items()
        for collection in [entry for entry in featured if entry.media == kind][:count]
    ]


@blueprint.get("/search")
def search_page() -> Response:
    """Return the page of results: with cached answers, else a skeleton that the page fills.

    For a visitor the agencies are called at once, so that the answers are under way when the page
    requests them.
    """
    parameters = request_parameters()
    query = read_search_query(parameters)
    outcome = _fetch_results(query, read_patience(parameters, _choose_patience()))
    return _render_results("search.html", outcome)


@blueprint.get("/topics/<slug>")
def topic_page(slug: str) -> Response:
    """Return the page of one of the owner's topics, for search engines too."""
    words = owner_topics().find_topic(slug)
    if words is None:
        raise NotFound
    parameters = request_parameters()
    query = _build_topic_query(words)
    outcome = fetch_sitemap_page(
        lambda patience: _fetch_results(query, patience),
        read_patience(parameters, _choose_patience()),
    )
    return _render_results("topic.html", outcome, topic=words)


def _choose_patience() -> Patience:
    """Return the patience of a page that shows a skeleton: a visitor's page starts the calls."""
    return Patience.START if is_visit() else Patience.NONE


def _build_topic_query(words: str) -> SearchQuery:
    """Return a search for the owner's words in the language of the request."""
    return SearchQuery.from_parameters({"q": [words]}).replace(lang=i18n.request_language())


def _render_results(template: str, outcome: SearchOutcome, **values: str) -> Response:
    late = {status.agency for status in outcome.page.agencies if status.status == "late"}
    is_skeleton = bool(late) and not outcome.waited and not outcome.page.items
    page = None if is_skeleton else outcome.page
    query, lookups = outcome.page.query, current_services().lookups
    categories = lookups.list_categories(i18n.request_language(), 0, query.media, query.agency)
    html = render_template(
        template,
        query=query,
        page=page,
        categories=categories.values,
        picture_origins=_list_picture_origins(late, query.media) if is_skeleton else [],
        preloads=is_skeleton and takes_preloads(),
        **values,
    )
    return finish_search_response(Response(html), outcome, categories)


@blueprint.get("/ajax/search")
def ajax_search() -> Response:
    """Return the results as an HTML fragment."""
    parameters = request_parameters()
    outcome = _fetch_results(
        read_search_query(parameters), read_patience(parameters, Patience.LINGER)
    )
    return finish_search_response(
        Response(render_template("_results.html", page=outcome.page)), outcome
    )


@blueprint.get("/api/search")
def api_search() -> Response:
    """Return the results as JSON, a ``media.SearchPage``."""
    parameters = request_parameters()
    outcome = _fetch_results(
        read_search_query(parameters), read_patience(parameters, Patience.LINGER)
    )
    body = msgspec.json.encode(outcome.page)
    return finish_search_response(Response(body, mimetype="application/json"), outcome)


def _fetch_results(query: SearchQuery, patience: Patience) -> SearchOutcome:
    outcome = current_services().search.get_page(query, patience, site=displaying_site())
    _picture_hosts().remember(outcome.page.items)
    return outcome


def _list_picture_origins(names: Container[str], media: str) -> list[str]:
    """Return the origins of pictures or clips that a page of agencies will show."""
    enabled = current_services().registry.enabled
    agencies = [source.agency for source in enabled if source.agency.name in names]
    return _picture_hosts().list_origins(agencies, media)


def _picture_hosts() -> PictureHosts:
    hosts: PictureHosts = current_app.extensions["picture_hosts"]
    return hosts


# -- clicks


@blueprint.post("/clicks")
def record_click() -> Response:
    """Record a click once for each ``click_id``, an idempotency key; answer 204 once durable.

    The fields come as JSON (``sendBeacon``) or, from the ``ping`` attribute, in the address.
    Pages resend a click once after 503.
    """
    counts = current_services().counts
    try:
        click = _read_click()
    except (BadQuery, BudgetSpent):
        counts.count_click("refused")
        raise
    current_services().usage.start()
    try:
        current_services().ledger.record(click)
    except LedgerError as error:
        counts.count_click("failed")
        current_app.logger.error("a click could not be recorded: %s", error)  # noqa: TRY400 - no trace
        answer = problem_response(
            HTTPStatus.SERVICE_UNAVAILABLE, "The click could not be recorded; resend."
        )
        answer.headers["Retry-After"] = CLICK_RETRY_AFTER
        return answer
    counts.count_click("marked" if click.sender else "recorded")
    return Response(status=HTTPStatus.NO_CONTENT)


def _read_click() -> Click:
    """Return the click of the current request, with a mark where no visitor has sent the click.

    Raises:
        BadQuery: a field can't be read.
        BudgetSpent: too many marked clicks came in this hour.
    """
    fields = _read_click_fields()
    click = Click.from_fields(fields)
    was_shown = click_addresses.has_valid_seal(click, fields.get(click_addresses.SEAL_PARAMETER))
    words = to_counted(click.words, "")  # the page lowered the words by its language's rules
    click = msgspec.structs.replace(click, words=cut_between_signs(words, MAX_WORDS))
    click = click.mark_program(request.user_agent.string, request.headers.get("Sec-Purpose", ""))
    if click.agency not in AGENCIES:  # visitors still read pages older than an agency's removal
        raise BadQuery("agency", "This agency is not searched here.")
    return current_client_limits().mark_click(click, was_shown=was_shown)


def _read_click_fields() -> Mapping[str, Any]:
    fields: dict[str, Any] = {name: values[0] for name, values in request_parameters().items()}
    body = request.stream.read(CLICK_BYTES + 1)
    if len(body) > CLICK_BYTES:
        raise BadQuery("body", f"Send at most {CLICK_BYTES} bytes.")
    if body in {b"", b"PING"}:
        fields.setdefault("click_id", secrets.token_hex(12))  # the ``ping`` attribute has no id
    else:
        try:
            record = json.loads(body)
        except (ValueError, RecursionError):
            raise BadQuery("body", "Send a JSON object.") from None
        if not isinstance(record, dict):
            raise BadQuery("body", "Send a JSON object.")
        fields |= record
        logs.hide_texts(record.values())
    return fields


def _refuse_odd_paths() -> None:
    """Refuse paths equivalent to another path, as each page has a single address, and NUL.

    PostgreSQL takes no text with NUL.
    """
    path = request.environ["PATH_INFO"]  # Flask's ``request.path`` loses slashes at the beginning
    if "//" in path or "\0" in path or (path.startswith("/static/") and path.endswith("/")):
        raise NotFound


def _set_asset_caching(response: Response) -> Response:
    """Let the site's own files be kept for ever under an address with their version."""
    name = request.path.removeprefix("/static/")
    if name != request.path and response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        address = f"{request.path}?{request.environ['QUERY_STRING']}"
        if "?v=" not in address:
            # Scripts and styles that scripts load are soon those of a new version.
            is_code = name.endswith((".js", ".css"))
            directive = f"max-age={CODE_MAX_AGE if is_code else 604800}"
        elif address == asset_url(name):
            directive = "max-age=31536000, immutable"
        else:  # another version's address must not keep the bytes of this version
            directive = "no-cache"
        response.headers["Cache-Control"] = f"public, {directive}"
        if directive != "no-cache":
            cache_for(3600)
    return response
