"""The failure of commands when the settings keep the site from starting."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, Final

import click

from affiliate.checks.findings import FAULT, Finding
from affiliate.cli import outputs
from affiliate.errors import ConfigError, LedgerError

DOCTOR_FAULT_STATUS: Final = 2
"""The exit status of `flask doctor` after a fault."""


class StartupError(click.ClickException):
    """The faults of the settings, each a sentence.

    ``flask doctor --json`` prints the faults as findings, other commands with ``--json`` print one
    failure. Doctor's exit status is that of a fault, as its status 1 means a warning.
    """

    def __init__(self, message: str, faults: Sequence[str]) -> None:
        super().__init__(message)
        self.faults = faults
        # The app is loaded before click knows the command, so that only the arguments name it.
        self._arguments = set(sys.argv[1:])
        self.exit_code = DOCTOR_FAULT_STATUS if "doctor" in self._arguments else 1  # type: ignore[misc] # click reads the instance's value

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the faults, also as a document for programs that asked for JSON."""
        outputs.report_failure(partial(super().show, file), self._build_document())

    def _build_document(self) -> object:
        if "--json" not in self._arguments:
            return None
        if "doctor" not in self._arguments:
            return outputs.build_error_document(self.format_message())
        return [Finding(FAULT, "settings", fault)._asdict() for fault in self.faults]


@contextmanager
def report_startup_errors() -> Iterator[None]:
    """Report a failed start to the user of a command as a sentence, not as a traceback."""
    try:
        yield
    except (ConfigError, LedgerError) as error:
        if click.get_current_context(silent=True):  # in a command
            faults = error.faults if isinstance(error, ConfigError) else [str(error)]
            raise StartupError(str(error), faults) from None
        raise
