"""The table of Shutterstock's calls names commands and addresses that exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from flask import Flask

from app import create_app
from tests.support.tables import iter_rows

TABLE = Path(__file__).parents[3] / "docs" / "shutterstock.md"


KEY = "a secret of no less than thirty-two signs"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """Return a site with every part that a setting can switch on."""
    folder = str(tmp_path_factory.mktemp("site"))
    return create_app(
        {"DATA_DIR": folder, "OWNER_PASSWORD": "pass word", "SECRET_KEY": KEY, "AGENCIES": "demo"}
    )


def iter_names() -> Iterator[str]:
    """Yield each name of the last column once."""
    cells = [cells[-1] for cells in iter_rows(TABLE.read_text())]
    return iter(dict.fromkeys(name for cell in cells for name in re.findall(r"`([^`]+)`", cell)))


def test_every_address_exists(app: Flask) -> None:
    """Each address leads to a view."""
    paths = [name.partition("?")[0] for name in iter_names() if name.startswith("/")]
    views = app.url_map.bind("localhost")
    for path in paths:
        assert views.match(path.replace("<agency>", "shutterstock").replace("<id>", "1"))
    assert len(paths) > 8


def test_every_command_exists_with_its_options(app: Flask) -> None:
    """Each command is one of flask's, and takes the options beside it."""
    commands = [name for name in iter_names() if not name.startswith("/")]
    for name in commands:
        words = name.split()
        command: click.Command | None = app.cli
        while isinstance(command, click.Group):
            command = command.commands.get(words.pop(0))
        assert command, name
        known = {one for parameter in command.params for one in parameter.opts}
        assert set(words) <= known, name
    assert len(commands) > 20


def test_the_readme_leads_there() -> None:
    """A reader of the README finds the table."""
    assert "(docs/shutterstock.md)" in (TABLE.parents[1] / "README.md").read_text()
