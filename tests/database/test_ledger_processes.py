"""The ledger under several processes, some of which are killed."""

from contextlib import closing
from multiprocessing.connection import Pipe
from pathlib import Path

import pytest

from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from tests.support.forks import fork_context
from tests.support.ledger_processes import AWAY, record, upgrade_at_once
from tests.support.ledgers import place_ledger
from tests.support.postgres import new_database
from tests.support.processes import run_python
from tests.support.waiting import PATIENCE, wait_until

UPGRADER = """
import sys
from affiliate.database.ledger import Ledger
for url in sys.argv[1:]:
    Ledger(url).upgrade()
print([name for name in sys.modules if 'alembic' in name])
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/not yet 100%/ledger.db"
    return new_database(request.getfixturevalue("postgres"))


def killed(url: str, folder: Path, lives: int) -> set[str]:
    """Kill processes amid their work; return the clicks that they acknowledged."""
    acknowledged: list[str] = []
    for life in range(lives):
        told = folder / f"life{life}"
        told.touch()
        arguments = (url, told.name, folder / "clicks.journal", told)
        process = fork_context().Process(target=record, args=arguments)
        process.start()
        wait_until(lambda told=told: told.read_bytes().count(b"\n") >= 40)  # type: ignore[misc]
        process.kill()
        process.join(PATIENCE)
        acknowledged += told.read_text().splitlines(keepends=True)
    whole = {line.strip() for line in acknowledged if line.endswith("\n")}
    assert len(whole) >= lives * 40
    return whole


def test_clicks_that_wait_survive_kill(tmp_path: Path) -> None:
    """While the database is away, what a killed process acknowledged waits for the next one."""
    whole = killed(AWAY, tmp_path, 1)
    url = f"sqlite:///{tmp_path}/ledger.db"
    with closing(Ledger(url, journal=tmp_path / "clicks.journal")) as ledger:
        ledger.replay_journal()
        wait_until(lambda: ledger.describe_click_state() == "ok")
        kept = [one.click_id for _, one in ledger.stream_clicks()]
    assert whole <= set(kept)
    assert len(kept) == len(set(kept))


def test_acknowledged_clicks_survive_kill(url: str, tmp_path: Path) -> None:
    """Killed three times amid its work, a process leaves every click that it acknowledged, once."""
    whole = killed(url, tmp_path, 3)
    with closing(Ledger(url)) as ledger:
        kept = [one.click_id for _, one in ledger.stream_clicks()]
    assert whole <= set(kept)
    assert len(kept) == len(set(kept))


def test_many_processes_upgrade_at_once(url: str) -> None:
    """Eight processes that start on an empty database all find it ready."""
    ours, theirs = Pipe()
    fork_context().Process(target=upgrade_at_once, args=(url, 8, theirs)).start()
    assert ours.poll(PATIENCE)
    assert ours.recv() == [0] * 8
    with closing(Ledger(url)) as ledger:
        ledger.record(Click(click_id="after-it", agency="demo", id="1", position=1))


def test_a_start_with_nothing_to_do_is_quick(postgres: str, tmp_path: Path) -> None:
    """Alembic, which takes longer to import than all the rest, stays out."""
    urls = [place_ledger(tmp_path), new_database(postgres)]
    for url in urls:
        with closing(Ledger(url)) as ledger:
            ledger.upgrade()
    with run_python("-c", UPGRADER, *urls) as again:
        assert again.communicate(timeout=PATIENCE)[0] == "[]\n"
