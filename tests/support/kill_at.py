"""Runs owner's commands in processes of their own that are killed at a named step.

    python -m tests.support.kill_at

It reads one JSON value a line. A `Run` is started and its process's number printed; asked with
that number, its end is waited for, and its status and seconds are printed. Each run is a fork of
this process, so that a hundred of them don't load everything a hundred times. Nothing in the code
under test knows of it: the steps are wrapped from here.
"""

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from affiliate.commands.keeping import Keeper
from affiliate.ledger import Ledger
from affiliate.licensing.account import Account
from affiliate.licensing.desk import Desk
from affiliate.licensing.sellers import SELLERS
from affiliate.purchases import Purchases
from app import create_app

STEPS = (
    "before the record",
    "after the record",
    "after the answer",
    "before the file",
    "after the file",
    "after closing it",
)
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
    kind: type, name: str, before: Callable[[], None] | None, after: Callable[[], None] | None
) -> None:
    """Do something before or after a method."""
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
    """Have this process die at a step, or get another signal there."""

    def end() -> None:
        os.kill(os.getpid(), run.number)

    match run.step:
        case "before the record":
            wrap(Purchases, "claim", end, None)
        case "after the record":
            for kind in (Account, *SELLERS.values()):
                wrap(kind, "license", end, None)
        case "after the answer":
            wrap(Keeper, "hears", None, end)
        case "before the file":
            wrap(Keeper, "keeps", end, None)
            wrap(Purchases, "close", end, None)  # where no file comes
        case "after the file":
            wrap(Keeper, "keeps", None, end)
            wrap(Purchases, "close", end, None)
        case "after closing it":
            wrap(Purchases, "close", None, end)


def move_clock(seconds: float) -> None:
    """Set the clock of the ledger ahead, and have the desk move it on instead of waiting."""
    ahead = timedelta(seconds=seconds)
    time_now, made = Ledger.time, Desk.__init__

    def moved(self: Ledger) -> datetime:
        return time_now(self) + ahead

    def wait(seconds: float) -> None:
        nonlocal ahead
        ahead += timedelta(seconds=seconds)

    def make(self: Desk, *args: Any, **kwargs: Any) -> None:
        made(self, *args, **{**kwargs, "pause": wait})

    Ledger.time = moved  # type: ignore[method-assign, assignment]
    Desk.__init__ = make  # type: ignore[method-assign]


def alarm(seconds: float, *, late: bool) -> None:
    """Have this process die after some time."""

    def start() -> None:
        signal.setitimer(signal.ITIMER_REAL, seconds)

    signal.signal(signal.SIGALRM, die)
    if late:
        wrap(Desk, "_clear_way", None, start)
    else:
        start()


def child(run: Run) -> int:
    """The command itself, in the process that may be killed."""
    arm(run)
    move_clock(run.ahead)
    if run.seconds is not None:
        alarm(max(run.seconds, 0.0001), late=run.late)
    result = create_app(run.environ).test_cli_runner().invoke(args=run.arguments)
    sys.stderr.write(result.output)
    if run.output:
        Path(run.output).write_text(result.output)
    return result.exit_code


def fork(run: Run) -> int:
    """Start a run; the number of its process."""
    pid = os.fork()
    if pid == 0:
        status = FAULT
        overdue = threading.Timer(PATIENCE, os._exit, [OVERDUE])
        overdue.daemon = True
        overdue.start()
        try:
            status = child(run)
        except BaseException:  # noqa: BLE001 - a fork must end here
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(status)
    return pid


def main() -> None:
    """Start and await what is asked for, line after line."""
    started: dict[int, float] = {}
    for line in sys.stdin:
        asked = msgspec.json.decode(line, type=Run | int)
        if isinstance(asked, Run):
            began = time.monotonic()
            pid = fork(asked)
            started[pid] = began
            sys.stdout.write(f"{pid}\n")
        else:
            status = os.waitstatus_to_exitcode(os.waitpid(asked, 0)[1])
            sys.stdout.write(f"{status} {time.monotonic() - started.pop(asked):.3f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
