"""The log-in and the log-out of the owner."""

import logging
from http import HTTPStatus

from flask import Response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from affiliate.errors import LedgerError
from affiliate.web.errors import error_page
from affiliate.web.owner import login_throttle
from affiliate.web.owner.frame import blueprint
from affiliate.web.owner.identity import (
    digest_password,
    is_same_secret,
    owner_sessions,
    reveal_password,
)

log = logging.getLogger(__name__)


@blueprint.route("/log-in", methods=["GET", "POST"])
def log_in() -> AnyResponse:
    """Show the log-in form, or check the password sent with the form in constant time."""
    if request.method != "POST":
        return Response(_render_form(wrong=False))
    if not login_throttle.may_log_in(digest_password()):
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
    if not is_same_secret(request.form.get("password"), reveal_password()):
        log.warning(
            "a log-in from %s failed: the password is wrong", login_throttle.loggable_network()
        )
        return Response(_render_form(wrong=True), HTTPStatus.UNAUTHORIZED)
    previous = session.get("name")
    session.clear()  # a session prepared by an attacker must not survive the log-in
    try:
        name = owner_sessions().begin(
            login_throttle.loggable_network(), request.user_agent.string, instead_of=previous
        )
        session.update(permanent=True, proof=digest_password(), name=name)
    except LedgerError as error:
        return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "No log-in can be kept", str(error))
    answer = redirect(url_for("owner.show_overview"), HTTPStatus.SEE_OTHER)
    login_throttle.remember_browser(answer, digest_password())
    log.info("the owner logged in from %s", login_throttle.loggable_network())
    return answer


@blueprint.post("/log-out")
def log_out() -> AnyResponse:
    """End the session, in this browser and for all copies of its cookie."""
    try:
        owner_sessions().end(session["name"])
    except LedgerError as error:
        return build_logout_failure_page(error)
    session.clear()
    log.info("the owner logged out from %s", login_throttle.loggable_network())
    return redirect(url_for("owner.log_in"), HTTPStatus.SEE_OTHER)


def build_logout_failure_page(error: LedgerError) -> Response:
    """Return the page for a log-out that could not be stored: the session stays open."""
    text = f"{error} You are logged in still; try again."
    return error_page(HTTPStatus.SERVICE_UNAVAILABLE, "The log-out can't be kept", text)


def _render_form(*, wrong: bool) -> str:
    return render_template("owner_login.html", heading="Owner's desk", wrong=wrong)
