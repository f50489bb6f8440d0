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

from bench.nginx import run_nginx, summarize
from bench.report import Goal, Table, format_milliseconds
from bench.servers import MissingProgram, Server, Servers, Upstream, fetch
from bench.wrk import Load, run_wrk

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
    """A server under load and the path that is loaded."""

    server: Server
    path: str


class Round(NamedTuple):
    """A load of a contender, and its worker's seconds of processor time for each request."""

    load: Load
    processor: float


def run(servers: Servers, *, quick: bool) -> Table:
    """Load each contender in turn, in several rounds."""
    seconds, rounds = (2, 2) if quick else (2, 9)  # many short rounds: a busy minute affects few
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
        upstream = stack.enter_context(servers.run_upstream())
        contenders = start(servers, upstream, stack, table)
        runs: dict[str, list[Round]] = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, contender in contenders.items():
                runs[name].append(load(name, contender, upstream, seconds))
    table.notes.append("Calls that reached the upstream during all loads: 0.")
    fill_table(table, runs)
    return table


def load(name: str, contender: Contender, upstream: Upstream, seconds: float) -> Round:
    """Load a contender; raise where a call reaches the upstream, since the answers were no hits."""
    calls, processor = upstream.count_calls(), contender.server.measure_processor()
    result = run_wrk(contender.server.url + contender.path, seconds=seconds, header=ZIP)
    if upstream.count_calls() != calls:
        raise RuntimeError(f"{name}: calls reached the upstream, so these were no hits")
    return Round(
        result, (contender.server.measure_processor() - processor) / (result.rate * seconds)
    )


def start(
    servers: Servers, upstream: Upstream, stack: ExitStack, table: Table
) -> dict[str, Contender]:
    """Start all contenders, each with the answers in its cache."""
    ours = stack.enter_context(servers.run_site(upstream))
    page = servers.folder / "page.json"
    plain, zipped = copy_hit(ours.url, page)
    upstream.control(page=page)
    table.notes.append(
        f"The answer is the first page of a search: 48 pictures, {plain:,} bytes of HTML,"
        f" {zipped:,} gzipped."
    )
    contenders_by_name = {OURS: Contender(ours, PATH)}

    def add(name: str, make: Callable[[], AbstractContextManager[Server]]) -> None:
        try:
            server = stack.enter_context(make())
        except MissingProgram as error:
            table.note_missing(name, error)
            return
        contenders_by_name[name] = Contender(server, PATH if name in {SQLITE, REDIS} else "/page")

    add(EMPTY, lambda: servers.run_peer("create_empty", upstream, PAGE=page))
    add(BARE, lambda: servers.run_peer("create_bare", upstream, PAGE=page))
    add(NGINX, lambda: run_nginx(servers, upstream))
    table.peers[NGINX] = summarize(fresh=86400)
    add(SQLITE, lambda: servers.run_site(upstream, target=WITHOUT))
    try:
        redis = stack.enter_context(servers.run_redis())
    except MissingProgram as error:
        table.note_missing(f"{CACHED} and {REDIS}", error)
    else:
        add(CACHED, lambda: servers.run_peer("create_cached", upstream, REDIS=redis.url))
        table.peers[CACHED] = "`query_string=True`, `RedisCache` on loopback, 24 h, only 200 kept"
        add(REDIS, lambda: servers.run_site(upstream, store=redis, target=WITHOUT))
    for contender in contenders_by_name.values():
        warm(contender)
    return contenders_by_name


def copy_hit(url: str, file: Path) -> tuple[int, int]:
    """Warm our site and save its hit for the peers; return the sizes, plain and gzipped."""
    fill_store(url)
    fetch(url + PATH)
    with urllib.request.urlopen(url + PATH) as answer:
        body, headers = answer.read(), answer.headers.items()
    own = {"content-length", "server", "date", "connection"}
    kept_headers = [[name, value] for name, value in headers if name.lower() not in own]
    packed = gzip.compress(body, 6, mtime=0)
    page = {
        "headers": [*kept_headers, ["Content-Encoding", "gzip"]],
        "body": packed.decode("latin-1"),
    }
    file.write_text(json.dumps(page))
    return len(body), len(packed)


def fill_store(url: str) -> None:
    """Make our site call the agency, and wait until the page has the pictures.

    The page is requested in the coding of the loads, in which the store then keeps the page.
    """
    fetch(f"{url}{PATH.replace('/search?', '/ajax/search?wait=1&')}")
    name, _, coding = ZIP.partition(": ")
    request = urllib.request.Request(url + PATH, headers={name: coding})
    end = time.monotonic() + 20
    while True:
        with urllib.request.urlopen(request) as answer:
            if b"picture of" in gzip.decompress(answer.read()):
                return
        if time.monotonic() > end:
            raise RuntimeError("the answer never came from the cache")


def warm(contender: Contender) -> None:
    """Fill the cache with the answer, requested with the headers of the load."""
    if contender.path == PATH:
        fill_store(contender.server.url)
    run_wrk(contender.server.url + contender.path, seconds=1, header=ZIP)


def fill_table(table: Table, runs: dict[str, list[Round]]) -> None:
    """Add the rows, ratios and goals of all rounds."""
    for name in (OURS, NGINX, BARE, EMPTY, CACHED, SQLITE, REDIS):
        if name not in runs:
            continue
        rate, p50, p99 = (median(c) for c in zip(*(r.load for r in runs[name]), strict=True))
        processor = median(r.processor for r in runs[name])
        times = f"{compute_ratio(runs[OURS], runs[name]):.2f}"
        cells = [format_milliseconds(p50), format_milliseconds(p99), f"{processor * 1e6:.0f} µs"]
        table.rows.append([name, f"{rate:,.0f}", times, *cells])
        table.figures[name] = [{**r.load._asdict(), "processor": r.processor} for r in runs[name]]
    if BARE in runs and NGINX in runs:
        bare = compute_ratio(runs[BARE], runs[NGINX])
        own = compute_ratio(runs[OURS], runs[BARE])
        table.notes.append(
            f"The server's own limit: a callable that does nothing at all is {bare:.2f} of nginx"
            f" in this run, and ours {own:.2f} of that callable. It moves"
            " with what else the machine carries, since each answer wakes the thread that runs"
            " Python; nginx has none."
        )
    table.goals += [
        Goal(f"{contender} against {rival}", compute_ratio(runs[contender], runs[rival]), bar)
        for contender, rival, bar in GOALS
        if contender in runs and rival in runs
    ]


def compute_ratio(ours: list[Round], theirs: list[Round]) -> float:
    """Return the median, over rounds, of our rate to theirs."""
    return median(a.load.rate / b.load.rate for a, b in zip(ours, theirs, strict=True))
