"""The visitors' side: the page, its Ajax fragment, the JSON API, and the beacon of clicks."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Flask, Response, current_app, render_template, request

from affiliate import page, problems
from affiliate.errors import AgencyError, BadQuery, LedgerError, NotFound
from affiliate.ledger import Click
from affiliate.memory import Canonical
from affiliate.model import SearchPage, SearchQuery
from affiliate.page import Site, keep, site_of_app
from affiliate.problems import error_page, problem
from affiliate.query import Parameters, read_flag, read_parameters, read_site, single
from affiliate.search import Outcome, Patience

MAX_AGE: Final = 300
"""Seconds; so short that a corrected affiliate link takes effect."""
CLICK_BYTES: Final = 4096
STRIP_PLACES: Final = 24

blueprint = Blueprint("site", __name__)


def routes() -> dict[str, Canonical]:
    """The paths whose answers the memory tier may keep, and what each of them reads."""
    searches = ("/search", "/ajax/search", "/api/search")
    assets = ("site.css", "site.js", "embed.js", "icon.svg")
    return (
        dict.fromkeys(searches, canonical_search)
        | {f"/static/{name}": canonical_version for name in assets}
        | {"/": lambda _: ""}
    )


def canonical_search(raw: bytes) -> str:
    """All that a search's answer may vary by, in one order.

    Raises:
        BadQuery: names the parameter that can't be read.
    """
    parameters = read_parameters(raw)
    pairs = SearchQuery.from_parameters(parameters).pairs()
    if read_flag(parameters, "wait"):
        pairs.append(("wait", "1"))
    if shown_on := read_site(parameters):
        pairs.append(("site", shown_on))
    return urlencode(pairs)


def canonical_version(raw: bytes) -> str:
    """The version of a static file: what makes its address new when it changes."""
    version = single(read_parameters(raw), "v")
    return urlencode({"v": version}) if version else ""


def register(app: Flask, site: Site) -> None:
    """Add the visitors' routes, the error pages and the headers to an app."""
    app.extensions["site"] = site
    app.register_blueprint(blueprint)
    app.after_request(_keep_assets)
    page.register(app)
    problems.register(app, site.search)


# -- pages


@blueprint.get("/")
def start() -> Response:
    """The start page: the search box, topics, and a strip of pictures of one of them."""
    site = site_of_app()
    topics = site.config.site_topics
    if not topics:
        return Response(render_template("start.html", topics=(), items=()))
    query = _query({"q": [topics[0]]})
    outcome = site.search.page(query, Patience.NONE, site=site.host)
    items = outcome.page.items[:STRIP_PLACES]
    stale = any(status.status == "stale" for status in outcome.page.agencies)
    html = render_template("start.html", topics=topics, items=items, query=None, stale=stale)
    return _answer(Response(html), outcome)


@blueprint.get("/search")
def search() -> Response:
    """The page of results: cached answers are in it, else a skeleton that the page fills."""
    parameters = _parameters()
    query = _query(parameters)
    wait = read_flag(parameters, "wait")
    outcome = _outcome(query, parameters, Patience.FULL if wait else Patience.NONE)
    statuses = {status.status for status in outcome.page.agencies}
    waiting = not wait and "late" in statuses and statuses <= {"late", "unsupported"}
    shown = None if waiting else outcome.page
    html = render_template("search.html", query=query, page=shown)
    return _answer(Response(html), outcome)


@blueprint.get("/ajax/search")
def ajax_search() -> Response:
    """The results alone, as an HTML fragment."""
    parameters = _parameters()
    query = _query(parameters)
    wait = read_flag(parameters, "wait")
    outcome = _outcome(query, parameters, Patience.FULL if wait else Patience.LINGER)
    return _answer(Response(render_template("_results.html", page=outcome.page)), outcome)


@blueprint.get("/api/search")
def api_search() -> Response:
    """The results as JSON; the shape is ``model.SearchPage``."""
    parameters = _parameters()
    query = _query(parameters)
    wait = read_flag(parameters, "wait")
    outcome = _outcome(query, parameters, Patience.FULL if wait else Patience.LINGER)
    body = msgspec.json.encode(outcome.page)
    return _answer(Response(body, mimetype="application/json"), outcome)


@blueprint.get("/image/<agency>/<media_id>")
def image(agency: str, media_id: str) -> Response:
    """One picture, larger, with what is known about it."""
    site = site_of_app()
    try:
        media = site.search.details(agency, media_id, site=site.host)
    except NotFound:
        return error_page(HTTPStatus.NOT_FOUND, "This picture is gone", "Search for another one.")
    except AgencyError as error:
        text = f"{error.message} Try again in a minute."
        return error_page(HTTPStatus.BAD_GATEWAY, "The agency does not answer", text)
    response = Response(render_template("image.html", media=media))
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return response


# -- clicks


@blueprint.post("/clicks")
def clicks() -> Response:
    """Record a click: 204 once it is durable, and only once for each ``click_id``.

    The fields come as JSON (``sendBeacon``) or, from the ``ping`` attribute, in the address.
    """
    site = site_of_app()
    click = Click.from_fields(_click_fields())
    if click.agency not in [one.agency.name for one in site.search.listed]:
        raise BadQuery("agency", "This agency is not searched here.")
    try:
        site.ledger.record(click)
    except LedgerError as error:
        current_app.logger.error("a click could not be recorded: %s", error)  # noqa: TRY400 - no trace
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "The click could not be recorded; resend.")
    return Response(status=HTTPStatus.NO_CONTENT)


def _click_fields() -> Mapping[str, Any]:
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
    return fields


# -- health


@blueprint.get("/healthz")
def healthz() -> Response:
    """Whether the process answers."""
    return Response('{"status": "ok"}\n', mimetype="application/json")


@blueprint.get("/readyz")
def readyz() -> Response:
    """Whether the process can serve: yes without the cache's store, no without the ledger."""
    site = site_of_app()
    site.store.get("ready")  # so that the state is today's
    state = {"cache": "degraded" if site.store.degraded else "ok", "ledger": "ok"}
    try:
        site.ledger.check()
    except LedgerError:
        state["ledger"] = "down"
    ready = state["ledger"] == "ok"
    return Response(
        msgspec.json.encode({"status": "ok" if ready else "down", **state}) + b"\n",
        HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
        mimetype="application/json",
    )


# -- what the views share


def _parameters() -> Parameters:
    return read_parameters(request.environ.get("QUERY_STRING", "").encode("latin-1"))


def _query(parameters: Parameters) -> SearchQuery:
    query = SearchQuery.from_parameters(parameters)
    return query if query.lang else query.replace(lang=site_of_app().config.site_language)


def _outcome(query: SearchQuery, parameters: Parameters, patience: Patience) -> Outcome:
    site = site_of_app()
    return site.search.page(query, patience, site=read_site(parameters) or site.host)


def _answer(response: Response, outcome: Outcome) -> Response:
    """Say how long the answer is true, and what it is made of."""
    statuses = {status.status for status in outcome.page.agencies}
    response.headers["Cache-Control"] = cache_control(outcome)
    mark = "STALE" if "stale" in statuses else "HIT"
    mark = "MISS" if outcome.waited or "late" in statuses else mark
    response.headers["X-Cache"] = mark
    if outcome.waited or "late" not in statuses:  # not a skeleton, which is followed by its filling
        site_of_app().tally.answered(mark, outcome.page.query)
    if not response.headers["Cache-Control"].startswith("private"):
        keep(outcome.lifetime)
    response.set_etag(_etag(outcome.page, response.mimetype), weak=True)
    return response.make_conditional(request.environ)  # type: ignore[return-value]


def cache_control(outcome: Outcome) -> str:
    """The Cache-Control of an answer: never longer than its shortest-lived part."""
    if any(status.status == "late" for status in outcome.page.agencies):
        return "private, no-cache"
    if outcome.lifetime <= 0:
        return "public, no-cache"
    life = max(int(min(outcome.lifetime, 86400)), 1)
    fresh = f"public, max-age={min(life, MAX_AGE)}, s-maxage={life}"
    if any(status.status == "failed" for status in outcome.page.agencies):
        return fresh  # a failure is shown for its time, and no longer
    grace = min(life, MAX_AGE)
    return f"{fresh}, stale-while-revalidate={grace}, stale-if-error={life}"


def _keep_assets(response: Response) -> Response:
    """Files of the site itself: for ever under an address with their version."""
    name = request.path.removeprefix("/static/")
    if name != request.path and response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
        asked = f"{request.path}?{request.environ['QUERY_STRING']}"
        if "?v=" not in asked:
            life = "max-age=604800"
        else:  # another version's address must not keep this one's bytes
            life = "max-age=31536000, immutable" if asked == page.asset(name) else "no-cache"
        response.headers["Cache-Control"] = f"public, {life}"
        keep(3600)
    return response


def _etag(found: SearchPage, kind: str | None) -> str:
    made = [(a.agency, a.total, a.fetched_at, a.error) for a in found.agencies]
    body = msgspec.json.encode((site_of_app().edition, kind, found.items, found.total, made))
    return hashlib.blake2b(body, digest_size=12).hexdigest()
