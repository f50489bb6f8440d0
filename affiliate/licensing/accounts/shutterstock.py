"""An owner's account at Shutterstock, used with the user's token.

Nothing is cached, and no purchase is retried.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, TypeVar
from urllib.parse import quote

import msgspec

from affiliate.errors import (
    AgencyError,
    BadAnswer,
    BadCredentials,
    Blocked,
    Forbidden,
    NotConnected,
    NotFound,
    RequestRefused,
    TooManyCalls,
    UnclearOutcome,
)
from affiliate.licensing.accounts import shutterstock_schema
from affiliate.licensing.models import (
    MEDIA_ENDPOINTS,
    Asset,
    LicenseRequest,
    LicenseResult,
    MediaKind,
    Record,
    Subscription,
    TokenDetails,
    User,
)
from affiliate.licensing.oauth.flow import RECONNECT_HINT
from affiliate.licensing.oauth.scopes import get_required_scopes
from affiliate.licensing.offers import OfferChooser
from affiliate.licensing.seller import LICENSE_CALL_SECONDS
from affiliate.transport.client import Transport
from affiliate.transport.messages import Reply, Request, decode_answer

AGENCY: Final = "shutterstock"
PAGE_ROWS: Final = 200
"""Rows per page of the history, the API's maximum."""
IDS: Final = re.compile(r"[A-Za-z0-9]{1,60}")
"""Pattern of all ids; others, such as ``..``, would name another call."""
REMEMBERED_ROWS: Final = 10 * PAGE_ROWS
"""Rows whose ids are remembered, as purchases made meanwhile push rows on to the next page."""
REDOWNLOAD_SIZES: Final = frozenset(
    {"small", "medium", "huge", "supersize", "vector", "web", "sd", "hd", "4k"}
)
"""Sizes that a redownload may name (OpenAPI: RedownloadImage, RedownloadVideo)."""
REFUSALS: Final = (BadCredentials, RequestRefused, NotFound, TooManyCalls)
"""Errors of requests that the agency has read and refused (4xx)."""

Shape = TypeVar("Shape")
_encoder = msgspec.json.Encoder(decimal_format="number")


class ShutterstockAccount:
    """An account at ``url``; ``token`` is called before each call and returns the user's token.

    Every method may raise `AgencyError`; `Forbidden` names the scope that the token lacks.
    """

    agency: ClassVar[str] = AGENCY
    has_sandbox: ClassVar[bool] = True
    max_per_request: ClassVar[int] = 50  # OpenAPI: maxItems

    def __init__(self, transport: Transport, *, url: str, token: Callable[[], str]) -> None:
        self.url = url
        self._transport = transport
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        body: Any = None,  # noqa: ANN401 - any JSON value
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Return the parsed answer to a call; None for an answer without a body."""
        reply = self._request(method, path, params, body)
        return reply.json() if reply.body else None

    def _request(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        body: Any = None,  # noqa: ANN401 - likewise
    ) -> Reply:
        try:
            return self._send(method, path, params, body)
        except Forbidden as error:
            refusal: AgencyError = error
        except BadCredentials as error:
            refusal = error
            if not isinstance(error, NotConnected):
                refusal = NotConnected(
                    AGENCY, f"The token is not taken ({error.message}); {RECONNECT_HINT}"
                )
        if isinstance(refusal, Forbidden) and not isinstance(refusal, Blocked):
            refusal = self._explain_missing_scopes(method, path) or refusal
        raise refusal

    def _send(
        self,
        method: str,
        path: str,
        params: Sequence[tuple[str, str]] = (),
        body: Any = None,  # noqa: ANN401 - likewise
    ) -> Reply:
        token = self._get_token()
        request = Request(
            agency=AGENCY,
            url=self.url + path,
            method=method,
            params=tuple(params),
            headers={
                "Accept": "application/json",
                "Authorization": f"Bearer {token}",
                **({"Content-Type": "application/json"} if body is not None else {}),
            },
            body=_encoder.encode(body) if body is not None else None,
            secrets=(token,),
        )
        return self._transport.send(request, LICENSE_CALL_SECONDS)

    def _get_token(self) -> str:
        """Return the token; mark a failed refresh as unsent, as the call itself was not sent."""
        try:
            return self._token()
        except AgencyError as error:
            error.sent = False
            raise

    def _explain_missing_scopes(self, method: str, path: str) -> Forbidden | None:
        """Return an error that names the missing scopes after a 403; None if no scope is missing.

        Where the scopes of the token are unknown, the error names all scopes that the call needs.
        """
        required_scopes = get_required_scopes(method, path)
        try:
            reply = self._send("GET", "/v2/user/access_token")
            scopes = set(decode_answer(AGENCY, reply.body, TokenDetails).scopes)
        except AgencyError:
            scopes = set()
        missing = " and ".join(scope for scope in required_scopes if scope not in scopes)
        if not missing:
            return None
        verb = "lacks" if scopes else "may lack"
        return Forbidden(AGENCY, f"The token {verb} the scope {missing}; {RECONNECT_HINT}")

    def create_proposer(self, *, sandbox: bool, now: Callable[[], datetime]) -> OfferChooser:
        """Return a proposer for the account's subscriptions."""
        return OfferChooser(self, sandbox=sandbox, now=now)

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Fetch all subscriptions, also expired ones."""
        reply = self._request("GET", "/v2/user/subscriptions")
        page = decode_answer(AGENCY, reply.body, shutterstock_schema.Subscriptions)
        return tuple(map(shutterstock_schema.to_subscription, page.data))

    def fetch_user(self) -> User:
        return decode_answer(AGENCY, self._request("GET", "/v2/user").body, User)

    def fetch_token_details(self) -> TokenDetails:
        reply = self._request("GET", "/v2/user/access_token")
        return decode_answer(AGENCY, reply.body, TokenDetails)

    def fetch_asset(self, media: MediaKind, media_id: str, country: str = "") -> Asset:
        """Fetch an image or video with the sizes on sale now.

        Raises:
            AgencyError: NotFound when the item was withdrawn.
        """
        if not IDS.fullmatch(media_id):
            raise NotFound(AGENCY, f"There is no {media} {media_id[:40]!r}.")
        params = (("country", country),) if country else (("view", "full"),)
        path = f"{MEDIA_ENDPOINTS[media].path}/{quote(media_id, safe='')}"
        reply = self._request("GET", path, params)
        details = decode_answer(AGENCY, reply.body, shutterstock_schema.Details)
        return shutterstock_schema.to_asset(media, details)

    def license(self, requests: Sequence[LicenseRequest]) -> tuple[LicenseResult, ...]:
        """Buy items of one kind in one request; return the results in the items' order.

        The result of an item that failed alone has an ``error``; the result of an item that the
        answer leaves out is empty.

        Raises:
            UnclearOutcome: the request was sent, but the outcome is unknown.
            AgencyError: with any other error, nothing was bought.
        """
        media = requests[0].media
        try:
            path = f"{MEDIA_ENDPOINTS[media].path}/licenses"
            reply = self._request(
                "POST", path, body=shutterstock_schema.build_license_body(media, requests)
            )
            answer = decode_answer(AGENCY, reply.body, shutterstock_schema.LicenseAnswer)
        except REFUSALS:
            raise
        except BadAnswer as error:
            raise UnclearOutcome(AGENCY, error.message) from None
        except AgencyError as error:
            if not error.sent:
                raise
            raise UnclearOutcome(AGENCY, error.message) from None
        results = {
            result.id: result for result in map(shutterstock_schema.to_license_result, answer.data)
        }
        ids = {request.id for request in requests}
        if len(results) < len(answer.data) or not set(results) <= ids:
            raise UnclearOutcome(AGENCY, "The answer is not about what was asked for.")
        return tuple(
            results.get(request.id) or LicenseResult(id=request.id) for request in requests
        )

    def iter_history(  # noqa: PLR0913 - the filters of the API
        self,
        media: MediaKind,
        *,
        media_id: str | None = None,
        license: str | None = None,  # noqa: A002 - as the API names it
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = True,
    ) -> Iterator[Record]:
        """Yield each license once, also if new rows arrive meanwhile; fetch pages on demand."""
        if media_id is not None and not IDS.fullmatch(media_id):
            return
        filters = {
            MEDIA_ENDPOINTS[media].history_filter: media_id,
            "license": license,
            "start_date": _format_moment(since),
            "end_date": _format_moment(until),
            "sort": "newest" if newest_first else "oldest",
            "per_page": str(PAGE_ROWS),
        }
        params = [(name, value) for name, value in filters.items() if value]
        recent_ids: deque[str] = deque(maxlen=REMEMBERED_ROWS)
        page, is_complete = 0, False
        while not is_complete:
            page += 1
            reply = self._request(
                "GET", f"{MEDIA_ENDPOINTS[media].path}/licenses", [*params, ("page", str(page))]
            )
            answer = decode_answer(AGENCY, reply.body, shutterstock_schema.History)
            for row in answer.data:
                record = shutterstock_schema.to_record(media, row)
                if record is not None and record.id not in recent_ids:
                    recent_ids.append(record.id)
                    yield record
            total = answer.total_count
            is_complete = not answer.data or (
                total is not None and page * (answer.per_page or PAGE_ROWS) >= total
            )

    def request_download_link(self, media: MediaKind, license_id: str, size: str) -> str:
        """Request a new address of a licensed file, which is signed, secret, and valid for 8 hours.

        For a size that the call doesn't know, such as a custom size, the license decides.
        """
        path = f"{MEDIA_ENDPOINTS[media].path}/licenses/{quote(license_id, safe='')}/downloads"
        body = {"size": size} if size in REDOWNLOAD_SIZES else {}
        answer = decode_answer(AGENCY, self._request("POST", path, body=body).body, _Link)
        return answer.url


class _Link(msgspec.Struct):
    url: str


def _format_moment(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
