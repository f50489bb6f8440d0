"""Shares servers and clients between test modules; frees the run from what was inherited."""

import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.postgres import shared_postgres
from tests.support.processes import clean_environment
from tests.support.redis_server import RedisServer, redis_server
from tests.support.soak import SOAK

pytest_plugins = (
    "tests.support.apps",
    "tests.support.chromium",
    "tests.support.markers",
    "tests.support.summary",
)

MEMORY = "/dev/shm"
"""Where Linux keeps files in memory."""
MOST_BYTES = 4 << 30
"""More than a run and the last one's remains take there."""


def room(folder: str) -> int:
    """Return how many bytes a folder of files in memory takes; none where it is not there."""
    if not os.access(folder, os.W_OK):
        return 0
    found = os.statvfs(folder)
    memory = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return min(found.f_bavail * found.f_frsize, int(memory["MemAvailable"].split()[0]) * 1024)


for inherited in os.environ.keys() - clean_environment().keys():
    del os.environ[inherited]
os.environ |= {"PYTHON_DOTENV_DISABLED": "1", "FLASK_SKIP_DOTENV": "1"}  # no developer's .env
os.environ["COLUMNS"] = "80"  # commands fold their texts by it
os.umask(0o022)
sys.dont_write_bytecode = False  # to compile all tests anew is half of what their collection takes
if "TMPDIR" not in os.environ and room(MEMORY) > MOST_BYTES:
    os.environ["TMPDIR"] = MEMORY  # databases sync each commit, which takes a disk most of a run
    tempfile.tempdir = None

EXAMPLES = 100 if SOAK else 25
"""How many examples a property is tried with, where its test says nothing else."""
settings.register_profile("steady", deadline=None, max_examples=EXAMPLES)  # a machine may be busy
settings.load_profile("steady")


LONG = (
    "browser/test_many_agencies.py",
    "browser/test_embed_crop.py",
    "browser/test_crop.py::test_no_width_shows_the_bar",
    "browser/test_accessibility.py::test_every_state_suits_fingers_and_long_words",
    "browser/test_embed_room.py::test_the_disclosure_stands_whole_in_every_language",
    "journeys/test_journeys.py::test_tiles_keep_their_shape_at_every_width[chromium]",
    "journeys/test_journeys.py::test_tiles_keep_their_shape_at_every_width[firefox]",
    "licensing/test_sync_processes.py",
    "test_kills.py::test_random_kills",
    "test_sync_kills.py::test_random_kills",
    "cache/test_stampede.py::test_fifty_clients_on_a_cold_key_cost_one_call[redis]",
    "cache/test_stampede.py::test_fifty_clients_on_an_expired_key",
    "deploy/test_upgrading.py::test_the_guide_leads_up_back_and_to_the_copy[postgresql]",
    "wordpress/test_settings.py::test_uninstall_leaves_nothing",
)
"""Tests that take a minute and a half of a run; `make long` has them, as have runs that name a
file."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Import a worker's share of the modules first, which compiles them for the other workers.

    All would compile each module by themselves in a fresh clone, at the same moment.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None or session.config.args != session.config.getini("testpaths"):
        return
    gc.disable()  # until all is collected: it would look through thousands of tests in vain
    modules = sorted(session.config.rootpath.glob("tests/**/test_*.py"))
    for path in modules[int(worker["workerid"][2:]) :: worker["workercount"]]:
        with suppress(Exception, pytest.skip.Exception):  # told where the module is collected
            import_module(".".join(path.relative_to(session.config.rootpath).with_suffix("").parts))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests to `make long`, and to whoever names files to run."""
    if SOAK or config.args != config.getini("testpaths"):
        return
    long = [item for item in items if any(name in item.nodeid for name in LONG)]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if item not in long]


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what lives as long as the run."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One Redis for all tests of a worker that do no harm to it."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the folder of the socket of one PostgreSQL, shared by all workers of a run."""
    folder = tmp_path_factory.getbasetemp()
    run = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with shared_postgres(run) as socket:
        yield socket
