"""Measures the memory that a sync takes, in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulator import Simulator, simulator
from tests.support.killing import make_settings
from tests.support.processes import run_python
from tests.support.soak import SOAK
from tests.support.synced import check_folder
from tests.support.waiting import PATIENCE

LICENSES = 9800 if SOAK else 4800


@pytest.fixture
def agency() -> Iterator[Simulator]:
    with simulator(500) as one:
        yield one


MEASURED = """
import sys
from app import create_app
done = create_app().test_cli_runner().invoke(args=["sync", sys.argv[1]])
assert done.exit_code == 0, done.output
print(next(one.split()[1] for one in open("/proc/self/status") if one.startswith("VmHWM")))
"""


def memory_of_a_sync(agency: Simulator, folder: Path) -> int:
    """Return the most memory that a process takes which syncs, in bytes."""
    with run_python(
        "-c", MEASURED, str(folder / "dam"), environ=make_settings(agency, folder)
    ) as process:
        return int(process.communicate(timeout=2 * PATIENCE)[0]) * 1024


def test_thousands_of_licenses_in_flat_memory(agency: Simulator, tmp_path: Path) -> None:
    """Thousands of licenses take at most 4 MB more than 200 do; 10,000 in a long run."""
    agency.official = None  # its check of so many rows would take most of the time
    used = []
    for count, folder in ((200, tmp_path / "few"), (LICENSES, tmp_path / "many")):
        folder.mkdir()
        for number in range(count):
            agency.buy(number % 500, downloadable=number % 1000 == 0)
        used.append(memory_of_a_sync(agency, folder))
    check_folder(agency, tmp_path / "many" / "dam")
    assert used[1] - used[0] < 4 << 20
