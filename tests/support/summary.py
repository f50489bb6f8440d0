"""Lists at the end of a run the tests that did not run, and why; enforces official contracts."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.support.official import SHARED

MARKERS = ("quick", "services", "browser", "wordpress", "kills", "contract")
LEFT_OUT = pytest.StashKey[Counter[str]]()
SELECTED = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-contracts",
        action="store_true",
        help="fail if official contracts lie beside the checkout and were not checked",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.stash[LEFT_OUT] = Counter()
    config.stash[SELECTED] = Counter()
    if config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(FromWorkers(config))


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        item.config.stash[LEFT_OUT].update(markers(item))


def pytest_collection_finish(session: pytest.Session) -> None:
    for item in session.items:
        session.config.stash[SELECTED].update(markers(item))


def markers(item: pytest.Item) -> Iterator[str]:
    return (mark.name for mark in item.iter_markers() if mark.name in MARKERS)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        left_out, selected = config.stash[LEFT_OUT], config.stash[SELECTED]
        config.workeroutput.update(left_out=dict(left_out), selected=dict(selected))
    elif config.getoption("--require-contracts") and explain_unchecked(config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class FromWorkers:
    """A receiver of a worker's counts; each worker collects the same tests."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        counts = getattr(node, "workeroutput", {})
        self.config.stash[LEFT_OUT] = Counter(counts.get("left_out", {}))
        self.config.stash[SELECTED] = Counter(counts.get("selected", {}))


def explain_unchecked(config: pytest.Config) -> str:
    """Return why official contracts beside the checkout were not checked, or nothing."""
    if not SHARED.exists():
        return ""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    skipped = [one for one in reporter.stats.get("skipped", ()) if "tests/contract/" in one.nodeid]
    if skipped:
        return f"{len(skipped)} tests of official contracts were skipped"
    if not config.stash[SELECTED]["contract"]:
        return "no test of the official contracts was chosen"
    return ""


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    left_out = config.stash[LEFT_OUT]
    reasons = Counter(reason(report) for report in terminalreporter.stats.get("skipped", ()))
    for marker in MARKERS:
        if left_out[marker]:
            terminalreporter.line(f"not run: {left_out[marker]} {marker} tests were not chosen")
    for why, count in sorted(reasons.items()):
        terminalreporter.line(f"not run: {count} tests, as {why}")
    if config.getoption("--require-contracts") and (why := explain_unchecked(config)):
        terminalreporter.line(f"failed: {why}, though {SHARED.name}/upstream lies beside", red=True)


def reason(report: pytest.TestReport) -> str:
    """Return the reason of a skipped test as the test gave it."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
