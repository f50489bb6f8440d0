"""Floods: the times of hits and ``/healthz`` beside a thousand useless connections."""

import asyncio
import resource
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from statistics import median
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from bench.client import run_apart
from bench.report import Goal, Table, format_milliseconds
from bench.servers import Server, Servers, fetch
from bench.siege import HIT, fetch_pictures
from bench.wrk import run_wrk

CONNECTIONS: Final = 1000
CLIENTS: Final = 8
OTHER_FILES: Final = 100
BEFORE: Final = 2.0
"""Seconds for a flood to open its connections before the measurement."""
WARM_SECONDS: Final = 2.0
"""Seconds of the first run, which is not counted, since it takes longer than all later runs."""
HEAD: Final = b"GET /healthz HTTP/1.1\r\nHost: site.example\r\n"
BODY: Final = (
    b"POST /clicks HTTP/1.1\r\nHost: site.example\r\nContent-Length: 1000\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\nagency="
)
FLOODS: Final[Mapping[str, bytes]] = MappingProxyType(
    {"idle": b"", "half a head": HEAD, "half a body": BODY}
)
"""The bytes that each connection of a flood sends before waiting."""
ASKED: Final[Mapping[str, str]] = MappingProxyType({"hit": HIT, "healthz": "/healthz"})
MOST: Final = 2.0
"""The largest ratio of the p99 beside a flood to the p99 in quiet."""

Run = Callable[..., Any]


def run(servers: Servers, *, quick: bool) -> Table:
    """Measure both addresses at one process, in quiet and beside each flood in turn."""
    seconds, rounds = (2, 1) if quick else (5, 3)
    table = Table(
        title=f"Hits and /healthz beside {CONNECTIONS} useless connections",
        how=f"`wrk -t1 -c{CLIENTS} -d{seconds}s`, in quiet and then beside the flood, {rounds}"
        f" times; medians. Each of the {CONNECTIONS} connections sends what the row says and"
        " waits; one that the site closes is opened anew at once. *Ratio* is the p99 beside the"
        " flood to that in quiet. The server is one process with the site's threads.",
        columns=["flood", "asked", "p99 in quiet", "beside it", "ratio"],
    )
    with (
        servers.run_upstream() as upstream,
        run_apart() as runner,
        servers.run_site(upstream) as server,
    ):
        fetch(f"{server.url}/ajax{HIT}&wait=1")
        fetch_pictures(server, HIT)
        run_wrk(server.url + HIT, seconds=WARM_SECONDS, connections=CLIENTS)
        for name in FLOODS:
            for target, path in ASKED.items():
                turns = [measure_once(server, name, path, runner, seconds) for _ in range(rounds)]
                fill_table(table, name, target, turns)
    return table


def measure_once(
    server: Server, name: str, path: str, runner: Run, seconds: float
) -> tuple[float, float]:
    """Return the p99 in seconds, in quiet and beside a flood, after the end of the flood."""
    quiet = run_wrk(server.url + path, seconds=seconds, connections=CLIENTS).p99
    others = runner(hold_flood, server.url, FLOODS[name], 2 * BEFORE + seconds)
    time.sleep(BEFORE)
    beside = run_wrk(server.url + path, seconds=seconds, connections=CLIENTS).p99
    if (least := others.result()) < CONNECTIONS:
        raise RuntimeError(f"{name}: only {least} of {CONNECTIONS} were ever connected")
    return quiet, beside


def fill_table(table: Table, name: str, target: str, turns: list[tuple[float, float]]) -> None:
    """Add a row and its goal."""
    quiet, beside = (median(times) for times in zip(*turns, strict=True))
    ratio = beside / quiet
    cells = [format_milliseconds(quiet), format_milliseconds(beside), f"{ratio:.1f}"]
    table.rows.append([name, target, *cells])
    table.figures[f"{name}, {target}"] = turns
    text = f"{name}, {target}: p99 beside the flood to that in quiet"
    table.goals.append(Goal(text, ratio, MOST, at_least=False))


def hold_flood(url: str, sent: bytes, seconds: float) -> int:
    """Hold all connections for ``seconds``; return the number that ever connected."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = CONNECTIONS + OTHER_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, max(files, hard)))
    parts = urlsplit(url)
    return asyncio.run(_hold_flood(parts.hostname or "", parts.port or 80, sent, seconds))


async def _hold_flood(host: str, port: int, sent: bytes, seconds: float) -> int:
    connected: set[int] = set()

    async def hold(number: int) -> None:
        while True:
            await asyncio.sleep(0)  # a connection refused at once would hold up all others
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(host, port)
                connected.add(number)
                with closing(writer):
                    writer.write(sent)
                    await reader.read()
                await writer.wait_closed()

    holding = [asyncio.create_task(hold(number)) for number in range(CONNECTIONS)]
    await asyncio.sleep(seconds)
    for task in holding:
        task.cancel()
    await asyncio.gather(*holding, return_exceptions=True)
    return len(connected)
