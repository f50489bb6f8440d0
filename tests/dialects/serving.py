"""Serves a dialect on a real socket, and keeps its requests for tests."""

import json
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, urlsplit

from tests.support.request_threads import NamedThreadsServer


class DialectRequest(NamedTuple):
    """A request; ``params`` are those of the address and of a form, the first value of each."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    def number(self, name: str, default: int) -> int:
        return int(self.params.get(name) or default)


class Answer(NamedTuple):
    """A response; ``kind`` is its Content-Type. It ``breaks`` off after so many bytes, if any."""

    status: int
    body: bytes
    kind: str = "application/json"
    headers: Mapping[str, str] = {}
    breaks: int | None = None


class HungUp(Exception):
    """Raised by a dialect instead of an answer: the connection is closed without one."""


class Answerer(Protocol):
    """An object that can be served."""

    def answer(self, request: DialectRequest) -> Answer: ...


def answer_json(value: object, status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON; ``retry_after=1`` is the header Retry-After."""
    named = {name.replace("_", "-").title(): text for name, text in headers.items()}
    return Answer(status, json.dumps(value).encode(), headers=named)


def answer_text(text: str, status: int = 200, kind: str = "text/plain") -> Answer:
    return Answer(status, text.encode(), kind)


class Server(NamedThreadsServer):
    """A server; ``fixed`` answers every request, all wait while ``gate`` is clear."""

    daemon_threads = True

    def __init__(self, dialect: Answerer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.dialect = dialect
        self.requests: list[DialectRequest] = []
        self.fixed: Answer | None = None
        self.gate = threading.Event()
        self.gate.set()

    def handle_error(self, *whom: Any) -> None:
        """Ignore clients that are gone, such as a killed site."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(*whom)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or a body waits 40 ms for the acknowledgment of its headers

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        sent = parse_qs(parts.query, keep_blank_values=True)
        if "form-urlencoded" in self.headers.get("Content-Type", ""):
            sent |= parse_qs(body.decode(), keep_blank_values=True)
        headers = {name.lower(): value for name, value in self.headers.items()}
        params = {name: values[0] for name, values in sent.items()}
        request = DialectRequest(self.command, parts.path, params, headers, body)
        self.server.requests.append(request)
        self.server.gate.wait(20)
        try:
            answer = self.server.fixed or self.server.dialect.answer(request)
        except HungUp:
            self.close_connection = True
        else:
            self._send(answer)

    do_POST = do_GET  # noqa: N815 - the base class names them so

    def _send(self, answer: Answer) -> None:
        try:
            self.send_response(answer.status)
            sent = {"Content-Type": answer.kind, **answer.headers}
            for name, value in {**sent, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body[: answer.breaks])
            self.close_connection = self.close_connection or answer.breaks is not None
        except OSError:
            self.close_connection = True  # the caller gave up waiting

    def log_message(self, *_: object) -> None:
        """Write no log."""


@contextmanager
def serve_dialect(dialect: Answerer) -> Iterator[Server]:
    """Serve a dialect on a loopback port, until the block ends."""
    server = Server(dialect)
    thread = threading.Thread(target=server.serve_forever, args=(0.005,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()
