"""Killed at any moment, or two at once: agencies that sell for real alone sell an item once."""

import os
import signal
from pathlib import Path

import pytest

from tests.dialects.selling import FIRST, GATEWAY, Fault
from tests.support.kill_at import STEPS, Run
from tests.support.killing import KILLED, LATER, PATIENCE, Command, wait_until_handled
from tests.support.shops import SHOPS, OpenShop, license_one, make_settings, read_purchases
from tests.support.soak import SOAK
from tests.support.waiting import wait_until

ONE = str(FIRST)


KILLS = [
    pytest.param(shop, step, id=f"{shop.name}-{step}")
    for shop in SHOPS
    for step in STEPS
    if shop.name == "istock" or (SOAK and not step.endswith("the file"))  # whose files come once
]
"""Every step at the shop that has all of them; a soak takes each at every shop."""


@pytest.mark.parametrize(("at", "step"), KILLS, indirect=["at"])
def test_a_kill_at_each_step_buys_once(
    run: Command, at: OpenShop, tmp_path: Path, step: str
) -> None:
    """Killed there and run again until it is done, the item is bought once and recorded so."""
    settings = make_settings(at, tmp_path)
    command = license_one(at, tmp_path)
    assert run(Run(command, settings, step=step))[0] == KILLED
    wait_until_handled(at.url)
    run(Run(command, settings))
    soon = ["unknown" if step == "after the record" else "licensed"]
    assert [row.state for row in read_purchases(tmp_path)] == soon
    run(Run(command, settings, ahead=LATER))
    assert at.list_bought() == [ONE]
    assert [row.state for row in read_purchases(tmp_path)].count("licensed") == 1
    if at.shop.name == "istock":
        assert [path.suffix for path in (tmp_path / "files").iterdir()] == [".jpg"]


@pytest.mark.parametrize("acts", [True, False], ids=["acted", "read"])
def test_a_kill_after_sending_buys_once(
    run: Command,
    at: OpenShop,
    tmp_path: Path,
    acts: bool,  # noqa: FBT001
) -> None:
    """Killed while the agency works on it or has just done it, the next run settles it."""
    fault = at.shop.misbehave(Fault(acts=acts, held=True))
    settings = make_settings(at, tmp_path)
    command = license_one(at, tmp_path)
    pid = run.start(Run(command, settings))
    assert fault.reached.wait(PATIENCE)
    os.kill(pid, signal.SIGKILL)
    assert run.end(pid)[0] == KILLED
    fault.release.set()
    wait_until_handled(at.url)
    run(Run(command, settings))
    assert [row.state for row in read_purchases(tmp_path)] == ["licensed" if acts else "unknown"]
    run(Run(command, settings, ahead=LATER))
    assert at.list_bought() == [ONE]
    assert [row.state for row in read_purchases(tmp_path)].count("licensed") == 1


def test_of_two_processes_one_buys(run: Command, at: OpenShop, tmp_path: Path) -> None:
    """While one waits for the agency's answer the other is refused."""
    fault = at.shop.misbehave(Fault(acts=True, held=True, answer=GATEWAY))
    settings, command = make_settings(at, tmp_path), license_one(at, tmp_path)
    files = [tmp_path / name for name in ("first", "second")]
    first = run.start(Run(command, settings, output=str(files[0])))
    assert fault.reached.wait(PATIENCE)
    second = run.start(Run(command, settings, output=str(files[1])))
    wait_until(lambda: looked(at))
    fault.release.set()
    for pid in (first, second):
        run.end(pid)
    outputs = [file.read_text() for file in files]
    assert at.list_bought() == [ONE], outputs
    assert at.count_tries() == 1
    assert sum("licensed as" in text for text in outputs) == 1, outputs


def looked(at: OpenShop) -> bool:
    """Whether somebody asked for anything after the purchase had been sent."""
    sent = next(n for n, asked in enumerate(at.requests) if at.shop.buys(asked))
    return len(at.requests) > sent + 1
