"""Fifty visitors at once on one key: calls that reached the agency, visitors left without pictures.

The visitors' request is the page's own Ajax call at our site, and the only view at the peers. The
table shows the worst of several rounds.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

from bench.client import Shot, run_apart, send_burst
from bench.nginx import run_nginx, summarize
from bench.report import Goal, Table
from bench.servers import MissingProgram, Redis, Server, Servers, Upstream, fetch

CLIENTS: Final = 50
DELAY: Final = 0.2
FRESH: Final = 2
GIVEN_UP: Final = "goes on without its store"
"""The text in our log when a process takes its store to be out of reach."""
COLD, FAILING = "cold", "cold, failing"
EXPIRED, BOTH, KILLED = "expired", "expired, failing", "Redis killed"
SCENES: Final = (COLD, FAILING, EXPIRED, BOTH, KILLED)

Run = Callable[..., Any]
Start = Callable[[Redis | None], AbstractContextManager[Server]]


class Contender(NamedTuple):
    """A server under test: its name, its start, and its need of a Redis."""

    name: str
    start: Start
    redis: bool = False
    path: str = "/search"
    rounds: int = 1


class Cell(NamedTuple):
    """The result of a burst; ``again`` is the number of visitors who repeated the request.

    ``alarms`` counts how often the contender took its store to be out of reach.
    """

    calls: int
    without: int
    again: int
    slowest: float
    alarms: int = 0

    def text(self) -> str:
        again = f", {self.again} asked twice" if self.again else ""
        return f"{self.calls} / {self.without} / {self.slowest:.2f} s{again}"


def run(servers: Servers, *, quick: bool) -> Table:
    """Run every scene with every contender."""
    table = Table(
        title=f"{CLIENTS} visitors at once on one key, agency takes {DELAY * 1000:.0f} ms",
        how="Calls that reached the agency / visitors left without pictures / slowest visitor."
        f" Visitors are released together by a process of its own; answers are fresh for"
        f" {FRESH} s. In *{FAILING}* nobody can get pictures. *{KILLED}* asks for what no cache has"
        " yet. A visitor that our site tells that an agency is late asks once more,"
        " as its page does.",
        columns=["", *SCENES],
    )
    cells: dict[str, dict[str, Cell]] = {}
    with servers.run_upstream(delay=DELAY) as upstream, run_apart() as runner:
        for contender in list_contenders(servers, upstream, table, rounds=1 if quick else 2):
            try:
                rounds = [
                    play(servers, upstream, contender, runner) for _ in range(contender.rounds)
                ]
            except MissingProgram as error:
                table.note_missing(contender.name, error)
                continue
            cells[contender.name] = {name: max(r[name] for r in rounds) for name in rounds[0]}
            texts = [
                cells[contender.name][s].text() if s in cells[contender.name] else "-"
                for s in SCENES
            ]
            table.rows.append([contender.name, *texts])
            if alarms := sum(r[COLD].alarms for r in rounds):
                table.notes.append(
                    f"{contender.name} gave up its store {alarms} times; it was well."
                )
    table.figures = {n: {s: c._asdict() for s, c in row.items()} for n, row in cells.items()}
    judge(table, {n: row for n, row in cells.items() if n.startswith("ours")})
    return table


def list_contenders(
    servers: Servers, upstream: Upstream, table: Table, *, rounds: int
) -> list[Contender]:
    """Return all contenders; ours run ``rounds`` times, and the worst round counts."""

    def ours(name: str, workers: int, *, redis: bool = False) -> Contender:
        def start(store: Redis | None) -> AbstractContextManager[Server]:
            return servers.run_site(upstream, store=store, workers=workers, fresh=FRESH)

        return Contender(f"ours, {name}", start, redis, "/ajax/search", rounds)

    def peer(name: str, factory: str, workers: int, module: str) -> Contender:
        def start(store: Redis | None) -> AbstractContextManager[Server]:
            settings = (
                {"REDIS": store.url} if store else {"FILE": servers.create_folder("file") / "kept"}
            )
            return servers.run_peer(
                factory, upstream, needs=module, workers=workers, FRESH=FRESH, **settings
            )

        needs_redis = factory != "create_requests_cache"
        return Contender(f"{name}, {_processes(workers)}", start, needs_redis)

    def front(*, keeps: bool) -> Contender:
        name = f"nginx{', failures kept' if keeps else ''}"
        table.peers[name] = summarize(fresh=FRESH, keeps_failures=keeps)
        return Contender(
            name, lambda _: run_nginx(servers, upstream, fresh=FRESH, keeps_failures=keeps)
        )

    table.peers |= {
        "Flask-Caching": f"`@cached(query_string=True, timeout={FRESH})`, `RedisCache`,"
        " only 200 kept",
        "requests-cache": f"SQLite with `wal`, `expire_after={FRESH}`, `stale_if_error`,"
        " `stale_while_revalidate`, only 200 kept",
        "dogpile.cache": f"Redis, `expiration_time={FRESH}`, `distributed_lock`, `lock_timeout=10`",
    }
    return [
        ours("SQLite, 1 process", 1),
        ours("SQLite, 4 processes", 4),
        ours("Redis, 1 process", 1, redis=True),
        ours("Redis, 4 processes", 4, redis=True),
        peer("Flask-Caching", "create_cached", 1, "flask_caching"),
        peer("Flask-Caching", "create_cached", 4, "flask_caching"),
        peer("requests-cache", "create_requests_cache", 4, "requests_cache"),
        peer("dogpile.cache", "create_dogpile", 4, "dogpile"),
        front(keeps=False),
        front(keeps=True),
    ]


def _processes(workers: int) -> str:
    return f"{workers} process{'es' if workers > 1 else ''}"


def play(
    servers: Servers, upstream: Upstream, contender: Contender, runner: Run
) -> dict[str, Cell]:
    """Run every scene with a contender, in an order without long waits.

    Each round starts the contender anew, with a circuit breaker that no earlier failure opened.
    """
    with ExitStack() as stack:
        redis = stack.enter_context(servers.run_redis()) if contender.redis else None
        server = stack.enter_context(contender.start(redis))
        scene = Scene(server.url, contender, upstream, runner)
        cells = scene.play()
        alarms = server.count_in_log(GIVEN_UP)
        if redis is not None:
            redis.kill()
            cells[KILLED] = scene.ask(KILLED)
        return {name: cell._replace(alarms=alarms) for name, cell in cells.items()}


class Scene:
    """A running contender and its visitors."""

    def __init__(self, url: str, contender: Contender, upstream: Upstream, runner: Run) -> None:
        self.url = url
        self.contender = contender
        self.upstream = upstream
        self.runner = runner

    def play(self) -> dict[str, Cell]:
        """Run the scenes with a store, each with words of its own; return their cells."""
        self.upstream.control(failing=0)
        self.ask("warm up")
        for name in (EXPIRED, BOTH):
            self.fill(name)
        filled = time.monotonic()
        cells = {}
        for name, failing in ((COLD, 0), (FAILING, 1), (EXPIRED, 0), (BOTH, 1)):
            if name == EXPIRED:
                time.sleep(max(filled + FRESH + 0.3 - time.monotonic(), 0))
            self.upstream.control(failing=failing)
            cells[name] = self.ask(name)
        self.upstream.control(failing=0)
        return cells

    def fill(self, words: str) -> None:
        """Fill the cache with the answer to words."""
        end = time.monotonic() + 10
        while (
            f"picture of {_simplify_words(words)},"
            not in fetch(self.url + self.path(words)).decode()
        ):
            if time.monotonic() > end:
                raise RuntimeError(f"{self.contender.name} does not answer")

    def path(self, words: str) -> str:
        return f"{self.contender.path}?q={quote_plus(_simplify_words(words))}"

    def ask(self, words: str) -> Cell:
        """Send the visitors at once; count calls for these words until the upstream is quiet."""
        before = self.upstream.count_calls(_simplify_words(words))
        marker = f"picture of {_simplify_words(words)},"
        shots: list[Shot] = self.runner(
            send_burst, self.url, self.path(words), marker, CLIENTS
        ).result()
        self.upstream.wait_until_quiet()
        return Cell(
            calls=self.upstream.count_calls(_simplify_words(words)) - before,
            without=sum(not shot.pictures for shot in shots),
            again=sum(shot.again for shot in shots),
            slowest=max(shot.seconds for shot in shots),
        )


def _simplify_words(words: str) -> str:
    """Return words that every contender passes on unchanged; nginx decodes nothing."""
    return words.replace(",", "").replace(" ", "-").lower()


def judge(table: Table, ours: dict[str, dict[str, Cell]]) -> None:
    """Add the goals, each over all our rows."""
    if not ours:
        return
    for name, bar in ((COLD, 1), (FAILING, 1), (EXPIRED, 1)):
        worst = max(row[name].calls for row in ours.values())
        table.goals.append(Goal(f"calls, {name}", worst, bar, at_least=False))
    for name in (COLD, EXPIRED, BOTH, KILLED):
        if not any(name in row for row in ours.values()):
            continue
        worst = max(row[name].without for row in ours.values() if name in row)
        table.goals.append(Goal(f"visitors without pictures, {name}", worst, 0, at_least=False))
    slowest = max(row[name].slowest for row in ours.values() for name in (EXPIRED, BOTH))
    table.goals.append(
        Goal("slowest visitor of an expired answer, in seconds", slowest, DELAY, at_least=False)
    )
