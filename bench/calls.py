"""Calls to the agency for 1,000 page views, on a fixed Zipf workload."""

import asyncio
import itertools
import random
import zlib
from typing import Final, NamedTuple
from urllib.parse import urlencode

from bench.client import Connection, run_apart
from bench.report import Goal, Table
from bench.servers import MissingProgram, Server, Servers, Upstream

PHRASES: Final = 1000
PAGES: Final = (50, 25, 12, 8, 5)
"""Weights of pages 1 to 5."""
ONE_VARIANT_IN: Final = 8
LANES: Final = 4
"""Visitors at once; each phrase belongs to a single visitor, for no two to search it at once."""
SEED: Final = 20_250_131
FIRST: Final = "red blue old wild small happy winter summer city forest".split()
SECOND: Final = "bicycle house cat mountain flower bridge river child tree boat".split()
THIRD: Final = (
    "snow",
    "rain",
    "spring",
    "town",
    "colour",
    "use",
    "sunlight",
    "space",
    "time",
    "fog",
)


class View(NamedTuple):
    """A page view: the lane that requests it, the phrase meant, and the query string as typed."""

    lane: int
    phrase: str
    query: str


def run(servers: Servers, *, quick: bool) -> Table:
    """Replay the same views on our site and then on the peer."""
    number = 1000 if quick else 10_000
    views = build_workload(number)
    phrases = len({view.phrase for view in views})
    table = Table(
        title="Calls for 1,000 page views",
        how=f"{number:,} views of {PHRASES:,} phrases (Zipf, exponent 1, seed {SEED}), pages 1 to 5"
        f" weighted {' '.join(map(str, PAGES))}; one in {ONE_VARIANT_IN} differs in case, white"
        " space, order of parameters or by a unique unknown parameter. Nothing expires; every view"
        " is answered in full.",
        columns=["", "calls", "calls for 1,000 views", "to the peer's"],
    )
    peer = "Flask-Caching `@cached(query_string=True)`"
    table.peers[peer] = "`RedisCache`, 24 h, the same views at 48 pictures a call"
    totals: dict[str, int] = {}
    with servers.run_upstream() as upstream:
        with servers.run_site(upstream) as site:
            totals["ours"] = play(site, upstream, "/ajax/search?wait=1&", views)
            table.notes.append(
                f"Memory of our worker after it: {site.measure_memory().resident / 1e6:.0f} MB."
            )
        try:
            with (
                servers.run_redis() as redis,
                servers.run_peer("create_cached", upstream, REDIS=redis.url) as server,
            ):
                totals[peer] = play(server, upstream, "/search?", views)
        except MissingProgram as error:
            table.note_missing(peer, error)
    totals["floor: each phrase once"] = phrases
    for name, calls in totals.items():
        times = f"{calls / totals[peer]:.3f}" if peer in totals else "-"
        table.rows.append([name, f"{calls:,}", f"{calls / number * 1000:.0f}", times])
    if peer in totals and not quick:  # the bar is meant for the whole workload
        times = totals["ours"] / totals[peer]
        table.goals.append(Goal("ours against the peer", times, 0.4, at_least=False))
    table.figures = {"views": number, **totals}
    return table


def build_workload(number: int) -> list[View]:
    """Return the views, the same in every run."""
    chance = random.Random(SEED)
    phrases = [f"{a} {b} in {c}" for a, b, c in itertools.product(FIRST, SECOND, THIRD)]
    chance.shuffle(phrases)
    weights = [1 / rank for rank in range(1, PHRASES + 1)]
    chosen = chance.choices(phrases[:PHRASES], weights, k=number)
    pages = chance.choices(range(1, len(PAGES) + 1), PAGES, k=number)
    return [
        View(
            zlib.crc32(phrase.encode()) % LANES, phrase, build_query_string(phrase, page, i, chance)
        )
        for i, (phrase, page) in enumerate(zip(chosen, pages, strict=True))
    ]


def build_query_string(phrase: str, page: int, number: int, chance: random.Random) -> str:
    """Return the query string of a view; one in `ONE_VARIANT_IN` is a variant in writing."""
    pairs = [("q", phrase), *([("page", str(page))] if page > 1 else [])]
    if chance.randrange(ONE_VARIANT_IN):
        return urlencode(pairs)
    kind = chance.choice(("case", "space", "order", "junk"))
    if kind == "case":
        pairs[0] = ("q", phrase.title())
    elif kind == "space":
        pairs[0] = ("q", f" {phrase.replace(' ', '  ')} ")
    elif kind == "junk":
        pairs.append(("utm_id", str(number)))
    else:
        pairs = [("page", str(page)), ("q", phrase)]
    return urlencode(pairs)


def play(server: Server, upstream: Upstream, start: str, views: list[View]) -> int:
    """Replay the views; return the number of calls to the agency."""
    before = upstream.count_calls()
    with run_apart() as runner:
        failed = runner(visit, server.url, start, views).result()
    if failed:
        raise RuntimeError(f"{failed} of {len(views)} views had no pictures")
    return upstream.count_calls() - before


def visit(url: str, start: str, views: list[View]) -> int:
    """Request every view, lanes side by side; return the number of views without pictures."""

    async def lane(number: int) -> int:
        connection, failed = Connection(url), 0
        for view in views:
            if view.lane == number:
                answer = await connection.get(start + view.query)
                failed += answer.status != 200 or b"picture of" not in answer.body
        connection.close()
        return failed

    async def all_lanes() -> int:
        return sum(await asyncio.gather(*(lane(n) for n in range(LANES))))

    return asyncio.run(all_lanes())
