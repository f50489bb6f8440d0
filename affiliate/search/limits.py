"""The quota of an agency's calls, and a circuit breaker for agencies that fail.

Both are shared by all processes through the store, and go on in each process while the store is
down. Counts and marks belong to a *source*: an agency's name with a digest of the address and the
key in use, so that a wrong key or a sandbox never silences the right key.
"""

import logging
import math
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from affiliate.agencies.limits import HOUR, Limit
from affiliate.cache.freshness import CLOCK_SECONDS
from affiliate.domain import decoding
from affiliate.errors import (
    AgencyDown,
    AgencyError,
    AgencyTimeout,
    BadAnswer,
    BadCredentials,
    CallsSpent,
    Forbidden,
    PaceExceeded,
    Suspended,
    TooManyCalls,
)
from affiliate.search.counters import (
    MIN_HELD_SECONDS,
    Count,
    Counters,
    Counts,
    MachineCounters,
    Windows,
)
from affiliate.search.sliding_window import MAX_CALLS, Window
from affiliate.transport.messages import MAX_RETRY_AFTER

MIN_FAILURES: Final = 5
"""A breaker opens when so many, and a clear majority, of the last calls failed: the failure rate
over a sliding window with a minimum of calls, as resilience4j's CircuitBreaker has it."""
OPEN_SECONDS: Final = 30.0
PROBE_SECONDS: Final = 3.0
"""Seconds that other calls wait for the single call that tests whether an agency is back."""
PACED_PROBE_SECONDS: Final = 1.0
"""The seconds of `PROBE_SECONDS` after a 429, which is answered quickly."""
REMEMBER_SECONDS: Final = 3600
"""Seconds after a suspension in which one more failure is enough to suspend an agency again."""
MAX_PACE_SECONDS: Final = 60.0
"""The longest wait after a 429 that names no time; the first wait is a second."""
TURN_SECONDS: Final = 0.1
"""Seconds between the attempts of a call that waits for its turn."""
LOW_SHARE: Final = 0.1
"""Share of a limit's calls below which the calls that are left deserve a warning."""
AGENCY_FAULTS: Final = (AgencyDown, AgencyTimeout, BadAnswer, BadCredentials)
"""Errors that count against an agency; other errors concern a single question, as does a plain
`Forbidden`: the key is good, but not for this question."""

log = logging.getLogger(__name__)


class MarkStore(Counters, Protocol):
    """The part of the store that the breaker uses; the store never raises."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...
    def lease(self, key: str, token: str, seconds: float) -> bool: ...


class SpentCalls(NamedTuple):
    """The calls in the current window of a limit, and the seconds left of the window."""

    limit: Limit
    calls: int
    rest: float

    @property
    def left(self) -> int:
        """Return the calls that are left."""
        return max(self.limit.calls - self.calls, 0)

    @property
    def share_left(self) -> float:
        """Return the share of the limit's calls that is left."""
        return self.left / max(self.limit.calls, 1)

    @property
    def is_nearly_spent(self) -> bool:
        """Return whether the owner should know that few calls are left."""
        return self.left < max(LOW_SHARE * self.limit.calls, 1)


class Quota:
    """The calls to agencies, counted within the agencies' limits.

    While the store can't count, the processes of this machine count ``here`` where this is given,
    else each of ``processes`` keeps to its part of the remaining calls.
    """

    def __init__(  # noqa: PLR0913 - what counts, and the clocks for tests
        self,
        counters: Counters,
        limits: Mapping[str, Sequence[Limit]],
        processes: int,
        here: MachineCounters | None = None,
        *,
        now: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._counts = Counts(counters, processes, here)
        self._windows = Windows(now, steady, here)
        self._limits = {
            s: sorted(few, key=lambda limit: limit.seconds) for s, few in limits.items()
        }
        self._sleep = sleep

    def take(
        self, source: str, part: float = 1.0, patience: float = 0.0, *, calls: int = 1
    ) -> None:
        """Count calls that are about to be made; less important calls may use only a ``part``.

        Calls count in each window, once all windows have room. Wait up to ``patience`` seconds in
        all for the next second of a limit per second.

        Raises:
            CallsSpent: the calls of a window are spent; ``retry_after`` is the rest of the window.
        """
        waited = 0.0
        while (full := self._find_full_limit(source, part, calls)) is not None:
            limit, rest = full
            if limit.seconds > 1:
                raise CallsSpent(
                    _agency_name(source), "Its calls are spent for now.", retry_after=rest
                )
            if waited + rest > patience:
                raise PaceExceeded(_agency_name(source), "Too many calls a second.")
            self._sleep(rest)
            waited += rest

    def list_spent_calls(self, source: str) -> list[SpentCalls]:
        """Return the spent calls of each limit of a source.

        While the store is down and the other processes' calls are unknown, these are the calls of
        this process, of its part of the limit.
        """
        spent = []
        for limit in self._limits.get(source, ()):
            count, rest = self._count_calls(source, limit, 0)
            part = limit.calls if count.shared else limit.calls // count.sharers
            spent.append(SpentCalls(limit._replace(calls=part), count.shared + count.own, rest))
        return spent

    def _find_full_limit(self, source: str, part: float, calls: int) -> tuple[Limit, float] | None:
        """Count calls in all windows; or return a limit without room and its remaining seconds.

        Calls that find no room are counted in no window.
        """
        limits = self._limits.get(source, ())
        for look in (True, False):
            for limit in limits:
                most = min(max(math.ceil(limit.calls * part), calls), limit.calls)
                count, rest = self._count_calls(source, limit, 0 if look else calls)
                least = 0 if limit.seconds >= MIN_HELD_SECONDS else calls  # a pace is no quota
                if not count.has_room(most, calls if look else 0, least=least):
                    return limit, min(rest, HOUR if part == 1 else 60.0)
        return None

    def _count_calls(self, source: str, limit: Limit, calls: int) -> tuple[Count, float]:
        """Add calls to the current window; return its count, and the seconds left of the window."""
        window, rest = self._windows.current_window(limit.seconds)
        name = f"calls:{source}:{limit.seconds}:{window}"
        return self._counts.add(name, calls, 2 * limit.seconds), rest


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """The end of a source's suspension in Unix time, and its reason: the kind of an error.

    ``waits`` are the seconds of the last wait after a 429 without a Retry-After, ``since`` is the
    time of the mark.
    """

    until: float
    why: str = ""
    waits: float = 0.0
    since: float = 0.0


class Breaker:
    """A circuit breaker: suspends agencies that mostly fail, and lets single calls probe them."""

    def __init__(
        self,
        store: MarkStore,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._now = now
        self._sleep = sleep
        self._window = Window(store, MIN_FAILURES, now=now)
        self._probing: dict[str, float] = {}
        self._lock = threading.Lock()

    def admit(self, source: str, patience: float = 0.0, *, searches: bool = True) -> None:
        """Let a call to an agency pass; wait up to ``patience`` seconds after a 429.

        One search at a time probes whether an agency is back; other calls don't.

        Raises:
            Suspended: the agency is suspended for ``retry_after`` seconds.
        """
        waited = 0.0
        while (mark := self._read_mark(source)) is not None:
            left = mark.until - self._now()
            paced = mark.why == TooManyCalls.kind
            if left <= 0:
                lasts = PACED_PROBE_SECONDS if paced else PROBE_SECONDS
                if (not paced and not searches) or self._may_probe(source, lasts):
                    return
                left = TURN_SECONDS if paced else 1.0
            if not paced or waited + left > patience:
                raise Suspended(_agency_name(source), mark.why, retry_after=max(left, 1.0))
            self._sleep(left)
            waited += left

    def _may_probe(self, source: str, lasts: float) -> bool:
        """Return whether the caller, alone among all processes, may probe an agency."""
        with self._lock:
            now, ends = self._now(), self._probing.get(source, 0.0)
            if ends - lasts <= now < ends:
                return False
            self._probing[source] = now + lasts
        return self._store.lease(_probe_key(source), secrets.token_hex(8), lasts)

    def record_success(self, source: str, *, searches: bool = True) -> None:
        """Record a success; successes of calls sent before a suspension are ignored.

        Successes of calls that aren't ``searches`` count for the agency's pace alone.
        """
        mark = self._read_mark(source)
        paced = mark is not None and mark.why == TooManyCalls.kind
        if not searches and not paced:
            return
        if mark is not None and mark.until <= self._now():
            log.warning("%s: it is back", _agency_name(source))
            self.end_suspension(source)
        elif searches:
            self._window.add(source, bad=False)

    def record_failure(self, source: str, error: AgencyError, *, searches: bool = True) -> None:
        """Record a failure; a failure that concerns a single question counts as a success.

        Failures of calls that aren't ``searches`` count for the agency's pace alone.
        """
        if isinstance(error, TooManyCalls):
            self._slow_down(source, error)
        elif not isinstance(error, AGENCY_FAULTS) or type(error) is Forbidden:
            self.record_success(source, searches=searches)
        elif type(error) is BadCredentials and searches:
            self._suspend(source, Mark(self._now() + error.retry_after, error.kind))
        elif searches:
            is_majority = self._window.add(source, bad=True)
            mark = self._read_mark(source)
            if is_majority if mark is None else mark.until <= self._now():
                self._suspend(source, Mark(self._now() + OPEN_SECONDS, ""))

    def get_suspension(self, source: str) -> tuple[float, str] | None:
        """Return the seconds that a source is suspended, and the reason; None if it is not."""
        mark = self._read_mark(source)
        if mark is None or mark.until <= self._now():
            return None
        return mark.until - self._now(), mark.why

    def read_failure(self, source: str) -> str | None:
        """Return the kind of error of the last suspension; None where a call succeeded since.

        A suspension that is over is remembered for `REMEMBER_SECONDS`; its kind is empty for
        an agency most of whose calls failed.
        """
        mark = self._read_mark(source)
        return None if mark is None else mark.why

    def end_suspension(self, source: str) -> None:
        """End a source's suspension, as if the calls before had succeeded."""
        self._window.add(source, MAX_CALLS, bad=False)
        self._store.set(_mark_key(source), b"", 1)

    def _slow_down(self, source: str, error: TooManyCalls) -> None:
        """Suspend a source for its Retry-After; else for a second, doubled with each 429."""
        mark, now = self._read_mark(source), self._now()
        if error.has_retry_after:
            self._suspend(source, Mark(now + error.retry_after, error.kind))
        elif mark is None or mark.until <= now:
            before = mark.waits if mark and mark.why == error.kind else 0.0
            waits = min(max(2 * before, error.retry_after), MAX_PACE_SECONDS)
            self._suspend(source, Mark(now + waits, error.kind, waits))

    def _suspend(self, source: str, mark: Mark) -> None:
        """Suspend a source; never shorten a wait that the agency has asked for."""
        before = self._read_mark(source)
        if before is None or before.until <= self._now():
            log.warning("%s: left alone for %.0f s", _agency_name(source), mark.until - self._now())
        elif before.until >= mark.until:
            return
        lasts = int(mark.until - self._now()) + REMEMBER_SECONDS
        mark = msgspec.structs.replace(mark, since=self._now())
        self._store.set(_mark_key(source), msgspec.msgpack.encode(mark), lasts)

    def _read_mark(self, source: str) -> Mark | None:
        """Return the mark of a source; None where no mark is set.

        A mark from the future, or with an end further off than any agency may ask for, was made
        before the clock was set back, and its time counts as over. A wait that an agency has asked
        for is cut short in the latter case alone.
        """
        packed = self._store.get(_mark_key(source))
        try:
            mark = decoding.decode_msgpack(packed, Mark) if packed else None
        except ValueError:
            return None
        now = self._now()
        is_asked_for = mark is not None and mark.why == TooManyCalls.kind
        if mark and (
            mark.until > now + MAX_RETRY_AFTER
            or (not is_asked_for and mark.since > now + CLOCK_SECONDS)
        ):
            return msgspec.structs.replace(mark, until=float("-inf"))
        return mark


def _agency_name(source: str) -> str:
    return source.partition(":")[0]


def _mark_key(source: str) -> str:
    return f"open:{source}"


def _probe_key(source: str) -> str:
    return f"probe:{source}"
