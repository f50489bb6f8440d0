"""A stand-in for Shutterstock's image search: a separate process that counts its calls.

``python -m bench.upstream`` prints its port and serves until the process is ended. The stand-in
imports nothing of the site and uses asyncio alone, to stay fast with thousands of connections.

- ``/v2/images/search``: the agency's answer, with the words of the query in each description.
- ``/page``: the bytes and headers of a file, for peers that pass them on.
- ``/control?name=value``: sets ``delay`` (seconds), ``slow`` (the seconds of a ``share`` of the
  calls), ``item`` (seconds more for each item asked for), ``failing`` and ``hanging`` (1 or 0) and
  ``page`` (a file of JSON: ``headers`` and ``body``); answers with the counts.

While ``hanging`` is 1, calls are taken and never answered.
"""

import asyncio
import functools
import json
import zlib
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from bench.ending import wait_for_end

TOTAL: Final = 1000
KEYWORDS: Final = 25
MARK: Final = "@words@"
ID_MARK: Final = "@id@"
"""Stands for a number made of the words: other words find other pictures."""
SIZES: Final = {
    "small_thumb": (100, 67),
    "large_thumb": (150, 100),
    "mosaic": (250, 167),
    "huge_thumb": (390, 260),
    "preview": (450, 300),
    "preview_1000": (1000, 667),
    "preview_1500": (1500, 1000),
}
HIDDEN: Final = {"connection", "content-length", "transfer-encoding"}


def build_picture(number: int) -> dict[str, Any]:
    """Return a picture as the API has it with ``view=full``, with marks for the words."""
    media_id = f"{ID_MARK}{number:03}"
    host = "https://image.shutterstock.com"
    return {
        "id": media_id,
        "added_date": "2025-01-31",
        "aspect": 1.5,
        "assets": {
            name: {"width": w, "height": h, "url": f"{host}/image-photo/{name}-{media_id}.jpg"}
            for name, (w, h) in SIZES.items()
        },
        "categories": [{"id": "1", "name": "Animals/Wildlife"}],
        "contributor": {"id": str(7000 + number % 50)},
        "description": f"picture of {MARK}, number {number} of a made-up library",
        "image_type": ("photo", "illustration", "vector")[number % 3],
        "is_adult": False,
        "is_editorial": number % 10 == 0,
        "keywords": [f"keyword {number * 7 % 100 + k}" for k in range(KEYWORDS)],
        "media_type": "image",
    }


@functools.cache
def build_template(page: int, per_page: int) -> bytes:
    """Return the answer for a page, with `MARK` and `ID_MARK` in place of the words."""
    first = (page - 1) * per_page
    answer = {
        "data": [build_picture(n) for n in range(first, min(first + per_page, TOTAL))],
        "page": page,
        "per_page": per_page,
        "search_id": "00000000-0000-0000-0000-000000000000",
        "total_count": TOTAL,
        "spellcheck_info": {},
    }
    return json.dumps(answer).encode()


def build_response(status: str, body: bytes, headers: list[list[str]] | None = None) -> bytes:
    """Return a whole HTTP response; JSON unless ``headers`` has another type."""
    sent = headers or [["Content-Type", "application/json"]]
    lines = [f"HTTP/1.1 {status}", *(f"{n}: {v}" for n, v in sent if n.lower() not in HIDDEN)]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "\r\n"]).encode() + body


class State:
    """The current behavior of the stand-in, and its counts."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.slow = 0.0
        self.share = 0.0
        self.item = 0.0
        self.failing = False
        self.hanging = False
        self.page = b""
        self.calls = 0
        self.waiting = 0
        self.words: dict[str, int] = {}

    def control(self, parameters: dict[str, str]) -> bytes:
        """Set the values in the parameters; return a response with the counts."""
        for name in {"delay", "slow", "share", "item"} & set(parameters):
            setattr(self, name, float(parameters[name]))
        if "failing" in parameters:
            self.failing = parameters["failing"] == "1"
        if "hanging" in parameters:
            self.hanging = parameters["hanging"] == "1"
        if "page" in parameters:
            page = json.loads(Path(parameters["page"]).read_text())
            self.page = build_response("200 OK", page["body"].encode("latin-1"), page["headers"])
        counts = {"calls": self.calls, "waiting": self.waiting, "words": self.words}
        return build_response("200 OK", json.dumps(counts).encode())

    def compute_seconds(self, parameters: dict[str, str]) -> float:
        """Return the seconds that the current call takes; slow calls are spread evenly."""
        is_slow = int(self.calls * self.share) > int((self.calls - 1) * self.share)
        items = int(parameters.get("per_page", "20"))
        return (self.slow if is_slow else self.delay) + items * self.item

    def build_answer(self, path: str, parameters: dict[str, str]) -> bytes:
        """Return the response to a call whose delay is over."""
        if self.failing:
            return build_response("503 Service Unavailable", b'{"message": "Down for the bench"}')
        if path == "/page":
            return self.page
        page, per_page = (int(parameters.get(n, d)) for n, d in (("page", "1"), ("per_page", "20")))
        words = json.dumps(parameters.get("query", ""))[1:-1].encode()
        number = str(10_000 + zlib.crc32(words) % 90_000).encode()
        template = build_template(page, per_page).replace(ID_MARK.encode(), number)
        return build_response("200 OK", template.replace(MARK.encode(), words))


class Exchange(asyncio.Protocol):
    """A connection, kept alive as in HTTP/1.1."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.buffer = b""
        self.waiting = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as asyncio calls it
        self.state.waiting -= self.waiting
        self.waiting = 0

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            self.ask(head.decode("latin-1"))

    def ask(self, head: str) -> None:
        """Count a request, and schedule the answer after the delay."""
        _, target, version = head.split("\r\n", 1)[0].split(" ")
        parts = urlsplit(target)
        parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        closes = version == "HTTP/1.0" or "connection: close" in head.lower()
        if parts.path == "/control":
            self.send(self.state.control(parameters), closes=closes)
            return
        words = parameters.get("query", "")
        self.state.calls += 1
        self.state.words[words] = self.state.words.get(words, 0) + 1
        self.count(1)
        if self.state.hanging:
            return
        loop = asyncio.get_running_loop()
        seconds = self.state.compute_seconds(parameters)
        loop.call_later(seconds, self.reply, parts.path, parameters, closes)

    def reply(self, path: str, parameters: dict[str, str], closes: bool) -> None:  # noqa: FBT001 - for call_later
        if self.waiting:
            self.count(-1)
            self.send(self.state.build_answer(path, parameters), closes=closes)

    def count(self, change: int) -> None:
        self.waiting += change
        self.state.waiting += change

    def send(self, data: bytes, *, closes: bool) -> None:
        self.transport.write(data)
        if closes:
            self.transport.close()


async def serve() -> None:
    """Serve on a free port of loopback until SIGTERM."""
    state = State()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Exchange(state), "127.0.0.1", 0, backlog=2048)
    print(server.sockets[0].getsockname()[1], flush=True)
    await wait_for_end()


if __name__ == "__main__":
    asyncio.run(serve())
