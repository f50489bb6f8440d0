"""Counts for limits, shared through the store, that hold while the store can't count.

A limit must not open because its counter is busy, refuses, is gone or was evicted: the processes
of a machine then go on from the count in their file where they have a file, else each from the
last shared count, and the store gets the missing additions later.
"""

import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

MAX_KNOWN_COUNTERS: Final = 10_000
"""The number of counters that a process knows; the least recently used are forgotten."""
MIN_HELD_SECONDS: Final = 60
"""The length in seconds from which on windows are held against a clock that is set."""
DRIFT_SECONDS: Final = 5.0
"""Seconds by which a window may end early: clocks are corrected in small steps all the time."""


def seconds_since_boot() -> float:
    """Return seconds by a clock that nobody sets, which goes on while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # BOOTTIME is Linux's alone
    return time.clock_gettime(clock)


class Counters(Protocol):
    """The part of the store that counts; None where the store can't count just now."""

    def incr(self, key: str, by: int, seconds: float) -> int | None: ...


class MachineCounters(Protocol):
    """Counters that the processes of this machine share: see `MachineCounts`."""

    def begin_adding(
        self, key: str, by: int, seconds: float, least: int = 0
    ) -> tuple[int, int] | None: ...
    def end_adding(self, key: str, sent: int, stored: int | None) -> tuple[int, int] | None: ...
    def hold_window(
        self, seconds: int, window: int, ends: float, steady: float
    ) -> tuple[int, float]: ...


class Windows:
    """The current windows of the clock, whatever is done to the clock.

    ``steady`` is a clock that nobody sets, by default the given ``now``. A window that was seen to
    begin lasts its time by the steady clock: setting the clock forward begins no new window early,
    setting the clock back leads into no spent window. Windows shorter than `MIN_HELD_SECONDS` go
    by the clock alone. A process that begins after such a step finds the window ``here``, with the
    other processes of its machine, where counters of the machine are given.
    """

    def __init__(
        self,
        now: Callable[[], float] | None = None,
        steady: Callable[[], float] | None = None,
        here: MachineCounters | None = None,
    ) -> None:
        self._now = now or time.time
        self._steady = steady or now or seconds_since_boot
        self._here = here
        self._held: dict[int, tuple[int, float]] = {}

    def current_window(self, seconds: int) -> tuple[int, float]:
        """Return the number of the window of so many seconds, and the seconds that are left."""
        now, steady = self._now(), self._steady()
        window, rest = int(now // seconds), seconds - now % seconds
        current, ends = self._held.get(seconds, (window, steady + rest))
        if current != window and seconds >= MIN_HELD_SECONDS and steady < ends - DRIFT_SECONDS:
            return current, ends - steady
        if current != window or seconds not in self._held:
            ends = steady + rest
            if self._here and seconds >= MIN_HELD_SECONDS:
                window, ends = self._here.hold_window(seconds, window, ends, steady)
            self._held[seconds] = (window, ends)
            rest = ends - steady
        return window, rest


class Count(NamedTuple):
    """A count: by all processes as the store said last, and by this process alone since.

    ``sharers`` is 1 where the store has just counted, else the number of processes that may each
    add to the ``shared`` count without knowing of the other processes.
    """

    shared: int
    own: int = 0
    sharers: int = 1

    def has_room(self, most: int, more: int = 0, *, least: int = 0) -> bool:
        """Return whether ``more`` can be added to the count without passing ``most``.

        The rest is divided among the sharers. Where the shared count is unknown, each sharer may
        have ``least``, whatever the number of sharers.
        """
        part = (most - self.shared) // self.sharers
        if self.sharers > 1 and not self.shared:
            part = max(part, least)
        return self.own + more <= part


UNKNOWN: Final = Count(sys.maxsize)
"""The count of a process that has just begun, while another process keeps the machine's count and
the store has lost the count: there may be no room."""


class _KnownCounter:
    """A counter as a process knows it; ``flying`` is on its way to the store.

    ``late`` is the part of ``flying`` that the store had missed before: its calls were made.
    ``here`` is the last number of the machine, which includes additions that the store lacks.
    """

    def __init__(self, ends: float) -> None:
        self.ends = ends
        self.here = 0
        self.shared = 0
        self.unsent = 0
        self.flying = 0
        self.late = 0


class Counts:
    """Counters in the ``store`` that ``processes`` share; safe to share between threads.

    Processes of one machine share counters ``here``, too, where these counters are given.
    """

    def __init__(
        self,
        store: Counters,
        processes: int,
        here: MachineCounters | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._processes = processes
        self._here = here
        self._now = now
        self._known: OrderedDict[str, _KnownCounter] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, key: str, by: int, seconds: float) -> Count:
        """Add to a counter that ends ``seconds`` after its beginning, and return the count.

        Adding 0 reads the count alone.
        """
        with self._lock:
            known = self._find_counter(key, seconds)
            least = known.here
        try:
            begun = self._here.begin_adding(key, by, seconds, least) if self._here else None
            is_busy = False
        except BlockingIOError:
            begun, is_busy = None, True
        own = begun and begun[0]
        with self._lock:
            late, known.unsent = known.unsent, 0
            sent = late + (by if own is None else own)
            known.flying += sent
            others_late = known.late  # those that come after this moment count this addition
            known.late += late
            before = known.shared
        number = self._store.incr(key, sent, seconds)
        if number is not None and number < before + sent and own is None:
            number = self._restore_counter(key, before + sent, seconds)
        # A full store, or a replica, can't be written but may be read.
        seen = self._store.incr(key, 0, seconds) if number is None and sent else number
        here = self._here.end_adding(key, own, number) if self._here and own is not None else None
        with self._lock:
            known.flying -= sent
            known.late -= late
            known.shared = max(known.shared, seen or 0)
            if number is None:
                known.unsent += sent - (own or 0 if here else 0)
                count = Count(known.shared, known.unsent + known.flying, self._processes)
            else:
                count = Count(number, others_late)
            if begun:
                count = Count(max(here[0] if here else begun[1], seen or 0))
                known.here = max(known.here, count.shared)
        if here and number is not None and number < here[1]:
            self._restore_counter(key, here[1], seconds)
        if begun:
            return count
        if is_busy and seconds >= MIN_HELD_SECONDS and not before and (number or 0) <= sent:
            return UNKNOWN
        return count

    def _restore_counter(self, key: str, least: int, seconds: float) -> int:
        """Restore a counter that was evicted or flushed to its last number; return the number."""
        number = self._store.incr(key, 0, seconds) or 0
        if number < least:
            self._store.incr(key, least - number, seconds)
        return max(number, least)

    def _find_counter(self, key: str, seconds: float) -> _KnownCounter:
        """Return a known counter, or a new counter; forget counters that have ended."""
        now = self._now()
        while self._known and (
            len(self._known) > MAX_KNOWN_COUNTERS or next(iter(self._known.values())).ends < now
        ):
            self._known.popitem(last=False)
        known = self._known.get(key)
        if known is None or known.ends < now:
            known = self._known[key] = _KnownCounter(now + seconds)
        self._known.move_to_end(key)
        return known
