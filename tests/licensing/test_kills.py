"""Killed at any moment, no purchase is lost or made twice: the agency's own list is the judge."""

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affiliate.ledger import Ledger
from affiliate.purchases import Purchase, Purchases
from tests.simulator import FIRST_ID, Simulator, hold, simulator, standard
from tests.support.kill_at import STEPS, Run
from tests.support.killing import GRACE, KILLED, runner, site
from tests.support.postgres import new_database
from tests.support.site_server import ROOT

PATH = "/v2/images/licenses"
KILLS = 100
BOUND = 180.0
"""Seconds that the random kills may take in all."""


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=400) as server:
        server.subscribe(standard(limit=100_000))
        yield server


def bought(agency: Simulator) -> Counter[str]:
    return Counter(one.media_id for one in agency.purchases)


def recorded(folder: Path) -> list[Purchase]:
    ledger = Ledger(f"sqlite:///{folder}/ledger.db")
    rows = Purchases(ledger).all()
    ledger.close()
    return rows


def ordinary(agency: Simulator, count: int) -> list[str]:
    """Ids of images that are not editorial."""
    found = (agency.library.find("image", str(FIRST_ID + n)) for n in range(400))
    return [row["id"] for row in found if row and not row["is_editorial"]][:count]


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_each_step_buys_once(agency: Simulator, tmp_path: Path, step: str) -> None:
    """Killed there and run again until it is done, the image is bought once and recorded so."""
    [one] = ordinary(agency, 1)
    environ = site(agency, tmp_path)
    with runner() as run:
        command = ["license", one, "--live", "--yes"]
        status, _ = run(Run(command, environ, step=step, grace=GRACE))
        assert status == KILLED
        for _ in range(20):
            run(Run(command, environ, grace=GRACE))
            if any(row.state == "licensed" for row in recorded(tmp_path)):
                break
    assert bought(agency) == {one: 1}
    licensed = [row.license_id for row in recorded(tmp_path) if row.state == "licensed"]
    assert licensed == [agency.purchases[0].id]


@pytest.mark.parametrize("stage", ["read", "acted"])
def test_a_kill_after_sending_buys_once(agency: Simulator, tmp_path: Path, stage: str) -> None:
    """Killed while the agency works on it or has just done it, the next run finds it bought."""
    [one] = ordinary(agency, 1)
    order = agency.misbehave(hold(stage), on=PATH, method="POST")  # type: ignore[arg-type]
    environ = site(agency, tmp_path)
    with subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "license", one, "--live", "--yes"],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.DEVNULL,
    ) as process:
        assert order.reached.wait(60)
        process.kill()
    agency.orders.clear()
    with runner() as run:
        for _ in range(20):
            run(Run(["license", one, "--live", "--yes"], environ, grace=GRACE))
            if all(row.state in {"licensed", "failed"} for row in recorded(tmp_path)):
                break
    assert bought(agency) == {one: 1}
    assert [row.state for row in recorded(tmp_path)].count("licensed") == 1


def test_a_hundred_random_kills_lose_and_double_nothing(agency: Simulator, tmp_path: Path) -> None:
    """After a hundred kills at random moments each image was bought once, and is recorded so."""
    environ = site(agency, tmp_path)
    chance = random.Random(5)
    wanted = ordinary(agency, 300)
    done = kills = 0
    end = time.monotonic() + BOUND
    buying = 0.1  # seconds from a clear way to the end: follows what is seen
    with runner() as run:

        def buy(**killing: Any) -> tuple[int, float]:
            command = ["license", wanted[done], "--live", "--yes"]
            return run(Run(command, environ, grace=GRACE, **killing))

        whole = buy()[1]
        done = 1
        while kills < KILLS and time.monotonic() < end:
            late = kills % 4 > 0
            latest = buying if late else whole
            status, _ = buy(seconds=chance.uniform(0, latest), late=late)
            kills += status == KILLED
            buying *= 1.03 if status == KILLED else 0.9
            done += is_licensed(tmp_path, wanted[done])
        for _ in range(20):
            buy()
            if not any(row.state in {"pending", "unknown"} for row in recorded(tmp_path)):
                break
    assert kills == KILLS
    assert set(bought(agency).values()) == {1}
    licensed = {row.license_id for row in recorded(tmp_path) if row.state == "licensed"}
    assert licensed == {one.id for one in agency.purchases}


def is_licensed(folder: Path, media_id: str) -> bool:
    rows = recorded(folder)
    return any(row.media_id == media_id and row.state == "licensed" for row in rows)


# -- two at once


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return new_database(request.getfixturevalue("postgres")).replace("+psycopg", "")


def test_of_two_processes_one_buys(agency: Simulator, tmp_path: Path, database: str) -> None:
    """Both are about to record the same purchase at the same moment; one is refused."""
    [one] = ordinary(agency, 1)
    environ = site(agency, tmp_path, DATABASE_URL=database)
    both = agency.misbehave(hold("read"), on=PATH, method="GET", times=2)
    command = [sys.executable, "-m", "flask", "--app", "app", "license", one, "--live", "--yes"]
    processes = [
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    assert both.reached.wait(60)
    while sum(seen.path == PATH for seen in agency.requests) < 2:
        time.sleep(0.05)
    both.release.set()
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1], outputs
    assert bought(agency) == {one: 1}
    assert sum("licensed as" in text for text in outputs) == 1
