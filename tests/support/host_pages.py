"""Serves pages of another site on this machine that embed ours."""

import itertools
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

HEAD = '<!doctype html><meta charset="utf-8"><meta name="viewport" content="width=device-width">'


class HostPage(NamedTuple):
    """A page's HTML and its headers beside the content type."""

    html: str
    headers: Mapping[str, str]


class HostPages(ThreadingHTTPServer):
    """A server of pages that tests add, at an origin of its own: ``localhost``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pages: dict[str, HostPage] = {}
        self.gate = threading.Event()
        """While it is clear, pages get no answer."""
        self.gate.set()
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"

    def page(self, html: str, headers: Mapping[str, str] | None = None, path: str = "") -> str:
        """Add a page, at a path of its own unless one is given, and return its address."""
        path = path or f"/{next(self._numbers)}.html"
        self.pages[path] = HostPage(HEAD + html, headers or {})
        return self.url + path


@contextmanager
def serving_pages() -> Iterator[HostPages]:
    """Serve pages of another site in a thread."""
    with HostPages() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: HostPages

    def do_GET(self) -> None:
        self.server.gate.wait(20)
        page = self.server.pages.get(urlsplit(self.path).path)
        if page is None:
            self.send_error(404)
            return
        body = page.html.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""
