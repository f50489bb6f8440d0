"""One search over all agencies: ours beside a metasearch that waits for the slowest.

The agencies are `bench.agencies`. The peer calls all agencies side by side through the same
clients, as SearXNG does: it waits until each has answered or 3 s are over (its
``request_timeout``), keeps nothing, and repeats the calls for repeated words.
"""

import asyncio
import json
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from affiliate.config.setting_table import get_setting_prefix
from bench.client import Answer, Connection, run_apart
from bench.report import Goal, Table
from bench.servers import Server, Servers, fetch, run_process, wait_for
from tests.dialects import DIALECTS

SEARCHES: Final = 30
WELL, HANGING = "all well", "one hangs"
PEER: Final = "waits for the slowest, keeps nothing"
OURS: Final = "ours"


class Agencies(NamedTuple):
    """The running agencies, by name, with the settings that a site needs for them."""

    urls: dict[str, str]

    @property
    def settings(self) -> dict[str, str]:
        settings = {"AGENCIES": ",".join(self.urls)}
        for kind in DIALECTS:
            if kind.name in self.urls:
                before = get_setting_prefix(kind.name)
                settings |= {f"{before}{key}": value for key, value in kind.keys.items()}
                settings[f"{before}URL"] = self.urls[kind.name]
                settings[f"{before}CALLS_PER_HOUR"] = "1000000"  # these agencies have no limits
        return settings

    def control(self, **settings: str) -> int:
        """Change the answers; return the number of calls so far."""
        url = next(iter(self.urls.values()))
        return int(json.loads(fetch(f"{url}/control?{urlencode(settings)}"))["calls"])


class Cell(NamedTuple):
    """Seconds that searches took, and calls for each search."""

    p50: float
    p99: float
    calls: float

    def text(self) -> str:
        return f"{1000 * self.p50:.3g} / {1000 * self.p99:.3g} ms, {self.calls:.3g} calls"


def run(servers: Servers, *, quick: bool) -> Table:
    """Search for new words, then for the same words; with all well and with one agency hanging."""
    count = 20 if quick else SEARCHES
    with run_agencies(servers) as network:
        table = Table(
            title=f"One search over {len(network.urls)} agencies",
            how=f"p50 / p99 of {count} searches one after the other, and calls to agencies of each."
            " The agencies take from 50 to 300 ms. Ours is the page's own Ajax call, which answers"
            " 0.8 s after the first agency has; what is late it asks for once more.",
            columns=["", *(f"{s}, {k}" for s in (WELL, HANGING) for k in ("new", "repeated"))],
        )
        cells: dict[str, list[Cell]] = {}
        for name, path, target in ((OURS, "/ajax/search", ""), (PEER, "/search", "metasearch")):
            with servers.run_federated(network.settings, target) as server, run_apart() as runner:
                cells[name] = [
                    cell
                    for scene, hanging in ((WELL, ""), (HANGING, find_slowest_agency(network)))
                    for cell in play(network, server, path, (scene, hanging, count), runner)
                ]
            table.rows.append([name, *(cell.text() for cell in cells[name])])
        network.control(hanging="")
    judge(table, cells)
    return table


def judge(table: Table, cells: dict[str, list[Cell]]) -> None:
    """Set the goals: pages in time beside a hanging agency, and repeats without calls."""
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


def find_slowest_agency(network: Agencies) -> str:
    return list(network.urls)[-1]


def play(
    network: Agencies,
    server: Server,
    path: str,
    scene: tuple[str, str, int],
    runner: Any,  # noqa: ANN401 - as `run_apart` gives it
) -> list[Cell]:
    """Search for new words, then for the same words once more."""
    name, hanging, count = scene
    network.control(hanging=hanging)
    paths = [f"{path}?{urlencode({'q': f'{name} {n}', 'lang': 'en'})}" for n in range(count)]
    cells = []
    for again in (False, True):
        before = network.control(hanging=hanging)
        answers = runner(open_paths, server.url, paths).result()
        if bad := [answer.status for answer in answers if answer.status != 200]:
            raise RuntimeError(f"{server.url}{path} answered {bad[0]}; again={again}")
        calls = (network.control(hanging=hanging) - before) / count
        seconds = sorted(answer.seconds for answer in answers)
        cells.append(Cell(statistics.median(seconds), seconds[int(0.99 * count) - 1], calls))
    return cells


def open_paths(url: str, paths: list[str]) -> list[Answer]:
    """Open the paths one after the other over one connection."""

    async def all_of_them() -> list[Answer]:
        connection = Connection(url)
        return [await connection.get(path) for path in paths]

    return [a._replace(headers={}, body=b"") for a in asyncio.run(all_of_them())]


@contextmanager
def run_agencies(servers: Servers) -> Iterator[Agencies]:
    """Run all agencies in a separate process."""
    log = servers.create_folder("agencies") / "log"
    with run_process([sys.executable, "-m", "bench.agencies"], {}, log) as process:
        output = wait_for(process, log, lambda: "\n" in log.read_text() and log.read_text())
        yield Agencies(json.loads(output.partition("\n")[0]))
