"""The ledger under several processes, some of which are killed."""

from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import pytest

from affiliate.ledger import Click, Ledger
from tests.support.postgres import new_database
from tests.support.processes import python
from tests.support.waiting import PATIENCE, ended, wait_until

AWAY = "postgresql+psycopg://site@127.0.0.1:1/ledger"

RECORDER = f"""
AWAY = {AWAY!r}
import sys, threading
from affiliate.ledger import Click, Ledger
from pathlib import Path
ledger = Ledger(sys.argv[1], journal=Path(sys.argv[3]))
if sys.argv[1] != AWAY:
    ledger.upgrade()
def record(thread):
    for number in range(10**6):
        click_id = f"{{sys.argv[2]}}-{{thread}}-{{number:08}}"
        ledger.record(Click(click_id=click_id, agency="demo", id="1", position=1))
        sys.stdout.write(click_id + "\\n")
        sys.stdout.flush()
for thread in range(4):
    threading.Thread(target=record, args=(thread,)).start()
"""

UPGRADERS = """
import os, sys, traceback
import alembic.command, alembic.runtime.migration
from affiliate.ledger import Ledger
ready, go = os.pipe()
upgraders = []
for _ in range(8):
    upgrader = os.fork()
    if not upgrader:
        os.close(go)
        os.read(ready, 1)  # until all are there
        try:
            Ledger(sys.argv[1]).upgrade()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    upgraders.append(upgrader)
os.close(go)
print([os.waitpid(upgrader, 0)[1] for upgrader in upgraders])
"""
"""Eight processes that have loaded all they need, and go on together."""

UPGRADER = """
import sys
from affiliate.ledger import Ledger
ledger = Ledger(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
ledger.upgrade()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/not yet 100%/ledger.db"
    return new_database(request.getfixturevalue("postgres"))


def killed(url: str, journal: Path, lives: int) -> set[str]:
    """Kill processes amid their work; return the clicks that they acknowledged."""
    acknowledged: list[str] = []
    for life in range(lives):
        with python("-c", RECORDER, url, f"life{life}", str(journal)) as process:
            assert process.stdout
            acknowledged += ended(partial(list, islice(process.stdout, 40)))
            process.kill()
            acknowledged += process.stdout
    whole = {line.strip() for line in acknowledged if line.endswith("\n")}
    assert len(whole) >= lives * 40
    return whole


def test_clicks_that_wait_survive_kill(tmp_path: Path) -> None:
    """While the database is away, what a killed process acknowledged waits for the next one."""
    whole = killed(AWAY, tmp_path / "clicks.journal", 1)
    url = f"sqlite:///{tmp_path}/ledger.db"
    with closing(Ledger(url, journal=tmp_path / "clicks.journal")) as ledger:
        ledger.replay()
        wait_until(lambda: ledger.clicks_state() == "ok")
        kept = [one.click_id for _, one in ledger.rows()]
    assert whole <= set(kept)
    assert len(kept) == len(set(kept))


def test_acknowledged_clicks_survive_kill(url: str, tmp_path: Path) -> None:
    """Killed three times amid its work, a process leaves every click that it acknowledged, once."""
    whole = killed(url, tmp_path / "clicks.journal", 3)
    with closing(Ledger(url)) as ledger:
        kept = [one.click_id for _, one in ledger.rows()]
    assert whole <= set(kept)
    assert len(kept) == len(set(kept))


def test_many_processes_upgrade_at_once(url: str) -> None:
    """Eight processes that start on an empty database all find it ready."""
    with python("-c", UPGRADERS, url) as process:
        assert process.communicate(timeout=PATIENCE)[0] == f"{[0] * 8}\n"
    with closing(Ledger(url)) as ledger:
        ledger.record(Click(click_id="after-it", agency="demo", id="1", position=1))


def test_a_start_with_nothing_to_do_is_quick(url: str) -> None:
    """Alembic, which takes longer to import than all the rest, stays out."""
    with closing(Ledger(url)) as ledger:
        ledger.upgrade()
    code = f"{UPGRADER}print([name for name in sys.modules if 'alembic' in name])"
    with python("-c", code, url) as again:
        assert again.communicate("go\n", PATIENCE)[0] == "ready\n[]\n"
