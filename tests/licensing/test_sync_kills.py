"""`flask sync` killed at any moment: no broken file, nothing twice, nothing lost."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.simulator import Simulator, simulator
from tests.support.kill_at import Run
from tests.support.killing import KILLED, site
from tests.support.owner_account import original
from tests.support.site_server import ROOT
from tests.support.sync_kill_at import STEPS
from tests.support.synced import check, links_asked
from tests.support.tags import scan

KILLS = 100
BOUND = 240.0
"""Seconds that the random kills may take in all."""
RUN = Callable[..., tuple[int, float]]


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(400) as one:
        yield one


@contextmanager
def syncing(agency: Simulator, folder: Path) -> Iterator[RUN]:
    """Runs `flask sync` in processes of their own; gives status and seconds."""
    environ = site(agency, folder)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.sync_kill_at"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        asked, told = process.stdin, process.stdout
        assert asked
        assert told

        def run(step: str = "", seconds: float | None = None) -> tuple[int, float]:
            arguments = ["sync", str(folder / "dam")]
            one = Run(arguments, environ, step=step, seconds=seconds)
            asked.write(msgspec.json.encode(one) + b"\n")
            asked.flush()
            status, took = told.readline().split()
            return int(status), float(took)

        try:
            yield run
        finally:
            asked.close()


def check_pictures(agency: Simulator, folder: Path) -> None:
    """Besides what `check` holds: every picture is the agency's own."""
    bought = {one.id: one for one in agency.purchases}
    for line in check(agency, folder):
        ours, theirs = (folder / str(line.path)).read_bytes(), original(bought[line.license])
        if line.size == "vector":
            assert ours == theirs
        else:
            assert scan(ours) == scan(theirs)


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_each_step_loses_nothing(agency: Simulator, tmp_path: Path, step: str) -> None:
    """Killed there and run again, each file is there once, whole, with its tags."""
    for number in range(3):
        agency.buy(number)
    with syncing(agency, tmp_path) as run:
        assert run(step)[0] == KILLED
        assert run()[0] == 0
        agency.requests.clear()
        assert run()[0] == 0
    assert links_asked(agency) == 0
    check_pictures(agency, tmp_path / "dam")


def test_a_file_that_was_placed_is_never_fetched_again(agency: Simulator, tmp_path: Path) -> None:
    """A kill between the rename and the line costs no second download."""
    agency.buy()
    with syncing(agency, tmp_path) as run:
        assert run("after the rename")[0] == KILLED
        assert run()[0] == 0
    assert links_asked(agency) == 1


def test_a_hundred_random_kills_break_and_double_nothing(agency: Simulator, tmp_path: Path) -> None:
    """After a hundred kills at random moments, amid new purchases, all is there once and whole."""
    chance = random.Random(9)
    kills = 0
    end = time.monotonic() + BOUND
    with syncing(agency, tmp_path) as run:
        agency.buy(0)
        before = sorted(run()[1] for _ in range(5))[2]
        for number in range(1, 6):
            agency.buy(number)
        whole = run()[1]
        while kills < KILLS and time.monotonic() < end:
            for _ in range(2):
                size = chance.choice(["small", "medium", "vector"])
                agency.buy(chance.randrange(400), size=size)
            status, took = run(seconds=chance.uniform(0.3 * before, 1.1 * whole))
            kills += status == KILLED
            whole = took if status == 0 else whole
        assert run()[0] == 0
    assert kills == KILLS
    assert links_asked(agency) <= len(agency.purchases) + kills
    check_pictures(agency, tmp_path / "dam")
