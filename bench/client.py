"""Visitors: asynchronous HTTP clients, which run in a separate process (`run_apart`)."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final, NamedTuple, ParamSpec, TypeVar
from urllib.parse import urlsplit

PATIENCE: Final = 20.0
"""Seconds after which a visitor gives up."""

P = ParamSpec("P")
Value = TypeVar("Value")


class Answer(NamedTuple):
    """A visitor's answer; status 0 stands for no answer."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float


class Connection:
    """A connection, kept alive, with one request at a time."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Connect where no connection is open; replace a connection that was closed while idle."""
        if self.reader is not None and self.reader.at_eof():
            self.close()
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(
                self.host, self.port, limit=2**20
            )

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
            self.reader = self.writer = None

    async def get(self, path: str, patience: float = PATIENCE) -> Answer:
        """Request a path; return status 0 for a connection that fails or takes too long."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(patience):
                await self.open()
                status, headers, body = await self._exchange(path)
        except (OSError, EOFError, TimeoutError, ValueError):
            self.close()
            status, headers, body = 0, {}, b""
        return Answer(status, headers, body, time.perf_counter() - started)

    async def _exchange(self, path: str) -> tuple[int, dict[str, str], bytes]:
        assert self.reader is not None
        assert self.writer is not None
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines)}
        body = await self._body(headers)
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(first.split(" ")[1]), headers, body

    async def _body(self, headers: dict[str, str]) -> bytes:
        assert self.reader is not None
        if headers.get("transfer-encoding", "") == "chunked":
            parts = []
            while size := int(await self.reader.readline(), 16):
                parts.append((await self.reader.readexactly(size + 2))[:-2])
            await self.reader.readline()
            return b"".join(parts)
        if "content-length" not in headers:
            return await self.reader.read()
        return await self.reader.readexactly(int(headers["content-length"]))


class Shot(NamedTuple):
    """The result of a visitor of a burst; ``pictures`` is whether the expected pictures came."""

    status: int
    pictures: bool
    again: bool
    seconds: float


async def _send_burst(url: str, path: str, marker: str, clients: int) -> list[Shot]:
    connections = [Connection(url) for _ in range(clients)]
    await asyncio.gather(*(connection.open() for connection in connections))

    async def visit(connection: Connection) -> Shot:
        answer = await connection.get(path)
        seconds = answer.seconds
        again = is_late(answer)
        if again:  # as embed.js does
            if b'class="tile"' not in answer.body:
                await asyncio.sleep(1)
                seconds += 1
            answer = await connection.get(f"{path}&wait=1")
            seconds += answer.seconds
        connection.close()
        pictures = answer.status == 200 and marker.encode() in answer.body
        return Shot(answer.status, pictures, again, seconds)

    return await asyncio.gather(*(visit(connection) for connection in connections))


def send_burst(url: str, path: str, marker: str, clients: int = 50) -> list[Shot]:
    """Send many visitors' requests for an address at once, over connections opened before."""
    return asyncio.run(_send_burst(url, path, marker, clients))


def is_late(answer: Answer) -> bool:
    """Return whether a fragment marks an agency as late, which makes the page request it again."""
    return answer.status == 200 and bool(re.search(rb"<section[^>]* data-late", answer.body))


@contextmanager
def run_apart() -> Iterator[Callable[..., "Future[Any]"]]:
    """Run functions of modules in a separate process, undisturbed by the bench."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        process.submit(time.sleep, 0).result()
        yield process.submit
