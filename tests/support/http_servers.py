"""Parts of the small HTTP servers of tests."""

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

ServerType = TypeVar("ServerType", bound=ThreadingHTTPServer)


class JsonHandler(BaseHTTPRequestHandler):
    """A handler that answers with JSON, and keeps the output of tests clean."""

    protocol_version = "HTTP/1.1"

    def read_query(self) -> dict[str, str]:
        """Return the parameters of the address, the first of each name."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def is_authorized(self, keys: tuple[str, str]) -> bool:
        """Return whether the request has these keys in Basic authentication."""
        encoded = base64.b64encode(":".join(keys).encode()).decode()
        return bool(self.headers["Authorization"] == f"Basic {encoded}")

    def send_json(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        """Answer; a client may have gone or been killed meanwhile."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def run_server(server: ServerType) -> Iterator[ServerType]:
    """Run a server until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
