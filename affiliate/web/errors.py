"""Error responses (problem+json for programs, pages for people), and the security headers."""

import logging
import math
from http import HTTPStatus
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from flask import Flask, Response, current_app, render_template, request
from flask_babel import gettext
from werkzeug.exceptions import HTTPException

from affiliate.domain.media import Media, SearchQuery
from affiliate.errors import BadQuery, BudgetSpent
from affiliate.search.registry import AgencyRegistry

TRANSIENT_STATUSES: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
"""Statuses of failures of an agency or of the ledger's database."""
RETRY_AFTER_SECONDS: Final = 60
"""Seconds to wait after such a failure; the texts of pages say a minute, too."""
PROBLEM_TYPE: Final = "application/problem+json"
PROGRAM_PATHS: Final = (
    *("/api/", "/ajax/", "/clicks", "/suggest", "/oembed", "/embed/search"),
    *("/healthz", "/readyz"),
)
"""Prefixes of the paths whose errors programs read."""

log = logging.getLogger(__name__)


class Application(Flask):
    """A Flask application that logs unexpected errors by their route.

    The address contains texts typed by visitors, and would make each error unique.
    """

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 - as Flask has it
        """Log an unexpected error of a view, with its traceback."""
        rule = request.url_rule.rule if request.url_rule else "no route"
        log.error("an unexpected error at %s %s", request.method, rule, exc_info=exc_info)


def register(app: Flask, registry: AgencyRegistry) -> None:
    """Add the error pages and the security headers to an app."""
    app.register_error_handler(BadQuery, _handle_bad_query)
    app.register_error_handler(BudgetSpent, _handle_budget_spent)
    app.register_error_handler(HTTPException, _handle_http_error)
    app.config["CONTENT_SECURITY_POLICY"] = content_security_policy(registry)
    app.after_request(_add_security_headers)
    app.after_request(_add_retry_after)


def _wants_json() -> bool:
    return request.path.startswith(PROGRAM_PATHS)


def _handle_bad_query(error: BadQuery) -> Response:
    if _wants_json():
        return problem_response(HTTPStatus.BAD_REQUEST, error.reason, field=error.field)
    title = gettext("“%(field)s” can't be read", field=error.field)
    if error.field == "q":
        title = gettext("What shall we look for?")
    reason = gettext(error.template, **error.values)
    if error.field == "agency":  # names for programs mean nothing to visitors
        reason = gettext("This agency is not searched here.")
    return error_page(HTTPStatus.BAD_REQUEST, title, reason)


def _handle_budget_spent(error: BudgetSpent) -> Response:
    """Answer 429, where no view has ways on."""
    status = HTTPStatus.TOO_MANY_REQUESTS
    if _wants_json():
        response = problem_response(status, str(error))
    else:
        response = error_page(status, gettext("No answer"), gettext("Try again in a minute."))
    return ask_to_wait(response, error)


def ask_to_wait(response: Response, error: BudgetSpent) -> Response:
    """Add the seconds until the budget has room again to a response."""
    response.headers["Retry-After"] = str(math.ceil(error.retry_after))
    return response


def _handle_http_error(error: HTTPException) -> Response:
    status = HTTPStatus(error.code or 500)
    allowed = {name: value for name, value in error.get_headers() if name == "Allow"}
    if _wants_json():
        response = problem_response(status, error.description or status.phrase)
    elif status is HTTPStatus.NOT_FOUND:
        title = gettext("There is no such page")
        response = error_page(status, title, gettext("Search for something else."))
    else:
        title = gettext("Something went wrong here")
        response = error_page(status, title, gettext("Try again in a minute."))
    response.headers.update(allowed)
    return response


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error as RFC 9457 has it.

    ``field`` names the parameter that can't be read; ``link`` leads to a picture at its agency
    where this site can't tell of it.
    """

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    link: str | msgspec.UnsetType = msgspec.UNSET


def problem_response(
    status: HTTPStatus, detail: str, *, field: str = "", link: str = ""
) -> Response:
    """Return an error as a problem; an empty ``field`` or ``link`` is left out."""
    body = Problem(
        title=status.phrase,
        status=int(status),
        detail=detail,
        field=field or msgspec.UNSET,
        link=link or msgspec.UNSET,
    )
    response = Response(msgspec.json.encode(body), status, mimetype=PROBLEM_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def error_page(  # noqa: PLR0913 - the error, and the ways on
    status: HTTPStatus,
    title: str,
    text: str,
    query: SearchQuery | None = None,
    media: Media | None = None,
    *,
    position: int = 1,
) -> Response:
    """Return an error as a page for people, with ways on.

    The page links to searches for ``query`` at the agencies. ``media`` is a picture whose link is
    known, ``position`` the place of its tile among the results.
    """
    html = render_template(
        "error.html",
        title=title,
        text=text,
        position=position,
        asked=query,
        words=query.q if query else "",
        media=media,
    )
    response = Response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def content_security_policy(
    registry: AgencyRegistry, ancestors: str = "'none'", frames: str = ""
) -> str:
    """Return the Content-Security-Policy of a page that may load the agencies' pictures and clips.

    Switched-off agencies are included, as the owner may switch them on while the process runs.
    ``ancestors`` are the sites that may frame the page, ``frames`` the sites that the page may
    frame. Empty ``ancestors`` allow all, which is more than ``*``: the asterisk matches network
    schemes alone, neither files nor sandboxed frames
    (https://www.w3.org/TR/CSP3/#match-url-to-source-expression).
    """
    agencies = [configured.agency for configured in registry.configured]
    sources = ["'self'"]
    for agency in agencies:
        sources += agency.picture_hosts
        if agency.url != agency.api:
            parts = urlsplit(agency.url)
            sources.append(f"{parts.scheme}://{parts.netloc}")
    hosts = " ".join(dict.fromkeys(sources))
    media_src = f" media-src {hosts};" if any(agency.video_filters for agency in agencies) else ""
    frame_src = f" frame-src {frames};" if frames else ""
    frame_ancestors = f" frame-ancestors {ancestors};" if ancestors else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline';"
        f" img-src {hosts};{media_src}{frame_src} connect-src 'self'; manifest-src 'self';"
        f" form-action 'self'; base-uri 'none';{frame_ancestors}"
        " require-trusted-types-for 'script'"
    )


def _add_security_headers(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
    if response.mimetype == "text/html":
        policy = current_app.config["CONTENT_SECURITY_POLICY"]
        response.headers.setdefault("Content-Security-Policy", policy)
    return response


def _add_retry_after(response: Response) -> Response:
    """Add Retry-After to transient failures."""
    if response.status_code in TRANSIENT_STATUSES:
        response.headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return response
