"""Functions that processes run on a ledger which they share, in forks that a test may kill."""

import os
import signal
import tempfile
import threading
import traceback
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import alembic.command
import alembic.runtime.migration  # noqa: F401

from affiliate.database.clicks import Click
from affiliate.database.earnings import Earnings
from affiliate.database.ledger import Ledger
from affiliate.domain.actions import Action
from affiliate.errors import LedgerError
from tests.support.forks import begin_child
from tests.support.ledgers import place_ledger
from tests.support.processes import clean_environment

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

AWAY = "postgresql+psycopg://site@127.0.0.1:1/ledger"
"""A database that nobody reaches."""
NOBODY = 65534
"""The number of a user without rights."""


def record(url: str, name: str, journal: Path, told: Path) -> None:
    """Record clicks in four threads until killed; write acknowledged clicks to a file."""
    begin_child(clean_environment())
    ledger = Ledger(url, journal=journal)
    if url != AWAY:
        ledger.upgrade()
    out = os.open(told, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def click(thread: int) -> None:
        for number in range(10**6):
            click_id = f"{name}-{thread}-{number:08}"
            ledger.record(Click(click_id=click_id, agency="demo", id="1", position=1))
            os.write(out, f"{click_id}\n".encode())

    for thread in range(4):
        threading.Thread(target=click, args=(thread,)).start()


def upgrade_at_once(url: str, count: int, ends: "Connection[list[int], None]") -> None:
    """Upgrade a ledger in several processes at once, and send the status of each."""
    begin_child(clean_environment())
    ready, go = os.pipe()
    upgraders = []
    for _ in range(count):
        upgrader = os.fork()
        if not upgrader:
            os.close(go)
            os.read(ready, 1)  # until all are there
            try:
                Ledger(url).upgrade()
            except BaseException:  # noqa: BLE001 - a fork must end here
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        upgraders.append(upgrader)
    os.close(go)
    ends.send([os.waitpid(upgrader, 0)[1] for upgrader in upgraders])


def record_before_and_after_mending(
    parts: list[str], ends: "Connection[tuple[int, list[str]], None]"
) -> None:
    """Record clicks while files of a ledger can't be written, and afterwards.

    The names in ``parts`` end those of the files. Send how many descriptors ten refused clicks
    leave open, and the ids of the clicks that are kept. Nothing keeps root from writing, so root
    becomes another user here.
    """
    begin_child(clean_environment())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = place_ledger(folder)
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            os.chown(folder / "ledger.db", NOBODY, NOBODY)
            os.seteuid(NOBODY)
        if not os.fork():  # a process that is killed leaves the log and its index behind
            Ledger(url).record(Click(click_id="before", agency="demo", id="1", position=1))
            os._exit(0)
        os.wait()
        paths = [folder / f"ledger.db{part}" for part in parts]
        for path in paths:
            path.chmod(0o400)
        with closing(Ledger(url)) as ledger:

            def record(click_id: str) -> None:
                with suppress(LedgerError):
                    ledger.record(Click(click_id=click_id, agency="demo", id="1", position=1))

            assert [click.click_id for _, click in ledger.stream_clicks()] == ["before"]
            record("refused first")
            before = len(list(Path("/dev/fd").iterdir()))
            for number in range(10):
                record(f"refused {number}")
            left_open = len(list(Path("/dev/fd").iterdir())) - before
            for path in paths:
                path.chmod(0o600)
            record("kept")
            ends.send((left_open, [click.click_id for _, click in ledger.stream_clicks()]))
        os.seteuid(os.getuid())


def die_in_an_import(url: str, reported: list[Action], as_of: datetime) -> None:
    """Import a report, and kill this process behind its last row."""
    begin_child(clean_environment())

    def die() -> datetime:
        os.kill(os.getpid(), signal.SIGKILL)
        return as_of

    with closing(Ledger(url, die)) as ledger:
        Earnings(ledger).record("impact", reported, as_of)
