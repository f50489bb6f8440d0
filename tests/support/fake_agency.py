"""A server like Shutterstock's: answers in its documented form, while a test lets it.

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

BAR = 20
"""Rows of pixels below a thumbnail, with the id, that pages must crop away."""


class FakeAgency(ThreadingHTTPServer):
    """A server of searches and thumbnails; while ``gate`` is clear, searches get no answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.gate = threading.Event()
        self.gate.set()
        self.broken = False
        self.searches: list[str] = []
        self.pictures = 12
        self.sizes: tuple[tuple[int, int], ...] = ((390, 260),)
        """Widths and heights of thumbnails, which take turns; each file has a bar of id below."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @contextmanager
    def hold_searches(self) -> Iterator[threading.Event]:
        """Keep searches waiting until the event is set, or the block ends."""
        self.gate.clear()
        try:
            yield self.gate
        finally:
            self.gate.set()

    @contextmanager
    def fail_all(self) -> Iterator[None]:
        """Answer all requests with 500 until the block ends."""
        self.broken = True
        try:
            yield
        finally:
            self.broken = False

    @contextmanager
    def return_pictures(self, pictures: int) -> Iterator[None]:
        """Find so many pictures in every search until the block ends."""
        before, self.pictures = self.pictures, pictures
        try:
            yield
        finally:
            self.pictures = before

    def image(self, rank: int) -> dict[str, object]:
        """Return a picture in the form of an answer."""
        width, height = self.sizes[rank % len(self.sizes)]
        thumb = f"{self.url}/thumb/{width}x{height}/{9000 + rank}.png"
        return {
            "id": str(9000 + rank),
            "contributor": {"id": "77"},
            "media_type": "image",
            "description": TITLES[rank % len(TITLES)],
            "assets": {"huge_thumb": {"url": thumb, "width": width, "height": height}},
        }

    def searches_for(self, query: str) -> list[str]:
        """Return the searches for a query string that `make_new_query` made."""
        return [path for path in self.searches if query.rpartition("=")[2] in path]


class _Handler(BaseHTTPRequestHandler):
    server: FakeAgency

    def do_GET(self) -> None:
        if self.path.startswith("/thumb/"):
            width, height = map(int, self.path.split("/")[2].split("x"))
            bar = (0, height, width, height + BAR)
            self._send(picture(width, height + BAR, bar), "image/png")
            return
        self.server.searches.append(self.path)
        self.server.gate.wait(20)
        asked = parse_qs(urlsplit(self.path).query)
        page, size = (int(asked.get(name, [at])[0]) for name, at in (("page", 1), ("per_page", 20)))
        total = self.server.pictures
        ranks = range(total)[(page - 1) * size : page * size]
        images = [self.server.image(rank) for rank in ranks]
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
        """Write no log."""


@functools.cache
def picture(width: int, height: int, bar: tuple[int, int, int, int] | None = None) -> bytes:
    """Return a gray PNG; ``bar`` is a box in the picture that is painted magenta."""
    image = Image.new("RGB", (width, height), (128, 128, 128))
    if bar:
        image.paste((255, 0, 255), bar)
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()
