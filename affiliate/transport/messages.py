"""Requests to agencies, their replies, and the errors that other answers stand for."""

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple
from urllib.parse import quote, quote_plus
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from affiliate.domain import decoding
from affiliate.domain.decoding import Shape
from affiliate.domain.media import clean_text
from affiliate.domain.words import cut_between_signs
from affiliate.errors import (
    AgencyDown,
    AgencyError,
    BadAnswer,
    BadCredentials,
    Blocked,
    Forbidden,
    NotFound,
    RequestRefused,
    TooManyCalls,
)

MAX_RETRY_AFTER: Final = 900.0
"""Seconds of the longest pause that is made for an agency, unless a call allows a longer pause."""
WAIT_HEADERS: Final = ("Retry-After", "X-RateLimit-Reset", "RateLimit-Reset")
"""Headers with the seconds after which an agency takes calls again, the best first."""
MIN_RETRY_AFTER: Final = 1.0  # an agency that says 0 would be asked by every visitor


MESSAGE_FIELDS: Final = (
    "message",
    "errormessage",
    "errormsg",
    "errordescription",
    "error",
    "detail",
)
"""Fields of JSON that hold an agency's own words, as small letters only; the best come first."""
NESTED_FIELDS: Final = ("error", "errors", "fault", "detail")
"""Fields that hold an object, or a list of objects, with such words."""
ADDRESS: Final = re.compile(r"https?://\S+")
RATE_LIMIT_WORDS: Final = re.compile(
    r"over[ _]+(?:the[ _]+)?(?:qps|rate|quer(?:y|ies)|requests?|calls?)(?![a-z])"
    r"|(?:quer(?:y|ies)|requests?|calls?)[ _]+(?:per|a)[ _]+(?:second|minute|hour|day)"
    r"|(?<![a-z])(?:rate|request|call|qps)[ _-]*limit|too[ _]+many[ _]+(?:requests|calls|queries)"
    r"|(?<![a-z])qps(?![a-z])|throttl(?:ed|ing)",
    re.IGNORECASE,
)
"""Words of a 403 that means more calls than the agency takes in a time."""
MAX_MESSAGE: Final = 200
"""Characters of an agency's own words that an error repeats."""
SHORT_SECRET: Final = 8
"""Characters of a secret below which only whole words are struck out."""


Params = tuple[tuple[str, str], ...]
"""Parameters of an address; names may repeat."""


class Refusal(NamedTuple):
    """An agency's refusal in a form of its own: the error that it means, and the agency's words."""

    kind: type[AgencyError]
    words: str


Judge = Callable[[int, bytes], Refusal | None]
"""A reader of an HTTP status and a body; None leaves the answer to the table of statuses."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One call: ``params`` may repeat a name; ``secrets`` are struck out of every message.

    ``judge`` looks at every answer first, for agencies whose errors arrive with HTTP 200, as plain
    text or as XML. ``reads`` says that the call changes nothing and may be sent twice, which is the
    default for a GET. ``max_retry_after`` bounds the seconds that an agency may ask to wait.
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
    max_retry_after: float = MAX_RETRY_AFTER

    def redact(self, text: str) -> str:
        """Return text without the secrets: plain, percent-encoded, as in a form or as Basic."""
        encoders = (str, quote_plus, quote, partial(quote, safe=""))  # a path keeps its slashes
        forms = {encode(secret) for secret in self.secrets for encode in encoders}
        if self.auth:
            forms.add(b64encode(":".join(self.auth).encode()).decode())
        for form in sorted(forms - {""}, key=len, reverse=True):  # a secret may begin with another
            if len(form) < SHORT_SECRET:
                text = re.sub(rf"(?<!\w){re.escape(form)}(?!\w)", "***", text)
            else:
                text = text.replace(form, "***")
        return text

    def has_key(self) -> bool:
        """Return whether the call carries a secret, which may be wrong."""
        return bool(self.auth and any(self.auth)) or any(self.secrets)


def drop_empty(params: Mapping[str, str]) -> Params:
    """Return the parameters that are not empty."""
    return tuple((name, value) for name, value in params.items() if value)


def parse_xml(text: bytes | str) -> Element | None:
    """Return the root of XML; None for other text and for entities, which could grow endlessly."""
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
        """Return the body as JSON.

        Raises:
            BadAnswer: the body is no JSON, as when a gateway answers in HTML.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise BadAnswer(self.request.agency, "The answer is not JSON.") from None

    def xml(self) -> Element:
        """Return the root of the body as XML.

        Raises:
            BadAnswer: the body is something else, or has entities, which could grow without end.
        """
        root = parse_xml(self.body)
        if root is None:
            raise BadAnswer(self.request.agency, "The answer is not XML.")
        return root


def decode_answer(agency: str, body: bytes, shape: type[Shape]) -> Shape:
    """Return the JSON of an answer in its shape; unknown fields are ignored.

    Raises:
        BadAnswer: the body is no JSON, or a field is missing or of another type; the message names
            the field, never the content.
    """
    try:
        return decoding.decode_json(body, shape)
    except msgspec.ValidationError as error:
        reason = f"The answer has changed: {error}"
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        reason = "The answer is not JSON."
    raise BadAnswer(agency, reason)


def convert_answer(agency: str, value: object, shape: type[Shape]) -> Shape:
    """Return an answer's parsed JSON in its shape; unknown fields are ignored.

    Raises:
        BadAnswer: a field is missing or of another type; the message names the field, never the
            content.
    """
    try:
        return decoding.convert(value, shape)
    except msgspec.ValidationError as error:
        reason = f"The answer has changed: {error}"
    except UnicodeError:  # half a character, where no text should be
        reason = "The answer can't be read."
    raise BadAnswer(agency, reason)


def find_error(
    request: Request, status: int, headers: Mapping[str, str], body: bytes
) -> AgencyError | None:
    """Return the error that an answer stands for; None for the answer that was asked for."""
    refusal = request.judge(status, body) if request.judge else None
    if refusal:
        words = _clean_message(request, refusal.words) or f"HTTP {status}"
        wait = _parse_retry_after(request, headers.get("Retry-After"))
        return refusal.kind(request.agency, words, retry_after=wait)
    return None if 200 <= status < 300 else _make_status_error(request, status, headers, body)  # noqa: PLR2004 - the range of success


def _make_status_error(
    request: Request, status: int, headers: Mapping[str, str], body: bytes
) -> AgencyError:
    """Return the error for an HTTP status, with the agency's own words where it gave any."""
    words = _extract_message(request, status, body) or f"HTTP {status}"
    wait = _parse_retry_after(request, headers.get("Retry-After"))
    match status:
        case _ if status == 429 or (status == 403 and _is_about_rates(headers, body)):  # noqa: PLR2004 - both mean too many
            waits = (_parse_retry_after(request, headers.get(name)) for name in WAIT_HEADERS)
            wait = next(filter(None, waits), None)
            return TooManyCalls(request.agency, words, retry_after=wait)
        case 401 | 403:
            return _make_access_error(
                request, status, words, by_gateway=_is_of_gateway(headers, body)
            )
        case 404 | 410:
            return NotFound(request.agency, words)
        case _ if status >= 500:  # noqa: PLR2004 - the range of server errors
            return AgencyDown(request.agency, words, retry_after=wait)
        case _ if status < 400:  # noqa: PLR2004 - an API that redirects has moved or wants a login
            return BadAnswer(request.agency, f"It redirects (HTTP {status}).")
        case _:
            return RequestRefused(request.agency, words)


def _make_access_error(
    request: Request, status: int, words: str, *, by_gateway: bool
) -> BadCredentials:
    """Return the error of a 401 or 403: a wrong key, a key for other calls, or no matter of keys.

    A gateway answers 403 whatever the key is, and a call without a key can't have a wrong key.
    """
    if status == 401:  # noqa: PLR2004 - beside its name
        return BadCredentials(request.agency, words)
    if by_gateway or not request.has_key():
        return Blocked(request.agency, f"It refuses this server's address ({words}).")
    return Forbidden(request.agency, words)


def _parse_retry_after(request: Request, value: str | None) -> float | None:
    """Return the seconds of one of `WAIT_HEADERS`, at most ``max_retry_after`` of the request.

    Dates are ignored, as clocks differ, and times since 1970, which have more digits.
    """
    if value is None or not re.fullmatch(r"\s*[0-9]{1,9}\s*", value):
        return None
    return max(min(float(value), request.max_retry_after), MIN_RETRY_AFTER)


def _is_of_gateway(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a gateway in front of an API answers, by a page of HTML or a line of text.

    The line is Cloudflare's for programs, such as ``error code: 1020``.
    """
    kind = headers.get("Content-Type", "").partition(";")[0].strip().casefold()
    begin = body[:1024].strip().lower()
    is_page = begin.startswith(b"<") and (b"<html" in begin or b"<!doctype html" in begin)
    is_line = re.fullmatch(rb"error code: 1[0-9]{3}", begin) is not None
    return is_page or is_line or kind in {"text/html", "application/xhtml+xml"}


def _is_about_rates(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a 403 means too many calls, as Mashery says in front of Getty's API.

    A header has a code, such as ``ERR_403_DEVELOPER_OVER_QPS``, or the body has such words. Of a
    gateway's page of HTML, whose words are of many kinds, only the header counts.
    """
    code = headers.get("X-Mashery-Error-Code", "")
    text = "" if _is_of_gateway(headers, body) else body[:1024].decode("utf-8", "replace")
    text = ADDRESS.sub("", text)
    return RATE_LIMIT_WORDS.search(f"{code}\n{text}") is not None


def _extract_message(request: Request, status: int, body: bytes) -> str:
    """Return the agency's own message; empty without one.

    The message is one of `MESSAGE_FIELDS` in JSON, wherever the agency puts the field, or plain
    text. The plain text of a 404 or of a 5xx is the server's, not the agency's.
    """
    try:
        return _clean_message(request, _find_message(json.loads(body)))
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace").strip()
    is_own = status < 500 and status not in {404, 410}  # noqa: PLR2004 - the range of server errors
    is_prose = re.match(r"[<{]|\[\s*[\[{\"]", text) is None and "\ufffd" not in text
    return _clean_message(request, text) if is_own and is_prose and re.search(r"\w", text) else ""


def _find_message(answer: object, depth: int = 3) -> str:
    """Return the first of `MESSAGE_FIELDS` in JSON: an object's own before those nested in it."""
    if isinstance(answer, list):
        return next((_find_message(item, depth - 1) for item in answer[:1]), "")
    if not isinstance(answer, dict) or not depth:
        return ""
    named = {re.sub(r"[^a-z]", "", name.lower()): value for name, value in answer.items()}
    texts = [
        value
        for word in MESSAGE_FIELDS
        if isinstance(value := named.get(word), str) and value.strip()
    ]
    inner = (_find_message(named[name], depth - 1) for name in NESTED_FIELDS if name in named)
    return texts[0] if texts else next(filter(None, inner), "")


def _clean_message(request: Request, text: str) -> str:
    """Return words of an agency on one line, shortened, without addresses and secrets."""
    clean = clean_text(request.redact(ADDRESS.sub("", text)))
    return cut_between_signs(request.redact(clean), MAX_MESSAGE)
