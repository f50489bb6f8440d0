"""Killed at any moment, no purchase is lost or made twice: the agency's own list is the judge."""

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.database.ledger import Ledger
from affiliate.database.purchases import Purchase, Purchases
from affiliate.licensing.purchasing.journal import FILE_PATTERN
from tests.simulator import FIRST_ID, Simulator, hold, platform, simulator, standard
from tests.support.kill_at import STEPS, Run
from tests.support.killing import (
    KILLED,
    KILLS,
    LATER,
    PATIENCE,
    TRIES,
    Command,
    make_settings,
    wait_until_handled,
)
from tests.support.postgres import new_database
from tests.support.waiting import wait_until

PATH = "/v2/images/licenses"


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(size=400) as server:
        server.subscribe(standard(limit=100_000))
        yield server


def count_bought(agency: Simulator) -> Counter[str]:
    return Counter(one.media_id for one in agency.purchases)


def read_purchases(folder: Path) -> list[Purchase]:
    ledger = Ledger(f"sqlite:///{folder}/ledger.db")
    rows = Purchases(ledger).list_all()
    ledger.close()
    return rows


def ordinary(agency: Simulator, count: int) -> list[str]:
    """Ids of images that are not editorial."""
    found = (agency.library.find("image", str(FIRST_ID + n)) for n in range(400))
    return [row["id"] for row in found if row and not row["is_editorial"]][:count]


def states(folder: Path) -> list[str]:
    return [row.state for row in read_purchases(folder)]


SOON = {
    "before the record": ["licensed"],
    "after the record": ["unknown"],
    "after the answer": ["licensed"],
    "before the file": ["licensed"],
    "after the file": ["licensed"],
    "after closing it": ["licensed"],
}
"""Check that a run right after a kill gives nothing up before the grace is over."""


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_each_step_buys_once(
    run: Command, agency: Simulator, tmp_path: Path, step: str
) -> None:
    """Killed there and run again until it is done, the image is bought once and recorded so.

    Its file comes once, and is there in the end.
    """
    [one] = ordinary(agency, 1)
    environ = make_settings(agency, tmp_path)
    agency.subscribe(platform("pl"))
    options = ["--subscription", "pl", "--price", "9", "--customer-id", "c1"]
    files = tmp_path / "files"
    command = ["license", one, *options, "--live", "--yes", "--dir", str(files)]
    assert run(Run(command, environ, step=step))[0] == KILLED
    wait_until_handled(agency.url)
    run(Run(command, environ))
    assert states(tmp_path) == SOON[step]
    assert count_bought(agency) == ({} if "unknown" in SOON[step] else {one: 1})
    run(Run(command, environ, ahead=LATER))
    assert count_bought(agency) == {one: 1}
    licensed = [row.license_id for row in read_purchases(tmp_path) if row.state == "licensed"]
    assert licensed == [agency.purchases[0].id]
    assert [path.suffix for path in files.iterdir()] == [".jpg"]
    left = list(tmp_path.glob(FILE_PATTERN))
    assert len(left) == (step == "after the record")  # until a command has seen it settled


@pytest.mark.parametrize("stage", ["read", "acted"])
def test_a_kill_after_sending_buys_once(
    run: Command, agency: Simulator, tmp_path: Path, stage: str
) -> None:
    """Killed while the agency works on it or has just done it, the next run finds it bought."""
    [one] = ordinary(agency, 1)
    order = agency.misbehave(hold(stage), on=PATH, method="POST")  # type: ignore[arg-type]
    environ = make_settings(agency, tmp_path)
    command = ["license", one, "--live", "--yes"]
    pid = run.start(Run(command, environ))
    assert order.reached.wait(PATIENCE)
    os.kill(pid, signal.SIGKILL)
    assert run.end(pid)[0] == KILLED
    run(Run(command, environ))
    assert states(tmp_path) == ["unknown" if stage == "read" else "licensed"]
    agency.orders.clear()
    wait_until_handled(agency.url)
    run(Run(command, environ))
    assert count_bought(agency) == {one: 1}
    assert states(tmp_path) == ["licensed"]


def test_random_kills_lose_and_double_nothing(
    run: Command, agency: Simulator, tmp_path: Path
) -> None:
    """After kills at random moments each image was bought once, and is recorded so."""
    environ = make_settings(agency, tmp_path)
    chance = random.Random(5)
    wanted = ordinary(agency, 300)
    done = kills = 0
    ahead = 0.0
    buying = 0.1  # seconds from a clear way to the end: follows what is seen

    def buy(seconds: float | None = None, *, late: bool = False) -> tuple[int, float]:
        command = ["license", wanted[done], "--live", "--yes"]
        return run(Run(command, environ, seconds=seconds, late=late, ahead=ahead))

    whole = buy()[1]
    done = 1
    for _ in range(TRIES):
        late = kills % 4 > 0
        latest = buying if late else whole
        status, _ = buy(chance.uniform(0, latest), late=late)
        wait_until_handled(agency.url)
        kills += status == KILLED
        if kills == KILLS:
            break
        if status:  # what is open may be looked at now and again before its grace is over
            ahead += LATER if status != KILLED or chance.random() < 0.9 else 0
        buying *= 1.03 if status == KILLED else 0.9
        done += is_licensed(tmp_path, wanted[done])
    assert kills == KILLS
    ahead += LATER
    buy()
    assert not {"pending", "unknown"} & set(states(tmp_path))
    assert set(count_bought(agency).values()) == {1}
    licensed = {row.license_id for row in read_purchases(tmp_path) if row.state == "licensed"}
    assert licensed == {one.id for one in agency.purchases}


def is_licensed(folder: Path, media_id: str) -> bool:
    rows = read_purchases(folder)
    return any(row.media_id == media_id and row.state == "licensed" for row in rows)


# -- two at once


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.db"
    return new_database(request.getfixturevalue("postgres")).replace("+psycopg", "")


def test_of_two_processes_one_buys(
    run: Command, agency: Simulator, tmp_path: Path, database: str
) -> None:
    """Both are about to record the same purchase at the same moment; one is refused."""
    [one] = ordinary(agency, 1)
    environ = make_settings(agency, tmp_path, DATABASE_URL=database)
    both = agency.misbehave(hold("read"), on=PATH, method="GET", times=2)
    command = ["license", one, "--live", "--yes"]
    files = [tmp_path / name for name in ("first", "second")]
    processes = [run.start(Run(command, environ, output=str(file))) for file in files]
    assert both.reached.wait(PATIENCE)
    wait_until(lambda: sum(seen.path == PATH for seen in agency.requests) == 2)
    both.release.set()
    statuses = [run.end(pid)[0] for pid in processes]
    outputs = [file.read_text() for file in files]
    assert sorted(statuses) == [0, 1], outputs
    assert count_bought(agency) == {one: 1}
    assert sum("licensed as" in text for text in outputs) == 1
