"""The page of open sessions, each of which the owner can end."""

import logging
from http import HTTPStatus

from flask import Response, abort, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from affiliate.errors import LedgerError
from affiliate.web.owner import login_throttle
from affiliate.web.owner.frame import blueprint, render_page
from affiliate.web.owner.identity import owner_sessions
from affiliate.web.owner.login import build_logout_failure_page

log = logging.getLogger(__name__)


@blueprint.get("/sessions")
def show_sessions() -> Response:
    """Show the open sessions, each with a button to end the session."""
    sessions = owner_sessions().list_open(session["name"])
    return render_page("owner_sessions.html", "Where you are logged in", sessions=sessions)


@blueprint.post("/sessions/end")
def end_sessions() -> AnyResponse:
    """End the session named by the form, or without a name all sessions, including this session."""
    digest = request.form.get("session")
    if digest == "":
        abort(HTTPStatus.BAD_REQUEST, "The session has no name.")
    try:
        if digest:
            owner_sessions().end_by_digest(digest)
        else:
            owner_sessions().end_all()
    except LedgerError as error:
        return build_logout_failure_page(error)
    ended = "a session" if digest else "all sessions"
    log.info("the owner ended %s from %s", ended, login_throttle.loggable_network())
    return redirect(url_for("owner.show_sessions"), HTTPStatus.SEE_OTHER)
