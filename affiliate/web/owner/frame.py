"""The frame of the desk: the guard of all requests, and the rendering of all pages.

A module of a page adds its views to `blueprint`, and `views.register` imports the module.
"""

import secrets
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from flask import Blueprint, Response, abort, redirect, render_template, request, session, url_for
from werkzeug.exceptions import BadRequest, NotFound, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from affiliate.errors import BadQuery, LedgerError
from affiliate.services import current_services
from affiliate.web.errors import error_page
from affiliate.web.owner import navigation, table_files
from affiliate.web.owner.cookies import OWNER_PATH, SESSION_COOKIE, is_https, read_cookie
from affiliate.web.owner.identity import is_owner, is_same_secret
from affiliate.web.owner.page_requests import PageRequest
from affiliate.web.owner.tables import Sheet, Table
from affiliate.web.request_context import Languages, current_context
from affiliate.web.template_helpers import absolute_url

FORM_CONTENT_TYPE: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 4096
"""Most bytes of a form that are read; the owner's forms are all smaller, but for a purchase."""
MAX_PURCHASE_BYTES: Final = 32 * 1024
"""Most bytes of the form that buys: a required value may have 500 characters of any script, each
of up to 12 bytes in a form."""

blueprint = Blueprint("owner", __name__, url_prefix="/owner")


@blueprint.before_request
def guard_request() -> AnyResponse | None:
    """Refuse forms of other sessions; redirect everybody but the owner to the log-in.

    PostgreSQL takes no text with NUL.
    """
    current_context().languages = Languages()  # English
    session.permanent = True
    if request.method == "POST":
        if not _has_form_of_session():
            return _refuse_form()
        if any("\0" in value for values in request.form.listvalues() for value in values):
            abort(HTTPStatus.BAD_REQUEST, "It has a character that is in no text (NUL).")
    try:
        if request.endpoint != "owner.log_in" and not is_owner():
            return redirect(url_for("owner.log_in"), HTTPStatus.SEE_OTHER)
    except LedgerError as error:
        return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "No log-in can be looked up", str(error))
    session.setdefault("csrf", secrets.token_urlsafe(24))
    current_services().usage.start()  # figures are summed up also where nobody searches
    return None


def _has_form_of_session() -> bool:
    """Return whether a form has this session's CSRF token; forms without a session are not read."""
    is_purchase = request.endpoint == "owner.buy_license"
    request.max_content_length = MAX_PURCHASE_BYTES if is_purchase else MAX_FORM_BYTES
    if not session.get("csrf") or request.mimetype != FORM_CONTENT_TYPE:
        return False
    return is_same_secret(request.form.get("csrf"), session["csrf"])


def _refuse_form() -> Response:
    """Return the page that says why a form was refused, and the remedy."""
    title, text = "This form is too old", "Go back, reload the page and try again."
    if read_cookie(SESSION_COOKIE) is None:
        title, text = "Your browser sent no cookie", "Allow this site cookies and log in again."
        if is_https():
            text = f"It keeps this site's over https alone: open {absolute_url('/owner/')} there."
    return error_page(HTTPStatus.BAD_REQUEST, title, text)


@blueprint.after_app_request
def forbid_caching(response: Response) -> Response:
    """Keep all responses from caches, search engines, plain http and windows of other sites.

    Responses outside of any route are included, such as those to other methods.
    """
    if not f"{request.path}/".startswith(OWNER_PATH):
        return response
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    if is_https():
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def render_page(  # noqa: PLR0913 - the parts of a page, by name
    template: str,
    heading: str,
    *,
    view: PageRequest | None = None,
    table: Table | None = None,
    sheets: Sequence[Sheet] = (),
    note: str = "",
    **context: Any,  # noqa: ANN401 - values of the template
) -> Response:
    """Return a page of the desk, or its table as a file where the address asks for a format.

    ``view`` is the period and the filters of the page, shown above the content; ``table`` is the
    one table of the page, which the template places by ``{{ desk.table(table) }}``. ``sheets`` are
    the other figures of the page for the file; the template has ``{{ desk.files(table) }}`` then.
    The note of `redirect_with_note` is shown once, in place of ``note``.
    """
    if view and table and view.format:
        return table_files.build_file(table, view.format, request.path.rstrip("/"), sheets)
    note = session.pop("note", "") or note
    html = render_template(
        template,
        heading=heading,
        navigation=list(navigation.iter_links()),
        note=note,
        table=table,
        view=view,
        **context,
    )
    return Response(html)


def redirect_with_note(note: str, endpoint: str) -> AnyResponse:
    """Redirect to a page of the desk, which shows the note once."""
    session["note"] = note
    return redirect(url_for(endpoint), HTTPStatus.SEE_OTHER)


def render_error(status: HTTPStatus, title: str, text: str, way_on: str = "") -> Response:
    """Return an error as a page in the frame, with the navigation as the way on.

    ``way_on`` is the address of the same page without what can't be read.
    """
    response = render_page("owner_error.html", title, text=text, way_on=way_on)
    response.status_code = status
    return response


@blueprint.errorhandler(LedgerError)
def handle_ledger_error(error: LedgerError) -> Response:
    """Return the page about a database that can't be used."""
    return render_error(
        HTTPStatus.SERVICE_UNAVAILABLE, "The database can't be used now", str(error)
    )


@blueprint.errorhandler(BadRequest)
def handle_bad_request(error: BadRequest) -> Response:
    """Return the page about a form that can't be read."""
    text = error.description or ""
    return error_page(HTTPStatus.BAD_REQUEST, "This form can't be read", text)


@blueprint.errorhandler(RequestEntityTooLarge)
def handle_long_form(error: RequestEntityTooLarge) -> Response:
    """Return the page about a form with more text than the form may have."""
    text = "Nothing was done. Go back and shorten what you typed."
    return error_page(HTTPStatus(error.code), "This form is too long", text)


@blueprint.errorhandler(BadQuery)
def handle_bad_query(error: BadQuery) -> Response:
    """Return the page about a parameter of the address that can't be read."""
    title = f"“{error.field}” in the address can't be read"
    return render_error(HTTPStatus.BAD_REQUEST, title, error.reason, request.path)


@blueprint.errorhandler(NotFound)
def handle_not_found(_: NotFound) -> Response:
    """Return the page about an address that the desk hasn't."""
    text = "The address may be mistyped, or what it led to is deleted. The menu has all pages."
    return render_error(HTTPStatus.NOT_FOUND, "There is no such page at the desk", text)


@blueprint.route("/<path:_>", methods=["GET", "POST"])
def refuse_unknown_path(_: str) -> Response:
    """Answer 404 for unknown paths, after the check of the log-in."""
    raise NotFound
