"""Many mixed requests over several processes: whether memory, threads and files stay flat."""

import asyncio
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

from bench.client import Connection, run_apart
from bench.report import Goal, Table
from bench.servers import Server, Servers, fetch
from bench.siege import HIT, fetch_pictures

PROCESSES: Final = 4
CLIENTS: Final = 16
WORDS: Final = 500
"""Searches that are repeated; each is cached after its first call."""
PARTS: Final = 5
"""Parts of the run, each followed by a measurement; the first part fills caches and pools."""
MORE_MEMORY: Final = 8.0
MORE_THREADS: Final = 8
MORE_FILES: Final = CLIENTS
"""The allowed increase: one process may get all connections after the first measurement."""


class Size(NamedTuple):
    """The largest of all processes: resident memory in MB, threads, open files."""

    memory: float
    threads: int
    files: int


def run(servers: Servers, *, quick: bool) -> Table:
    """Send the requests, and measure the processes after each part."""
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
        servers.run_upstream() as upstream,
        run_apart() as runner,
        servers.run_site(upstream, workers=PROCESSES) as server,
    ):
        fetch(f"{server.url}/ajax{HIT}&wait=1")
        fetch_pictures(server, HIT)
        first = set(server.list_workers())
        sizes = []
        for part in range(PARTS):
            each = requests // PARTS
            away, lost = runner(send_requests, server.url, part * each, each).result()
            sizes.append(measure_processes(server))
            cells = [f"{sizes[-1].memory:.0f}", *map(str, sizes[-1][1:])]
            table.rows.append([f"{(part + 1) * each:,}", *cells, str(away), str(lost)])
            table.goals += [Goal(f"Unanswered in part {part + 1}", lost, 0, at_least=False)]
        replaced = len(first - set(server.list_workers()))
    warm, end = sizes[0], sizes[-1]
    table.figures = {"sizes": [peak._asdict() for peak in sizes], "replaced": replaced}
    table.goals += [
        Goal("MB more", end.memory - warm.memory, MORE_MEMORY, at_least=False),
        Goal("Threads more", end.threads - warm.threads, MORE_THREADS, at_least=False),
        Goal("Open files more", end.files - warm.files, MORE_FILES, at_least=False),
        Goal("Processes that were replaced", replaced, 0, at_least=False),
    ]
    return table


def measure_processes(server: Server) -> Size:
    """Return the largest figures of the processes."""
    sizes = [_measure_process(pid) for pid in server.list_workers()]
    return Size(*(max(figures) for figures in zip(*sizes, strict=True)))


def _measure_process(pid: int) -> Size:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Size(int(fields["VmRSS"].split()[0]) / 1024, int(fields["Threads"]), files)


def build_path(number: int) -> str:
    """Return the path of the request with a number."""
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


def send_requests(url: str, first: int, requests: int) -> tuple[int, int]:
    """Send ``requests`` requests; return the numbers of 503 answers and of missing answers."""
    return asyncio.run(_send_requests(url, first, requests))


async def _send_requests(url: str, first: int, requests: int) -> tuple[int, int]:
    numbers = count(first)
    statuses: list[int] = []

    async def client() -> None:
        connection = Connection(url)
        while (number := next(numbers)) < first + requests:
            statuses.append((await connection.get(build_path(number))).status)
        connection.close()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return statuses.count(503), statuses.count(0)
