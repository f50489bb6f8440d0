"""Count for `/metrics`: requests, answers, calls to agencies, clicks, processes.

All numbers are cells of `SharedCounts`, named here; `affiliate/web/metrics/` writes them out. A
count on the way of an answer from memory must cost less than 3 % of that answer.
"""

import os
import resource
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from affiliate import errors
from affiliate.agencies import AGENCIES
from affiliate.search.usage import MARKS
from affiliate.shared_counts import SharedCounts

REQUEST_SECONDS: Final = (0.001, 0.005, 0.025, 0.1, 0.3, 1.0, 3.0, 10.0)
"""Upper bounds of the buckets of requests: from memory 1 ms, a rendered page 25 ms, a page that
waits for agencies 3 s."""
CALL_SECONDS: Final = (0.1, 0.2, 0.4, 0.8, 1.5, 3.0, 6.0, 15.0)
"""Upper bounds of the buckets of calls, up to the default timeout of agencies."""
OTHER_ROUTE: Final = "other"
ROUTES: Final = (
    *("start", "search", "ajax", "api", "embed", "topics", "media", "board"),
    *("clicks", "owner", "static", "health", OTHER_ROUTE),
)
"""Classes of routes; any address belongs to one, so that no visitor makes new series."""
ROUTE_PARTS: Final[Mapping[str, str]] = {
    "": "start",
    **{route: route for route in ROUTES if route not in {"start", "health", OTHER_ROUTE}},
    **dict.fromkeys(("board.csv",), "board"),
    **dict.fromkeys(("embed.js", "embed-frame.js", "oembed"), "embed"),
    **dict.fromkeys(("healthz", "readyz", "metrics"), "health"),
    **dict.fromkeys(("suggest",), "ajax"),
    **dict.fromkeys(AGENCIES, "media"),
    **dict.fromkeys(("collections", "media"), "media"),
    **dict.fromkeys(("favicon.ico", "logo", "manifest.webmanifest", "robots.txt"), "static"),
}
"""The class of a route by the first part of its path."""
CODES: Final = ("1xx", "2xx", "3xx", "4xx", "5xx")
TIERS: Final = dict(zip(MARKS, ("memory", "store", "stale", "agencies"), strict=True))
"""The source of an answer, by its mark."""
REASONS: Final = tuple(
    sorted(
        {
            kind.kind
            for kind in vars(errors).values()
            if isinstance(kind, type) and issubclass(kind, errors.AgencyError) and kind.was_asked
        }
    )
)
"""Kinds of failures of calls that agencies have got."""
CLICK_RESULTS: Final = ("recorded", "marked", "refused", "failed")
"""Results of a click: ``failed`` could be neither recorded nor kept, and comes again."""
POOLS: Final = ("requests", "bodies")
"""Pools of threads that answer requests: all but those from memory, and those with bodies."""
PROCESS_CELLS: Final = ("resident", "cpu", "start")
"""Figures of a process: bytes, seconds, and Unix time."""


class RequestLoad(NamedTuple):
    """The unfinished requests of a pool of threads, and its threads."""

    unfinished: int
    threads: int


def list_cells() -> Iterator[str]:
    """Yield the name of each cell; a histogram has its buckets, their overflow and its sum."""
    for route in ROUTES:
        for bound in (*REQUEST_SECONDS, "more", "sum", *CODES):
            yield f"request:{route}:{bound}"
    for agency in AGENCIES:
        for bound in (*CALL_SECONDS, "more", "sum"):
            yield f"call:{agency}:{bound}"
        for reason in REASONS:
            yield f"failure:{agency}:{reason}"
    yield from (f"answer:{tier}" for tier in TIERS.values())
    yield from (f"click:{result}" for result in CLICK_RESULTS)
    yield from (f"process:{name}" for name in PROCESS_CELLS)
    yield from (f"pool:{pool}:{name}" for pool in POOLS for name in RequestLoad._fields)


CELLS: Final = tuple(list_cells())
"""The names of the cells, in their order."""
INDEX: Final[Mapping[str, int]] = {name: place for place, name in enumerate(CELLS)}
FIRST_BUCKETS: Final[Mapping[str, int]] = {
    part: INDEX[f"request:{route}:{REQUEST_SECONDS[0]}"] for part, route in ROUTE_PARTS.items()
}
"""The first cell of a class of routes, by the first part of a path."""
OTHER_BUCKET: Final = INDEX[f"request:{OTHER_ROUTE}:{REQUEST_SECONDS[0]}"]
FASTEST: Final = REQUEST_SECONDS[0]
SUM_OFFSET: Final = len(REQUEST_SECONDS) + 1
CODE_OFFSET: Final = SUM_OFFSET + 1 - ord("1")


class SiteCounts:
    """The counts of this process, in a file of ``folder``, or in memory alone without a folder.

    Counting takes no lock: CPython changes threads at calls of functions written in Python and at
    the ends of loops, so that ``cells[place] += 1`` is whole. A test holds CPython to this.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._shared = SharedCounts(folder, CELLS)
        self._cells = self._shared.cells
        self._start_time = time.time()
        for name in CELLS:
            if name.startswith(("process:", "pool:")):
                self._cells[INDEX[name]] = 0.0  # of the process before

    def count_request(self, path: str, status: str, seconds: float) -> None:
        """Count a response; ``status`` begins with its code, and is empty where none was sent."""
        if not status:
            return
        place = FIRST_BUCKETS.get(path[1:])
        if place is None:
            place = FIRST_BUCKETS.get(path[1:].partition("/")[0], OTHER_BUCKET)
        cells = self._cells
        cells[place if seconds <= FASTEST else place + bisect_left(REQUEST_SECONDS, seconds)] += 1
        cells[place + SUM_OFFSET] += seconds
        cells[place + CODE_OFFSET + ord(status[0])] += 1

    def count_call(self, agency: str, seconds: float, *, failure: str = "") -> None:
        """Count a call that an agency has got; ``failure`` is the kind of its error, if any."""
        place = INDEX.get(f"call:{agency}:{CALL_SECONDS[0]}")
        if place is None:
            return
        self._cells[place + bisect_left(CALL_SECONDS, seconds)] += 1
        self._cells[place + len(CALL_SECONDS) + 1] += seconds
        if failure:
            reason = failure if failure in REASONS else errors.AgencyError.kind
            self._cells[INDEX[f"failure:{agency}:{reason}"]] += 1

    def count_answers(self, marks: Mapping[str, int]) -> None:
        """Add answers by their marks, as the usage counter sums them up every few seconds."""
        for mark, times in marks.items():
            if tier := TIERS.get(mark):
                self._cells[INDEX[f"answer:{tier}"]] += times

    def count_click(self, result: str) -> None:
        """Count a click by one of `CLICK_RESULTS`."""
        self._cells[INDEX[f"click:{result}"]] += 1

    def report_process(self, loads: Mapping[str, RequestLoad] | None = None) -> None:
        """Write what this process takes, and the loads of its pools where the server knows them."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        for name, value in (
            ("resident", _read_resident_bytes()),
            ("cpu", usage.ru_utime + usage.ru_stime),
            ("start", self._start_time),
        ):
            self._cells[INDEX[f"process:{name}"]] = value
        for pool, load in (loads or {}).items():
            for field, number in load._asdict().items():
                self._cells[INDEX[f"pool:{pool}:{field}"]] = number

    def read(self) -> tuple[dict[str, float], dict[int, dict[str, float]]]:
        """Return the sums of all processes by cell, and the cells of each living server process."""
        files = self._shared.read_files()
        sums = map(sum, zip(*(file.cells for file in files), strict=True))
        start = INDEX["process:start"]
        living = {
            file.place: dict(zip(CELLS, file.cells, strict=True))
            for file in files
            if file.living and file.cells[start]
        }
        return dict(zip(CELLS, sums, strict=True)), living


def _read_resident_bytes() -> float:
    """Return the memory of this process that is in RAM; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return float(pages * os.sysconf("SC_PAGE_SIZE"))
    return 0.0
