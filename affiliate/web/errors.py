"""How errors and headers leave the site: problem+json for programs, a page for people."""

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
from affiliate.search.service import SearchService

TRANSIENT_STATUSES: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
"""Failures of what the site needs: an agency, or the ledger's database."""
RETRY_AFTER_SECONDS: Final = 60
"""When to try again after such a failure, as its texts say."""
PROBLEM_TYPE: Final = "application/problem+json"
PROGRAM_PATHS: Final = (
    *("/api/", "/ajax/", "/clicks", "/suggest", "/oembed", "/embed/search"),
    *("/healthz", "/readyz"),
)
"""Beginnings of the paths whose errors programs read."""

log = logging.getLogger(__name__)


class Application(Flask):
    """A Flask application that tells of unexpected errors by their route.

    The address holds what visitors typed, and would make each error one of its own.
    """

    def log_exception(self, exc_info: Any) -> None:  # noqa: ANN401 - as Flask has it
        """Write a line about an error that no view expected, with its traceback."""
        rule = request.url_rule.rule if request.url_rule else "no route"
        log.error("an unexpected error at %s %s", request.method, rule, exc_info=exc_info)


def register(app: Flask, search: SearchService) -> None:
    """Add the error pages and the security headers to an app."""
    app.register_error_handler(BadQuery, _handle_bad_query)
    app.register_error_handler(BudgetSpent, _handle_budget_spent)
    app.register_error_handler(HTTPException, _handle_http_error)
    app.config["CONTENT_SECURITY_POLICY"] = content_security_policy(search)
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
    if error.field == "agency":  # the names that programs use say nothing to visitors
        reason = gettext("This agency is not searched here.")
    return error_page(HTTPStatus.BAD_REQUEST, title, reason)


def _handle_budget_spent(error: BudgetSpent) -> Response:
    """Tell somebody to come back when there is room again in the budget."""
    status = HTTPStatus.TOO_MANY_REQUESTS
    if _wants_json():
        response = problem_response(status, str(error))
    else:
        response = error_page(status, gettext("No answer"), gettext("Try again in a minute."))
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
    """Return an error as a problem, with a ``field`` or a ``link`` where there is one."""
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


def error_page(  # noqa: PLR0913 - what went wrong, and the ways on
    status: HTTPStatus,
    title: str,
    text: str,
    asked: SearchQuery | None = None,
    media: Media | None = None,
    *,
    position: int = 1,
) -> Response:
    """Return an error as a page for people, with ways on.

    Agencies are searched for what is ``asked``; ``media`` is a picture of which the link is known,
    ``position`` the place of its tile among the results.
    """
    told = {"asked": asked, "words": asked.q if asked else "", "media": media}
    html = render_template("error.html", title=title, text=text, position=position, **told)
    response = Response(html, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def content_security_policy(
    search: SearchService, ancestors: str = "'none'", frames: str = ""
) -> str:
    """Return what a page may load: itself, and the agencies' pictures and clips.

    Those of agencies that are switched off too, as they may be on again while the process runs.
    ``ancestors`` are the sites that may show it in a frame, ``frames`` those that it may show.
    Empty ``ancestors`` are everybody, who are more than ``*``: that matches network schemes alone,
    neither files nor frames in a sandbox (https://www.w3.org/TR/CSP3/#match-url-to-source-expression).
    """
    pictures = ["'self'"]
    for one in search.configured:
        pictures += one.agency.picture_hosts
        if one.agency.url != one.agency.api:
            parts = urlsplit(one.agency.url)
            pictures.append(f"{parts.scheme}://{parts.netloc}")
    hosts = " ".join(dict.fromkeys(pictures))
    clips = (
        f" media-src {hosts};" if any(one.agency.video_filters for one in search.configured) else ""
    )
    clips += f" frame-src {frames};" if frames else ""
    framed = f" frame-ancestors {ancestors};" if ancestors else ""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline';"
        f" img-src {hosts};{clips} connect-src 'self'; manifest-src 'self';"
        f" form-action 'self'; base-uri 'none';{framed}"
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
    """Say of a failure that passes by itself when to try again."""
    if response.status_code in TRANSIENT_STATUSES:
        response.headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    return response
