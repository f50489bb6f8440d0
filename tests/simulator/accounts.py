"""Users, their tokens and scopes, and the authorization-code flow.

Scopes and shapes are those of the OpenAPI description. That a code lives ten minutes and works
once, that a refresh token is replaced when it is used, and the texts of refusals are guesses:
the documents are silent.
"""

import base64
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.simulator.clock import Clock
from tests.simulator.wire import Answer, Problem, SimulatorRequest, reply

CLIENT = ("client-id", "client-secret")
TOKEN = "access-token"
"""A user's token with every scope, that never expires."""
SCOPES = (
    "collections.edit",
    "collections.view",
    "licenses.create",
    "licenses.view",
    "purchases.view",
    "user.view",
)
CODE_SECONDS = 600
EXPIRES_SECONDS = 3600


@dataclass
class Grant:
    """The rights of a token; ``expires`` is None without an end, a client's grant has no user."""

    scopes: set[str]
    username: str | None = "jdoe"
    expires: datetime | None = None


@dataclass
class Code:
    """A code of the flow that waits for its exchange."""

    scopes: set[str]
    expires: datetime


@dataclass
class Accounts:
    """Tokens and their rights. Tests may change ``grants`` and ``consent`` at any time.

    ``consent`` is whether the customer agrees on the agency's page, and ``agreed`` to which of
    the scopes asked for. ``callbacks`` are the hosts registered with the application.
    """

    clock: Clock
    grants: dict[str, Grant] = field(default_factory=lambda: {TOKEN: Grant(set(SCOPES))})
    refreshing: dict[str, Grant] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    consent: bool = True
    agreed: set[str] = field(default_factory=lambda: set(SCOPES))
    callbacks: set[str] = field(default_factory=lambda: {"localhost", "127.0.0.1"})

    def grant(self, scopes: Iterable[str] = SCOPES, seconds: float | None = None) -> str:
        """Return a new token of the user with these scopes, for so many seconds or for ever."""
        token = f"v2/{secrets.token_urlsafe(24)}"
        expires = None if seconds is None else self.clock.now() + timedelta(seconds=seconds)
        self.grants[token] = Grant(set(scopes), expires=expires)
        return token

    def revoke(self, token: str) -> None:
        """Forget a token, as a change of the password does."""
        del self.grants[token]

    def check(self, request: SimulatorRequest, scopes: Iterable[str] | None) -> Grant | None:
        """Return the grant of a request; None for the application's own name and secret.

        Args:
            request: The request.
            scopes: What the call needs; None when the application alone may make it too.

        Raises:
            Problem: 401 when nobody known asks, 403 when a scope is missing.
        """
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic" and value == _basic() and scopes is None:
            return None
        grant = self.grants.get(value) if kind == "Bearer" else None
        if grant is None or (grant.expires and grant.expires <= self.clock.now()):
            raise Problem(401, "Invalid access token")
        missing = sorted(set(scopes or ()) - grant.scopes)
        if missing or (scopes is not None and grant.username is None):
            raise Problem(403, f"Insufficient scope: {' '.join(missing)}")
        return grant

    def authorize(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        """Redirect the customer to the callback, as after log-in and question."""
        target, state = request.first("redirect_uri"), request.first("state")
        if request.first("client_id") != CLIENT[0] or request.first("response_type") != "code":
            raise Problem(400, "Invalid client_id or response_type")
        if urlsplit(target).hostname not in self.callbacks or not state:
            raise Problem(400, "Invalid redirect_uri or state")
        if not self.consent:
            return _redirect(target, {"error": "access_denied", "state": state})
        code = secrets.token_urlsafe(12)
        expires = self.clock.now() + timedelta(seconds=CODE_SECONDS)
        self.codes[code] = Code(set(request.first("scope").split()) & self.agreed, expires)
        return _redirect(target, {"code": code, "state": state})

    def access_token(self, request: SimulatorRequest, _: Grant | None) -> Answer:
        """Return a token for a code or a refresh token, or for the application itself."""
        form = {name: value[0] for name, value in parse_qs(request.body.decode()).items()}
        if "form" not in request.headers.get("content-type", ""):
            form = request.json()
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            raise Problem(401, "Invalid client")
        match form.get("grant_type"):
            case "authorization_code":
                return self._exchange(form.get("code", ""), str(form.get("expires")).lower())
            case "refresh_token":
                old = self.refreshing.pop(form.get("refresh_token", ""), None)
                if old is None:
                    raise Problem(400, "Invalid refresh token")
                return self._issue(old.scopes, expires=True)
            case "client_credentials":
                return self._issue(set(), expires=True, username=None)
        raise Problem(400, "Invalid grant_type")

    def _exchange(self, value: str, expires: str) -> Answer:
        code = self.codes.pop(value, None)
        if code is None or code.expires <= self.clock.now():
            raise Problem(400, "Invalid code")
        return self._issue(code.scopes, expires=expires == "true")

    def _issue(self, scopes: set[str], *, expires: bool, username: str | None = "jdoe") -> Answer:
        token = self.grant(scopes, EXPIRES_SECONDS if expires else None)
        self.grants[token].username = username
        body: dict[str, Any] = {"access_token": token, "token_type": "Bearer"}
        if expires:
            body["expires_in"] = EXPIRES_SECONDS
            if username is not None:
                body["refresh_token"] = secrets.token_urlsafe(24)
                self.refreshing[body["refresh_token"]] = self.grants[token]
        return reply(body)

    def user(self, _: SimulatorRequest, grant: Grant | None) -> Answer:
        """Return the details of the user."""
        name = grant.username if grant else None
        return reply(
            {
                "contributor_id": "212",
                "customer_id": "123456789",
                "email": "john.doe@example.com",
                "first_name": "John",
                "full_name": "John Doe",
                "id": "101782699",
                "is_premier": False,
                "is_premier_parent": False,
                "language": "es",
                "last_name": "Doe",
                "only_enhanced_license": False,
                "only_sensitive_use": False,
                "premier_permissions": [],
                "username": name,
            }
        )

    def token_details(self, _: SimulatorRequest, grant: Grant | None) -> Answer:
        """Return the details of the token that the request carries."""
        assert grant is not None
        body: dict[str, Any] = {
            "client_id": CLIENT[0],
            "customer_id": "123456789",
            "realm": "customer",
            "scopes": sorted(grant.scopes),
            "user_id": "101782699",
        }
        if grant.username:
            body["username"] = grant.username
        if grant.expires:
            body["expires_in"] = int((grant.expires - self.clock.now()).total_seconds())
        return reply(body)


def _basic() -> str:
    return base64.b64encode(":".join(CLIENT).encode()).decode()


def _redirect(target: str, params: dict[str, str]) -> Answer:
    joint = "&" if urlsplit(target).query else "?"
    address = f"{target}{joint}{urlencode(params)}"
    text = f"Moved temporarily. Redirecting to {address}"
    return Answer(302, text.encode(), {"Content-Type": "text/html", "Location": address})
