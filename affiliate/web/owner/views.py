"""The owner's desk: log-in, sessions, and the agency account that licenses images.

The desk exists only with ``OWNER_PASSWORD``, is in English, and no cache keeps its pages. Its
cookies are signed, for ``/owner/`` alone, and invalid after a change of the password: the cookie
of the session (`owner_sessions`), and the cookie that identifies a browser after a log-in
(`login_throttle`).
"""

import hashlib
import hmac
import logging
import secrets
import time
from http import HTTPStatus
from typing import Final

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from affiliate.database.owner_sessions import LIFETIME, Sessions
from affiliate.errors import AgencyError, LedgerError
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.models import User
from affiliate.licensing.oauth.flow import ShutterstockOAuth
from affiliate.licensing.oauth.scopes import DEFAULT_SCOPE, SCOPES
from affiliate.services import current_services
from affiliate.web.errors import error_page
from affiliate.web.owner import kept, login_throttle
from affiliate.web.owner.cookies import (
    OWNER_PATH,
    SESSION_COOKIE,
    OwnerSession,
    is_https,
    read_cookie,
)
from affiliate.web.request_context import Languages, current_context
from affiliate.web.template_helpers import absolute_url

FORM_CONTENT_TYPE: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 4096
"""Most bytes of a form that are read; the owner's forms are all smaller."""
STATE_SECONDS: Final = 900
"""Seconds that the owner may take to agree at the agency."""

log = logging.getLogger(__name__)

blueprint = Blueprint("owner", __name__, url_prefix="/owner")
kept.add_routes(blueprint)


def register(app: Flask) -> None:
    """Add the owner's routes and session to an app with `Services`, if a password is set."""
    config = app.extensions["services"].config
    if config.owner_password is None:
        return
    app.secret_key = config.secret_key.reveal()
    app.config.update(
        SESSION_COOKIE_PATH=OWNER_PATH,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
    )
    app.session_interface = OwnerSession()
    login_throttle.register(app)
    app.register_blueprint(blueprint)


@blueprint.before_request
def guard_request() -> AnyResponse | None:
    """Refuse forms of other sessions; redirect everybody but the owner to the log-in."""
    current_context().languages = Languages()  # English
    session.permanent = True
    if request.method == "POST" and not _has_form_of_session():
        return _refuse_form()
    try:
        if request.endpoint != "owner.log_in" and not _is_owner():
            return redirect(url_for("owner.log_in"), HTTPStatus.SEE_OTHER)
    except LedgerError as error:
        return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "No log-in can be looked up", str(error))
    session.setdefault("csrf", secrets.token_urlsafe(24))
    return None


def _has_form_of_session() -> bool:
    """Return whether a form has this session's CSRF token; forms without a session are not read."""
    request.max_content_length = MAX_FORM_BYTES
    if not session.get("csrf") or request.mimetype != FORM_CONTENT_TYPE:
        return False
    return _is_same_secret(request.form.get("csrf"), session["csrf"])


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


# -- log-in


@blueprint.route("/log-in", methods=["GET", "POST"])
def log_in() -> AnyResponse:
    """Show the log-in form, or check the password sent with the form in constant time."""
    if request.method != "POST":
        return Response(render_template("owner_login.html", wrong=False))
    if not login_throttle.may_log_in(_digest_password()):
        log.warning(
            "a log-in from %s was refused: too many were tried", login_throttle.loggable_network()
        )
        response = error_page(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many log-ins",
            "Wait a quarter of an hour and try again.",
        )
        response.headers["Retry-After"] = str(login_throttle.WINDOW_SECONDS)
        return response
    if not _is_same_secret(request.form.get("password"), _reveal_password()):
        log.warning(
            "a log-in from %s failed: the password is wrong", login_throttle.loggable_network()
        )
        page = render_template("owner_login.html", wrong=True)
        return Response(page, HTTPStatus.UNAUTHORIZED)
    previous = session.get("name")
    session.clear()  # a session prepared by an attacker must not survive the log-in
    try:
        name = _owner_sessions().begin(
            login_throttle.loggable_network(), request.user_agent.string, instead_of=previous
        )
        session.update(permanent=True, proof=_digest_password(), name=name)
    except LedgerError as error:
        return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "No log-in can be kept", str(error))
    answer = redirect(url_for("owner.show_desk"), HTTPStatus.SEE_OTHER)
    login_throttle.remember_browser(answer, _digest_password())
    log.info("the owner logged in from %s", login_throttle.loggable_network())
    return answer


@blueprint.post("/log-out")
def log_out() -> AnyResponse:
    """End the session, in this browser and for all copies of its cookie."""
    try:
        _owner_sessions().end(session["name"])
    except LedgerError as error:
        return _build_logout_failure_page(error)
    session.clear()
    log.info("the owner logged out from %s", login_throttle.loggable_network())
    return redirect(url_for("owner.log_in"), HTTPStatus.SEE_OTHER)


@blueprint.get("/sessions")
def list_sessions() -> Response:
    """Show the open sessions, each with a button to end the session."""
    try:
        sessions = _owner_sessions().list_open(session["name"])
    except LedgerError as error:
        return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "No log-in can be looked up", str(error))
    return Response(render_template("owner_sessions.html", sessions=sessions))


@blueprint.post("/sessions/end")
def end_sessions() -> AnyResponse:
    """End the session named by the form, or without a name all sessions, including this session."""
    digest = request.form.get("session")
    if digest == "":
        abort(HTTPStatus.BAD_REQUEST, "The session has no name.")
    try:
        if digest:
            _owner_sessions().end_by_digest(digest)
        else:
            _owner_sessions().end_all()
    except LedgerError as error:
        return _build_logout_failure_page(error)
    ended = "a session" if digest else "all sessions"
    log.info("the owner ended %s from %s", ended, login_throttle.loggable_network())
    return redirect(url_for("owner.list_sessions"), HTTPStatus.SEE_OTHER)


def _build_logout_failure_page(error: LedgerError) -> Response:
    """Return the page for a log-out that could not be stored: the session stays open."""
    text = f"{error} You are logged in still; try again."
    return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "The log-out can't be kept", text)


# -- the account


@blueprint.get("/")
def show_desk() -> Response:
    """Show the state of the account: its connection, its user, and the granted scopes."""
    oauth, note = _shutterstock_oauth(), session.pop("note", "")
    account: dict[str, object] = {}
    try:
        token = oauth.read_token()
        if token is not None:
            account = _describe_account()
    except (AgencyError, LedgerError) as error:
        account, note = {"connected": True}, note or _error_text(error)
    page = render_template(
        "owner_desk.html",
        account=account,
        note=note,
        hindrance=oauth.missing_settings,
        scopes=SCOPES,
        always=DEFAULT_SCOPE,
    )
    return Response(page)


@blueprint.post("/shutterstock/connect")
def start_connection() -> AnyResponse:
    """Show a page that leads to the agency, as the CSP forbids forms a redirect to another site."""
    scopes = [name for name in request.form.getlist("scope") if name in SCOPES]
    state = secrets.token_urlsafe(24)
    try:
        address = _shutterstock_oauth().build_authorize_url(_callback_url(), scopes, state)
    except AgencyError as error:
        return _redirect_with_note(error.message)
    session["asked"] = {"state": state, "scopes": scopes, "until": time.time() + STATE_SECONDS}
    return Response(render_template("owner_connect.html", address=address))


@blueprint.get("/shutterstock/callback")
def finish_connection() -> AnyResponse:
    """Exchange the code in the agency's redirect, and redirect to an address without the code."""
    authorization = session.pop("asked", {})
    is_same_state = _is_same_secret(request.args.get("state"), authorization.get("state"))
    if not is_same_state or time.time() > authorization["until"]:
        return _redirect_with_note(
            "That answer was not to a question of this session. Connect again."
        )
    code = request.args.get("code", "")
    if not code:
        return _redirect_with_note("Shutterstock did not agree; nothing has changed.")
    try:
        _shutterstock_oauth().connect(code, authorization["scopes"])
    except (AgencyError, LedgerError) as error:
        return _redirect_with_note(f"The account was not connected: {_error_text(error)}")
    return _redirect_with_note("The account is connected.")


@blueprint.post("/shutterstock/disconnect")
def disconnect() -> AnyResponse:
    """Forget the account's token."""
    try:
        _shutterstock_oauth().disconnect()
    except LedgerError as error:
        return _redirect_with_note(_error_text(error))
    return _redirect_with_note("The account is disconnected.")


@blueprint.route("/<path:_>", methods=["GET", "POST"])
def refuse_unknown_path(_: str) -> Response:
    """Answer 404 for unknown paths, after the check of the log-in."""
    raise NotFound


def _callback_url() -> str:
    return absolute_url(url_for("owner.finish_connection"))


def _shutterstock_oauth() -> ShutterstockOAuth:
    oauth: ShutterstockOAuth = current_services().tokens
    return oauth


def _describe_account() -> dict[str, object]:
    """Return the agency's description of the account: its access, and its user if allowed."""
    oauth = _shutterstock_oauth()
    transport = current_services().transport
    account = ShutterstockAccount(transport, url=oauth.url, token=oauth.get_access_token)
    access = account.fetch_token_details()
    return {
        "access": access,
        "user": account.fetch_user() if DEFAULT_SCOPE in access.scopes else User(),
    }


def _redirect_with_note(note: str) -> AnyResponse:
    """Redirect to the desk, which shows the note once."""
    session["note"] = note
    return redirect(url_for("owner.show_desk"), HTTPStatus.SEE_OTHER)


def _refuse_form() -> Response:
    """Return the page that says why a form was refused, and the remedy."""
    title, text = "This form is too old", "Go back, reload the page and try again."
    if read_cookie(SESSION_COOKIE) is None:
        title, text = "Your browser sent no cookie", "Allow this site cookies and log in again."
        if is_https():
            text = f"It keeps this site's over https alone: open {absolute_url('/owner/')} there."
    return error_page(HTTPStatus.BAD_REQUEST, title, text)


def _error_text(error: AgencyError | LedgerError) -> str:
    return error.message if isinstance(error, AgencyError) else str(error)


# -- the identity of the owner


def _is_owner() -> bool:
    name = session.get("name")
    if not isinstance(name, str) or not _is_same_secret(session.get("proof"), _digest_password()):
        return False
    return _owner_sessions().is_open(name)


def _owner_sessions() -> Sessions:
    return Sessions(current_services().ledger, _digest_password())


def _digest_password() -> str:
    """Return the digest in sessions that were begun with the current password."""
    key = (current_app.secret_key or "").encode()  # type: ignore[union-attr] # it is a text here
    return hmac.new(key, b"owner:" + _reveal_password().encode(), hashlib.sha256).hexdigest()


def _reveal_password() -> str:
    password = current_services().config.owner_password
    return password.reveal() if password else ""


def _is_same_secret(given: object, known: object) -> bool:
    """Return whether two texts are equal, compared in constant time."""
    if not isinstance(given, str) or not isinstance(known, str) or not known:
        return False
    digests = (hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, known))
    return hmac.compare_digest(*digests)
