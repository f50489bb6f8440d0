"""Requests for a WSGI application, answered in threads, with their bodies read beforehand.

A request whose answer is in memory is answered in the server's thread that brings the request; all
others are handed to threads that may wait for agencies. The body of a POST is read by an event loop
first, where thousands may be under way without threads of their own: a client that sends slowly
keeps nobody else waiting, and loses its connection after `BODY_SECONDS`.
"""

import asyncio
import functools
import io
import logging
import re
import sys
from collections.abc import Callable, Iterable
from functools import partial
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, Final, Self
from wsgiref.util import FileWrapper

from granian._granian import CallbackScheduler, RSGIHTTPProtocol
from granian.rsgi import Scope

from affiliate import logs
from affiliate.search.fanout import MAX_WAITERS
from affiliate.search.site_counts import RequestLoad
from affiliate.serving.progress import Progress, format_stack
from affiliate.serving.request_threads import RequestThreads

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

BODY_SECONDS: Final = 3.0
"""Seconds that a whole body may take to arrive."""
BODY_BYTES: Final = 32 * 1024
"""Bytes that are read of a body, as many as the longest form of the site may have
(`web.owner.frame.MAX_PURCHASE_BYTES`); the application refuses longer bodies by their length."""
MAX_BODIES: Final = 1024
"""Bodies under way in a process; further ones are refused at once."""
MAX_UNFINISHED: Final = 4096
"""Requests that wait for an answer, as many as there may be connections: further requests could
only be of clients that have gone, whose requests would pile up."""
HIT_THREADS: Final = 1
"""Threads of the server, which answer from memory. More threads would wait for each other: only one
at a time runs Python."""
THREADS: Final = 2 * MAX_WAITERS
"""Threads that answer requests which may wait for an agency."""
BODY_THREADS: Final = 32
"""Threads that answer requests with bodies, so that a slow ledger holds up no pages."""
MAX_HEADER_NAMES: Final = 256
"""Names of headers whose WSGI form is cached."""
HOST: Final = re.compile(r"([\w.~%-]+|\[[0-9a-f:.]+\])(:\d{0,5})?", re.ASCII | re.IGNORECASE)
"""Pattern of a host and perhaps a port (RFC 9110, 7.2); two headers would be joined by a comma."""

Headers = list[tuple[str, str]]
HitFinder = Callable[["WSGIEnvironment"], bool]

log = logging.getLogger(__name__)

_CONSTANT_ENVIRON: Final = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    "wsgi.file_wrapper": FileWrapper,
    "wsgi.input_terminated": True,
}


class RequestScheduler(CallbackScheduler):
    """The scheduler that Granian calls for each request of a process; must never raise.

    Granian's own interface for WSGI can't give up a body that doesn't arrive
    (https://github.com/emmett-framework/granian/issues/728); its interface for RSGI can, but runs
    everything through an event loop. Therefore this class replaces that loop's scheduler.

    ``find_hit`` returns whether the application answers a request from memory, without waiting for
    anything; its environ may keep what was found.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        app: "WSGIApplication",
        find_hit: HitFinder = lambda _environ: False,
    ) -> None:
        super().__init__()
        self._schedule_fn = self._begin_request
        self._event_loop = loop
        self._app = app
        self._names: dict[str, str] = {}
        self._find_hit = find_hit
        self._reading: set[asyncio.Task[None]] = set()
        self._hits = Progress(HIT_THREADS)
        self._misses = RequestThreads("request", THREADS, MAX_UNFINISHED)
        self._with_bodies = RequestThreads("body", BODY_THREADS, MAX_UNFINISHED)
        self.stopping = False
        """True while the process ends: each connection is closed behind its next answer."""

    def __new__(
        cls, loop: asyncio.AbstractEventLoop, app: "WSGIApplication", *_: HitFinder
    ) -> Self:
        """Fill the places of Granian's constructor, of which only the loop is used."""
        return super().__new__(cls, loop, app, None, None, None)  # type: ignore[call-arg]

    def read_loads(self) -> dict[str, RequestLoad]:
        """Return the load of each pool of threads; a body that is being read is unfinished."""
        requests, bodies = self._misses.read_load(), self._with_bodies.read_load()
        reading = len(self._reading)
        return {
            "requests": requests,
            "bodies": bodies._replace(unfinished=bodies.unfinished + reading),
        }

    def check_hanging(self) -> bool:
        """Return whether most threads of a pool hang, and log a stack; call this once a beat."""
        for progress in (self._hits, self._misses.progress, self._with_bodies.progress):
            progress.count_beat()
            if stuck := progress.find_stuck():
                where = format_stack(stuck[0])
                log.error(
                    "%d requests don't come to an end, one of them at:\n%s", len(stuck), where
                )
                return True
        return False

    def _begin_request(self, watcher: Any) -> None:  # noqa: ANN401 - Granian's, without a name in Python
        try:
            scope, proto = watcher.scope, watcher.proto
            if scope.method == "POST" and _has_body(scope):
                if _is_uncoded(scope):
                    self._event_loop.call_soon_threadsafe(self._receive_body, scope, proto)
                else:
                    self._refuse_request(proto, HTTPStatus.BAD_REQUEST)
                return
            environ = self._build_environ(scope, b"")
            if self._find_hit(environ):
                with self._hits:
                    self._answer_request(environ, proto, b"")
            elif not self._misses.submit(partial(self._answer_request, environ, proto, b"")):
                self._refuse_request(proto, HTTPStatus.SERVICE_UNAVAILABLE)
        except BaseException:
            log.exception("a request could not be begun")

    def _receive_body(self, scope: Scope, proto: RSGIHTTPProtocol) -> None:
        """Read a body on the event loop, unless too many are being read or wait for an answer."""
        if len(self._reading) >= MAX_BODIES or self._with_bodies.is_full:
            unfinished = self._with_bodies.unfinished
            log.warning(
                "requests are refused: of %d bodies under way, %d wait for an answer",
                len(self._reading) + unfinished,
                unfinished,
            )
            self._refuse_request(proto, HTTPStatus.SERVICE_UNAVAILABLE)
            return
        task = self._event_loop.create_task(self._read_body(scope, proto))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read_body(self, scope: Scope, proto: RSGIHTTPProtocol) -> None:
        """Read up to `BODY_BYTES` of a body; past `BODY_SECONDS` the connection is closed."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _join_parts(proto)
        except TimeoutError:
            log.warning("a body did not arrive in %.0f s", BODY_SECONDS)
            self._refuse_request(proto, HTTPStatus.REQUEST_TIMEOUT)
            return
        if body is None or len(body) < min(_read_length(scope), BODY_BYTES):
            self._refuse_request(proto, HTTPStatus.BAD_REQUEST)
            return
        environ = self._build_environ(scope, body)
        if not self._with_bodies.submit(partial(self._answer_request, environ, proto, body)):
            self._refuse_request(proto, HTTPStatus.SERVICE_UNAVAILABLE)

    def _refuse_request(self, proto: RSGIHTTPProtocol, status: HTTPStatus) -> None:
        headers = [("Content-Type", "text/plain"), ("Connection", "close")]
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append(("Retry-After", str(int(BODY_SECONDS))))
        proto.response_bytes(status, headers, f"{status.phrase}\n".encode())

    def _answer_request(
        self, environ: "WSGIEnvironment", proto: RSGIHTTPProtocol, body: bytes
    ) -> None:
        """Have the application answer; an exception becomes a 500."""
        if not _is_host(environ["HTTP_HOST"]) and environ["SERVER_PROTOCOL"] == "HTTP/1.1":
            self._refuse_request(proto, HTTPStatus.BAD_REQUEST)
            return
        try:
            status, headers, sent = self._call_app(environ)
        except Exception:
            with logs.use_context(context := _log_context_of(environ)):
                log.exception("the application failed")
            headers = [(logs.REQUEST_ID_HEADER, context.request_id)] if context.request_id else []
            status, sent = HTTPStatus.INTERNAL_SERVER_ERROR, b""
        if self.stopping or _is_unread(environ, body):
            headers = [*headers, ("Connection", "close")]
        if isinstance(sent, str):
            proto.response_file(status, headers, sent)
        else:
            proto.response_bytes(status, headers, sent)

    def _call_app(self, environ: "WSGIEnvironment") -> tuple[int, Headers, bytes | str]:
        """Return the application's answer; a body that is a whole file on the disk is its path."""
        head: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Any:  # noqa: ANN401, ARG001 - as WSGI has it
            head[:] = [(status, headers)]

        parts: Iterable[bytes] = self._app(environ, start)
        try:
            path = _find_path(parts)
            body = path if path and head[0][0].startswith("200") else b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        status, headers = head[0]
        return int(status[:3]), headers, body

    def _build_environ(self, scope: Scope, body: bytes) -> "WSGIEnvironment":
        """Return the environ of a request (PEP 3333); values of a repeated header are joined."""
        host, _, port = scope.server.rpartition(":")
        environ: dict[str, Any] = {
            **_CONSTANT_ENVIRON,
            "REQUEST_METHOD": scope.method,
            "PATH_INFO": scope.path.encode("utf-8", "replace").decode("latin-1"),
            "QUERY_STRING": scope.query_string.encode("utf-8", "replace").decode("latin-1"),
            "SERVER_NAME": host.strip("[]"),
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": "HTTP/1.0" if scope.http_version == "1" else "HTTP/1.1",
            "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
            "wsgi.url_scheme": scope.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
        }
        for name, value in scope.headers.items():
            key = self._names.get(name)
            if key is None:
                key = self._add_wsgi_name(name)
            if not key:
                continue
            before = environ.get(key)
            if before is None:
                environ[key] = value
            else:
                environ[key] = f"{before}{';' if name == 'cookie' else ','}{value}"
        environ.setdefault("HTTP_HOST", scope.authority or "")
        return environ

    def _add_wsgi_name(self, name: str) -> str:
        """Return the name that a header has in WSGI; empty for a header that is left out.

        Headers with an underscore are left out, as their WSGI name would be that of another: a
        client's ``X_Forwarded_For`` must not pass for a header that a proxy has added.
        """
        key = "" if "_" in name else name.upper().replace("-", "_")
        if key and key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
            key = f"HTTP_{key}"
        if len(self._names) < MAX_HEADER_NAMES:
            self._names[name] = key
        return key


def _find_path(parts: Iterable[bytes]) -> str:
    """Return the path of a file that the application has wrapped (PEP 3333); empty for none.

    The server sends such a file by itself, however large it is, and no thread of Python waits.
    """
    file: IO[bytes] | None = getattr(parts, "filelike", None)
    name = getattr(file, "name", "") if isinstance(parts, FileWrapper) else ""
    return name if isinstance(name, str) else ""


async def _join_parts(proto: RSGIHTTPProtocol) -> bytes | None:
    """Return a body, read until it exceeds `BODY_BYTES`; None for a broken body.

    Granian gives an empty part for the end of a body, and another for an unreadable part before the
    end (a chunk of no size, an end of the connection) or one that it leaves out (headers behind the
    body).
    """
    body, ends = bytearray(), 0
    async for part in proto:
        body += part
        ends += not part
        if len(body) > BODY_BYTES:
            break
    return bytes(body) if ends < 2 else None  # noqa: PLR2004 - see above


def _log_context_of(environ: "WSGIEnvironment") -> logs.LogContext:
    """Return the log context that the application has set, else one made of the request."""
    context: logs.LogContext | None = environ.get(logs.ENVIRON_KEY)
    return context or logs.LogContext(
        query=environ["QUERY_STRING"],
        path=environ["PATH_INFO"],
        referer=environ.get("HTTP_REFERER", ""),
    )


@functools.lru_cache(MAX_HEADER_NAMES)
def _is_host(text: str) -> bool:
    return HOST.fullmatch(text) is not None


def _is_uncoded(scope: Scope) -> bool:
    """Return whether a body has no transfer coding but chunks (RFC 9112, 6.1).

    The server refuses lengths that disagree; chunks with a length are answered, and the connection
    is closed.
    """
    codings = [value for name, value in scope.headers.items() if name == "transfer-encoding"]
    return not codings or [coding.lower() for coding in codings] == ["chunked"]


def _is_unread(environ: "WSGIEnvironment", body: bytes) -> bool:
    """Return whether part of a body is still to come: the connection could wait for ever."""
    if environ["REQUEST_METHOD"] == "POST":
        return len(body) > BODY_BYTES
    return environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ


def _read_length(scope: Scope) -> int:
    """Return the Content-Length of a request; 0 for none."""
    length = scope.headers.get("content-length") or ""
    return int(length) if length.isascii() and length.isdigit() else 0


def _has_body(scope: Scope) -> bool:
    length = scope.headers.get("content-length")
    return (length is not None and length != "0") or "transfer-encoding" in scope.headers
