"""A full day in a minute: hot searches that expire all the time, an agency that often fails."""

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple

from bench.client import Answer, Connection, apart, late
from bench.nginx import nginx, summary
from bench.report import Goal, Table, milliseconds
from bench.servers import Missing, Redis, Server, Servers, Upstream

HOT: Final = 200
FRESH: Final = 1
WORKERS: Final = 2
VISITORS: Final = 40
"""New visitors each second."""
WELL_SECONDS, FAILING_SECONDS = 4.0, 2.0
DELAY: Final = 0.2
LANES: Final = 16
"""Visitors at once before the day begins."""
ATTEMPTS: Final = 5
SEED: Final = 7
CACHED, NGINX = "Flask-Caching `@cached`", "nginx, failures kept"


class Visit(NamedTuple):
    """What a visitor saw: seconds of page and fragment, and what was wrong if no pictures came."""

    page: float
    fragment: float | None
    wrong: str


class Contender(NamedTuple):
    """Who serves the day, with a Redis or without, and for how many seconds."""

    name: str
    start: Callable[[Redis | None], AbstractContextManager[Server]]
    redis: bool
    seconds: float


def run(servers: Servers, *, quick: bool) -> Table:
    """Play the day to our site, and part of it to peers."""
    table = Table(
        title="A full day in a minute",
        how=f"{VISITORS} new visitors a second on {HOT} hot searches (Zipf), which are fresh for"
        f" {FRESH} s; the agency takes {DELAY * 1000:.0f} ms and answers 503 for"
        f" {FAILING_SECONDS:g} s of every {WELL_SECONDS + FAILING_SECONDS:g}; {WORKERS} processes."
        " All searches have been asked once before. A visitor opens the page, and the fragment"
        " where the page asks for it; an error is a visitor without pictures.",
        columns=["", "seconds", "visitors", "errors", "page p99", "fragment p99", "calls"],
    )
    seconds, part = (20, 12) if quick else (60, 12)
    with servers.upstream(delay=DELAY) as upstream:

        def ours(store: Redis | None) -> AbstractContextManager[Server]:
            return servers.site(upstream, store=store, workers=WORKERS, fresh=FRESH)

        def cached(store: Redis | None) -> AbstractContextManager[Server]:
            url = store.url if store else ""
            return servers.peer("create_cached", upstream, workers=WORKERS, FRESH=FRESH, REDIS=url)

        def front(_: Redis | None) -> AbstractContextManager[Server]:
            return nginx(servers, upstream, fresh=FRESH, keeps_failures=True, workers=WORKERS)

        for one in (
            Contender("ours, SQLite", ours, redis=False, seconds=seconds),
            Contender("ours, Redis", ours, redis=True, seconds=part),
            Contender(CACHED, cached, redis=True, seconds=part),
            Contender(NGINX, front, redis=False, seconds=part),
        ):
            try:
                play(servers, upstream, one, table)
            except Missing as error:
                table.missing(one.name, error)
    table.peers[CACHED] = f"`query_string=True, timeout={FRESH}`, `RedisCache`, only 200 kept"
    table.peers[NGINX] = summary(fresh=FRESH, keeps_failures=True, workers=WORKERS)
    return table


def play(servers: Servers, upstream: Upstream, one: Contender, table: Table) -> None:
    """One contender's day and its row."""
    with _redis(servers, wanted=one.redis) as redis, one.start(redis) as server, apart() as runner:
        runner(open_all, server.url).result()
        before = upstream.calls()
        with failing_at_times(upstream):
            visits: list[Visit] = runner(live, server.url, one.seconds).result()
        calls = upstream.calls() - before
        log = server.complaints()
    errors = sum(visit.wrong != "" for visit in visits)
    page = p99([visit.page for visit in visits])
    fragment = p99([v.fragment for v in visits if v.fragment is not None])
    seen = [str(one.seconds), f"{len(visits):,}", str(errors)]
    times = [milliseconds(t) if t else "-" for t in (page, fragment)]
    table.rows.append([one.name, *seen, *times, f"{calls:,}"])
    table.figures[one.name] = {
        "seconds": one.seconds,
        "visitors": len(visits),
        "errors": errors,
        "page_p99": page,
        "fragment_p99": fragment,
        "calls": calls,
    }
    if one.name.startswith("ours"):
        table.goals.append(Goal(f"{one.name}: errors shown", errors, 0, at_least=False))
        seen = Counter(visit.wrong for visit in visits if visit.wrong).most_common(3)
        table.notes += [f"{one.name} showed {number} times: {text}" for text, number in seen]
        table.notes += [f"{one.name} logged {number} times: {text}" for text, number in log]


@contextmanager
def _redis(servers: Servers, *, wanted: bool) -> Iterator[Redis | None]:
    if not wanted:
        yield None
        return
    with servers.redis() as redis:
        yield redis


@contextmanager
def failing_at_times(upstream: Upstream) -> Iterator[None]:
    """Meanwhile the agency is well for a while and fails for a while, again and again."""
    ended = threading.Event()

    def toggle() -> None:
        while not ended.wait(WELL_SECONDS):
            upstream.control(failing=1)
            ended.wait(FAILING_SECONDS)
            upstream.control(failing=0)

    thread = threading.Thread(target=toggle)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        upstream.control(failing=0)


def p99(times: Sequence[float]) -> float:
    """Return the time that one in a hundred exceeds; 0 of none."""
    return sorted(times)[int(len(times) * 0.99)] if times else 0.0


def open_all(url: str) -> None:
    """Ask for every hot search until it has pictures, a few at a time."""

    async def some(numbers: range) -> None:
        connection = Connection(url)
        for number in numbers:
            for _ in range(ATTEMPTS):
                seen = await visit(connection, number)
                if not seen.wrong:
                    break
            else:
                raise RuntimeError(f"no pictures before the day began: {seen.wrong}")
        connection.close()

    async def everyone() -> None:
        await asyncio.gather(*(some(range(n, HOT, LANES)) for n in range(LANES)))

    asyncio.run(everyone())


def live(url: str, seconds: float) -> list[Visit]:
    """Visitors who come at random moments, whether or not those before them have been served."""
    chance = random.Random(SEED)
    weights = [1 / rank for rank in range(1, HOT + 1)]

    async def visitor(idle: list[Connection], number: int) -> Visit:
        connection = idle.pop() if idle else Connection(url)
        seen = await visit(connection, number)
        idle.append(connection)
        return seen

    async def everyone() -> list[Visit]:
        idle: list[Connection] = []
        loop = asyncio.get_running_loop()
        start, at, tasks = loop.time(), 0.0, []
        while (at := at + chance.expovariate(VISITORS)) < seconds:
            await asyncio.sleep(max(start + at - loop.time(), 0))
            number = chance.choices(range(HOT), weights)[0]
            tasks.append(asyncio.create_task(visitor(idle, number)))
        return await asyncio.gather(*tasks)

    return asyncio.run(everyone())


async def visit(connection: Connection, number: int) -> Visit:
    """Open a page, and do as it says: fill it, refresh it behind, ask once more for the late."""
    wanted = f"picture of hot-{number},".encode()
    page = await connection.get(f"/search?q=hot-{number}&lang=en")
    if page.status == 200 and re.search(rb"<section[^>]* data-(waiting|stale|late)", page.body):
        answer = await connection.get(f"/ajax/search?q=hot-{number}&lang=en")
        seconds = answer.seconds
        if late(answer):
            answer = await connection.get(f"/ajax/search?q=hot-{number}&lang=en&wait=1")
            seconds += answer.seconds
        last = page if wanted in page.body else answer
        return Visit(page.seconds, seconds, wrong(last, wanted))
    return Visit(page.seconds, None, wrong(page, wanted))


def wrong(answer: Answer, wanted: bytes) -> str:
    """Return what an answer without the wanted pictures says instead; empty when it has them."""
    if answer.status == 200 and wanted in answer.body:
        return ""
    said = re.search(rb'data-status="\w+">(.*?)</li>', answer.body)
    text = re.sub("<[^>]*>", "", said[1].decode()) if said else "no pictures"
    return f"HTTP {answer.status}, {text}"
