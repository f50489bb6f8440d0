"""Runs owner's commands in processes that are killed at a named step.

A process that has loaded all they need is asked over a pipe (`serve`). A `Run` is started and its
process's number sent back; asked with that number, its end is waited for, and its status and
seconds are sent. Each run is a fork of this process, so that a hundred of them don't load
everything a hundred times. Nothing in the code under test knows of it: the steps are wrapped from
here.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from affiliate.cli.purchase_records import PurchaseRecorder
from affiliate.database.ledger import Ledger
from affiliate.database.purchases import Purchases
from affiliate.licensing.accounts.registry import SELLERS
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.files import downloads, sync
from affiliate.licensing.files.manifest import Manifest
from affiliate.licensing.files.partial_file import PartialFile
from affiliate.licensing.purchasing.checkout import PurchaseService
from app import create_app
from tests.support.forks import begin_child

STEPS = (
    "before the record",
    "after the record",
    "after the answer",
    "before the file",
    "after the file",
    "after closing it",
)
SYNC_STEPS = (
    "in mid-file",
    "before the tags",
    "after the tags",
    "before the rename",
    "after the rename",
    "after the line",
    "before the mark",
)
"""Steps of fetching and listing a file."""
FAULT = 99
"""The status of a run that ended by an exception."""
OVERDUE = 98
"""The status of a run that was given up after `PATIENCE`."""
PATIENCE = 60.0
"""Seconds that a run may take."""


class Run(msgspec.Struct):
    """A command with the settings of its site; killed at a step or after seconds, or never.

    At a step another signal may come, by its ``number``, in place of the kill. The seconds count
    from the start, or ``late`` from when the desk has settled what was open. The clock of its
    ledger is some seconds ``ahead``; where the desk would wait, it is moved on. What the command
    prints goes to the file ``output``, if one is named.
    """

    arguments: list[str]
    environ: dict[str, str]
    step: str = ""
    number: int = signal.SIGKILL
    seconds: float | None = None
    late: bool = False
    ahead: float = 0.0
    output: str = ""


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def wrap(
    kind: type | ModuleType,
    name: str,
    before: Callable[[], None] | None,
    after: Callable[[], None] | None,
) -> None:
    """Call functions before or after a method, or a function of a module."""
    real = getattr(kind, name)

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if before:
            before()
        result = real(*args, **kwargs)
        if after:
            after()
        return result

    setattr(kind, name, wrapped)


def arm(run: Run) -> None:
    """Have this process die, or get another signal, at a step."""

    def end() -> None:
        os.kill(os.getpid(), run.number)

    match run.step:
        case "before the record":
            wrap(Purchases, "claim", end, None)
        case "after the record":
            for kind in (ShutterstockAccount, *SELLERS.values()):
                wrap(kind, "license", end, None)
        case "after the answer":
            wrap(PurchaseRecorder, "record_answer", None, end)
        case "before the file":
            wrap(PurchaseRecorder, "fetch_file", end, None)
            wrap(Purchases, "close", end, None)  # where no file comes
        case "after the file":
            wrap(PurchaseRecorder, "fetch_file", None, end)
            wrap(Purchases, "close", end, None)
        case "after closing it":
            wrap(Purchases, "close", None, end)
        case _:
            arm_sync(run.step)


def arm_sync(step: str) -> None:
    """Have this process die at a step of fetching and listing a file."""
    match step:
        case "in mid-file":
            setattr(PartialFile, "write", _half)  # noqa: B010 - as `wrap` does
        case "before the tags":
            wrap(sync, "write_tags", die, None)
        case "after the tags":
            wrap(sync, "write_tags", None, die)
        case "before the rename":
            wrap(downloads, "_place_file", die, None)
        case "after the rename":
            wrap(Manifest, "add", die, None)
        case "after the line":
            wrap(Manifest, "add", None, die)
        case "before the mark":
            wrap(Manifest, "set_complete", die, None)


_write = PartialFile.write


def _half(part: PartialFile, chunk: bytes) -> None:
    _write(part, chunk[: len(chunk) // 2])
    die()


def move_clock(seconds: float) -> None:
    """Set the clock of the ledger ahead, and move the clock on where the desk would wait."""
    ahead = timedelta(seconds=seconds)
    time_now, made = Ledger.read_time, PurchaseService.__init__

    def moved(self: Ledger) -> datetime:
        return time_now(self) + ahead

    def wait(seconds: float) -> None:
        nonlocal ahead
        ahead += timedelta(seconds=seconds)

    def make(self: PurchaseService, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **{**kwargs, "pause": wait})

    Ledger.read_time = moved  # type: ignore[method-assign, assignment]
    PurchaseService.__init__ = make  # type: ignore[method-assign]


def die_after(seconds: float, *, late: bool) -> None:
    """Have this process die after some time."""

    def start() -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds)

    signal.signal(signal.SIGALRM, die)
    if late:
        wrap(PurchaseService, "_settle_open_purchases", None, start)
    else:
        start()


def run_child(run: Run) -> int:
    """Run the command in the process that may be killed, and return its status."""
    arm(run)
    move_clock(run.ahead)
    if run.seconds is not None:
        die_after(max(run.seconds, 0.0001), late=run.late)
    result = create_app(run.environ).test_cli_runner().invoke(args=run.arguments)
    sys.stderr.write(result.output)
    if run.output:
        Path(run.output).write_text(result.output)
    return result.exit_code


def fork(run: Run) -> int:
    """Start a run and return the number of its process."""
    pid = os.fork()
    if pid == 0:
        status = FAULT
        overdue = threading.Timer(PATIENCE, os._exit, [OVERDUE])
        overdue.daemon = True
        overdue.start()
        try:
            status = run_child(run)
        except BaseException:  # noqa: BLE001 - a fork must end here
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(status)
    return pid


def serve(
    asking: "Connection[Any, Run | int]", environ: Mapping[str, str], log: Path | None
) -> None:
    """Start and await the runs that the pipe asks for, until the pipe is closed."""
    begin_child(environ)
    if log:
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666), 2)
    started: dict[int, float] = {}
    with suppress(EOFError):
        while True:
            asked = asking.recv()
            if isinstance(asked, Run):
                began = time.monotonic()
                pid = fork(asked)
                started[pid] = began
                asking.send(pid)
            else:
                status = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
                asking.send((status, time.monotonic() - started.pop(asked)))
