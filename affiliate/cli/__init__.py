"""The owner's commands, a module for each group of commands.

`commands` lists all commands. A server imports none of these modules: they take 10 MB of memory.
"""

from functools import cached_property

import click
from flask import Flask
from flask.cli import AppGroup


class OwnerCommands(AppGroup):
    """A group that imports the owner's commands when a command is looked up or listed."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        del self.commands  # click's empty dictionary, which hides the property

    @cached_property
    def commands(self) -> dict[str, click.Command]:  # type: ignore[override]
        """Return all commands by their names."""
        from affiliate.cli.commands import COMMANDS  # noqa: PLC0415 - a server needs none

        return {str(command.name): command for command in COMMANDS}


def register(app: Flask) -> None:
    """Add the commands to an app with `Services` in ``app.extensions["services"]``."""
    app.cli = OwnerCommands(app.name)
