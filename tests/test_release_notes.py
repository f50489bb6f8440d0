"""The notes of a release are the section of its version in CHANGELOG.md."""

import re
import tomllib

import pytest

from affiliate import __version__
from tools import release_notes

CHANGELOG = """\
# Changelog

## Unreleased

## 1.10.0 (2026-12-24)

### Added

- Snow.

## 1.1.0 (2026-11-28)

- First.
"""


def test_the_notes_are_the_section_of_the_version() -> None:
    assert release_notes.find_notes(CHANGELOG, "1.10.0") == "### Added\n\n- Snow.\n"
    assert release_notes.find_notes(CHANGELOG, "1.1.0") == "- First.\n"


@pytest.mark.parametrize("version", ["1.1", "1x1.0", "Unreleased", "2.0.0"])
def test_a_version_without_entries_is_named(version: str) -> None:
    with pytest.raises(LookupError, match=re.escape(version)):
        release_notes.find_notes(CHANGELOG, version)


def test_the_changelog_has_the_programs_version() -> None:
    """Below an Unreleased section; each section sorts its entries by kind."""
    text = release_notes.FILE.read_text()
    assert release_notes.find_notes(text, __version__)
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert sections[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", name) for name in sections[1:])
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= {"Added", "Changed", "Fixed"}


def test_the_version_stands_in_one_place() -> None:
    """The project's metadata take it from the package."""
    project = tomllib.loads(release_notes.FILE.with_name("pyproject.toml").read_text())
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["setuptools"]["dynamic"]["version"]["attr"] == "affiliate.__version__"
