"""The page of the agency account that licenses images: its connection, user and scopes."""

import secrets
import time
from typing import Final

from flask import Response, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from affiliate.errors import AgencyError, LedgerError, describe_error
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.models import User
from affiliate.licensing.oauth.flow import ShutterstockOAuth
from affiliate.licensing.oauth.scopes import DEFAULT_SCOPE, SCOPES
from affiliate.services import current_services
from affiliate.web.owner.agency_waits import bound_waits
from affiliate.web.owner.frame import blueprint, redirect_with_note, render_page
from affiliate.web.owner.identity import is_same_secret
from affiliate.web.template_helpers import absolute_url

STATE_SECONDS: Final = 900
"""Seconds that the owner may take to agree at the agency."""


@blueprint.get("/account")
@bound_waits
def show_account() -> Response:
    """Show the state of the account: its connection, its user, and the granted scopes."""
    oauth, note = _shutterstock_oauth(), ""
    account: dict[str, object] = {}
    try:
        token = oauth.read_token()
        if token is not None:
            account = _describe_account()
    except (AgencyError, LedgerError) as error:
        account, note = {"connected": True}, describe_error(error)
    return render_page(
        "owner_account.html",
        "Shutterstock account",
        account=account,
        note=note,
        hindrance=oauth.missing_settings,
        scopes=SCOPES,
        always=DEFAULT_SCOPE,
    )


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
    return render_page("owner_connect.html", "On to Shutterstock", address=address)


@blueprint.get("/shutterstock/callback")
@bound_waits
def finish_connection() -> AnyResponse:
    """Exchange the code in the agency's redirect, and redirect to an address without the code."""
    authorization = session.pop("asked", {})
    is_same_state = is_same_secret(request.args.get("state"), authorization.get("state"))
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
        return _redirect_with_note(f"The account was not connected: {describe_error(error)}")
    return _redirect_with_note("The account is connected.")


@blueprint.post("/shutterstock/disconnect")
def disconnect() -> AnyResponse:
    """Forget the account's token."""
    try:
        _shutterstock_oauth().disconnect()
    except LedgerError as error:
        return _redirect_with_note(describe_error(error))
    return _redirect_with_note("The account is disconnected.")


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
    return redirect_with_note(note, "owner.show_account")
