"""The only opener of sockets: one call to an agency, within its deadline and size.

``requests``' own timeouts, which start anew with every byte, are no deadlines; so a watchdog shuts
the socket at the call's deadline in any state: connecting, in the TLS handshake, between headers or
in the body.
"""

import copy
import logging
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from typing import Final, Protocol
from urllib.parse import urljoin, urlsplit

import msgspec
import requests
from urllib3.exceptions import DecodeError, HTTPError

from affiliate import __version__
from affiliate.errors import (
    AgencyDown,
    AgencyError,
    AgencyTimeout,
    AnswerTooLarge,
    BadAnswer,
    RequestRefused,
    Stopped,
)
from affiliate.transport.deadlines import Attempt, Watchdog, WatchedAdapter, thread_state
from affiliate.transport.messages import Reply, Request, find_error

CONNECT_SECONDS: Final = 2.0
FETCH_SECONDS: Final = 15.0
"""Seconds for a whole call; visitors wait less, and the call goes on behind their page."""
STALL_SECONDS: Final = 30.0
"""Seconds without a byte after which a stream is given up; a whole stream may take any time."""
BODY_BYTES: Final = 4 * 1024 * 1024  # after decompression
STOPPED: Final = "This process ends."
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

log = logging.getLogger(__name__)

_least_seconds: ContextVar[float] = ContextVar("least_seconds", default=0.0)
_gate: ContextVar["Gate | None"] = ContextVar("gate", default=None)


class Gate(Protocol):
    """A check before each call, ``again`` for a repeated call that an agency may have read."""

    def __call__(self, *, again: bool = False) -> None: ...


@contextmanager
def use_gate(gate: Gate) -> Iterator[None]:
    """Call ``gate`` before the current thread sends anything, so that its errors are raised."""
    token = _gate.set(gate)
    try:
        yield
    finally:
        _gate.reset(token)


def pass_gate(*, again: bool = False) -> None:
    """Ask the gate of the current thread, if a gate is set, whether a call may be sent.

    A call sent ``again`` counts once more where the agency may have read the first attempt.

    Raises:
        AgencyError: the call may not be sent.
    """
    gate = _gate.get()
    if gate is not None:
        gate(again=again)


@contextmanager
def allow_longer_calls(seconds: float) -> Iterator[None]:
    """Give every call of the current thread at least ``seconds``, where no visitor waits."""
    token = _least_seconds.set(seconds)
    try:
        yield
    finally:
        _least_seconds.reset(token)


class Stream:
    """An answer with a 2xx status whose body is still to come, undecoded.

    ``headers`` are found by their names in any case.
    """

    def __init__(
        self, request: Request, answer: requests.Response, call: Attempt, stall_seconds: float
    ) -> None:
        self.status = answer.status_code
        self.headers: Mapping[str, str] = answer.headers
        self._request = request
        self._raw = answer.raw
        self._call = call
        self._stall_seconds = stall_seconds

    def iter_chunks(self) -> Iterator[bytes]:
        """Yield the body as the socket gives it, at most 64 KB at a time.

        Raises:
            AgencyError: the body broke off, or nothing came for too long.
        """
        while part := self._read_chunk():
            yield part

    def _read_chunk(self) -> bytes:
        try:
            part: bytes = self._raw.read1(65536, decode_content=False)
            if self._call.expired:
                raise TimeoutError
        except (HTTPError, OSError) as error:
            failure = _translate_error(self._request, self._call, error)
        else:
            self._call.deadline = time.monotonic() + self._stall_seconds
            return part
        raise failure or AgencyDown(self._request.agency, "The connection was lost.")


def _drop_record(_: logging.LogRecord) -> bool:
    """Drop a line of log, as a filter of loggers whose lines hold addresses with keys."""
    return False


class _Session(requests.Session):
    """A session that follows no redirect, as requests would read the redirect's whole body."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002 - never any
        return None


class Transport:
    """Sends calls; safe to use from many threads at once."""

    def __init__(
        self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = FETCH_SECONDS
    ) -> None:
        self.connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        for module in ("connection", "connectionpool", "util.retry"):
            logging.getLogger(f"urllib3.{module}").addFilter(_drop_record)
        self._session = _Session()
        self._session.trust_env = False  # a netrc entry would replace our Authorization header
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, WatchedAdapter(pool_connections=32, pool_maxsize=32))
        self._watchdog = Watchdog()

    @property
    def watchdog(self) -> Watchdog:
        """Return the watchdog, which ends every call as the process ends."""
        return self._watchdog

    @property
    def total_seconds(self) -> float:
        """Return the seconds for a call of the current thread, connection and body included."""
        return max(self._total_seconds, _least_seconds.get())

    def with_total_seconds(self, seconds: float) -> "Transport":
        """Return a transport on the same connections, whose calls may take ``seconds``."""
        other = copy.copy(self)
        other._total_seconds = seconds  # noqa: SLF001 - of the same class
        return other

    def send(self, request: Request, seconds: float | None = None) -> Reply:
        """Send one call and read its whole answer, within ``seconds`` (`total_seconds` if None).

        A call that only reads and whose connection was refused or reset is tried once more within
        the same time; the gate counts the second attempt where the agency may have read the first.

        Raises:
            AgencyError: the kind says what the caller can do next, ``sent`` whether the agency
                may have read the request; no text in the error holds an address, a header or a
                secret.
        """
        pass_gate()
        if self._watchdog.closed:
            raise Stopped(request.agency, STOPPED)
        call = Attempt(time.monotonic() + (seconds or self.total_seconds), self.connect_seconds)
        try:
            result = self._send_once(request, call)
            reads = request.method == "GET" if request.reads is None else request.reads
            if result is None and reads and (not call.sent or _may_repeat()):
                call = Attempt(call.deadline, self.connect_seconds)
                result = self._send_once(request, call)
            if result is None:
                raise AgencyDown(request.agency, "No connection could be kept.")
        except AgencyError as error:
            if self._watchdog.closed and isinstance(error, AgencyTimeout):
                error = Stopped(request.agency, STOPPED)
            error.sent = call.sent
            raise error from None
        return result

    def close(self) -> None:
        """Give up the calls under way, as the process ends; agencies are not blamed for that.

        Idle connections are closed.
        """
        self._watchdog.close()
        self._session.close()

    @contextmanager
    def stream(
        self, request: Request, stall_seconds: float = STALL_SECONDS, *, redirects: int = 0
    ) -> Iterator[Stream]:
        """Send one call without a second attempt, and yield the answer's body as a stream.

        At most ``redirects`` redirects are followed, for calls whose address is their only secret;
        none leads from HTTPS to HTTP.

        Raises:
            AgencyError: no connection, a status other than 2xx, or ``stall_seconds`` without
                the head of an answer.
        """
        call = Attempt(time.monotonic() + stall_seconds, self.connect_seconds)
        self._watchdog.watch(call)
        try:
            with self._open_stream(request, call, redirects) as answer:
                yield Stream(request, answer, call, stall_seconds)
        finally:
            call.close()

    def _open_stream(self, request: Request, call: Attempt, redirects: int) -> requests.Response:
        """Return a 2xx answer, its body unread; errors are raised as in `_send_once`."""
        thread_state.attempt = call
        try:
            answer = self._open_response(request, call)
            if call.expired:
                answer.close()
                raise TimeoutError
            if 200 <= answer.status_code < 300:  # noqa: PLR2004 - the range of success
                return answer
            with answer:
                body = _read_body(request, answer, call)
            if redirects and (target := _find_redirect_target(answer)):
                secrets = (*request.secrets, target)
                request = msgspec.structs.replace(request, url=target, params=(), secrets=secrets)
                return self._open_stream(request, call, redirects - 1)
            failure = find_error(request, answer.status_code, answer.headers, body)
        except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
            failure = _translate_error(request, call, error)
        finally:
            thread_state.attempt = None
        raise failure or AgencyDown(request.agency, "No connection could be kept.")

    def _send_once(self, request: Request, call: Attempt) -> Reply | None:
        """Make one attempt; return None for a refused or reset connection, worth another attempt.

        Errors are raised outside of ``except``, or the library's error would be their context.
        """
        thread_state.attempt = call
        self._watchdog.watch(call)
        try:
            return self._exchange(request, call)
        except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
            failure = _translate_error(request, call, error)
        finally:
            thread_state.attempt = None
            call.close()
        if failure is not None:
            raise failure
        return None

    def _exchange(self, request: Request, call: Attempt) -> Reply:
        answer = self._open_response(request, call)
        with answer:
            body = _read_body(request, answer, call)
        if call.expired:
            raise TimeoutError
        if error := find_error(request, answer.status_code, answer.headers, body):
            raise error
        return Reply(request, answer.status_code, dict(answer.headers), body)

    def _open_response(self, request: Request, call: Attempt) -> requests.Response:
        return self._session.request(
            request.method,
            request.url,
            params=list(request.params),
            data=request.body,
            headers={"User-Agent": f"affiliate-search/{__version__}", **request.headers},
            auth=request.auth,
            timeout=(self.connect_seconds, max(call.seconds_left(), 0.001)),
            allow_redirects=False,
            stream=True,
        )


def _may_repeat() -> bool:
    """Return whether the gate lets a call be sent again."""
    try:
        pass_gate(again=True)
    except AgencyError:
        return False
    return True


def _find_redirect_target(answer: requests.Response) -> str | None:
    """Return the target of a redirect; None for other answers and for targets that leave HTTPS."""
    try:
        target = urljoin(answer.url, answer.headers.get("Location", ""))
        schemes = (urlsplit(answer.url).scheme, urlsplit(target).scheme)
    except ValueError:
        return None
    is_redirect = answer.status_code in REDIRECTS and "Location" in answer.headers
    return target if is_redirect and schemes[1] in {schemes[0], "https"} else None


def _read_body(request: Request, answer: requests.Response, call: Attempt) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := answer.raw.read1(65536, decode_content=True):
        size += len(part)
        if size > BODY_BYTES:
            raise AnswerTooLarge(request.agency, "The answer is larger than 4 MB.")
        if call.expired:
            raise TimeoutError
        parts.append(part)
    return b"".join(parts)


def _translate_error(request: Request, call: Attempt, error: Exception) -> AgencyError | None:
    """Return this site's error for a library's error, whose text holds addresses with keys.

    Return None for a refused or reset connection.
    """
    log.debug("%s: %s", request.agency, type(error).__name__)
    causes = list(_list_causes(error))

    def is_any(*kinds: type[BaseException]) -> bool:
        return any(isinstance(c, kinds) for c in causes)

    if call.expired or is_any(TimeoutError, requests.Timeout):
        return AgencyTimeout(request.agency, "No answer in time.")
    if isinstance(error, ValueError):  # as requests' InvalidURL, InvalidHeader and others are
        if call.sent:  # then the answer's head is at fault, such as a head with two lengths
            return BadAnswer(request.agency, "The answer's head can't be read.")
        return RequestRefused(request.agency, "The call can't be sent; check the settings.")
    if is_any(ConnectionError) and not is_any(requests.exceptions.SSLError):
        return None
    if is_any(DecodeError):
        return BadAnswer(request.agency, "The answer can't be decompressed.")
    text = "The answer broke off."
    if is_any(requests.exceptions.SSLError):
        text = "The TLS connection failed."
    if is_any(socket.gaierror):
        text = "The host name can't be resolved."
    return AgencyDown(request.agency, text)


def _list_causes(error: BaseException) -> Iterable[BaseException]:
    """Return an error and all errors that it wraps: as cause, as context or as an argument."""
    causes: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        cause = queue.pop()
        if isinstance(cause, BaseException) and cause not in causes:
            causes.append(cause)
            reason = getattr(cause, "reason", None)
            queue += [cause.__cause__, cause.__context__, reason, *cause.args]
    return causes
