"""Runs owner's commands in processes that are killed on the way."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.simulator import TOKEN, Simulator
from tests.support.kill_at import Run
from tests.support.site_server import ROOT

KILLED = -9


GRACE = 1.5
"""Seconds after which a request that was sent has surely reached the simulator."""


Command = Callable[..., tuple[int, float]]


@contextmanager
def runner() -> Iterator[Callable[[Run], tuple[int, float]]]:
    """Runs commands in processes of their own; gives status and seconds."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.kill_at"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin
        assert process.stdout

        def run(one: Run) -> tuple[int, float]:
            assert process.stdin
            assert process.stdout
            process.stdin.write(msgspec.json.encode(one) + b"\n")
            process.stdin.flush()
            status, seconds = process.stdout.readline().split()
            return int(status), float(seconds)

        try:
            yield run
        finally:
            process.stdin.close()


def site(agency: Simulator, folder: Path, **settings: str) -> dict[str, str]:
    return {
        "DATA_DIR": str(folder),
        "SHUTTERSTOCK_API_TOKEN": TOKEN,
        "SHUTTERSTOCK_URL": agency.url,
        "SHUTTERSTOCK_LICENSE_URL": agency.url,
        **settings,
    }
