"""Whether an agency may be asked just now: its limits, and a breaker for one that fails.

Both are shared by all processes through the store, and go on in each alone while that is down.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from affiliate.errors import (
    AgencyDown,
    AgencyError,
    AgencyTimeout,
    BadAnswer,
    BadCredentials,
    Suspended,
    TooManyCalls,
)
from affiliate.messages import MAX_RETRY_AFTER

HOUR: Final = 3600
FAILURES: Final = 5
"""So many within `WITHIN_SECONDS`, and an agency is left alone for `OPEN_SECONDS`."""
WITHIN_SECONDS: Final = 30.0
OPEN_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 3.0
"""How long the one call may take that finds out whether an agency is back."""
REMEMBER_SECONDS: Final = 3600
"""How long it is remembered that an agency failed, so that one more failure is enough."""
TROUBLES: Final = (AgencyDown, AgencyTimeout, BadAnswer, BadCredentials)
"""What speaks against the agency; other errors are about a single question."""

log = logging.getLogger(__name__)


class Counters(Protocol):
    """The part of the store that counts; None says that it can't just now."""

    def incr(self, key: str, by: int, seconds: float) -> int | None: ...


class Marks(Counters, Protocol):
    """What the breaker needs of the store, which never raises."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...
    def lease(self, key: str, token: str, seconds: float) -> bool: ...


class Limit(NamedTuple):
    """At most so many calls in each window of the clock of so many seconds."""

    calls: int
    seconds: int = HOUR


class Quota:
    """Keeps the calls to an agency within its limits, where it has some.

    While the store is down, each of ``processes`` keeps to its part.
    """

    def __init__(
        self,
        counters: Counters,
        limits: Mapping[str, Sequence[Limit]],
        processes: int,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._counters = counters
        self._limits = limits
        self._processes = processes
        self._now = now
        self._own: dict[tuple[str, int, int], int] = {}
        self._lock = threading.Lock()

    def take(self, agency: str, part: float = 1.0) -> None:
        """Count one call that is about to be made; less important ones may have only a ``part``.

        Raises:
            TooManyCalls: those of a window are spent; it says how long that still is.
        """
        for limit in self._limits.get(agency, ()):
            self._take(agency, limit, part)

    def _take(self, agency: str, limit: Limit, part: float) -> None:
        most, window = max(int(limit.calls * part), 1), int(self._now() // limit.seconds)
        name, lasts = f"calls:{agency}:{limit.seconds}:{window}", 2 * limit.seconds
        if part < 1 and (self._counters.incr(name, 0, lasts) or 0) >= most:
            raise TooManyCalls(agency, "Its calls are kept for searches.", retry_after=60)
        count = self._counters.incr(name, 1, lasts)
        if count is None:
            count = self._count_alone(agency, limit.seconds, window)
            most = max(most // self._processes, 1)
        if count > most:
            rest = min((window + 1) * limit.seconds - self._now(), HOUR)
            raise TooManyCalls(agency, "Its calls are spent for now.", retry_after=rest)

    def _count_alone(self, agency: str, seconds: int, window: int) -> int:
        """The calls of this process in a window; those of windows before are forgotten."""
        with self._lock:
            key = (agency, seconds, window)
            count = self._own.get(key, 0) + 1
            kept = {k: n for k, n in self._own.items() if k[:2] != key[:2]}
            self._own = {**kept, key: count}
            return count


class Breaker:
    """Leaves an agency alone that keeps failing, and lets one call in a while try it again."""

    def __init__(self, store: Marks, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._own: dict[str, list[float]] = {}
        self._lock = threading.Lock()

    def admit(self, agency: str) -> None:
        """Let a call to an agency pass.

        Raises:
            Suspended: it fails; ``retry_after`` says how long it is left alone.
        """
        until = self._until(agency)
        if until is None:
            return
        left = until - self._now()
        if left > 0:
            raise Suspended(agency, "It failed too often just now.", retry_after=left)
        if not self._store.lease(_probe(agency), secrets.token_hex(8), PROBE_SECONDS):
            raise Suspended(agency, "Another call looks whether it is back.", retry_after=1)

    def answered(self, agency: str) -> None:
        """An agency has answered as it should; to a call from before, while it is left alone, too.

        Only the latter says nothing of whether it is back.
        """
        until = self._until(agency)
        if until is not None and until <= self._now():
            log.warning("%s: it is back", agency)
            self._store.set(_mark(agency), b"", 1)

    def failed(self, error: AgencyError) -> None:
        """A call has failed; what is about a single question only says that the agency is there."""
        if isinstance(error, TooManyCalls) or type(error) is BadCredentials:
            self._open(error.agency, error.retry_after)
        elif not isinstance(error, TROUBLES):
            self.answered(error.agency)
        elif self._until(error.agency) is not None or self._count(error.agency) >= FAILURES:
            self._open(error.agency, OPEN_SECONDS)

    def suspended(self, agency: str) -> bool:
        """Whether an agency is left alone just now."""
        until = self._until(agency)
        return until is not None and until > self._now()

    def _open(self, agency: str, seconds: float) -> None:
        """Leave an agency alone for so long; what it has asked for itself is never cut short."""
        if not self.suspended(agency):
            log.warning("%s: it is left alone for %.0f s", agency, seconds)
        until = max(self._now() + seconds, self._until(agency) or 0.0)
        self._store.set(_mark(agency), str(until).encode(), int(seconds) + REMEMBER_SECONDS)

    def _until(self, agency: str) -> float | None:
        """When one that failed may be tried again, in Unix time; None for one that is well.

        One that is further off than any agency may ask is of before the clock was set back.
        """
        mark = self._store.get(_mark(agency))
        try:
            until = float(mark) if mark else None
        except ValueError:
            return None
        is_possible = until is None or until <= self._now() + MAX_RETRY_AFTER
        return until if is_possible else float("-inf")

    def _count(self, agency: str) -> int:
        """The failures of an agency lately, with the one just now."""
        count = self._store.incr(f"failures:{agency}", 1, WITHIN_SECONDS)
        if count is not None:
            return count
        with self._lock:
            now = self._now()
            recent = [at for at in self._own.get(agency, []) if at > now - WITHIN_SECONDS]
            self._own[agency] = [*recent, now]
            return len(self._own[agency])


def _mark(agency: str) -> str:
    return f"open:{agency}"


def _probe(agency: str) -> str:
    return f"probe:{agency}"
