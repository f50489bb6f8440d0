"""Hits beside hanging misses: times of a hit while many visitors wait for a hanging agency."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from statistics import median
from typing import Any, Final, NamedTuple

from bench.answers import WITHOUT
from bench.client import Answer, Connection, run_apart
from bench.report import Goal, Table, format_milliseconds
from bench.servers import MissingProgram, Redis, Server, Servers, Upstream, fetch
from bench.wrk import Load, run_wrk

BESIEGERS: Final = 200
EVERY: Final = 2.0
"""Seconds after which each besieger sends a new search, unless an answer is still due."""
CLIENTS: Final = 8
HIT: Final = "/search?q=red+bicycle&lang=en"

Run = Callable[..., Any]


class Contender(NamedTuple):
    """A server under siege: its name, its start, and the path of its misses."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]
    miss: str = "/ajax/search?q="


class Fate(NamedTuple):
    """Hits in peace and under siege; seconds of the slowest miss, and of the first search after."""

    peace: Load
    siege: Load
    slowest: float
    recovery: float


class Siege:
    """The length of each siege, with the stand-in for the agency and the visitors' process."""

    def __init__(self, upstream: Upstream, runner: Run, seconds: float) -> None:
        self.upstream = upstream
        self.runner = runner
        self.seconds = seconds

    def play(self, contender: Contender, rounds: int = 1) -> list[Fate]:
        """Measure a contender in peace and under siege, in turn."""
        with contender.start() as server:
            fetch(f"{server.url}{contender.miss}red+bicycle&wait=1")
            fetch_pictures(server, HIT)
            run_wrk(server.url + HIT, seconds=1)
            return [self.measure_round(server, contender, number) for number in range(rounds)]

    def measure_round(self, server: Server, contender: Contender, number: int) -> Fate:
        """Measure a round; the agency answers again at the end."""
        peace = run_wrk(server.url + HIT, seconds=self.seconds, connections=CLIENTS)
        self.upstream.control(hanging=1)
        misses = f"{contender.miss}round+{number}+"
        others = self.runner(ask_in_vain, server.url, misses, self.seconds + EVERY)
        time.sleep(EVERY)
        siege = run_wrk(server.url + HIT, seconds=self.seconds, connections=CLIENTS)
        slowest = others.result()
        self.upstream.control(hanging=0)
        started = time.monotonic()
        fetch_pictures(server, f"{contender.miss}after+{number}")
        recovery = time.monotonic() - started
        self.upstream.wait_until_quiet()
        return Fate(peace, siege, slowest, recovery)


def run(servers: Servers, *, quick: bool) -> Table:
    """Besiege our site, with its page cache and without, and a peer."""
    seconds, rounds = (3, 1) if quick else (4, 2)
    table = Table(
        title=f"Hits while {BESIEGERS} misses hang",
        how=f"`wrk -t1 -c{CLIENTS} -d{seconds}s` on one hit, in peace and while {BESIEGERS}"
        f" visitors each ask every {EVERY:g} s for something new and the agency never answers;"
        f" our page cache {rounds} times, medians. Every server is one process with the"
        " site's threads. *Rate* is that of the besieged hits to that in peace; *slowest miss* is"
        " of those visitors; *after it* is how long the first new search takes once the agency is"
        " well (200 ms).",
        columns=["", "p99 in peace", "besieged", "ratio", "rate", "slowest miss", "after it"],
    )
    peer = "Flask-Caching `@cached`"
    table.peers[peer] = "`RedisCache`; its view waits for the agency 2.5 s at most"
    with servers.run_upstream(delay=0.2) as upstream, run_apart() as runner:
        siege = Siege(upstream, runner, seconds)
        ours = Contender("ours, memory tier", lambda: servers.run_site(upstream))
        fill_table(table, ours, siege.play(ours, rounds))
        store = Contender("ours, hit in SQLite", lambda: servers.run_site(upstream, target=WITHOUT))
        fill_table(table, store, siege.play(store))
        try:
            with servers.run_redis() as redis:
                fill_table(table, *besiege_peer(servers, siege, redis, peer))
        except MissingProgram as error:
            table.note_missing(peer, error)
    return table


def besiege_peer(
    servers: Servers, siege: Siege, redis: Redis, name: str
) -> tuple[Contender, list[Fate]]:
    """Return the peer and its results."""

    def start() -> AbstractContextManager[Server]:
        return servers.run_peer("create_cached", siege.upstream, REDIS=redis.url)

    contender = Contender(name, start, "/search?q=")
    return contender, siege.play(contender)


def fill_table(table: Table, contender: Contender, fates: list[Fate]) -> None:
    """Add the row of a contender."""
    peace, siege = median(f.peace.p99 for f in fates), median(f.siege.p99 for f in fates)
    rate = median(f.siege.rate / f.peace.rate for f in fates)
    slowest, recovery = max(f.slowest for f in fates), max(f.recovery for f in fates)
    times = f"{siege / peace:.1f}" if siege < math.inf else "∞"
    cells = [format_milliseconds(peace), format_milliseconds(siege), times, f"{rate:.2f}"]
    table.rows.append([contender.name, *cells, f"{slowest:.1f} s", f"{recovery:.1f} s"])
    table.figures[contender.name] = [
        {**f._asdict(), "peace": f.peace._asdict(), "siege": f.siege._asdict()} for f in fates
    ]
    if contender.name.startswith("ours"):
        table.goals += [
            Goal(f"{contender.name}: p99 besieged, in seconds", siege, 0.25, at_least=False),
            Goal(f"{contender.name}: slowest miss, in seconds", slowest, 3.5, at_least=False),
            Goal(
                f"{contender.name}: first search after it, in seconds", recovery, 3, at_least=False
            ),
        ]


def fetch_pictures(server: Server, path: str) -> None:
    """Request a path until the answer has pictures."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(OSError):
            if b"picture of" in fetch(server.url + path):
                return
        time.sleep(0.1)
    raise RuntimeError(f"there never were pictures at {path}")


def ask_in_vain(url: str, path: str, seconds: float) -> float:
    """Send the besiegers, one after the other; return the seconds of the slowest answer."""
    end = time.monotonic() + seconds

    async def besieger(number: int) -> list[Answer]:
        connection, replies = Connection(url), []
        await asyncio.sleep(number / BESIEGERS * EVERY)
        while (began := time.monotonic()) < end:
            replies.append(await connection.get(f"{path}{number}+{len(replies)}"))
            await asyncio.sleep(max(began + EVERY - time.monotonic(), 0))
        connection.close()
        return replies

    async def all_of_them() -> list[Answer]:
        groups = await asyncio.gather(*(besieger(n) for n in range(BESIEGERS)))
        return [answer for group in groups for answer in group]

    return max(answer.seconds for answer in asyncio.run(all_of_them()))
