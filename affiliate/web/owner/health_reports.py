"""The findings of all checks, kept a short time, as checks call agencies and take seconds."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from affiliate.checks.findings import Finding
from affiliate.refreshed_value import RefreshedValue
from affiliate.services import Services

KEEP_SECONDS: Final = 300.0
"""Seconds for which a report is shown without new checks."""
WAIT_SECONDS: Final = 5.0
"""Longest wait of a page for running checks, in seconds; checks go on behind the page."""


class Report(NamedTuple):
    """The findings of all checks, the time of the checks, and whether agencies were searched."""

    findings: tuple[Finding, ...]
    checked_at: datetime
    is_live: bool


class HealthReports:
    """The last report of a process."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._is_live_wanted = False
        self._report = RefreshedValue[Report | None](
            self._check, None, KEEP_SECONDS, name="health", max_wait=lambda _: WAIT_SECONDS
        )

    def get(self) -> Report | None:
        """Return the last report, or a new one where it is old; None while the first is made."""
        return self._report.get()

    @property
    def is_checking(self) -> bool:
        """Return whether checks run."""
        return self._report.is_refreshing

    def request(self, *, live: bool) -> None:
        """Have the next reader begin new checks, with a search at each agency if ``live``."""
        self._is_live_wanted = self._is_live_wanted or live
        self._report.expire()

    def _check(self, _: Report | None) -> Report:
        from affiliate.checks.suite import iter_findings  # noqa: PLC0415 - takes an image library

        live, self._is_live_wanted = self._is_live_wanted, False
        findings = tuple(iter_findings(self._services, live=live))
        return Report(findings, datetime.now(UTC), live)
