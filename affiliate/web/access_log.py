"""The id of each request, and the optional access log."""

import itertools
import logging
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable, Container, Iterable
from itertools import chain
from multiprocessing import util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from flask import Flask

from affiliate import logs
from affiliate.agencies import AGENCIES
from affiliate.web import template_helpers
from affiliate.web.cached_response import Headers

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

ACCEPTED_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/=+@-]{0,127}")
"""Pattern of ids accepted from a proxy; other texts could be words of visitors or break a line."""
WRITE_INTERVAL_SECONDS: Final = 1.0
MAX_PENDING_LINES: Final = 20_000
"""Most lines that wait to be written; a longer burst loses its oldest lines."""
MAX_PATH_CHARACTERS: Final = 200
SERVER_ERROR_STATUS: Final = "500 Internal Server Error"
_NO_HEADERS: Final[Headers] = []

OnResponse = Callable[[str, str, float], None]
"""A function that gets path, status and seconds of each response."""


class AccessLogMiddleware:
    """A WSGI middleware that gives requests an id and, with a ``handler``, logs each request.

    A thread of its own writes the lines in batches. Lines contain no text typed by visitors: no
    query string, and of the path only ids and ``known_parts``. ``on_response`` is called for each
    response, and must cost next to nothing.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        handler: logs.Handler | None = None,
        known_parts: Container[str] = frozenset(),
        on_response: OnResponse | None = None,
    ) -> None:
        self._app = app
        self._on_response = on_response
        self._log = _AccessLogWriter(handler, known_parts) if handler else None
        self._known_parts = known_parts
        self._numbers = itertools.count(1)
        self._id_prefix = secrets.token_hex(4)

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Call the application, and add the request's own id or a new id to the response.

        An exception of the application is logged with `SERVER_ERROR_STATUS`, the status that the
        server sends for exceptions.
        """
        request_id = environ.get("HTTP_X_REQUEST_ID", "")
        if not ACCEPTED_ID.fullmatch(request_id):
            request_id = f"{self._id_prefix}-{next(self._numbers):x}"
        path, head, started_at = environ["PATH_INFO"], [("", _NO_HEADERS)], time.perf_counter()

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:  # noqa: ANN401 - as WSGI has it
            head[0] = (status, headers)
            return start(status, [*headers, (logs.REQUEST_ID_HEADER, request_id)], exc_info)

        texts = environ.get("QUERY_STRING", ""), path, environ.get("HTTP_REFERER", "")
        context = environ[logs.ENVIRON_KEY] = logs.LogContext(request_id, *texts, self._known_parts)
        try:
            with logs.use_context(context):
                return self._app(environ, begin)
        except Exception:
            head[0] = (SERVER_ERROR_STATUS, _NO_HEADERS)
            raise
        finally:
            seconds, method = time.perf_counter() - started_at, environ["REQUEST_METHOD"]
            if self._on_response:
                self._on_response(path, head[0][0], seconds)
            if self._log:
                self._log.add(
                    ServedRequest(time.time(), request_id, method, path, *head[0], seconds)
                )


class ServedRequest(NamedTuple):
    """An answered request: its time, its id, method and path, and its response."""

    time: float
    request_id: str
    method: str
    path: str
    status: str
    headers: Headers
    seconds: float

    def to_log_record(self, known_parts: Container[str]) -> logging.LogRecord:
        """Return the request as a log record, whose path has ``known_parts`` and ids alone."""
        path = self.path.encode("latin-1", "replace").decode("utf-8", "replace")
        path = logs.redact_path(path, known_parts)[:MAX_PATH_CHARACTERS]
        size = next((value for name, value in self.headers if name == "Content-Length"), "0")
        values = (self.method, path, self.status[:3], size, self.seconds * 1000)
        text = "%s %s %s %s bytes %.1f ms"
        record = logging.LogRecord(__name__, logging.INFO, __file__, 0, text, values, None)
        record.created, record.msecs = self.time, self.time % 1 * 1000
        record.request_id, record.agency_call = self.request_id, ("", "access")
        return record


class _AccessLogWriter:
    """A buffer of lines, which a thread writes every second."""

    def __init__(self, handler: logs.Handler, known_parts: Container[str]) -> None:
        self._handler = handler
        self._known_parts = known_parts
        self._lines: deque[ServedRequest] = deque(maxlen=MAX_PENDING_LINES)
        self._thread: threading.Thread | None = None

    def add(self, served: ServedRequest) -> None:
        self._lines.append(served)
        if self._thread is None:  # a thread would not outlive the fork of a process
            self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
            self._thread.start()
            util.Finalize(None, self.write, exitpriority=5)

    def write(self) -> None:
        """Write the waiting lines."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._handler.write(line.to_log_record(self._known_parts) for line in lines)

    def _run(self) -> None:
        while True:
            time.sleep(WRITE_INTERVAL_SECONDS)
            self.write()


def list_known_parts(app: Flask) -> frozenset[str]:
    """Return the parts of the site's own paths: of its routes, files and topics."""
    routes = (part for rule in app.url_map.iter_rules() for part in rule.rule.split("/"))
    files = (path.name for path in Path(app.static_folder or ".").iterdir())
    groups = (AGENCIES, ("image", "video"), files)
    with app.app_context():
        topics = template_helpers.owner_topics().list_slugs()
    return frozenset(chain(routes, *groups, topics))
