"""Slow agencies: visitors with pictures at once, by the page's follow-up, or never; the costs.

Visitors come at a steady pace, each with new words, and call as the page's script does: a call, and
further calls while there is no picture and an agency is late, for 20 seconds at most.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

from bench.client import Answer, Connection, is_late, run_apart
from bench.report import Goal, Table
from bench.servers import MissingProgram, Redis, Server, Servers, Upstream

PACE: Final = 3.0
"""Visitors a second."""
PATIENCE: Final = 20.0
"""Seconds for which a page repeats its call, as in `static/embed.js`."""
AT_ONCE: Final = 200
LOOKERS: Final = 4
"""Second visitors side by side, each with one search after the other."""

Run = Callable[..., Any]


class World(NamedTuple):
    """The agency's speed: all calls take ``delay`` s, but a ``share`` of them ``slow`` s."""

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
    """The path of a search, and the bytes that mark a picture in the answer."""

    path: str
    mark: bytes


class Contender(NamedTuple):
    """A server under test: its name, its start, and its path of searches."""

    name: str
    start: Callable[[], AbstractContextManager[Server]]
    target: Target


SITE: Final = Target("/ajax/search", b'class="tile"')
PEER: Final = Target("/search", b"picture of")


class Fates(NamedTuple):
    """Counts of visitors: with pictures at once, by follow-up, and as second visitors."""

    visitors: int
    at_once: int
    later: int
    cached: int
    calls: int
    threads: tuple[int, int]
    memory: int

    def cells(self) -> list[str]:
        """Return the cells of a row; threads and memory are the increase."""
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
    """Send visitors to every contender in every world."""
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
    with servers.run_upstream() as upstream, run_apart() as runner, servers.run_redis() as redis:
        contenders = [
            Contender("Affiliate Search", lambda: servers.run_site(upstream), SITE),
            Contender("Flask-Caching", lambda: run_peer(servers, upstream, redis), PEER),
        ]
        for contender in contenders:
            for world in worlds:
                try:
                    fates = play(upstream, contender, world, runner, visitors)
                except MissingProgram as error:
                    table.note_missing(contender.name, error)
                    break
                add_row(table, contender, world, fates)
        flood(upstream, contenders[0], runner, table)
    return table


def play(
    upstream: Upstream, contender: Contender, world: World, runner: Run, visitors: int
) -> Fates:
    """Start a contender and send visitors in a world."""
    upstream.control(delay=world.delay, share=world.share, slow=world.slow, item=world.item)
    with contender.start() as server:
        before, memory = count_threads(server), server.measure_memory().resident
        calls = upstream.count_calls()
        task = runner(send_visitors, server.url, contender.target, world.name, visitors)
        peak = before
        while not task.done():
            peak = max(peak, count_threads(server))
            time.sleep(0.1)
        shots = task.result()
        upstream.wait_until_quiet(most=2 * PATIENCE)
        calls = upstream.count_calls() - calls
        grown = server.measure_memory().resident - memory
        cached = runner(
            send_second_visitors, server.url, contender.target, world.name, visitors
        ).result()
    return Fates(visitors, shots.count(0), shots.count(1), cached, calls, (before, peak), grown)


def add_row(table: Table, contender: Contender, world: World, fates: Fates) -> None:
    """Add a row, and the goal of our site in `GOAL_WORLD`."""
    table.rows.append([contender.name, world.name, *fates.cells()])
    table.figures[f"{contender.name}, {world.name}"] = fates._asdict()
    if world is GOAL_WORLD and contender.target is SITE:
        share = (fates.at_once + fates.later) / fates.visitors
        text = f"Searches that show pictures at once or by follow-up, {world.name}"
        table.goals.append(Goal(text, share, 0.95))


def flood(upstream: Upstream, contender: Contender, runner: Run, table: Table) -> None:
    """Send `AT_ONCE` visitors at once to an agency of 4 s; add the row of their results."""
    upstream.control(delay=4.0, share=0.0, item=0.0)
    with contender.start() as server:
        before = count_threads(server)
        task = runner(send_rush, server.url, contender.target, AT_ONCE)
        peak = before
        while not task.done():
            peak = max(peak, count_threads(server))
            time.sleep(0.1)
        successes, slowest = task.result()
    words = f"{AT_ONCE} at once, 4 s"
    table.rows.append(
        [
            contender.name,
            words,
            "",
            f"{100 * successes / AT_ONCE:.0f} %",
            "",
            "",
            f"+{peak - before}",
            "",
        ]
    )
    table.notes.append(f"Of {AT_ONCE} at once the slowest had pictures after {slowest:.1f} s.")
    table.figures[words] = {"shown": successes, "slowest": slowest, "threads": [before, peak]}


def run_peer(servers: Servers, upstream: Upstream, redis: Redis) -> AbstractContextManager[Server]:
    """Run Flask-Caching in front of a call of the agency with a time limit."""
    return servers.run_peer(
        "create_cached", upstream, needs="flask_caching", REDIS=redis.url, FRESH=3600
    )


def count_threads(server: Server) -> int:
    """Count the threads of a server's workers."""
    return sum(len(list(Path(f"/proc/{pid}/task").glob("*"))) for pid in server.list_workers())


def send_visitors(url: str, target: Target, world: str, visitors: int) -> list[int]:
    """Send visitors; return for each 0 for pictures at once, 1 for later pictures, 2 for none."""
    return asyncio.run(_send_visitors(url, target, world, visitors))


async def _send_visitors(url: str, target: Target, world: str, visitors: int) -> list[int]:
    async def visit(number: int) -> int:
        await asyncio.sleep(number / PACE)
        return (await visit_search(url, target, build_path(target, world, number)))[0]

    return await asyncio.gather(*(visit(number) for number in range(visitors)))


async def visit_search(url: str, target: Target, address: str) -> tuple[int, float]:
    """Call as the page does; return 0, 1 or 2 as in `live`, and the seconds of the visit."""
    connection = Connection(url)
    started = time.perf_counter()
    tries = 0
    try:
        while True:
            attempt_started = time.perf_counter()
            answer: Answer = await connection.get(address)
            if answer.status == 200 and target.mark in answer.body:
                return min(tries, 1), time.perf_counter() - started
            if not is_late(answer) or time.perf_counter() > started + PATIENCE:
                return 2, time.perf_counter() - started
            tries += 1
            await asyncio.sleep(max(attempt_started + tries - time.perf_counter(), 0))
    finally:
        connection.close()


def send_second_visitors(url: str, target: Target, world: str, visitors: int) -> int:
    """Return the number of searches with pictures at once for a second visitor."""
    return asyncio.run(_send_second_visitors(url, target, world, visitors))


async def _send_second_visitors(url: str, target: Target, world: str, visitors: int) -> int:
    async def some(first: int) -> int:
        connection = Connection(url)
        hits = 0
        for number in range(first, visitors, LOOKERS):
            answer = await connection.get(build_path(target, world, number))
            hits += answer.status == 200 and target.mark in answer.body and answer.seconds < 1
        connection.close()
        return hits

    return sum(await asyncio.gather(*map(some, range(LOOKERS))))


def send_rush(url: str, target: Target, visitors: int) -> tuple[int, float]:
    """Send all at once; return the number with pictures, and the slowest of these in seconds."""
    return asyncio.run(_send_rush(url, target, visitors))


async def _send_rush(url: str, target: Target, visitors: int) -> tuple[int, float]:
    visits = [
        visit_search(url, target, build_path(target, "rush", number)) for number in range(visitors)
    ]
    times = [seconds for fate, seconds in await asyncio.gather(*visits) if fate < 2]
    return len(times), max(times, default=0.0)


def build_path(target: Target, world: str, number: int) -> str:
    """Return the address of a visitor's search."""
    return f"{target.path}?q={quote_plus(f'{world} {number}')}&lang=en"
