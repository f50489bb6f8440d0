"""A Shutterstock on this machine: answers in its documented shape, when a test lets it.

Shape and names: https://api-reference.shutterstock.com, ImageSearchResults.
"""

import functools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from urllib.parse import parse_qs, urlsplit

from PIL import Image

TITLES = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "abc\u202egnp.exe\u202c def",
    "</a></li></ul><h1>out</h1>",
    "{{ 7 * 7 }} ${7 * 7} &lt;b&gt;",
)
"""What a hostile contributor would call a picture."""
SHOWN = (
    "alert(1)",
    "\"'>",
    "abc\u202egnp.exe\u202c def",
    "out",
    "{{ 7 * 7 }} ${7 * 7} <b>",
)
"""What pages show of `TITLES`: tags are stripped, then entities decoded once."""


class FakeAgency(ThreadingHTTPServer):
    """Serves searches and their thumbnails; while ``gate`` is clear, searches get no answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gate = threading.Event()
        self.gate.set()
        self.broken = False
        self.searches: list[str] = []
        self.pictures = 12

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def held(self) -> Iterator[threading.Event]:
        """Keep searches waiting until the event is set, or the block ends."""
        self.gate.clear()
        try:
            yield self.gate
        finally:
            self.gate.set()

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Answer everything with 500 until the block ends."""
        self.broken = True
        try:
            yield
        finally:
            self.broken = False

    @contextmanager
    def having(self, pictures: int) -> Iterator[None]:
        """Find that many pictures for every search until the block ends."""
        before, self.pictures = self.pictures, pictures
        try:
            yield
        finally:
            self.pictures = before

    def searches_for(self, query: str) -> list[str]:
        """The searches of a query string that `unasked` made."""
        return [path for path in self.searches if query.rpartition("=")[2] in path]


class _Handler(BaseHTTPRequestHandler):
    server: FakeAgency

    def do_GET(self) -> None:
        if self.path.startswith("/thumb/"):
            self._send(picture(390, 280), "image/png")
            return
        self.server.searches.append(self.path)
        self.server.gate.wait(20)
        asked = parse_qs(urlsplit(self.path).query)
        page, size = (int(asked.get(name, [at])[0]) for name, at in (("page", 1), ("per_page", 20)))
        total = self.server.pictures
        images = _images(self.server.url, range(total)[(page - 1) * size : page * size])
        body = {"data": images, "total_count": total, "search_id": "x", "page": page}
        self._send(json.dumps(body).encode(), "application/json")

    def _send(self, body: bytes, kind: str) -> None:
        try:
            self.send_response(500 if self.server.broken else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the site gave up waiting

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _images(base: str, ranks: range) -> list[dict[str, object]]:
    thumb = {"url": f"{base}/thumb/", "width": 390, "height": 260}
    return [
        {
            "id": str(9000 + i),
            "contributor": {"id": "77"},
            "media_type": "image",
            "description": TITLES[i % len(TITLES)],
            "assets": {"huge_thumb": {**thumb, "url": f"{base}/thumb/{9000 + i}.png"}},
        }
        for i in ranks
    ]


@functools.cache
def picture(width: int, height: int, bar: tuple[int, int, int, int] | None = None) -> bytes:
    """A PNG of exact gray; ``bar`` is a box in it that is painted magenta."""
    image = Image.new("RGB", (width, height), (128, 128, 128))
    if bar:
        image.paste((255, 0, 255), bar)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
