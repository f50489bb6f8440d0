"""Recovery, at the desk, of purchases that earlier buyers have left.

Records are written at once. Files that come once are fetched behind the pages, which wait a moment
for them: the host of a file may hang or send for minutes, while the owner wants the list.
"""

import logging
import threading
from typing import Final

from flask import current_app

from affiliate.database.purchases import Purchases
from affiliate.errors import LedgerError
from affiliate.licensing.purchasing.journal import Journal
from affiliate.licensing.purchasing.recovery import Recovery
from affiliate.services import Services, current_services

WAIT_SECONDS: Final = 2.0
"""Longest wait of a page for the files of earlier purchases, in seconds."""
UNDER_WAY: Final = "The file of an earlier purchase is being fetched; load this page again later."

log = logging.getLogger(__name__)


def recover_purchases() -> list[str]:
    """Record the purchases that earlier buyers have left, and fetch their files behind the page.

    Return lines about both; those about files that come later are for the next page.

    Raises:
        LedgerError: the ledger could not record every purchase.
    """
    extensions = current_app.extensions
    recovery: FileRecovery = extensions.setdefault("license_recovery", FileRecovery())
    return recovery.run(current_services())


class FileRecovery:
    """The recovery of a process, and the lines about it that no page has shown."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._thread: threading.Thread | None = None

    def run(self, services: Services) -> list[str]:
        """Recover the purchases; return the lines for a page.

        Raises:
            LedgerError: the ledger could not record every purchase.
        """
        recovery = Recovery(
            Journal(services.config.data_dir),
            Purchases(services.ledger),
            services.transport,
            self._say,
        )
        are_missing = recovery.record()
        with self._lock:
            if are_missing and not self._is_running():
                self._thread = threading.Thread(
                    target=_fetch_files, args=(recovery,), name="license-files", daemon=True
                )
                self._thread.start()
            thread = self._thread
        if thread:
            thread.join(WAIT_SECONDS)
        with self._lock:
            lines, self._lines = self._lines, []
            return [*lines, UNDER_WAY] if self._is_running() else lines

    def _is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _say(self, words: str, *, err: bool = False) -> None:
        log.log(logging.WARNING if err else logging.INFO, "%s", words)
        with self._lock:
            self._lines.append(words)


def _fetch_files(recovery: Recovery) -> None:
    try:
        recovery.run()
    except LedgerError as error:
        log.warning("purchases can't be recorded: %s", error)
