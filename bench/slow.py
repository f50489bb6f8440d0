"""Slow agencies: who gets pictures at once, by the page's follow-up, or never; what it costs.

Visitors come at a steady pace, each with new words, and do what the page's script does: ask, and
while there is no picture and an agency is late ask again, for 20 seconds at most.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

from bench.client import Answer, Connection, apart, late
from bench.report import Goal, Table
from bench.servers import Missing, Redis, Server, Servers, Upstream

PACE: Final = 3.0
"""Visitors a second."""
PATIENCE: Final = 20.0
"""Seconds for which a page asks again, as `static/embed.js` has it."""
AT_ONCE: Final = 200
LOOKERS: Final = 4
"""Second visitors who ask side by side, one search after the other."""

Run = Callable[..., Any]


class World(NamedTuple):
    """How the agency answers: all calls in ``delay`` s, but a ``share`` of them in ``slow`` s."""

    name: str
    delay: float
    share: float = 0.0
    slow: float = 3.0
    item: float = 0.0


CONSTANT: Final = tuple(World(f"{s:g} s", s) for s in (0.5, 2.0, 2.6, 4.0, 8.0))
TAILS: Final = tuple(World(f"{p} % at 3 s", 0.6, p / 100) for p in (3, 10, 20))
BY_ITEM: Final = World("0.2 s and 15 ms an item", 0.2, item=0.015)
GOAL_WORLD: Final = TAILS[1]


class Target(NamedTuple):
    """Where a search is asked for, and what tells a picture in its answer."""

    path: str
    mark: bytes


class Contender(NamedTuple):
    """Who is asked, and how it is started."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]
    target: Target


SITE: Final = Target("/ajax/search", b'class="tile"')
PEER: Final = Target("/search", b"picture of")


class Fates(NamedTuple):
    """Of so many visitors: pictures at once, by follow-up, for a second one from the cache."""

    visitors: int
    at_once: int
    later: int
    cached: int
    calls: int
    threads: tuple[int, int]
    memory: int

    def cells(self) -> list[str]:
        """Return the row of the table; threads and memory are what came on top."""
        shares = (self.at_once, self.at_once + self.later, self.cached)
        texts = [f"{100 * share / self.visitors:.0f} %" for share in shares]
        more = self.threads[1] - self.threads[0]
        return [
            *texts,
            f"{self.calls / self.visitors:.2f}",
            f"+{more}",
            f"+{self.memory / 1e6:.0f}",
        ]


def run(servers: Servers, *, quick: bool) -> Table:
    """Let visitors come to every contender in every world."""
    visitors = 20 if quick else 60
    table = Table(
        title="An agency that is slow, always or at times",
        how=f"{visitors} visitors, {PACE:g} a second, each with new words; the worlds of a tail"
        " have 0.6 s for all other calls. *At once*: pictures in the first answer."
        f" *Shown*: these and those by the page's follow-up, within {PATIENCE:g} s. *Second*: of"
        " other visitors who ask for the same words afterwards, those who get pictures at once."
        " *Calls*: calls to the agency for each visitor. Threads and MB: what the worker had more"
        " at its most than before.",
        columns=["", "agency", "at once", "shown", "second", "calls", "threads", "MB"],
    )
    worlds = (*CONSTANT, *TAILS, BY_ITEM)
    with servers.upstream() as upstream, apart() as runner, servers.redis() as redis:
        contenders = [
            Contender("Affiliate Search", lambda: servers.site(upstream), SITE),
            Contender("Flask-Caching", lambda: peer(servers, upstream, redis), PEER),
        ]
        for one in contenders:
            for world in worlds:
                try:
                    fates = play(upstream, one, world, runner, visitors)
                except Missing as error:
                    table.missing(one.name, error)
                    break
                fill(table, one, world, fates)
        flood(upstream, contenders[0], runner, table)
    return table


def play(upstream: Upstream, one: Contender, world: World, runner: Run, visitors: int) -> Fates:
    """One contender in one world, from its start on."""
    upstream.control(delay=world.delay, share=world.share, slow=world.slow, item=world.item)
    with one.start() as server:
        before, memory = threads(server), server.memory()
        calls = upstream.calls()
        task = runner(live, server.url, one.target, world.name, visitors)
        most = before
        while not task.done():
            most = max(most, threads(server))
            time.sleep(0.1)
        shots = task.result()
        upstream.settled(most=2 * PATIENCE)
        calls = upstream.calls() - calls
        grown = server.memory() - memory
        cached = runner(look, server.url, one.target, world.name, visitors).result()
    return Fates(visitors, shots.count(0), shots.count(1), cached, calls, (before, most), grown)


def fill(table: Table, one: Contender, world: World, fates: Fates) -> None:
    """Add a row, and the goal where it has one."""
    table.rows.append([one.name, world.name, *fates.cells()])
    table.figures[f"{one.name}, {world.name}"] = fates._asdict()
    if world is GOAL_WORLD and one.target is SITE:
        shown = (fates.at_once + fates.later) / fates.visitors
        text = f"Searches that show pictures at once or by follow-up, {world.name}"
        table.goals.append(Goal(text, shown, 0.95))


def flood(upstream: Upstream, one: Contender, runner: Run, table: Table) -> None:
    """Two hundred visitors at once over an agency of 4 s, and how soon it is over."""
    upstream.control(delay=4.0, share=0.0, item=0.0)
    with one.start() as server:
        before = threads(server)
        task = runner(rush, server.url, one.target, AT_ONCE)
        most = before
        while not task.done():
            most = max(most, threads(server))
            time.sleep(0.1)
        shown, slowest = task.result()
    words = f"{AT_ONCE} at once, 4 s"
    table.rows.append(
        [one.name, words, "", f"{100 * shown / AT_ONCE:.0f} %", "", "", f"+{most - before}", ""]
    )
    table.notes.append(f"Of {AT_ONCE} at once the slowest had pictures after {slowest:.1f} s.")
    table.figures[words] = {"shown": shown, "slowest": slowest, "threads": [before, most]}


def peer(servers: Servers, upstream: Upstream, redis: Redis) -> AbstractContextManager[Server]:
    """Flask's cache of finished answers, in front of a call of the agency with a time limit."""
    return servers.peer(
        "create_cached", upstream, needs="flask_caching", REDIS=redis.url, FRESH=3600
    )


def threads(server: Server) -> int:
    """Count the threads of a server's workers."""
    return sum(len(list(Path(f"/proc/{pid}/task").glob("*"))) for pid in server.workers())


def live(url: str, target: Target, world: str, visitors: int) -> list[int]:
    """Let visitors come; for each 0 for pictures at once, 1 for later ones, 2 for none."""
    return asyncio.run(_live(url, target, world, visitors))


async def _live(url: str, target: Target, world: str, visitors: int) -> list[int]:
    async def visit(number: int) -> int:
        await asyncio.sleep(number / PACE)
        return (await visited(url, target, path(target, world, number)))[0]

    return await asyncio.gather(*(visit(number) for number in range(visitors)))


async def visited(url: str, target: Target, address: str) -> tuple[int, float]:
    """Do what the page does; 0, 1 or 2 as in `live`, and the seconds that it took."""
    connection = Connection(url)
    started = time.perf_counter()
    tries = 0
    try:
        while True:
            begun = time.perf_counter()
            answer: Answer = await connection.get(address)
            if answer.status == 200 and target.mark in answer.body:
                return min(tries, 1), time.perf_counter() - started
            if not late(answer) or time.perf_counter() > started + PATIENCE:
                return 2, time.perf_counter() - started
            tries += 1
            await asyncio.sleep(max(begun + tries - time.perf_counter(), 0))
    finally:
        connection.close()


def look(url: str, target: Target, world: str, visitors: int) -> int:
    """How many of the searches have pictures at once when somebody else asks."""
    return asyncio.run(_look(url, target, world, visitors))


async def _look(url: str, target: Target, world: str, visitors: int) -> int:
    async def some(first: int) -> int:
        connection = Connection(url)
        found = 0
        for number in range(first, visitors, LOOKERS):
            answer = await connection.get(path(target, world, number))
            found += answer.status == 200 and target.mark in answer.body and answer.seconds < 1
        connection.close()
        return found

    return sum(await asyncio.gather(*map(some, range(LOOKERS))))


def rush(url: str, target: Target, visitors: int) -> tuple[int, float]:
    """Let all come at once; how many got pictures, and the seconds of the slowest of them."""
    return asyncio.run(_rush(url, target, visitors))


async def _rush(url: str, target: Target, visitors: int) -> tuple[int, float]:
    visits = [visited(url, target, path(target, "rush", number)) for number in range(visitors)]
    done = [seconds for fate, seconds in await asyncio.gather(*visits) if fate < 2]
    return len(done), max(done, default=0.0)


def path(target: Target, world: str, number: int) -> str:
    """Return the address of a visitor's search."""
    return f"{target.path}?q={quote_plus(f'{world} {number}')}&lang=en"
