"""What a command ends with where the settings keep the site from starting."""

import sys
from collections.abc import Sequence
from functools import partial
from typing import IO, Any, Final

import click

from affiliate.cli import outputs
from affiliate.cli.findings import FAULT, Finding

DOCTOR_FAULT_STATUS: Final = 2
"""The status of `flask doctor` where anything is at fault."""


class StartupError(click.ClickException):
    """The faults of the settings, one a sentence.

    ``flask doctor --json`` gives them as findings, all else with ``--json`` as one failure. The
    status of doctor is that of a fault, where 1 is a warning.
    """

    def __init__(self, message: str, faults: Sequence[str]) -> None:
        super().__init__(message)
        self.faults = faults
        # The app is loaded before any command is known, so that only its words tell which it is.
        self._arguments = set(sys.argv[1:])
        self.exit_code = DOCTOR_FAULT_STATUS if "doctor" in self._arguments else 1  # type: ignore[misc] # click reads it of the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the faults, for a program too where one waits for JSON."""
        outputs.report_failure(partial(super().show, file), self._build_document())

    def _build_document(self) -> object:
        if "--json" not in self._arguments:
            return None
        if "doctor" not in self._arguments:
            return outputs.build_error_document(self.format_message())
        return [Finding(FAULT, "settings", fault)._asdict() for fault in self.faults]
