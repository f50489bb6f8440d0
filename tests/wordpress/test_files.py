"""The plugin's files have the form that WordPress' directory asks for, and agree."""

import json
import re

import pytest

from affiliate.domain.query import ADDED, MIN_WIDTHS, ORIENTATIONS, TYPES
from tests.support.blog import PLUGIN, run_program

README = (PLUGIN / "readme.txt").read_text()
MAIN = (PLUGIN / "affiliate-search.php").read_text()
BLOCK = json.loads((PLUGIN / "block" / "block.json").read_text())
EDITOR = (PLUGIN / "block" / "editor.js").read_text()
SHORT = 150
"""The longest short description (https://developer.wordpress.org/plugins/wordpress-org/)."""


def read_header(text: str, name: str) -> str:
    """Return the value of a line of a header."""
    found = re.search(rf"^[ *]*{name}: *(.+)$", text, re.MULTILINE)
    assert found, name
    return found[1]


def test_versions_are_the_same() -> None:
    """The header, the readme, the block and its script say one version."""
    script = re.findall(r"'version' *=> '([^']+)'", (PLUGIN / "block/editor.asset.php").read_text())
    versions = [
        read_header(MAIN, "Version"),
        read_header(README, "Stable tag"),
        BLOCK["version"],
        *script,
    ]
    assert versions == [versions[0]] * 4
    assert f"= {versions[0]} =" in README.partition("== Changelog ==")[2]


@pytest.mark.parametrize("name", ["Requires at least", "Requires PHP", "License URI"])
def test_requirements_are_the_same(name: str) -> None:
    """The header and the readme require the same, under the same license."""
    assert read_header(MAIN, name) == read_header(README, name)
    assert read_header(README, "License") == "GPLv2 or later"
    assert read_header(MAIN, "License") == "GPL-2.0-or-later"


def test_readme_has_the_form_of_the_directory() -> None:
    """The readme has its title, at most five tags, a short description, and the usual parts."""
    assert README.startswith("=== Affiliate Search ===\n")
    assert len(read_header(README, "Tags").split(",")) <= 5
    assert len(README.split("\n\n")[1]) <= SHORT
    parts = re.findall(r"^== (.+) ==$", README, re.MULTILINE)
    questions = "Frequently Asked Questions"
    assert parts == ["Description", "Installation", questions, "Changelog"]


def test_choices_are_those_of_searches() -> None:
    """What the editor offers for a filter is what searches take."""
    offered = {
        "type": TYPES,
        "orientation": ORIENTATIONS,
        "min_width": MIN_WIDTHS,
        "added": tuple(ADDED),
    }
    for name, values in offered.items():
        part = re.search(rf"const {name.upper()}S? = \[(.+?)\n\t\];", EDITOR, re.DOTALL)
        assert part
        assert tuple(re.findall(r"(?:\[ |, )'(\w+)'(?=, __|, '| \])", part[1])) == values
        assert BLOCK["attributes"][name] == {"type": "string", "default": ""}


@pytest.mark.parametrize("path", sorted(PLUGIN.rglob("*.php")), ids=lambda path: path.name)
def test_php_is_php(path: str) -> None:
    """PHP can read each file, and nobody can run one alone."""
    done = run_program("php", "-l", path)
    assert not done.returncode, done.stdout + done.stderr
    alone = run_program("php", path)
    assert (alone.returncode, alone.stdout + alone.stderr) == (0, "")
