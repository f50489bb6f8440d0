"""Hits under siege: how long a hit takes while the agency hangs and others wait for it."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from statistics import median
from typing import Any, Final, NamedTuple

from bench.answers import WITHOUT
from bench.client import Answer, Connection, apart
from bench.report import Goal, Table, milliseconds
from bench.servers import Missing, Redis, Server, Servers, Upstream, fetch
from bench.wrk import Load, wrk

BESIEGERS: Final = 200
EVERY: Final = 2.0
"""Seconds after which each of them asks for something new, unless it still waits."""
CLIENTS: Final = 8
HIT: Final = "/search?q=red+bicycle&lang=en"

Run = Callable[..., Any]


class Contender(NamedTuple):
    """Who is besieged: its name, how it is started, and where its misses are asked for."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]
    miss: str = "/ajax/search?q="


class Fate(NamedTuple):
    """Hits in peace and under siege; seconds of the slowest miss, and of the first after it."""

    peace: Load
    siege: Load
    slowest: float
    recovery: float


class Siege:
    """How long each contender is besieged, and by whom."""

    def __init__(self, upstream: Upstream, runner: Run, seconds: float) -> None:
        self.upstream = upstream
        self.runner = runner
        self.seconds = seconds

    def play(self, one: Contender, rounds: int = 1) -> list[Fate]:
        """Peace and siege, in turn."""
        with one.start() as server:
            fetch(f"{server.url}{one.miss}red+bicycle&wait=1")
            fetch_pictures(server, HIT)
            wrk(server.url + HIT, seconds=1)
            return [self.once(server, one, number) for number in range(rounds)]

    def once(self, server: Server, one: Contender, number: int) -> Fate:
        """One round; the agency is well again at its end."""
        peace = wrk(server.url + HIT, seconds=self.seconds, connections=CLIENTS)
        self.upstream.control(hanging=1)
        misses = f"{one.miss}round+{number}+"
        others = self.runner(ask_in_vain, server.url, misses, self.seconds + EVERY)
        time.sleep(EVERY)
        siege = wrk(server.url + HIT, seconds=self.seconds, connections=CLIENTS)
        slowest = others.result()
        self.upstream.control(hanging=0)
        started = time.monotonic()
        fetch_pictures(server, f"{one.miss}after+{number}")
        recovery = time.monotonic() - started
        self.upstream.settled()
        return Fate(peace, siege, slowest, recovery)


def run(servers: Servers, *, quick: bool) -> Table:
    """Besiege our site, with its memory tier and without, and a peer."""
    seconds, rounds = (3, 1) if quick else (4, 2)
    table = Table(
        title=f"Hits while {BESIEGERS} misses hang",
        how=f"`wrk -t1 -c{CLIENTS} -d{seconds}s` on one hit, in peace and while {BESIEGERS}"
        f" visitors each ask every {EVERY:g} s for something new and the agency never answers;"
        f" our memory tier {rounds} times, medians. Every server is one process with the"
        " site's threads. *Rate* is that of the besieged hits to that in peace; *slowest miss* is"
        " of those visitors; *after it* is how long the first new search takes once the agency is"
        " well (200 ms).",
        columns=["", "p99 in peace", "besieged", "ratio", "rate", "slowest miss", "after it"],
    )
    peer = "Flask-Caching `@cached`"
    table.peers[peer] = "`RedisCache`; its view waits for the agency 2.5 s at most"
    with servers.upstream(delay=0.2) as upstream, apart() as runner:
        siege = Siege(upstream, runner, seconds)
        ours = Contender("ours, memory tier", lambda: servers.site(upstream))
        fill(table, ours, siege.play(ours, rounds))
        store = Contender("ours, hit in SQLite", lambda: servers.site(upstream, target=WITHOUT))
        fill(table, store, siege.play(store))
        try:
            with servers.redis() as redis:
                fill(table, *besieged_peer(servers, siege, redis, peer))
        except Missing as error:
            table.missing(peer, error)
    return table


def besieged_peer(
    servers: Servers, siege: Siege, redis: Redis, name: str
) -> tuple[Contender, list[Fate]]:
    """Return the peer and how it fared."""

    def start() -> AbstractContextManager[Server]:
        return servers.peer("create_cached", siege.upstream, REDIS=redis.url)

    one = Contender(name, start, "/search?q=")
    return one, siege.play(one)


def fill(table: Table, one: Contender, fates: list[Fate]) -> None:
    """Return the row of a contender."""
    peace, siege = median(f.peace.p99 for f in fates), median(f.siege.p99 for f in fates)
    rate = median(f.siege.rate / f.peace.rate for f in fates)
    slowest, recovery = max(f.slowest for f in fates), max(f.recovery for f in fates)
    times = f"{siege / peace:.1f}" if siege < math.inf else "∞"
    cells = [milliseconds(peace), milliseconds(siege), times, f"{rate:.2f}"]
    table.rows.append([one.name, *cells, f"{slowest:.1f} s", f"{recovery:.1f} s"])
    table.figures[one.name] = [
        {**f._asdict(), "peace": f.peace._asdict(), "siege": f.siege._asdict()} for f in fates
    ]
    if one.name.startswith("ours"):
        table.goals += [
            Goal(f"{one.name}: p99 besieged, in seconds", siege, 0.25, at_least=False),
            Goal(f"{one.name}: slowest miss, in seconds", slowest, 3.5, at_least=False),
            Goal(f"{one.name}: first search after it, in seconds", recovery, 3, at_least=False),
        ]


def fetch_pictures(server: Server, path: str) -> None:
    """Ask as a patient visitor does, until there are pictures."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with suppress(OSError):
            if b"picture of" in fetch(server.url + path):
                return
        time.sleep(0.1)
    raise RuntimeError(f"there never were pictures at {path}")


def ask_in_vain(url: str, path: str, seconds: float) -> float:
    """Return the besiegers, who come one after the other; the seconds of the slowest answer."""
    end = time.monotonic() + seconds

    async def besieger(number: int) -> list[Answer]:
        connection, found = Connection(url), []
        await asyncio.sleep(number / BESIEGERS * EVERY)
        while (began := time.monotonic()) < end:
            found.append(await connection.get(f"{path}{number}+{len(found)}"))
            await asyncio.sleep(max(began + EVERY - time.monotonic(), 0))
        connection.close()
        return found

    async def all_of_them() -> list[Answer]:
        groups = await asyncio.gather(*(besieger(n) for n in range(BESIEGERS)))
        return [answer for group in groups for answer in group]

    return max(answer.seconds for answer in asyncio.run(all_of_them()))
