"""`flask sync` killed at any moment: no broken file, nothing twice, nothing lost."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.simulator import Simulator, simulator
from tests.support.kill_at import SYNC_STEPS, Run
from tests.support.killing import KILLED, KILLS, TRIES, Command, make_settings
from tests.support.owner_account import make_original
from tests.support.synced import check_folder, count_link_requests
from tests.support.tags import read_scan

RUN = Callable[..., tuple[int, float]]


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(400) as one:
        yield one


@pytest.fixture
def run(run: Command, agency: Simulator, tmp_path: Path) -> RUN:
    """Run `flask sync`, killed at a step or after seconds; gives status and seconds."""
    arguments, environ = ["sync", str(tmp_path / "dam")], make_settings(agency, tmp_path)
    return lambda step="", seconds=None: run(Run(arguments, environ, step=step, seconds=seconds))


def check_pictures(agency: Simulator, folder: Path) -> None:
    """Besides what `check_folder` checks: every picture is the agency's own."""
    bought = {one.id: one for one in agency.purchases}
    for line in check_folder(agency, folder):
        ours, theirs = (folder / str(line.path)).read_bytes(), make_original(bought[line.license])
        if line.size == "vector":
            assert ours == theirs
        else:
            assert read_scan(ours) == read_scan(theirs)


@pytest.mark.parametrize("step", SYNC_STEPS)
def test_a_kill_at_each_step_loses_nothing(
    run: RUN, agency: Simulator, tmp_path: Path, step: str
) -> None:
    """Killed there and run again, each file is there once, whole, with its tags."""
    for number in range(3):
        agency.buy(number)
    assert run(step)[0] == KILLED
    assert run()[0] == 0
    agency.requests.clear()
    assert run()[0] == 0
    assert count_link_requests(agency) == 0
    check_pictures(agency, tmp_path / "dam")


def test_a_file_that_was_placed_is_never_fetched_again(run: RUN, agency: Simulator) -> None:
    """A kill between the rename and the line costs no second download."""
    agency.buy()
    assert run("after the rename")[0] == KILLED
    assert run()[0] == 0
    assert count_link_requests(agency) == 1


def test_random_kills_break_and_double_nothing(run: RUN, agency: Simulator, tmp_path: Path) -> None:
    """After kills at random moments, amid new purchases, all is there once and whole."""
    chance = random.Random(9)
    kills = 0
    agency.buy(0)
    before = sorted(run()[1] for _ in range(5))[2]
    for number in range(1, 6):
        agency.buy(number)
    whole = run()[1]
    for _ in range(TRIES):
        for _ in range(2):
            size = chance.choice(["small", "medium", "vector"])
            agency.buy(chance.randrange(400), size=size)
        status, took = run(seconds=chance.uniform(0.3 * before, 1.1 * whole))
        kills += status == KILLED
        if kills == KILLS:
            break
        whole = took if status == 0 else whole
    assert run()[0] == 0
    assert kills == KILLS
    assert count_link_requests(agency) <= len(agency.purchases) + kills
    check_pictures(agency, tmp_path / "dam")
