"""Many mixed requests over several processes: whether memory, threads and files stay flat."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from bench.client import Connection, apart
from bench.report import Goal, Table
from bench.servers import Server, Servers, fetch
from bench.siege import HIT, fetch_pictures

PROCESSES: Final = 4
CLIENTS: Final = 16
WORDS: Final = 500
"""Searches that are asked again and again; each is known after its first time."""
PARTS: Final = 5
"""The run is looked at after each part; the first part fills caches and pools."""
MORE_MEMORY: Final = 8.0
MORE_THREADS: Final = 8
MORE_FILES: Final = CLIENTS
"""The connections of all clients may be at one process, and at the first look at none."""


class Size(NamedTuple):
    """The largest of all processes: resident memory in MB, threads, open files."""

    memory: float
    threads: int
    files: int


def run(servers: Servers, *, quick: bool) -> Table:
    """Ask, and look at the processes after each part."""
    requests = 5_000 if quick else 100_000
    table = Table(
        title=f"{requests:,} mixed requests over {PROCESSES} processes",
        how=f"{CLIENTS} connections ask for pages, fragments, the API, suggestions, embeds, what"
        f" there is not, and `/healthz`, in turn, with {WORDS} searches. Each figure is that of"
        " the process that has most of it; the first part fills caches and pools, and the goals"
        " are growth from there to the end.",
        columns=["requests", "MB", "threads", "open files", "503", "unanswered"],
    )
    with (
        servers.upstream() as upstream,
        apart() as runner,
        servers.site(upstream, workers=PROCESSES) as server,
    ):
        fetch(f"{server.url}/ajax{HIT}&wait=1")
        fetch_pictures(server, HIT)
        first = set(server.workers())
        sizes = []
        for part in range(PARTS):
            each = requests // PARTS
            away, lost = runner(ask, server.url, part * each, each).result()
            sizes.append(size(server))
            cells = [f"{sizes[-1].memory:.0f}", *map(str, sizes[-1][1:])]
            table.rows.append([f"{(part + 1) * each:,}", *cells, str(away), str(lost)])
            table.goals += [Goal(f"Unanswered in part {part + 1}", lost, 0, at_least=False)]
        replaced = len(first - set(server.workers()))
    warm, end = sizes[0], sizes[-1]
    table.figures = {"sizes": [one._asdict() for one in sizes], "replaced": replaced}
    table.goals += [
        Goal("MB more", end.memory - warm.memory, MORE_MEMORY, at_least=False),
        Goal("Threads more", end.threads - warm.threads, MORE_THREADS, at_least=False),
        Goal("Open files more", end.files - warm.files, MORE_FILES, at_least=False),
        Goal("Processes that were replaced", replaced, 0, at_least=False),
    ]
    return table


def size(server: Server) -> Size:
    """Return the largest figures of the processes."""
    sizes = [_size(pid) for pid in server.workers()]
    return Size(*(max(figures) for figures in zip(*sizes, strict=True)))


def _size(pid: int) -> Size:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Size(int(told["VmRSS"].split()[0]) / 1024, int(told["Threads"]), files)


def address(number: int) -> str:
    """Return what the request with a number asks for."""
    words = f"word{number * 7919 % WORDS}"
    ways = (
        f"/search?q={words}&lang=en",
        f"/ajax/search?q={words}&lang=en",
        f"/api/search?q={words}&lang=en",
        f"/suggest?q={words[:5]}&lang=en",
        f"/embed?q={words}&lang=en",
        f"/nothing/{number}",
        "/healthz",
    )
    return ways[number % len(ways)]


def ask(url: str, first: int, requests: int) -> tuple[int, int]:
    """Ask for so many addresses; return how many answers were 503, and how many never came."""
    return asyncio.run(_ask(url, first, requests))


async def _ask(url: str, first: int, requests: int) -> tuple[int, int]:
    numbers = count(first)
    statuses: list[int] = []

    async def client() -> None:
        connection = Connection(url)
        while (number := next(numbers)) < first + requests:
            statuses.append((await connection.get(address(number))).status)
        connection.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return statuses.count(503), statuses.count(0)
