"""The walk through adding an agency shows lines that are really there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
FILES = {
    part.partition("\n")[0]: [line[1:] for line in part.splitlines()[1:] if line.startswith("+")]
    for block in re.findall(r"```diff\n(.*?)```", GUIDE, re.DOTALL)
    for part in re.split(r"^\+\+\+ b/", block, flags=re.MULTILINE)[1:]
}
"""The lines that the guide adds to each file."""


def test_the_walk_touches_all_that_adding_an_agency_takes() -> None:
    places = {"affiliate/agencies/__init__.py", "tests/dialects/__init__.py", "docs/agencies.md"}
    assert places < set(FILES)
    assert len(FILES) == 5


@pytest.mark.parametrize("path", FILES)
def test_every_line_of_it_stands_in_its_file_in_that_order(path: str) -> None:
    lines = iter((ROOT / path).read_text().splitlines())
    assert [line for line in FILES[path] if line not in lines] == []


def test_the_files_that_it_names_are_there() -> None:
    named = re.findall(r"`((?:affiliate|tests|tools|translations|docs)/[\w/.]*)`", GUIDE)
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_names_that_the_guide_mentions_are_there() -> None:
    """Functions and attributes of an agency's module, by their names in the code."""
    files = [path for top in ("affiliate", "tests") for path in (ROOT / top).rglob("*.py")]
    words = {word for path in files for word in re.findall(r"\w+", path.read_text())}
    names = set(re.findall(r"`(\w+)\(\)`", GUIDE) + re.findall(r"`([a-z]+(?:_[a-z]+)+)`", GUIDE))
    assert len(names) > 15
    assert names - words == set()


def test_modules_of_tests_never_import_each_other() -> None:
    """A module that another imports is run, marked and moved with that one."""
    imports = re.compile(r"^(?:from|import) tests\.[\w.]*\btest_.*", re.MULTILINE)
    modules = sorted((ROOT / "tests").rglob("*.py"))
    assert len(modules) > 400
    assert {path.name: imports.findall(path.read_text()) for path in modules} == {
        path.name: [] for path in modules
    }
