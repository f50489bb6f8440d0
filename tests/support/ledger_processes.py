"""What processes do to a ledger that they share, in forks that a test may kill."""

import os
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import alembic.command
import alembic.runtime.migration  # noqa: F401

from affiliate.database.clicks import Click
from affiliate.database.ledger import Ledger
from tests.support.forks import begin
from tests.support.processes import clean_environment

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

AWAY = "postgresql+psycopg://site@127.0.0.1:1/ledger"
"""A database that nobody reaches."""


def record(url: str, name: str, journal: Path, told: Path) -> None:
    """Record clicks in four threads until killed; those that are acknowledged go to a file."""
    begin(clean_environment())
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
    """Have processes upgrade a ledger at the same moment; send the status of each."""
    begin(clean_environment())
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
