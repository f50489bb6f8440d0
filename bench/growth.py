"""Growth: times of a hit as a store grows; memory of processes, and bytes of an entry."""

import gc
import random
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any, Final

from affiliate.cache.stores import SQLiteStore
from affiliate.cache.stores.redis import PREFIX, RedisStore
from bench.report import Goal, Table
from bench.servers import Memory, MissingProgram, Redis, Server, Servers, fetch

VALUE: Final = random.Random(1).randbytes(1000)
LIMIT: Final = 10**11
KEPT_SECONDS: Final = 86_400
BATCH: Final = 5000
ROUNDS: Final = 5
PAGES: Final = 10_000
PAGES_QUICK: Final = 500
"""The numbers of different pages that are requested of a worker."""


def run(servers: Servers, *, quick: bool) -> Table:
    """Fill stores of three sizes, read them in turn, and measure a site's processes."""
    sizes = (1000, 10_000, 100_000) if quick else (1000, 100_000, 1_000_000)
    table = Table(
        title="Growth",
        how="A hit and a write of 1 kB through the store's own class in one thread, p50 of"
        f" {ROUNDS} rounds in turn over all sizes; the size limit of SQLite is out of the way.",
        columns=["store", "entries", "hit, p50", "to the smallest", "write, p50", "bytes each"],
    )
    with ExitStack() as stack:
        folder = servers.create_folder("stores")
        measure(table, "SQLite", [fill_sqlite(folder / f"{n}.db", n) for n in sizes], sizes)
        try:
            filled = [fill_redis(stack.enter_context(servers.run_redis()), n) for n in sizes]
        except MissingProgram as error:
            table.note_missing("Redis", error)
        else:
            measure(table, "Redis", filled, sizes)
    measure_processes(servers, table, quick=quick)
    return table


def build_key(number: int) -> str:
    """Return a key in the form of the cache's keys."""
    return f"1:search:shutterstock:0:q=phrase+{number}"


def iter_batches(size: int) -> Iterator[range]:
    """Yield the numbers of all entries, in batches that are written together."""
    for first in range(0, size, BATCH):
        yield range(first, min(first + BATCH, size))


def fill_sqlite(path: Path, size: int) -> tuple[SQLiteStore, float]:
    """Return a filled SQLite store and the bytes of an entry; SQL fills it, to save minutes."""
    store = SQLiteStore(path, LIMIT)
    store.set("first", VALUE, KEPT_SECONDS)
    now = time.time()
    with closing(sqlite3.connect(path)) as db:
        for numbers in iter_batches(size):
            rows = [(build_key(n), VALUE, now + KEPT_SECONDS, now) for n in numbers]
            insert = "INSERT INTO entries (key, value, expires, used) VALUES (?, ?, ?, ?)"
            db.executemany(insert, rows)
            db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return store, path.stat().st_size / size


def fill_redis(server: Redis, size: int) -> tuple[RedisStore, float]:
    """Return a filled Redis store and the bytes of an entry; a pipeline fills it."""
    client: Any = server.client
    before = client.info("memory")["used_memory"]
    for numbers in iter_batches(size):
        with client.pipeline(transaction=False) as pipeline:
            for number in numbers:
                pipeline.set(PREFIX + build_key(number), VALUE, ex=KEPT_SECONDS)
            pipeline.execute()
    return RedisStore(server.url), (client.info("memory")["used_memory"] - before) / size


def measure(
    table: Table, name: str, stores: list[tuple[Any, float]], sizes: tuple[int, ...]
) -> None:
    """Read and write the stores of all sizes in turn; add a row for each size."""
    chance = random.Random(2)
    hits: dict[int, list[float]] = {n: [] for n in sizes}
    writes: dict[int, list[float]] = {n: [] for n in sizes}
    for _ in range(ROUNDS):
        for (store, _bytes), size in zip(stores, sizes, strict=True):
            keys = [build_key(chance.randrange(size)) for _ in range(1000)]
            hits[size].append(measure_p50(lambda k, store=store: store.get(k) == VALUE, keys))
            writes[size].append(
                measure_p50(lambda k, store=store: store.set(k, VALUE, KEPT_SECONDS), keys[:200])
            )
    for (_, each), size in zip(stores, sizes, strict=True):
        hit, write = median(hits[size]), median(writes[size])
        times = hit / median(hits[sizes[0]])
        cells = [f"{hit * 1e6:.0f} µs", f"{times:.2f}", f"{write * 1e6:.0f} µs", f"{each:,.0f}"]
        table.rows.append([name, f"{size:,}", *cells])
        table.figures[f"{name} {size}"] = {"hit": hit, "write": write, "bytes": each}


def measure_p50(ask: Any, keys: list[str]) -> float:  # noqa: ANN401 - a function of a key
    """Return the median of the seconds of a call for each key; every call must succeed."""
    times = []
    gc.disable()
    for entry_key in keys:
        started = time.perf_counter()
        succeeded = ask(entry_key)
        times.append(time.perf_counter() - started)
        if not succeeded:
            raise RuntimeError(f"{entry_key} was lost")
    gc.enable()
    return median(times)


def measure_processes(servers: Servers, table: Table, *, quick: bool) -> None:
    """Measure the start of a site, and its processes' memory before and after many pages."""
    with servers.run_upstream() as upstream:
        started = time.monotonic()
        with servers.run_site(upstream) as site:
            start = time.monotonic() - started
            before = site.measure_memory()
            after = fill_memory(site, PAGES_QUICK if quick else PAGES)
            main = site.measure_main_memory()
    pages = f"{PAGES_QUICK if quick else PAGES:,} different pages"
    table.goals += [
        Goal("start to first answer, in seconds", start, 2, at_least=False),
        Goal(f"a worker after {pages}, in MB", after.resident / 1e6, 100, at_least=False),
        Goal(
            "the same without others' parts of what is shared (PSS)", after.part / 1e6, 100, False
        ),
        Goal("the main process, in MB", main.resident / 1e6, 60, at_least=False),
        Goal("the same without others' parts (PSS)", main.part / 1e6, 60, at_least=False),
    ]
    table.notes.append(
        f"A worker after its start: {before.resident / 1e6:.0f} MB, PSS {before.part / 1e6:.0f} MB."
    )


def fill_memory(site: Server, pages: int) -> Memory:
    """Request many different pages; return the worker's memory."""
    for number in range(pages):
        fetch(f"{site.url}/ajax/search?wait=1&q=page+{number}")
    return site.measure_memory()
