"""Killed at any moment, or two at once: agencies that sell for real alone sell an item once."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.selling import FIRST, GATEWAY, Fault
from tests.support.kill_at import STEPS, Run
from tests.support.killing import GRACE, KILLED, Command, runner
from tests.support.shops import SHOPS, Open, environ, opened, recorded
from tests.support.site_server import ROOT

ONE = str(FIRST)


@pytest.fixture(params=SHOPS, ids=lambda one: one.name)
def at(request: pytest.FixtureRequest) -> Iterator[Open]:
    with opened(request.param) as one:
        yield one


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_each_step_buys_once(at: Open, tmp_path: Path, step: str) -> None:
    """Killed there and run again until it is done, the item is bought once and recorded so."""
    settings = environ(at, tmp_path)
    command = ["license", "--agency", at.shop.name, ONE, "--live", "--yes"]
    folder = ["--dir", str(tmp_path)]
    with runner() as started:
        status, _ = started(Run(command + folder, settings, step=step, grace=GRACE))
        assert status == KILLED
        again_until_licensed(started, command + folder, settings, tmp_path)
    assert at.bought() == [ONE]
    assert [row.state for row in recorded(tmp_path)].count("licensed") == 1


@pytest.mark.parametrize("acts", [True, False], ids=["acted", "read"])
def test_a_kill_after_sending_buys_once(at: Open, tmp_path: Path, acts: bool) -> None:  # noqa: FBT001
    """Killed while the agency works on it or has just done it, the next run settles it."""
    fault = at.shop.misbehave(Fault(acts=acts, held=True))
    settings = environ(at, tmp_path)
    command = ["license", "--agency", at.shop.name, ONE, "--live", "--yes"]
    with subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", *command, "--dir", str(tmp_path)],
        cwd=ROOT,
        env=settings,
        stdout=subprocess.DEVNULL,
    ) as process:
        assert fault.reached.wait(60)
        process.kill()
    fault.release.set()
    with runner() as started:
        again_until_licensed(started, [*command, "--dir", str(tmp_path)], settings, tmp_path)
    assert at.bought() == [ONE]
    assert [row.state for row in recorded(tmp_path)].count("licensed") == 1


def again_until_licensed(
    started: Command, command: list[str], settings: dict[str, str], folder: Path
) -> None:
    for _ in range(20):
        started(Run(command, settings, grace=GRACE))
        if any(row.state == "licensed" for row in recorded(folder)):
            return


def test_of_two_processes_one_buys(at: Open, tmp_path: Path) -> None:
    """While one waits for the agency's answer the other is refused."""
    fault = at.shop.misbehave(Fault(acts=True, held=True, answer=GATEWAY))
    command = ["license", "--agency", at.shop.name, ONE, "--live", "--yes"]
    whole = [sys.executable, "-m", "flask", "--app", "app", *command, "--dir", str(tmp_path / "f")]

    def start() -> subprocess.Popen[str]:
        return subprocess.Popen(
            whole,
            cwd=ROOT,
            env=environ(at, tmp_path),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    first = start()
    assert fault.reached.wait(60)
    second = start()
    while len(at.asked) < 2 or not looked(at):
        time.sleep(0.05)
    fault.release.set()
    outputs = [one.communicate(timeout=120)[0] for one in (first, second)]
    assert at.bought() == [ONE], outputs
    assert at.tries() == 1
    assert sum("licensed as" in text for text in outputs) == 1, outputs


def looked(at: Open) -> bool:
    """Whether somebody asked for anything after the purchase had been sent."""
    sent = next(n for n, asked in enumerate(at.asked) if at.shop.buys(asked))
    return len(at.asked) > sent + 1
