"""Cached answers: requests per second and p99 of a hit, beside peers that send the same bytes."""

import gzip
import json
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from bench.nginx import nginx, summary
from bench.report import Goal, Table, milliseconds
from bench.servers import Missing, Server, Servers, Upstream, fetch
from bench.wrk import Load, wrk

PATH: Final = "/search?q=red+bicycle&lang=en"
WITHOUT: Final = "bench.site_without_memory:create_app"
ZIP: Final = "Accept-Encoding: gzip"
OURS, EMPTY, BARE = "ours, memory tier", "empty Flask route", "bare WSGI callable"
CACHED, NGINX = "Flask-Caching `@cached`", "nginx `proxy_cache`"
SQLITE, REDIS = "ours, hit in SQLite", "ours, hit in Redis"
GOALS: Final = (
    (OURS, EMPTY, 3),
    (OURS, CACHED, 10),
    (OURS, NGINX, 0.7),
    (SQLITE, CACHED, 1),
    (REDIS, CACHED, 1),
)


class Contender(NamedTuple):
    """What is loaded: a server and an address of it."""

    server: Server
    path: str


class Round(NamedTuple):
    """One load of a contender, and the processor time of its worker for each request."""

    load: Load
    processor: float


def run(servers: Servers, *, quick: bool) -> Table:
    """Load each contender in turn, several times over."""
    seconds, rounds = (2, 2) if quick else (2, 9)  # short and many: a busy minute spoils few
    table = Table(
        title="Cached answer",
        how=f"`wrk -t1 -c50 -d{seconds}s` on one page of results, {rounds} rounds in turn, medians."
        " Every server is one process (the site's own: granian with 1 worker and its threads) and"
        " sends the same bytes and headers, gzipped as browsers ask. *Ours to it* is our memory"
        " tier's rate to the row's; *CPU* is the worker's processor time for a request, which other"
        " loads of the machine touch less.",
        columns=["", "requests/s", "ours to it", "p50", "p99", "CPU"],
    )
    with ExitStack() as stack:
        upstream = stack.enter_context(servers.upstream())
        contenders = start(servers, upstream, stack, table)
        done: dict[str, list[Round]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, one in contenders.items():
                done[name].append(load(name, one, upstream, seconds))
    table.notes.append("Calls that reached the upstream during all loads: 0.")
    fill(table, done)
    return table


def load(name: str, one: Contender, upstream: Upstream, seconds: float) -> Round:
    """Load one contender; a call that reaches the upstream says that these were no hits."""
    calls, processor = upstream.calls(), one.server.processor()
    result = wrk(one.server.url + one.path, seconds=seconds, header=ZIP)
    if upstream.calls() != calls:
        raise RuntimeError(f"{name}: calls reached the upstream, so these were no hits")
    return Round(result, (one.server.processor() - processor) / (result.rate * seconds))


def start(
    servers: Servers, upstream: Upstream, stack: ExitStack, table: Table
) -> dict[str, Contender]:
    """All contenders, each with its answers in its cache."""
    ours = stack.enter_context(servers.site(upstream))
    page = servers.folder / "page.json"
    plain, zipped = copy_hit(ours.url, page)
    upstream.control(page=page)
    table.notes.append(
        f"The answer is the first page of a search: 48 pictures, {plain:,} bytes of HTML,"
        f" {zipped:,} gzipped."
    )
    found = {OURS: Contender(ours, PATH)}

    def add(name: str, make: Callable[[], AbstractContextManager[Server]]) -> None:
        try:
            server = stack.enter_context(make())
        except Missing as error:
            table.missing(name, error)
            return
        found[name] = Contender(server, PATH if name in {SQLITE, REDIS} else "/page")

    add(EMPTY, lambda: servers.peer("create_empty", upstream, PAGE=page))
    add(BARE, lambda: servers.peer("create_bare", upstream, PAGE=page))
    add(NGINX, lambda: nginx(servers, upstream))
    table.peers[NGINX] = summary(fresh=86400)
    add(SQLITE, lambda: servers.site(upstream, target=WITHOUT))
    try:
        redis = stack.enter_context(servers.redis())
    except Missing as error:
        table.missing(f"{CACHED} and {REDIS}", error)
    else:
        add(CACHED, lambda: servers.peer("create_cached", upstream, REDIS=redis.url))
        table.peers[CACHED] = "`query_string=True`, `RedisCache` on loopback, 24 h, only 200 kept"
        add(REDIS, lambda: servers.site(upstream, store=redis, target=WITHOUT))
    for one in found.values():
        warm(one)
    return found


def copy_hit(url: str, file: Path) -> tuple[int, int]:
    """Warm our site and keep its hit, for the peers to send; its size, plain and gzipped."""
    fill_store(url)
    fetch(url + PATH)
    with urllib.request.urlopen(url + PATH) as answer:
        body, headers = answer.read(), answer.headers.items()
    own = {"content-length", "server", "date", "connection"}
    kept = [[name, value] for name, value in headers if name.lower() not in own]
    packed = gzip.compress(body, 6, mtime=0)
    page = {"headers": [*kept, ["Content-Encoding", "gzip"]], "body": packed.decode("latin-1")}
    file.write_text(json.dumps(page))
    return len(body), len(packed)


def fill_store(url: str) -> None:
    """Have our site ask the agency, and wait until its page has the pictures."""
    fetch(f"{url}{PATH.replace('/search?', '/ajax/search?wait=1&')}")
    end = time.monotonic() + 20
    while b"picture of" not in fetch(url + PATH):
        if time.monotonic() > end:
            raise RuntimeError("the answer never came from the cache")


def warm(one: Contender) -> None:
    """Put the answer into the cache, asked for with the headers of the load."""
    if one.path == PATH:
        fill_store(one.server.url)
    wrk(one.server.url + one.path, seconds=1, header=ZIP)


def fill(table: Table, done: dict[str, list[Round]]) -> None:
    """Rows, ratios and goals from all rounds."""
    for name in (OURS, NGINX, BARE, EMPTY, CACHED, SQLITE, REDIS):
        if name not in done:
            continue
        rate, p50, p99 = (median(c) for c in zip(*(r.load for r in done[name]), strict=True))
        processor = median(r.processor for r in done[name])
        times = f"{ratio(done[OURS], done[name]):.2f}"
        cells = [milliseconds(p50), milliseconds(p99), f"{processor * 1e6:.0f} µs"]
        table.rows.append([name, f"{rate:,.0f}", times, *cells])
        table.figures[name] = [{**r.load._asdict(), "processor": r.processor} for r in done[name]]
    if BARE in done and NGINX in done:
        bare = ratio(done[BARE], done[NGINX])
        table.notes.append(
            f"The server's own limit: a callable that does nothing at all is {bare:.2f} of nginx"
            f" in this run, and ours {ratio(done[OURS], done[BARE]):.2f} of that callable. It moves"
            " from 0.6 to 1.0 with what else the machine carries, since each answer wakes a"
            " thread and waits for the interpreter's lock; nginx has neither."
        )
    table.goals += [
        Goal(f"{one} against {other}", ratio(done[one], done[other]), bar)
        for one, other, bar in GOALS
        if one in done and other in done
    ]


def ratio(ours: list[Round], theirs: list[Round]) -> float:
    """How many times as many requests, round by round, in the median."""
    return median(a.load.rate / b.load.rate for a, b in zip(ours, theirs, strict=True))
