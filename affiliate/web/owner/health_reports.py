"""The findings of all checks, kept a short time, as checks may take seconds.

Checks by themselves call no agency: an owner who leaves the desk open must not spend the quota.

All processes share the report in the store; while the store is down each process has its own.
"""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import msgspec

from affiliate.checks.findings import Finding
from affiliate.domain import decoding
from affiliate.refreshed_value import RefreshedValue
from affiliate.services import Services

FRESH_SECONDS: Final = 300.0
"""Age in seconds from which on a reader begins new checks."""
KEEP_SECONDS: Final = 86400
"""Seconds for which the store keeps a report."""
WAIT_SECONDS: Final = 5.0
"""Longest wait of a page for running checks, in seconds; checks go on behind the page."""
RUNNING_SECONDS: Final = 120
"""Seconds after which a mark of running checks counts no longer: their process was killed."""
REPORT_KEY: Final = "health:report"
RUNNING_KEY: Final = "health:running"


class Report(NamedTuple):
    """The findings of all checks, and their time in Unix seconds; ``is_live``: with searches."""

    findings: tuple[Finding, ...]
    checked_at: float
    is_live: bool


class HealthReports:
    """The last report; ``now`` is the time in Unix seconds."""

    def __init__(self, services: Services, now: Callable[[], float] = time.time) -> None:
        self._services = services
        self._now = now
        self._is_live_wanted = False
        self._own = RefreshedValue[Report | None](
            self._check, None, FRESH_SECONDS, name="health", max_wait=lambda _: WAIT_SECONDS
        )

    def get(self, most: float = WAIT_SECONDS) -> Report | None:
        """Return the last report, or a new report in place of an old one; None during the first.

        A page waits ``most`` seconds at the longest.
        """
        if (report := self.peek()) and 0 <= self._now() - report.checked_at < FRESH_SECONDS:
            return report
        own = self._own.get(most)
        return self.peek() or own

    def peek(self) -> Report | None:
        """Return the last report of any process, however old; never begin checks."""
        packed = self._services.store.get(REPORT_KEY)
        try:
            return decoding.decode_msgpack(packed, Report) if packed else None
        except ValueError:  # of another version
            return None

    @property
    def is_checking(self) -> bool:
        """Return whether checks run in any process."""
        return self._own.is_refreshing or bool(self._services.store.get(RUNNING_KEY))

    def check_live(self) -> None:
        """Begin checks with a search at each agency, and wait a few seconds for the findings."""
        self._is_live_wanted = True
        self._own.expire()
        self._own.get()

    def _check(self, _: Report | None) -> Report:
        from affiliate.checks.suite import iter_findings  # noqa: PLC0415 - takes an image library

        store = self._services.store
        while True:
            live, self._is_live_wanted = self._is_live_wanted, False
            store.set(RUNNING_KEY, b"1", RUNNING_SECONDS)
            findings = tuple(iter_findings(self._services, calls=live, live=live))
            report = Report(findings, self._now(), live)
            store.set(REPORT_KEY, msgspec.msgpack.encode(report), KEEP_SECONDS)
            store.set(RUNNING_KEY, b"", 1)
            if not self._is_live_wanted:
                return report
