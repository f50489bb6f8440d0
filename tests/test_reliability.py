"""Every promise of the documentation has a test, which is there and is run."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import LONG

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PAGE = (ROOT / "docs/reliability.md").read_text()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and "| promise |" not in line]
SKIPS = {"skip", "skipif", "xfail"}


def names(row: str) -> list[str]:
    """Return the tests that a row names in its last cell."""
    return re.findall(r"`([\w/]+\.py::\w+)`", row.rstrip(" |").rpartition(" | ")[2])


@cache
def functions(path: str) -> dict[str, ast.FunctionDef]:
    """Return the tests of a file by name, but for those that are skipped."""
    tree = ast.parse((TESTS / path).read_text())
    found = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    return {name: one for name, one in found.items() if not _is_skipped(one)}


def _is_skipped(test: ast.FunctionDef) -> bool:
    words = {
        one.attr
        for mark in test.decorator_list
        for one in ast.walk(mark)
        if isinstance(one, ast.Attribute)
    }
    return bool(words & SKIPS)


def test_every_promise_names_a_test_that_is_there() -> None:
    """The last cell of each row names tests by file and function, and nothing else."""
    assert len(ROWS) > 80
    assert [row for row in ROWS if not names(row)] == []
    named = [name.split("::") for row in ROWS for name in names(row)]
    assert [f"{path}::{test}" for path, test in named if test not in functions(path)] == []


def test_every_named_test_is_collected(request: pytest.FixtureRequest) -> None:
    """A run of all tests has each of them, those of `make long` there alone, as their rows say."""
    config = request.config
    if config.args != config.getini("testpaths") or config.option.markexpr or config.option.keyword:
        pytest.skip("only a run of all tests collects them all")
    run = {item.nodeid.removeprefix("tests/").partition("[")[0] for item in request.session.items}
    missing = [row for row in ROWS for name in names(row) if name not in run]
    assert [row for row in missing if "*long*" not in row] == []


def test_what_make_long_alone_runs_is_marked() -> None:
    """A row says so where no part of its test is in the usual run."""
    whole = {one for one in LONG if "[" not in one}
    long = {name for row in ROWS for name in names(row) if any(one in name for one in whole)}
    told = {name for row in ROWS if "*long*" in row for name in names(row)}
    assert long <= told


def test_files_that_the_pages_name_are_there() -> None:
    """Links and files of tests in the pages about safety lead somewhere."""
    security = (ROOT / "SECURITY.md").read_text()
    named = re.findall(r"`(tests/[\w./]+)`", security)
    links = [
        base / target.partition("#")[0]
        for base, text in ((ROOT, security), (ROOT / "docs", PAGE))
        for target in re.findall(r"\]\(([^):]+)\)", text)
    ]
    paths = [*(ROOT / name for name in named), *links]
    assert [path for path in paths if not path.exists()] == []
