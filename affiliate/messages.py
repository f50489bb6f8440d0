"""What goes to an agency and what comes back: a request, a reply, or the error it stands for."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote, quote_plus
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from affiliate.errors import (
    AgencyDown,
    AgencyError,
    BadAnswer,
    BadCredentials,
    Forbidden,
    NotFound,
    RequestRefused,
    TooManyCalls,
)
from affiliate.model import plain_text

MAX_RETRY_AFTER: Final = 900.0
MIN_RETRY_AFTER: Final = 1.0  # an agency that says 0 would be asked by every visitor


Params = tuple[tuple[str, str], ...]
"""Parameters of an address; a name may stand there more than once."""


class Refusal(NamedTuple):
    """What it means that an agency says no in its own way, and its words for it."""

    kind: type[AgencyError]
    words: str


Judge = Callable[[int, bytes], Refusal | None]
"""Reads an HTTP status and a body; None leaves it to the table of statuses."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call: ``params`` may repeat a name; ``secrets`` are struck out of every message.

    ``judge`` looks at every answer first, for agencies whose errors arrive with HTTP 200, as plain
    text or as XML. ``reads`` tells whether it changes nothing, so that it may be sent twice; of a
    GET that is taken for granted.
    """

    agency: str
    url: str
    method: str = "GET"
    params: Params = ()
    headers: Mapping[str, str] = {}
    auth: tuple[str, str] | None = None
    body: bytes | None = None
    secrets: tuple[str, ...] = ()
    judge: Judge | None = None
    reads: bool | None = None

    def redact(self, text: str) -> str:
        """The text without the secrets: plain, percent-encoded, as in a form or as Basic."""
        forms = {*self.secrets, *(quote(secret, safe="") for secret in self.secrets)}
        forms |= {quote_plus(secret) for secret in self.secrets}
        if self.auth:
            forms.add(b64encode(":".join(self.auth).encode()).decode())
        for form in sorted(forms - {""}, key=len, reverse=True):  # one may begin with another
            text = text.replace(form, "***")
        return text


def given(params: Mapping[str, str]) -> Params:
    """The parameters that say something."""
    return tuple((name, value) for name, value in params.items() if value)


def xml_root(text: bytes | str) -> Element | None:
    """The root of XML; None for anything else and for entities, which could grow without end."""
    try:
        root: Element = fromstring(text)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return None  # a LookupError is an encoding that nobody knows
    return root


class Reply(msgspec.Struct, frozen=True):
    """A complete answer with a 2xx status."""

    request: Request
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - JSON is any
        """The body as JSON.

        Raises:
            BadAnswer: the body is something else, as when a gateway answers in HTML.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadAnswer(self.request.agency, "The answer is not JSON.") from None

    def xml(self) -> Element:
        """The root of the body as XML; entities, which could grow without end, are refused.

        Raises:
            BadAnswer: the body is something else.
        """
        root = xml_root(self.body)
        if root is None:
            raise BadAnswer(self.request.agency, "The answer is not XML.")
        return root


def refusal_of(
    request: Request, status: int, headers: Mapping[str, str], body: bytes
) -> AgencyError | None:
    """The error that an answer stands for; None for what was asked for."""
    judged = request.judge(status, body) if request.judge else None
    if judged:
        words = _clean(request, judged.words) or f"HTTP {status}"
        wait = _retry_after(headers.get("Retry-After"))
        return judged.kind(request.agency, words, retry_after=wait)
    return None if 200 <= status < 300 else _error_of(request, status, headers, body)  # noqa: PLR2004 - the range of success


def _error_of(
    request: Request, status: int, headers: Mapping[str, str], body: bytes
) -> AgencyError:
    """The one table from an HTTP status to an error, with the agency's own words if it gave any."""
    words = _words(request, body) or f"HTTP {status}"
    wait = _retry_after(headers.get("Retry-After"))
    match status:
        case 401 | 403:
            return (Forbidden if status == 403 else BadCredentials)(request.agency, words)  # noqa: PLR2004 - beside its name
        case 404 | 410:
            return NotFound(request.agency, words)
        case 429:
            return TooManyCalls(request.agency, words, retry_after=wait)
        case _ if status >= 500:  # noqa: PLR2004 - the range of server errors
            return AgencyDown(request.agency, words, retry_after=wait)
        case _ if status < 400:  # noqa: PLR2004 - an API that redirects has moved or wants a login
            return BadAnswer(request.agency, f"The agency redirects (HTTP {status}).")
        case _:
            return RequestRefused(request.agency, words)


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, 15 minutes at most; dates are not worth a clock's error."""
    if value is None or not re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return None
    return max(min(float(value), MAX_RETRY_AFTER), MIN_RETRY_AFTER)


def _words(request: Request, body: bytes) -> str:
    """The agency's own message; empty unless it is JSON."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(answer, dict):
        return ""
    texts = [answer.get(k) for k in ("message", "error_description", "error", "detail")]
    return _clean(request, next((t for t in texts if isinstance(t, str) and t.strip()), ""))


def _clean(request: Request, text: str) -> str:
    """Words of an agency on one line, shortened, without addresses and secrets."""
    clean = plain_text(re.sub(r"https?://\S+", "", text))
    return request.redact(clean)[:200]
