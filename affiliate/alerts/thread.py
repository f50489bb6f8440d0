"""The thread of a server process that checks for alerts; of all processes one checks at a time.

The thread delays no request and no end of its process: it is a daemon, each mail and each post has
a deadline, and the end of the transport gives up whatever is under way.
"""

import logging
import random
import secrets
import threading
import time
from datetime import UTC, datetime, timedelta
from multiprocessing import util
from typing import Final, Protocol

from affiliate.alerts.alert_messages import build_outage_message
from affiliate.alerts.watch import AlertWatch, try_to_send
from affiliate.errors import LedgerError
from affiliate.services import Services

CHECK_EVERY: Final = timedelta(minutes=10)
"""Time between two checks of a site, over all its processes."""
LOOK_SECONDS: Final = 120.0
"""Seconds between two looks of a process for a check that is due."""
OUTAGE_SECONDS: Final = 600.0
"""Seconds for which the ledger's database is out of reach before the owner is told."""
OUTAGE_KEY: Final = "alerts:ledger"
"""The lease in the store of the process that tells of the database."""
OUTAGE_LEASE: Final = 5 * LOOK_SECONDS
"""Seconds after whose last look another process may tell of the outage: the first was killed."""

log = logging.getLogger(__name__)


class LeaseStore(Protocol):
    """The part of the store that lets one process tell of the database."""

    def lease(self, key: str, token: str, seconds: float) -> bool: ...
    def extend(self, key: str, token: str, seconds: float) -> None: ...
    def release(self, key: str, token: str) -> None: ...


class AlertThread:
    """The thread of a process, which tells of an outage of the database by a lease in ``store``."""

    def __init__(self, watch: AlertWatch, store: LeaseStore) -> None:
        self._watch = watch
        self._store = store
        self._token = secrets.token_hex(8)
        self._stopping = threading.Event()
        self._down_since: float | None = None
        self._has_told_outage = False

    def start(self) -> None:
        """Start the thread, which ends with its process."""
        threading.Thread(target=self._run, name="alerts", daemon=True).start()
        # Some servers end their processes without atexit, but run this finalizer.
        util.Finalize(None, self.close, exitpriority=40)

    def close(self) -> None:
        """Begin no further check."""
        self._stopping.set()

    def look(self, now: float) -> None:
        """Check if a check is due; ``now`` is a time of a monotonic clock in seconds."""
        try:
            self._watch.check(CHECK_EVERY)
        except LedgerError as error:
            self._note_outage(error, now)
        except Exception:
            if not self._stopping.is_set():  # the parts of an ending process fail in any way
                log.exception("alerts can't be checked")
        else:
            self._note_recovery()

    def _run(self) -> None:
        # Processes of one start look at different times.
        seconds = random.uniform(0.5, 1.0) * LOOK_SECONDS  # noqa: S311 - no secret
        while not self._stopping.wait(seconds):
            self.look(time.monotonic())
            seconds = LOOK_SECONDS

    def _note_outage(self, error: LedgerError, now: float) -> None:
        """Tell of a database that stays out of reach, in one process, without the database."""
        if self._stopping.is_set():
            return
        log.warning("alerts can't be checked: %s", error)
        if self._down_since is None:
            self._down_since = now
        if self._has_told_outage:
            self._store.extend(OUTAGE_KEY, self._token, OUTAGE_LEASE)
        elif now - self._down_since >= OUTAGE_SECONDS:
            if not self._store.lease(OUTAGE_KEY, self._token, OUTAGE_LEASE):
                return
            message = build_outage_message(str(error), datetime.now(UTC))
            failures = [try_to_send(channel, message) for channel in self._watch.channels]
            self._has_told_outage = None in failures
            if not self._has_told_outage:
                self._store.release(OUTAGE_KEY, self._token)

    def _note_recovery(self) -> None:
        """Tell that the database is back, where this process has told of the outage."""
        self._down_since = None
        if self._has_told_outage:
            message = build_outage_message("", datetime.now(UTC))
            for channel in self._watch.channels:
                try_to_send(channel, message)
            self._has_told_outage = False
            self._store.release(OUTAGE_KEY, self._token)


def start_thread(services: Services) -> AlertThread:
    """Start the thread of this process, for the channels of the settings."""
    thread = AlertThread(AlertWatch(services), services.store)
    thread.start()
    services.usage.start()  # a digest needs sums also where nobody searches
    return thread
