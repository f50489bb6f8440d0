"""The session of a process at an agency that wants a log-in before it is asked."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from affiliate.errors import AgencyError, AgencyTimeout

Session = TypeVar("Session")


class SharedSession(Generic[Session]):
    """One log-in at a time, whose session or failure all share who need one meanwhile.

    ``is_over`` tells whether a session has ended by itself.
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
        left: Callable[[], float],
        *,
        refused: Session | None = None,
    ) -> Session:
        """Return the known session, or a new one where that is over or is the refused one.

        ``log_in`` takes the seconds that it may last, which are those that ``left`` gives.

        Raises:
            AgencyError: the log-in failed, of this call or of one that it waited for;
                AgencyTimeout where no time is left.
        """
        began = self._now()
        if not self._lock.acquire(timeout=left()):
            raise AgencyTimeout(self._agency, "No answer in time.")
        try:
            known = self.known
            if known is None or known is refused or self._is_over(known):
                self.known = None
                self._raise_failure_since(began)
                self.known = known = self._try_log_in(log_in, left())
            return known
        finally:
            self._lock.release()

    def _raise_failure_since(self, began: float) -> None:
        """Raise what the last log-in failed with, if a call waited for it."""
        if self._failure and self._failed_at > began:
            raise self._failure.with_traceback(None)

    def _try_log_in(self, log_in: Callable[[float], Session], seconds: float) -> Session:
        """Log in, and remember how that failed."""
        self._failure = None
        try:
            return log_in(seconds)
        except AgencyError as error:
            self._failure, self._failed_at = error, self._now()
            raise
