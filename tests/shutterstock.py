"""A stand-in for Shutterstock's API v2 over a made-up library of pictures.

It searches, describes, finds similar ones and suggests. It knows nothing of the code under test;
its answers have the shape of the official OpenAPI description (`tests/contract` holds them to it).
It records what it is asked and can be told to answer late, badly or not at all.
"""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

CLIENT = ("client-id", "client-secret")
TOKEN = "access-token"
FIRST_ID = 1_000_000
SEARCH_PATH = "/v2/images/search"
SIZES = {
    "small_thumb": (100, 67),
    "large_thumb": (150, 100),
    "mosaic": (250, 167),
    "huge_thumb": (390, 260),
    "preview": (450, 300),
    "preview_1000": (1000, 667),
    "preview_1500": (1500, 1000),
}
SOLD = {
    "small_jpg": ("Small", 500, 334, "jpg", True),
    "medium_jpg": ("Med", 1000, 667, "jpg", True),
    "huge_jpg": ("Huge", 5616, 3744, "jpg", True),
    "supersize_jpg": ("Super", 11232, 7488, "jpg", False),
}
"""Sizes for sale: a name, width, height, format, and whether it can be licensed."""


class Seen(NamedTuple):
    """One request: ``params`` as a form would parse them, header names in lower case."""

    path: str
    params: dict[str, list[str]]
    headers: dict[str, str]


class Answer(NamedTuple):
    """An answer to give instead of the proper one."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = MappingProxyType({})


def image(number: int, host: str = "https://image.shutterstock.com") -> dict[str, Any]:
    """A picture of the library, counted from 0, as the API describes it in full."""
    media_id = str(FIRST_ID + number)
    return {
        "id": media_id,
        "added_date": "2025-01-31",
        "aspect": 1.5,
        "assets": {
            name: {"width": w, "height": h, "url": f"{host}/{name}/{media_id}.jpg"}
            for name, (w, h) in SIZES.items()
        }
        | {name: _sold(*details) for name, details in SOLD.items()},
        "categories": [{"id": "1", "name": "Animals/Wildlife"}],
        "contributor": {"id": str(7 + number % 5)},
        "description": f"Made-up picture {number}",
        "has_model_release": number % 2 == 0,
        "image_type": ("photo", "illustration", "vector")[number % 3],
        "is_adult": False,
        "is_editorial": number % 10 == 0,
        "is_illustration": number % 3 == 1,
        "keywords": ["made-up", f"number {number}"],
        "media_type": "image",
    }


def _sold(name: str, width: int, height: int, kind: str, licensable: bool) -> dict[str, Any]:  # noqa: FBT001
    return {
        "display_name": name,
        "dpi": 300,
        "file_size": width * height,
        "format": kind,
        "height": height,
        "is_licensable": licensable,
        "width": width,
    }


class Shutterstock(ThreadingHTTPServer):
    """The stand-in: ``size`` pictures; change ``answer`` and ``gate`` at any time.

    While ``gate`` is clear, requests wait for it. ``answer`` replaces every proper answer.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, size: int = 1000) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.size = size
        self.requests: list[Seen] = []
        self.answer: Answer | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """Whoever asked is gone; that is the asker's business."""

    def searches(self) -> list[dict[str, list[str]]]:
        """The parameters of every search so far."""
        return [seen.params for seen in self.requests if seen.path == SEARCH_PATH]

    def respond(self, seen: Seen) -> Answer:
        """The proper answer to a request."""
        if seen.headers.get("authorization") not in _accepted():
            return _problem(401, "Invalid access token")
        if "user-agent" not in seen.headers:
            return _problem(403, "Set a User-Agent")
        if seen.path == SEARCH_PATH:
            return self._results(seen.params, range(self.size))
        if seen.path.startswith("/v2/images/"):
            return self._about(unquote(seen.path.removeprefix("/v2/images/")), seen.params)
        return _problem(404, "Not Found")

    def _about(self, path: str, params: dict[str, list[str]]) -> Answer:
        if path == "search/suggestions":
            return self._suggestions(params)
        if path.endswith("/similar"):
            return self._similar(path.removesuffix("/similar"), params)
        return self._details(path)

    def _results(self, params: dict[str, list[str]], ranking: range) -> Answer:
        page, per_page = (
            params.get(name, [default])[0] for name, default in (("page", "1"), ("per_page", "20"))
        )
        if not page.isdecimal() or int(page) < 1 or not per_page.isdecimal() or int(per_page) > 500:
            return _problem(400, "Validation failed")
        first = (int(page) - 1) * int(per_page)
        numbers = ranking[first : first + int(per_page)]
        return _json(
            {
                "data": [image(number) for number in numbers],
                "page": int(page),
                "per_page": int(per_page),
                "search_id": "00000000-0000-0000-0000-000000000000",
                "total_count": len(ranking),
                "spellcheck_info": {},
            }
        )

    def _details(self, media_id: str) -> Answer:
        number = self._number(media_id)
        return _problem(404, "Media not found") if number is None else _json(image(number))

    def _similar(self, media_id: str, params: dict[str, list[str]]) -> Answer:
        """The pictures from the one asked about on, with itself as the first."""
        number = self._number(media_id)
        if number is None:
            return _problem(404, "Media not found")
        return self._results(params, range(number, min(number + 100, self.size)))

    def _suggestions(self, params: dict[str, list[str]]) -> Answer:
        limit, words = params.get("limit", ["10"])[0], params.get("query", [""])[0]
        if not words or not limit.isdecimal() or not 1 <= int(limit) <= 25:
            return _problem(400, "Validation failed")
        return _json({"data": [f"{words} {number}" for number in range(int(limit))]})

    def _number(self, media_id: str) -> int | None:
        number = int(media_id) - FIRST_ID if media_id.isdecimal() else -1
        return number if 0 <= number < self.size else None


@contextmanager
def shutterstock(size: int = 1000) -> Iterator[Shutterstock]:
    """A stand-in that is serving."""
    with Shutterstock(size) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.gate.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Shutterstock

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(parts.path, parse_qs(parts.query, keep_blank_values=True), headers)
        self.server.requests.append(seen)
        self.server.gate.wait()
        answer = self.server.answer or self.server.respond(seen)
        self.send_response(answer.status)
        sent = {"Content-Type": "application/json", **answer.headers}
        for name, value in {**sent, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Say nothing: tests read ``requests``."""


def _accepted() -> tuple[str, str]:
    pair = base64.b64encode(":".join(CLIENT).encode()).decode()
    return f"Basic {pair}", f"Bearer {TOKEN}"


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode())


def _problem(status: int, message: str) -> Answer:
    return _json({"message": message}, status)
