"""docs/architecture.md names files, folders and classes that are there."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text()
CODE = "\n".join(path.read_text() for path in (ROOT / "affiliate").rglob("*.py"))
TOP = "affiliate|bench|docs|static|templates|tests|tools|translations|wordpress"


def test_every_path_on_the_page_exists() -> None:
    paths = set(re.findall(rf"`((?:{TOP})/[\w/.]*|\w+\.(?:py|toml))`", PAGE))
    assert len(paths) > 60
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_every_class_on_the_page_exists() -> None:
    names = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]*)*)`", PAGE))
    assert len(names) > 15
    assert [name for name in sorted(names) if f"class {name}" not in CODE] == []


def test_every_folder_and_file_of_the_layers_is_on_the_page() -> None:
    """The layers are those that import-linter checks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    names = [name for layer in layers for name in layer.split(" | ")]
    assert [name for name in names if not re.search(rf"\b{name}(/|\.py)", PAGE)] == []
