"""What a run was started with reaches neither its tests nor what they start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.processes import clean_environment, reset_inherited

ASKED = """
import os, signal
blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, len(blocked), os.umask(0))
"""


@pytest.fixture
def background() -> Iterator[None]:
    """Yield while this process ignores and blocks signals, as a job in the background does."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN), os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    yield
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    signal.signal(signal.SIGINT, before[0])
    os.umask(before[1])


@pytest.mark.usefixtures("background")
def test_a_child_has_the_usual_signals_and_umask() -> None:
    """Started by a process that ignores Ctrl-C, a child heeds it, and its files can be read."""
    child = subprocess.run(
        [sys.executable, "-c", ASKED],
        preexec_fn=reset_inherited,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert child.stdout.split() == ["True", "0", str(0o022)]


def test_services_and_proxies_of_a_shell_are_left_behind() -> None:
    """Of an environment the places of programs and the language go on, and nothing of services."""
    kept = {"PATH": "/bin", "LC_ALL": "C", "TZ": "Asia/Kolkata"}
    left = {
        "REDIS_URL": "redis://elsewhere",
        "DATABASE_URL": "postgres://elsewhere",
        "HTTPS_PROXY": "http://proxy",
        "no_proxy": "*",
        "HOST": "x86_64-conda-linux-gnu",
        "PORT": "80",
        "SHUTTERSTOCK_API_TOKEN": "real",
    }
    assert clean_environment(kept | left) == kept
    assert os.environ.keys() <= clean_environment(os.environ).keys() | {"COLUMNS"}
