"""The connection of an owner's account: authorization-code flow, token storage and refresh.

The flow uses the OpenAPI's ``/v2/oauth/authorize`` and ``/v2/oauth/access_token`` and requests
expiring tokens. The description doesn't say whether a refresh ends the refresh token; a new refresh
token in the answer replaces the old one. The refusal of a revoked token is not described either;
any 4xx but 429 counts as that refusal.
"""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import urlencode

import msgspec

from affiliate.agencies import AGENCIES
from affiliate.config.settings import AgencySettings, Config
from affiliate.database.ledger import Ledger
from affiliate.database.token_store import Token, TokenStore
from affiliate.errors import (
    AgencyError,
    AgencyTimeout,
    BadCredentials,
    LedgerError,
    NotConnected,
    NotFound,
    RequestRefused,
)
from affiliate.licensing.oauth.scopes import DEFAULT_SCOPE, SCOPES
from affiliate.transport.client import Transport
from affiliate.transport.messages import Request, convert_answer

ACCOUNT: Final = "shutterstock"
REFRESH_EARLY_SECONDS: Final = 300.0
"""The time before its expiry at which a token is refreshed, at most half of its lifetime."""
TOKEN_CALL_SECONDS: Final = 10.0
LEASE_SECONDS: Final = 30.0
STORE_SECONDS: Final = 12.0
POLL_SECONDS: Final = 0.1
RECONNECT_HINT: Final = "connect it on /owner/ or by `flask account connect`."

log = logging.getLogger(__name__)


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: int | None = None
    refresh_token: str | None = None


class ShutterstockOAuth:
    """The token of the owner's account at Shutterstock, for calls in the owner's name.

    ``client`` is the application's id and secret; without both, no account can be connected. The
    ``token_store`` needs ``SECRET_KEY``. ``fixed_token`` is the token in the settings, used while
    no account is connected.
    """

    def __init__(  # noqa: PLR0913 - its parts, by name
        self,
        transport: Transport,
        token_store: TokenStore | None,
        *,
        url: str,
        client: tuple[str, str] = ("", ""),
        fixed_token: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._token_store = token_store
        self.url = url
        self._client = client
        self._fixed_token = fixed_token
        self._now = now

    @property
    def missing_settings(self) -> str:
        """Return the settings missing to connect an account, in words; empty if none is missing."""
        names = ("SHUTTERSTOCK_CLIENT_ID", "SHUTTERSTOCK_CLIENT_SECRET")
        missing = [name for name, value in zip(names, self._client, strict=True) if not value]
        missing += [] if self._token_store else ["SECRET_KEY"]
        return f"set {' and '.join(missing)} to connect one." if missing else ""

    def read_token(self) -> Token | None:
        """Return the stored token of the connected account; None when no account is connected.

        Raises:
            NotConnected: the token can't be read, as ``SECRET_KEY`` has changed.
        """
        stored_token = self._token_store.read(ACCOUNT) if self._token_store else None
        return stored_token[0] if stored_token else None

    def build_authorize_url(self, redirect_uri: str, scopes: Iterable[str], state: str) -> str:
        """Return the page where the owner agrees and is sent to ``redirect_uri`` with a code.

        Raises:
            NotConnected: settings are missing.
        """
        self._require_token_store()
        params = {
            "client_id": self._client[0],
            "realm": "customer",
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(select_scopes(scopes)),
            "state": state,
        }
        return f"{self.url}/v2/oauth/authorize?{urlencode(params)}"

    def connect(self, code: str, scopes: Iterable[str]) -> Token:
        """Exchange the code for a token and store the token.

        Raises:
            AgencyError: the code is refused, or settings are missing.
        """
        token_store = self._require_token_store()
        answer = self._request_token({"grant_type": "authorization_code", "code": code}, code)
        token = self._build_token(answer, None, select_scopes(scopes), self._now())
        token_store.store_connected(ACCOUNT, token)
        return token

    def disconnect(self) -> bool:
        """Forget the account's token; return False if no account was connected.

        The API has no call to revoke a token; the owner can revoke it in the account's settings.
        """
        return self._token_store.remove(ACCOUNT) if self._token_store else False

    def get_access_token(self) -> str:
        """Return the access token of the connected account, refreshed in time, or the fixed token.

        One process at a time refreshes; other processes use the token while valid, or wait.

        Raises:
            NotConnected: there is no token, or the token can't be refreshed any more.
        """
        deadline = time.monotonic() + LEASE_SECONDS
        while True:
            token = self.read_token()
            if token is None:
                return self._use_fixed_token()
            if _is_before(self._now(), token.refresh_at):
                return token.access_token
            if self._token_store and (lease := self._token_store.lease(ACCOUNT, LEASE_SECONDS)):
                return self._refresh_with_lease(self._token_store, lease)
            if _is_before(self._now(), token.expires_at):
                return token.access_token
            if time.monotonic() > deadline:
                raise AgencyTimeout(ACCOUNT, "The token is not refreshed in time.")
            time.sleep(POLL_SECONDS)

    def _use_fixed_token(self) -> str:
        if self._fixed_token is None:
            raise NotConnected(
                ACCOUNT, f"No account is connected; {self.missing_settings or RECONNECT_HINT}"
            )
        return self._fixed_token

    def _require_token_store(self) -> TokenStore:
        if self.missing_settings or self._token_store is None:
            raise NotConnected(ACCOUNT, f"No account can be connected: {self.missing_settings}")
        return self._token_store

    def _refresh_with_lease(self, token_store: TokenStore, lease: float) -> str:
        """Refresh the token, unless another process has refreshed the token before."""
        try:
            stored_token = token_store.read(ACCOUNT)
            if stored_token is None:
                return self._use_fixed_token()
            token, version = stored_token
            if not _is_before(self._now(), token.refresh_at):
                token = self._refresh(token)
                if not _store_renewed_token(token_store, token, version):
                    token = self.read_token() or token  # reconnected or disconnected meanwhile
            return token.access_token
        finally:
            token_store.release(ACCOUNT, lease)

    def _refresh(self, token: Token) -> Token:
        """Return a newer token; the same token where the call fails but the token is valid."""
        try:
            if token.refresh_token is None:
                raise BadCredentials(ACCOUNT, "There is no refresh token.")
            fields = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
            answer = self._request_token(fields, token.refresh_token)
        except AgencyError as error:
            if _is_before(self._now(), token.expires_at):
                log.warning("the token could not be refreshed: %s", error)
                return token
            if not isinstance(error, BadCredentials | RequestRefused | NotFound):
                raise
        else:
            return self._build_token(answer, token.refresh_token, token.scopes, token.connected_at)
        raise NotConnected(ACCOUNT, f"The connection has expired or was revoked; {RECONNECT_HINT}")

    def _request_token(self, fields: dict[str, str], secret: str) -> _Answer:
        identity = {"client_id": self._client[0], "client_secret": self._client[1]}
        body = {**identity, **fields, "realm": "customer", "expires": "true"}
        request = Request(
            agency=ACCOUNT,
            url=f"{self.url}/v2/oauth/access_token",
            method="POST",
            headers={
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(body).encode(),
            secrets=(*self._client, secret),
        )
        answer = self._transport.send(request, TOKEN_CALL_SECONDS).json()
        return convert_answer(ACCOUNT, answer, _Answer)

    def _build_token(
        self, answer: _Answer, refresh: str | None, scopes: tuple[str, ...], connected_at: float
    ) -> Token:
        now, life = self._now(), answer.expires_in
        return Token(
            access_token=answer.access_token,
            refresh_token=answer.refresh_token or refresh,
            refresh_at=None if life is None else now + max(life - REFRESH_EARLY_SECONDS, life / 2),
            expires_at=None if life is None else now + life,
            scopes=scopes,
            connected_at=connected_at,
        )


def build_oauth(settings: Config, transport: Transport, ledger: Ledger) -> ShutterstockOAuth:
    """Return the OAuth flow for the settings, without credentials if the agency is not on."""
    own = settings.agencies.get(ACCOUNT, AgencySettings())
    keys = {name: secret.reveal() for name, secret in own.credentials.items()}
    secret = settings.secret_key
    return ShutterstockOAuth(
        transport,
        TokenStore(ledger, secret.reveal()) if secret else None,
        url=own.url or AGENCIES[ACCOUNT].api,
        client=(keys.get("CLIENT_ID", ""), keys.get("CLIENT_SECRET", "")),
        fixed_token=keys.get("API_TOKEN"),
    )


def _store_renewed_token(token_store: TokenStore, token: Token, version: int) -> bool:
    """Store a refreshed token before first use; False when another was connected meanwhile.

    A busy database is retried for STORE_SECONDS, as the old refresh token may be invalid by then.
    """
    deadline = time.monotonic() + STORE_SECONDS
    while True:
        try:
            return token_store.replace_refreshed(ACCOUNT, token, version)
        except LedgerError:
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def select_scopes(scopes: Iterable[str]) -> tuple[str, ...]:
    """Return the known scopes among ``scopes`` and DEFAULT_SCOPE, in the order of SCOPES."""
    wanted_scopes = {DEFAULT_SCOPE, *scopes}
    return tuple(name for name in SCOPES if name in wanted_scopes)


def _is_before(now: float, end: float | None) -> bool:
    return end is None or now < end
