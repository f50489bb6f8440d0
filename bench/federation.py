"""One search over all agencies: ours beside a metasearch that waits for the slowest.

The agencies are `bench.agencies`. The peer asks them all side by side through the same clients,
as SearXNG does: it waits until each has answered or 3 s are over (its ``request_timeout``), keeps
nothing, and asks again for words that it was asked for before.
"""

import asyncio
import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from affiliate.config.settings import setting_prefix
from bench.client import Answer, Connection, apart
from bench.report import Goal, Table
from bench.servers import Server, Servers, fetch, running, wait_for
from tests.dialects import DIALECTS

SEARCHES: Final = 30
WELL, HANGING = "all well", "one hangs"
PEER: Final = "waits for the slowest, keeps nothing"
OURS: Final = "ours"


class Agencies(NamedTuple):
    """The agencies under way, by name, with what a site must be set to."""

    urls: dict[str, str]

    @property
    def settings(self) -> dict[str, str]:
        found = {"AGENCIES": ",".join(self.urls)}
        for kind in DIALECTS:
            if kind.name in self.urls:
                before = setting_prefix(kind.name)
                found |= {f"{before}{key}": value for key, value in kind.keys.items()}
                found[f"{before}URL"] = self.urls[kind.name]
                found[f"{before}CALLS_PER_HOUR"] = "1000000"  # these here have no limits
        return found

    def control(self, **settings: str) -> int:
        """Change how they answer; gives the calls so far."""
        url = next(iter(self.urls.values()))
        return int(json.loads(fetch(f"{url}/control?{urlencode(settings)}"))["calls"])


class Cell(NamedTuple):
    """How long searches took, in seconds, and how many calls one came to."""

    p50: float
    p99: float
    calls: float

    def text(self) -> str:
        return f"{1000 * self.p50:.3g} / {1000 * self.p99:.3g} ms, {self.calls:.3g} calls"


def run(servers: Servers, *, quick: bool) -> Table:
    """Search for new words, then for the same again; with all well and with one that hangs."""
    count = 20 if quick else SEARCHES
    with agencies(servers) as found:
        table = Table(
            title=f"One search over {len(found.urls)} agencies",
            how=f"p50 / p99 of {count} searches one after the other, and calls to agencies of each."
            " The agencies take from 50 to 300 ms. Ours is the page's own Ajax call, which answers"
            " 0.8 s after the first agency has; what is late it asks for once more.",
            columns=["", *(f"{s}, {k}" for s in (WELL, HANGING) for k in ("new", "repeated"))],
        )
        cells: dict[str, list[Cell]] = {}
        for name, path, target in ((OURS, "/ajax/search", ""), (PEER, "/search", "metasearch")):
            with servers.over(found.settings, target) as server, apart() as runner:
                cells[name] = [
                    cell
                    for scene, hanging in ((WELL, ""), (HANGING, slowest(found)))
                    for cell in play(found, server, path, (scene, hanging, count), runner)
                ]
            table.rows.append([name, *(cell.text() for cell in cells[name])])
        found.control(hanging="")
    judge(table, cells)
    return table


def judge(table: Table, cells: dict[str, list[Cell]]) -> None:
    """Return the bars: a page in its time whoever hangs, and repeats that cost nothing."""
    well, again, hanging, _ = cells[OURS]
    peer = cells[PEER]
    table.goals = [
        Goal("ours: p99 of a new search, one hangs, in seconds", hanging.p99, 3.0, at_least=False),
        Goal("ours: calls of a repeated search", again.calls, 0.0, at_least=False),
        Goal("repeated: the peer's p50 by ours", peer[1].p50 / again.p50, 100.0),
        Goal("new, one hangs: the peer's p50 by ours", peer[2].p50 / hanging.p50, 2.0),
        Goal("new, all well: ours by the peer's, p50", well.p50 / peer[0].p50, 1.2, at_least=False),
    ]
    table.figures = {name: [cell._asdict() for cell in row] for name, row in cells.items()}


def slowest(found: Agencies) -> str:
    return list(found.urls)[-1]


def play(
    found: Agencies,
    server: Server,
    path: str,
    scene: tuple[str, str, int],
    runner: Any,  # noqa: ANN401 - as `apart` gives it
) -> list[Cell]:
    """Search for new words, then for the same words once more."""
    name, hanging, count = scene
    found.control(hanging=hanging)
    paths = [f"{path}?{urlencode({'q': f'{name} {n}', 'lang': 'en'})}" for n in range(count)]
    cells = []
    for again in (False, True):
        before = found.control(hanging=hanging)
        answers = runner(visits, server.url, paths).result()
        if bad := [one.status for one in answers if one.status != 200]:
            raise RuntimeError(f"{server.url}{path} answered {bad[0]}; again={again}")
        calls = (found.control(hanging=hanging) - before) / count
        seconds = sorted(one.seconds for one in answers)
        cells.append(Cell(statistics.median(seconds), seconds[int(0.99 * count) - 1], calls))
    return cells


def visits(url: str, paths: list[str]) -> list[Answer]:
    """Open the paths one after the other over one connection."""

    async def all_of_them() -> list[Answer]:
        one = Connection(url)
        return [await one.get(path) for path in paths]

    return [a._replace(headers={}, body=b"") for a in asyncio.run(all_of_them())]


@contextmanager
def agencies(servers: Servers) -> Iterator[Agencies]:
    """All agencies, as a process of their own."""
    log = servers.place("agencies") / "log"
    with running([sys.executable, "-m", "bench.agencies"], {}, log) as process:
        said = wait_for(process, log, lambda: "\n" in log.read_text() and log.read_text())
        yield Agencies(json.loads(said.partition("\n")[0]))
