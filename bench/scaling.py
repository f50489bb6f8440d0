"""Measure a process of the site: processor time by kind of request, memory, connections.

These are the figures by which docs/scaling.md plans hosts.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

import psycopg
import requests

from bench.answers import PATH, ZIP, fill_store
from bench.report import Table
from bench.servers import Redis, Server, Servers, Upstream
from bench.wrk import run_wrk
from tests.support.postgres import OwnPostgres, own_postgres

CLIENTS: Final = 32
"""Requests at once, each on a connection that is kept."""
DELAY: Final = 0.2
"""Seconds of an answer of the agency."""
ESTABLISHED: Final = "01"
Send = Callable[[requests.Session, int], requests.Response]


class Site(NamedTuple):
    """The site of one process, and what it uses."""

    server: Server
    upstream: Upstream
    redis: Redis
    postgres: OwnPostgres


def run(servers: Servers, *, quick: bool) -> Table:
    """Send each kind of requests in several rounds, in turn."""
    number, rounds = (60, 2) if quick else (300, 5)
    table = Table(
        title="What a process takes",
        how=f"One process on Redis and PostgreSQL, an agency that takes {DELAY * 1000:.0f} ms,"
        f" {CLIENTS} requests at once. *CPU* is the worker's processor time for a request, median"
        f" of {rounds} rounds in turn; *a core* is the number of requests in a second that a core"
        " has time for, without nginx, Redis and PostgreSQL, which need a core of their own under"
        " such a load. Clicks wait for PostgreSQL without `fsync`.",
        columns=["", "CPU", "a core"],
    )
    with (
        servers.run_upstream(delay=DELAY) as upstream,
        servers.run_redis() as redis,
        own_postgres() as postgres,
        servers.run_site(upstream, store=redis, database=postgres.url) as server,
    ):
        site = Site(server, upstream, redis, postgres)
        fill_store(server.url)
        costs: dict[str, list[float]] = {name: [] for name in KINDS}
        numbers = count(1)
        send_all(site, KINDS["new search"], numbers, CLIENTS)  # fills pools
        memory, searches = redis.client.info("memory")["used_memory"], 0
        for _ in range(rounds):
            for name, send in KINDS.items():
                costs[name].append(send_all(site, send, numbers, number))
            searches += number
        grown = redis.client.info("memory")["used_memory"] - memory
        hits = [load_hits(site) for _ in range(rounds)]
        for name, values in {"answer from memory": hits, **costs}.items():
            cost = median(values)
            table.rows.append([name, f"{cost * 1e6:,.0f} µs", f"{1 / cost:,.0f}"])
            table.figures[name] = values
        table.notes += list_sizes(site, grown / searches)
    return table


def send_search(session: requests.Session, number: int) -> requests.Response:
    """Search for words that nobody has searched for."""
    return session.get(f"/ajax/search?q=new+words+{number}&lang=en&wait=1")


def send_render(session: requests.Session, number: int) -> requests.Response:
    """Request a page that is rendered anew from a cached answer."""
    return session.get(f"{PATH.replace('/search?', '/ajax/search?')}&site=blog{number}.example")


def send_click(session: requests.Session, number: int) -> requests.Response:
    """Send a click."""
    fields = {"click_id": f"click-{number:08}", "agency": "shutterstock", "id": "1", "position": 1}
    return session.post("/clicks", json=fields)


KINDS: Final[dict[str, Send]] = {
    "page from a cached answer": send_render,
    "new search": send_search,
    "click": send_click,
}


class _SiteSession(requests.Session):
    """A session whose addresses begin at a site."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"

    def request(
        self, method: str, url: str, *arguments: object, **named: object
    ) -> requests.Response:  # type: ignore[override]
        """Send a request for a path."""
        answer = super().request(method, self.url + url, *arguments, **named)  # type: ignore[arg-type]
        answer.raise_for_status()
        return answer


def send_all(site: Site, send: Send, numbers: "count[int]", number: int) -> float:
    """Send requests, and return the worker's seconds of processor time for each."""
    before = site.server.measure_processor()

    def send_part(_: int) -> None:
        with _SiteSession(site.server.url) as session:
            for _ in range(max(number // CLIENTS, 1)):
                send(session, next(numbers))

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(send_part, range(CLIENTS)))
    return (site.server.measure_processor() - before) / (CLIENTS * max(number // CLIENTS, 1))


def load_hits(site: Site) -> float:
    """Load a page in memory, and return the worker's seconds of processor time for an answer."""
    before = site.server.measure_processor()
    load = run_wrk(site.server.url + PATH, seconds=2, header=ZIP)
    return (site.server.measure_processor() - before) / (load.rate * 2)


def list_sizes(site: Site, search_bytes: float) -> list[str]:
    """Return the memory and the connections of the worker after all requests, in words."""
    memory, main = site.server.measure_memory(), site.server.measure_main_memory()
    redis = int(site.redis.client.info("clients")["connected_clients"]) - 1
    with psycopg.connect(site.postgres.url.replace("+psycopg", "")) as connection:
        query = "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
        row = connection.execute(query).fetchone()
    agency = count_connections(site.server, int(site.upstream.url.rpartition(":")[2]))
    worker, parent = (
        f"{size.resident / 1e6:.0f} MB (PSS {size.part / 1e6:.0f} MB)" for size in (memory, main)
    )
    pools = f"{redis} to Redis, {row and row[0]} to PostgreSQL, {agency} to the agency"
    search = f"{search_bytes / 1e3:.1f} kB of Redis, a million {search_bytes / 1e3:.0f} GB"
    return [
        f"Memory: {worker} of the process, {parent} of the main process.",
        f"Connections after {CLIENTS} requests at once: {pools}.",
        f"A cached search takes {search}.",
    ]


def count_connections(server: Server, port: int) -> int:
    """Return the connections of the workers to a port of this machine."""
    inodes = set()
    for pid in server.list_workers():
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                inodes.add(str(file.readlink()).removeprefix("socket:[").rstrip("]"))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    ends = f":{port:04X}"
    return sum(
        line[2].endswith(ends) and line[3] == ESTABLISHED and line[9] in inodes for line in lines
    )
