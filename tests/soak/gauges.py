"""How much memory, how many threads and how many open files each process of the site has."""

import os
import threading
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from tests.soak.records import Records
from tests.soak.world import World

EVERY: Final = 2.0
"""Seconds between two looks."""
SEVERAL: Final = 5
"""So many looks make a figure."""


class Size(NamedTuple):
    """The size of a process: memory in megabytes, threads, open files."""

    memory: float
    threads: int
    files: int


class Look(NamedTuple):
    """A process so many ``seconds`` after the beginning, and the processor's seconds it had."""

    seconds: float
    size: Size
    worked: float


class Gauges:
    """Looks at the processes again and again."""

    def __init__(self, world: World, records: Records) -> None:
        self._world = world
        self._records = records
        self.looks: dict[int, list[Look]] = {}

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(EVERY):
            self.look()

    def look(self) -> None:
        """Look at all processes once."""
        for pid in [self._world.site.process.pid, *self._world.workers()]:
            with suppress(OSError, KeyError, ValueError):
                look = Look(self._records.elapsed(), measure_size(pid), measure_cpu_seconds(pid))
                self.looks.setdefault(pid, []).append(look)

    def size(self, pid: int, until: float) -> Size | None:
        """Return what a process had in the last looks before a time; None without any."""
        before = [look.size for look in self.looks.get(pid, ()) if look.seconds <= until]
        last = before[-SEVERAL:]
        if not last:
            return None
        return Size(*(median(figures) for figures in zip(*last, strict=True)))

    def worked(self) -> float:
        """Return the seconds of a processor that the site has had, as far as it was seen."""
        return sum(looks[-1].worked for looks in self.looks.values() if looks)

    def largest(self) -> Size:
        """Return the largest figures that any process ever had."""
        sizes = [look.size for looks in self.looks.values() for look in looks]
        return Size(*(max(figures) for figures in zip(*sizes, strict=True)))


def measure_size(pid: int) -> Size:
    """Return the size of a process.

    Raises:
        OSError: it is gone.
    """
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = dict(line.split(":", 1) for line in lines)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return Size(int(told["VmRSS"].split()[0]) / 1024, int(told["Threads"]), files)


def measure_cpu_seconds(pid: int) -> float:
    """Return the seconds of a processor that a process has had.

    Raises:
        OSError: it is gone.
    """
    told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
