"""Shares shops, commands in forks, and what makes disks and databases fail soon."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from affiliate.database.connections import DATABASES
from tests.support.killing import Command, runner
from tests.support.shops import SHOPS, OpenShop, open_shop


@pytest.fixture(scope="session")
def run() -> Iterator[Command]:
    """Run commands in forks of one process that has loaded all they need."""
    with runner() as one:
        yield one


@pytest.fixture(params=SHOPS, ids=lambda one: one.name)
def at(request: pytest.FixtureRequest) -> Iterator[OpenShop]:
    """Open each shop that sells for real alone, one after another."""
    with open_shop(request.param) as one:
        yield one


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a disk of 64 KB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(tmp_path)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a disk can be mounted by root alone")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have ledgers that are opened from here on wait a moment alone for a locked database."""
    soon = DATABASES["sqlite"]._replace(connect_options={"timeout": 0.3})
    monkeypatch.setitem(DATABASES, "sqlite", soon)
