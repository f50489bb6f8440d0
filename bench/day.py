"""A full day in a minute: hot searches that expire all the time, an agency that often fails."""

import asyncio
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple

from bench.client import Answer, Connection, is_late, run_apart
from bench.nginx import run_nginx, summarize
from bench.report import Goal, Table, format_milliseconds
from bench.servers import MissingProgram, Redis, Server, Servers, Upstream

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
    """A visit: seconds of page and fragment, and the fault where no pictures came."""

    page: float
    fragment: float | None
    wrong: str


class Contender(NamedTuple):
    """A server of the day: its start, its need of a Redis, and the seconds of its day."""

    name: str
    start: Callable[[Redis | None], AbstractContextManager[Server]]
    redis: bool
    seconds: float


def run(servers: Servers, *, quick: bool) -> Table:
    """Replay the day on our site, and part of the day on peers."""
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
    with servers.run_upstream(delay=DELAY) as upstream:

        def ours(store: Redis | None) -> AbstractContextManager[Server]:
            return servers.run_site(upstream, store=store, workers=WORKERS, fresh=FRESH)

        def cached(store: Redis | None) -> AbstractContextManager[Server]:
            url = store.url if store else ""
            return servers.run_peer(
                "create_cached", upstream, workers=WORKERS, FRESH=FRESH, REDIS=url
            )

        def front(_: Redis | None) -> AbstractContextManager[Server]:
            return run_nginx(servers, upstream, fresh=FRESH, keeps_failures=True, workers=WORKERS)

        for contender in (
            Contender("ours, SQLite", ours, redis=False, seconds=seconds),
            Contender("ours, Redis", ours, redis=True, seconds=part),
            Contender(CACHED, cached, redis=True, seconds=part),
            Contender(NGINX, front, redis=False, seconds=part),
        ):
            try:
                play(servers, upstream, contender, table)
            except MissingProgram as error:
                table.note_missing(contender.name, error)
    table.peers[CACHED] = f"`query_string=True, timeout={FRESH}`, `RedisCache`, only 200 kept"
    table.peers[NGINX] = summarize(fresh=FRESH, keeps_failures=True, workers=WORKERS)
    return table


def play(servers: Servers, upstream: Upstream, contender: Contender, table: Table) -> None:
    """Replay the day on a contender and add the row."""
    with (
        _redis(servers, wanted=contender.redis) as redis,
        contender.start(redis) as server,
        run_apart() as runner,
    ):
        runner(open_all, server.url).result()
        before = upstream.count_calls()
        with fail_at_times(upstream):
            visits: list[Visit] = runner(send_visitors, server.url, contender.seconds).result()
        calls = upstream.count_calls() - before
        log = server.list_complaints()
    errors = sum(visit.wrong != "" for visit in visits)
    page = p99([visit.page for visit in visits])
    fragment = p99([v.fragment for v in visits if v.fragment is not None])
    cells = [str(contender.seconds), f"{len(visits):,}", str(errors)]
    times = [format_milliseconds(t) if t else "-" for t in (page, fragment)]
    table.rows.append([contender.name, *cells, *times, f"{calls:,}"])
    table.figures[contender.name] = {
        "seconds": contender.seconds,
        "visitors": len(visits),
        "errors": errors,
        "page_p99": page,
        "fragment_p99": fragment,
        "calls": calls,
    }
    if contender.name.startswith("ours"):
        table.goals.append(Goal(f"{contender.name}: errors shown", errors, 0, at_least=False))
        faults = Counter(visit.wrong for visit in visits if visit.wrong).most_common(3)
        table.notes += [
            f"{contender.name} showed {number} times: {text}" for text, number in faults
        ]
        table.notes += [f"{contender.name} logged {number} times: {text}" for text, number in log]


@contextmanager
def _redis(servers: Servers, *, wanted: bool) -> Iterator[Redis | None]:
    if not wanted:
        yield None
        return
    with servers.run_redis() as redis:
        yield redis


@contextmanager
def fail_at_times(upstream: Upstream) -> Iterator[None]:
    """Alternate `WELL_SECONDS` of answers and `FAILING_SECONDS` of failures at the agency."""
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
    """Return the 99th percentile of times; 0 without times."""
    return sorted(times)[int(len(times) * 0.99)] if times else 0.0


def open_all(url: str) -> None:
    """Request every hot search until it has pictures, `LANES` at a time."""

    async def some(numbers: range) -> None:
        connection = Connection(url)
        for number in numbers:
            for _ in range(ATTEMPTS):
                result = await visit(connection, number)
                if not result.wrong:
                    break
            else:
                raise RuntimeError(f"no pictures before the day began: {result.wrong}")
        connection.close()

    async def everyone() -> None:
        await asyncio.gather(*(some(range(n, HOT, LANES)) for n in range(LANES)))

    asyncio.run(everyone())


def send_visitors(url: str, seconds: float) -> list[Visit]:
    """Send visitors at random moments, whether or not earlier visitors have been served."""
    chance = random.Random(SEED)
    weights = [1 / rank for rank in range(1, HOT + 1)]

    async def visitor(idle: list[Connection], number: int) -> Visit:
        connection = idle.pop() if idle else Connection(url)
        result = await visit(connection, number)
        idle.append(connection)
        return result

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
    """Open a page and make its follow-up calls: the fragment, and again for a late agency."""
    marker = f"picture of hot-{number},".encode()
    page = await connection.get(f"/search?q=hot-{number}&lang=en")
    if page.status == 200 and re.search(rb"<section[^>]* data-(waiting|stale|late)", page.body):
        answer = await connection.get(f"/ajax/search?q=hot-{number}&lang=en")
        seconds = answer.seconds
        if is_late(answer):
            answer = await connection.get(f"/ajax/search?q=hot-{number}&lang=en&wait=1")
            seconds += answer.seconds
        last = page if marker in page.body else answer
        return Visit(page.seconds, seconds, describe_fault(last, marker))
    return Visit(page.seconds, None, describe_fault(page, marker))


def describe_fault(answer: Answer, marker: bytes) -> str:
    """Return the fault of an answer without the marker; empty for an answer with the marker."""
    if answer.status == 200 and marker in answer.body:
        return ""
    match = re.search(rb'data-status="\w+">(.*?)</li>', answer.body)
    text = re.sub("<[^>]*>", "", match[1].decode()) if match else "no pictures"
    return f"HTTP {answer.status}, {text}"
