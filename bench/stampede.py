"""Fifty visitors at once on one key: calls that reached the agency, visitors left without pictures.

What the visitors ask is served by our site as the page's own Ajax call, and by the peers as their
one view. Of several rounds the worst is shown.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, Final, NamedTuple
from urllib.parse import quote_plus

from bench.client import Shot, apart, burst
from bench.nginx import nginx, summary
from bench.report import Goal, Table
from bench.servers import Missing, Redis, Server, Servers, Upstream, fetch

CLIENTS: Final = 50
DELAY: Final = 0.2
FRESH: Final = 2
GIVEN_UP: Final = "goes on without its store"
"""What our log says when a process takes its store to be out of reach."""
COLD, FAILING = "cold", "cold, failing"
EXPIRED, BOTH, KILLED = "expired", "expired, failing", "Redis killed"
SCENES: Final = (COLD, FAILING, EXPIRED, BOTH, KILLED)

Run = Callable[..., Any]
Start = Callable[[Redis | None], AbstractContextManager[Server]]


class Contender(NamedTuple):
    """Who is asked, how it is started, and whether it needs a Redis."""

    name: str
    start: Start
    redis: bool = False
    path: str = "/search"
    rounds: int = 1


class Cell(NamedTuple):
    """What a burst came to; ``again`` visitors were told to ask once more, and did.

    ``alarms`` is how often the contender had taken its store to be out of reach by then.
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
    """Play every scene with every contender."""
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
    with servers.upstream(delay=DELAY) as upstream, apart() as runner:
        for one in contenders(servers, upstream, table, rounds=1 if quick else 2):
            try:
                rounds = [play(servers, upstream, one, runner) for _ in range(one.rounds)]
            except Missing as error:
                table.missing(one.name, error)
                continue
            cells[one.name] = {name: max(r[name] for r in rounds) for name in rounds[0]}
            texts = [cells[one.name][s].text() if s in cells[one.name] else "-" for s in SCENES]
            table.rows.append([one.name, *texts])
            if alarms := sum(r[COLD].alarms for r in rounds):
                table.notes.append(f"{one.name} gave up its store {alarms} times; it was well.")
    table.figures = {n: {s: c._asdict() for s, c in row.items()} for n, row in cells.items()}
    judge(table, {n: row for n, row in cells.items() if n.startswith("ours")})
    return table


def contenders(
    servers: Servers, upstream: Upstream, table: Table, *, rounds: int
) -> list[Contender]:
    """All of them; our columns are played ``rounds`` times, so that ours is the worst of more."""

    def ours(name: str, workers: int, *, redis: bool = False) -> Contender:
        def start(store: Redis | None) -> AbstractContextManager[Server]:
            return servers.site(upstream, store=store, workers=workers, fresh=FRESH)

        return Contender(f"ours, {name}", start, redis, "/ajax/search", rounds)

    def peer(name: str, factory: str, workers: int, module: str) -> Contender:
        def start(store: Redis | None) -> AbstractContextManager[Server]:
            settings = {"REDIS": store.url} if store else {"FILE": servers.place("file") / "kept"}
            return servers.peer(
                factory, upstream, needs=module, workers=workers, FRESH=FRESH, **settings
            )

        needs_redis = factory != "create_requests_cache"
        return Contender(f"{name}, {_processes(workers)}", start, needs_redis)

    def front(*, keeps: bool) -> Contender:
        name = f"nginx{', failures kept' if keeps else ''}"
        table.peers[name] = summary(fresh=FRESH, keeps_failures=keeps)
        return Contender(
            name, lambda _: nginx(servers, upstream, fresh=FRESH, keeps_failures=keeps)
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


def play(servers: Servers, upstream: Upstream, one: Contender, runner: Run) -> dict[str, Cell]:
    """Every scene with one contender, in an order in which nothing has to be waited for long.

    It is started anew for it, so that no failure of an earlier round has opened its breaker.
    """
    with ExitStack() as stack:
        redis = stack.enter_context(servers.redis()) if one.redis else None
        server = stack.enter_context(one.start(redis))
        scene = Scene(server.url, one, upstream, runner)
        cells = scene.play()
        alarms = server.said(GIVEN_UP)
        if redis is not None:
            redis.kill()
            cells[KILLED] = scene.ask(KILLED)
        return {name: cell._replace(alarms=alarms) for name, cell in cells.items()}


class Scene:
    """One contender under way, and those who ask it."""

    def __init__(self, url: str, one: Contender, upstream: Upstream, runner: Run) -> None:
        self.url = url
        self.one = one
        self.upstream = upstream
        self.runner = runner

    def play(self) -> dict[str, Cell]:
        """Return the scenes with a store, each with words of its own."""
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
        """Put an answer into the cache."""
        end = time.monotonic() + 10
        while f"picture of {_plain(words)}," not in fetch(self.url + self.path(words)).decode():
            if time.monotonic() > end:
                raise RuntimeError(f"{self.one.name} does not answer")

    def path(self, words: str) -> str:
        return f"{self.one.path}?q={quote_plus(_plain(words))}"

    def ask(self, words: str) -> Cell:
        """Release the visitors; count the calls for these words until all is quiet."""
        before = self.upstream.calls(_plain(words))
        marker = f"picture of {_plain(words)},"
        shots: list[Shot] = self.runner(burst, self.url, self.path(words), marker, CLIENTS).result()
        self.upstream.settled()
        return Cell(
            calls=self.upstream.calls(_plain(words)) - before,
            without=sum(not shot.pictures for shot in shots),
            again=sum(shot.again for shot in shots),
            slowest=max(shot.seconds for shot in shots),
        )


def _plain(words: str) -> str:
    """Words that every contender hands on as they are; nginx, for one, decodes nothing."""
    return words.replace(",", "").replace(" ", "-").lower()


def judge(table: Table, ours: dict[str, dict[str, Cell]]) -> None:
    """Return the goals, each over all our rows."""
    if not ours:
        return
    for name, bar in ((COLD, 1), (FAILING, 1), (EXPIRED, 1)):
        most = max(row[name].calls for row in ours.values())
        table.goals.append(Goal(f"calls, {name}", most, bar, at_least=False))
    for name in (COLD, EXPIRED, BOTH, KILLED):
        if not any(name in row for row in ours.values()):
            continue
        most = max(row[name].without for row in ours.values() if name in row)
        table.goals.append(Goal(f"visitors without pictures, {name}", most, 0, at_least=False))
    slowest = max(row[name].slowest for row in ours.values() for name in (EXPIRED, BOTH))
    table.goals.append(
        Goal("slowest visitor of an expired answer, in seconds", slowest, DELAY, at_least=False)
    )
