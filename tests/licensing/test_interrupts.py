"""Interrupted at any moment, a purchase is told, recorded and made once, at every agency."""

import os
import signal
from pathlib import Path

import pytest

from affiliate.licensing.purchasing.journal import FILE_PATTERN
from tests.dialects.selling import FIRST, Fault
from tests.support.kill_at import STEPS, Run
from tests.support.killing import LATER, PATIENCE, Command, wait_until_handled
from tests.support.shops import SHOPS, OpenShop, license_one, make_settings, read_purchases
from tests.support.soak import SOAK
from tests.support.waiting import wait_until

ONE = str(FIRST)
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


QUICK = list(zip(("before the record", "after the record", "before the file"), ENDS, strict=True))
INTERRUPTS = [
    pytest.param(shop, step, number, id=f"{shop.name}-{step}-{number.name}")
    for shop in SHOPS
    for step in STEPS
    for number in ENDS
    if SOAK or (shop.name == "istock" and (step, number) in QUICK)
]
"""Some at the shop whose files come once; a soak takes all signals at all steps of all shops."""


@pytest.mark.parametrize(("at", "step", "number"), INTERRUPTS, indirect=["at"])
def test_an_interrupt_at_each_step_buys_once(
    run: Command, at: OpenShop, tmp_path: Path, step: str, number: signal.Signals
) -> None:
    """The status is 3 once anything was sent, and the next command finishes what is left."""
    settings, command = make_settings(at, tmp_path), license_one(at, tmp_path)
    status, _ = run(Run(command, settings, step=step, number=number))
    wait_until_handled(at.url)
    is_sent = step != "before the record"
    assert (status, at.list_bought()) == ((3, [ONE]) if is_sent else (1, []))
    run(Run(["purchases"] if is_sent else command, settings))
    assert at.list_bought() == [ONE]
    assert [row.state for row in read_purchases(tmp_path)] == ["licensed"]
    assert list(tmp_path.glob(FILE_PATTERN)) == []
    if at.shop.name == "istock":
        assert [path.suffix for path in (tmp_path / "files").iterdir()] == [".jpg"]


@pytest.mark.parametrize("number", ENDS if SOAK else ENDS[:1], ids=lambda one: one.name)
@pytest.mark.parametrize("at", SHOPS if SOAK else SHOPS[-1:], indirect=True)
def test_an_answer_under_way_is_waited_for(
    run: Command, at: OpenShop, tmp_path: Path, number: signal.Signals
) -> None:
    """It may hold the only link to the file; the command ends after it, and the next goes on."""
    fault = at.shop.misbehave(Fault(held=True, late=True))
    settings, output = make_settings(at, tmp_path), tmp_path / "output"
    pid = run.start(Run(license_one(at, tmp_path), settings, output=str(output)))
    assert fault.reached.wait(PATIENCE)
    os.kill(pid, number)
    wait_until(lambda: has_taken(pid, number))
    fault.release.set()
    assert run.end(pid)[0] == 3
    said = output.read_text()
    assert said.index(": licensed") < said.rindex("Interrupted.")
    run(Run(["purchases"], settings))
    assert [row.state for row in read_purchases(tmp_path)] == ["licensed"]
    assert at.list_bought() == [ONE]
    if at.shop.name == "istock":
        assert [path.suffix for path in (tmp_path / "files").iterdir()] == [".jpg"]


def has_taken(pid: int, number: int) -> bool:
    """Return whether a signal has reached a process, which sleeps again."""
    words = Path(f"/proc/{pid}/status").read_text().split()
    pending = int(words[words.index("ShdPnd:") + 1], 16) & 1 << number - 1
    return not pending and words[words.index("State:") + 1] == "S"


@pytest.mark.parametrize("at", SHOPS[-1:], indirect=True)
def test_a_second_interrupt_waits_for_nothing(run: Command, at: OpenShop, tmp_path: Path) -> None:
    """The outcome is unknown then, until the history has it."""
    fault = at.shop.misbehave(Fault(acts=True, held=True))
    settings = make_settings(at, tmp_path)
    pid = run.start(Run(license_one(at, tmp_path), settings))
    assert fault.reached.wait(PATIENCE)
    os.kill(pid, signal.SIGINT)
    wait_until(lambda: has_taken(pid, signal.SIGINT))
    os.kill(pid, signal.SIGTERM)
    assert run.end(pid)[0] == 3
    fault.release.set()
    wait_until_handled(at.url)
    run(Run(license_one(at, tmp_path), settings, ahead=LATER))
    assert [row.state for row in read_purchases(tmp_path)] == ["licensed"]
    assert at.list_bought() == [ONE]
