"""Marks each test by its needs, so that a part of the tests can be chosen and counted.

``quick`` needs Python packages alone; the other markers stand in pyproject.toml. Who writes a test
marks nothing: what the test and its module use decides.
"""

import os
from functools import cache
from types import ModuleType

import pytest

FOLDERS = {"wordpress": "wordpress", "contract": "contract"}
"""Marker by folder below ``tests``."""
FIXTURES = {
    "browser": "browser",
    "launch": "browser",
    "window": "browser",
    "shared_redis": "services",
    "postgres": "services",
}
"""Marker by fixture."""
SERVERS = frozenset(
    (
        "tests.support.site_server.running_site",
        "tests.support.redis_server.redis_server",
        "tests.support.redis_server.RedisServer",
        "tests.support.site_server.running_sites",
        "tests.support.dockerfile.build_image",
        "tests.support.processes.run_python",
        "tests.support.processes.start_python",
        "tests.support.small_server.small_server",
        "tests.support.site_hosts.site_hosts",
        "tests.support.promtool.run_promtool",
        "tests.support.terminal.open_terminal",
        "tests.support.forks.fork",
        "tests.soak.run.soak",
    )
)
"""Start programs: a module that imports one of these holds tests of services."""
PARAMETERS = {"redis": "services", "postgresql": "services"}
"""Marker by the value that chooses a store or a database."""


ORDER = ("wordpress", "browser", "contract", "kills", "services", "quick")
"""Tests of the same servers are neighbors, the slowest first; short tests come last."""


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marker
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in sorted(markers_of(item)) or ["quick"]:
            item.add_marker(marker)
    items.sort(key=place)


FIRST = "test_soak"
"""Takes longest, nearly all of it waiting, and so begins at once, beside all others."""


def place(item: pytest.Item) -> int:
    """Return the position of a test in the order of a run: that of its first marker."""
    if item.path.stem == FIRST:
        return -1
    names = {mark.name for mark in item.iter_markers()}
    return next((n for n, name in enumerate(ORDER) if name in names), len(ORDER))


def pytest_xdist_auto_num_workers() -> int | None:
    """Return one worker more than cores, as tests often wait for servers and sockets."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # as pytest-xdist has it
    return len(os.sched_getaffinity(0)) + 1


def markers_of(item: pytest.Item) -> set[str]:
    """Return the names of the markers that a test needs; none for a quick test."""
    found = {FOLDERS[part] for part in item.path.parts if part in FOLDERS}
    found |= {FIXTURES[name] for name in getattr(item, "fixturenames", ()) if name in FIXTURES}
    if "kill" in item.path.stem:
        found.add("kills")
    if callspec := getattr(item, "callspec", None):
        found |= {
            PARAMETERS[text] for text in map(str, callspec.params.values()) if text in PARAMETERS
        }
    if not found & {"browser", "wordpress", "kills"} and starts_servers(item):
        found.add("services")
    return found


def starts_servers(item: pytest.Item) -> bool:
    module = item.getparent(pytest.Module)
    return module is not None and imports_servers(module.obj)


@cache
def imports_servers(module: ModuleType) -> bool:
    return any(
        f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}" in SERVERS
        for thing in vars(module).values()
    )
