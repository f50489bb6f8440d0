"""The session that a process has at an agency whose calls need a log-in."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from affiliate.errors import AgencyError, AgencyTimeout

Session = TypeVar("Session")


class SharedSession(Generic[Session]):
    """The shared session of all threads: one log-in at a time, single flight.

    Calls that wait for a log-in share its session or its failure. ``is_over`` tells whether a
    session has ended by itself.
    """

    def __init__(
        self,
        agency: str,
        is_over: Callable[[Session], bool] = lambda _: False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.known: Session | None = None
        self._agency = agency
        self._is_over = is_over
        self._now = now
        self._lock = threading.Lock()
        self._failure: AgencyError | None = None
        self._failed_at = 0.0

    def get(
        self,
        log_in: Callable[[float], Session],
        seconds_left: Callable[[], float],
        *,
        refused: Session | None = None,
    ) -> Session:
        """Return the known session, or a new session where the known is over or is ``refused``.

        ``seconds_left`` returns the rest of the time, which ``log_in`` takes as its limit.

        Raises:
            AgencyError: the log-in of this call, or the log-in that it waited for, failed;
                AgencyTimeout where no time is left.
        """
        began = self._now()
        if not self._lock.acquire(timeout=seconds_left()):
            raise AgencyTimeout(self._agency, "No answer in time.")
        try:
            session = self.known
            if session is None or session is refused or self._is_over(session):
                self.known = None
                self._raise_failure_since(began)
                self.known = session = self._try_log_in(log_in, seconds_left())
            return session
        finally:
            self._lock.release()

    def _raise_failure_since(self, began: float) -> None:
        """Raise the failure of the last log-in, if the log-in failed after ``began``."""
        if self._failure and self._failed_at > began:
            raise self._failure.with_traceback(None)

    def _try_log_in(self, log_in: Callable[[float], Session], seconds: float) -> Session:
        """Log in, and remember a failure."""
        self._failure = None
        try:
            return log_in(seconds)
        except AgencyError as error:
            self._failure, self._failed_at = error, self._now()
            raise
