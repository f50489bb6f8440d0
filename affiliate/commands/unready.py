"""What a command ends with where the settings keep the site from starting."""

import sys
from collections.abc import Sequence
from typing import IO, Any, Final

import click

from affiliate.commands import options
from affiliate.commands.findings import FAULT, Finding

DOCTORS: Final = 2
"""The status of `flask doctor` where anything is at fault."""


class Unready(click.ClickException):
    """The faults of the settings, one a sentence; ``flask doctor --json`` gives them as findings.

    The status of doctor is that of a fault, where 1 is a warning.
    """

    def __init__(self, message: str, faults: Sequence[str]) -> None:
        super().__init__(message)
        self.faults = faults
        # The app is loaded before any command is known, so that only its words tell which it is.
        self._words = set(sys.argv[1:])
        self.exit_code = DOCTORS if "doctor" in self._words else 1  # type: ignore[misc] # click reads it of the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the faults, for a program too where one waits for findings."""
        super().show(file)
        if self._words >= {"doctor", "--json"}:
            found = [Finding(FAULT, "settings", one) for one in self.faults]
            options.show_json([one._asdict() for one in found])
