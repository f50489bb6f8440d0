"""The cache of agencies' answers: one fetch for all who wait.

`freshness.freshness_of` decides what to do with an entry; the cache fetches and stores by that.
"""

import logging
import math
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from affiliate import logs
from affiliate.cache.freshness import (
    CLOCK_SECONDS,
    Entry,
    Freshness,
    Policy,
    freshness_of,
    is_showable,
    lifetime_of,
    with_failure,
)
from affiliate.cache.leases import Leases
from affiliate.domain import decoding
from affiliate.domain.media import Failure
from affiliate.errors import AgencyError, AgencyTimeout, BadCredentials, NotFound

LARGEST_ENTRY: Final = 16 * 1024 * 1024
WITHHELD_SECONDS: Final = 10.0
"""The seconds for which an agency counts as not asked: the owner may raise a limit at any time."""
POLL_SECONDS: Final = 0.02
MAX_POLL_SECONDS: Final = 0.2
"""How often another process's fetch is looked for: first often, then as seldom as this."""
REFRESHERS: Final = 8
"""Threads for the fetches behind stale answers of one agency."""
REFRESH_QUEUE: Final = 64
"""Fetches behind stale answers of one agency, waiting and under way; more are left to the next
question."""

log = logging.getLogger(__name__)

Value = TypeVar("Value")


class Store(Protocol):
    """What the cache needs of its store, which never raises; values are bytes."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...
    def lease(self, key: str, token: str, seconds: float) -> bool: ...
    def extend(self, key: str, token: str, seconds: float) -> None: ...
    def release(self, key: str, token: str) -> None: ...


class CacheRequest(NamedTuple, Generic[Value]):
    """What is asked of the cache: a key, the answer's type, how long it lives, who gives it."""

    key: str
    shape: type[Value]
    policy: Policy
    is_empty: Callable[[Value], bool]
    agency: str = ""


class StoredAnswer(NamedTuple, Generic[Value]):
    """An entry of the store, with its answer read; or one that the store was not given."""

    entry: Entry | None
    value: Value | None
    kept: bool = True


class CachedAnswer(msgspec.Struct, Generic[Value], frozen=True, kw_only=True):
    """What came through the cache: a value or a failure, never both.

    ``status`` is fresh, stale, fetched or failed; ``lifetime`` the seconds for which it is true.
    """

    value: Value | None = None
    status: str
    fetched_at: float | None = None
    lifetime: float
    failure: Failure | None = None


class AnswerCache:
    """Answers from a store, or fetches: once per key, however many ask."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._flights: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._leases = Leases(store)
        self._refreshers: dict[str, _Refreshers] = {}

    def peek(self, wanted: CacheRequest[Value]) -> CachedAnswer[Value] | None:
        """Return what the store has that may be shown, or None; never fetches."""
        loaded = self._load(wanted)
        now = self._now()
        if freshness_of(loaded.entry, now, wanted.policy) is Freshness.MISS:
            return None
        return _cached_answer(loaded, wanted.policy, now)

    def get_or_fetch(
        self, wanted: CacheRequest[Value], fetch: Callable[[], Value], seconds: float
    ) -> CachedAnswer[Value]:
        """The answer for a key: from the store, or from ``fetch`` when it has none to show.

        A stale answer is given at once and fetched anew behind. Whoever asks while a fetch is
        under way waits for it, ``seconds`` at most. A failure comes back as data.
        """
        loaded = self._load(wanted)
        verdict = freshness_of(loaded.entry, self._now(), wanted.policy)
        if loaded.entry is None or verdict is Freshness.MISS:
            loaded = self._fetch_once(wanted, fetch, seconds)
            return _cached_answer(loaded, wanted.policy, self._now(), fetched=True)
        if verdict is Freshness.STALE and self._now() >= loaded.entry.retry_at():
            self._refresh(wanted, fetch)
        return _cached_answer(loaded, wanted.policy, self._now())

    def get_or_refresh(
        self,
        wanted: CacheRequest[Value],
        fetch: Callable[[], Value],
        may: Callable[[], bool] = lambda: True,
    ) -> CachedAnswer[Value] | None:
        """Return what the store has that may be shown, or None; fetch a stale answer anew behind.

        ``may`` is asked before such a fetch whether who asks may cost it. Nobody waits for an
        agency here, even if the answer is evicted meanwhile.
        """
        loaded = self._load(wanted)
        now = self._now()
        verdict = freshness_of(loaded.entry, now, wanted.policy)
        if loaded.entry is None or verdict is Freshness.MISS:
            return None
        is_due = verdict is Freshness.STALE and now >= loaded.entry.retry_at()
        if is_due and wanted.key not in self._flights and may():
            self._refresh(wanted, fetch)
        return _cached_answer(loaded, wanted.policy, now)

    def renew(self, wanted: CacheRequest[Value], fetch: Callable[[], Value], within: float) -> bool:
        """Fetch now what is missing, stale, or fresh for less than ``within`` seconds.

        False when there was nothing to do, when another is about it, or after a failure.
        """
        if self._needs_no_fetch(self._load(wanted).entry, wanted.policy, within):
            return False
        with self._leases.hold(wanted.key) as holds:
            if not holds:
                return False
            with _log_context(wanted):
                loaded = self._fetch(wanted, fetch, within)
        return loaded.entry is not None and loaded.entry.failure is None

    def _needs_no_fetch(self, entry: Entry | None, policy: Policy, within: float) -> bool:
        """Return whether an entry need not be fetched: fresh for longer, or failed just now."""
        now = self._now()
        if entry is None or now < entry.retry_at():
            return entry is not None
        return (
            freshness_of(entry, now, policy) is Freshness.FRESH
            and lifetime_of(entry, now, policy) > within
        )

    def close(self) -> None:
        """Let the fetches under way behind answers end, and start no more."""
        self._closing.set()
        with self._lock:
            pools = list(self._refreshers.values())
        for pool in pools:
            pool.close()

    def _fetch_once(
        self, wanted: CacheRequest[Value], fetch: Callable[[], Value], seconds: float
    ) -> StoredAnswer[Value]:
        """Fetch as the leader, or wait for the one who does."""
        flight, leads = self._join_flight(wanted.key)
        if leads:
            self._lead_flight(wanted, fetch, flight, seconds)
        try:
            loaded: StoredAnswer[Value] = flight.result(seconds)
        except TimeoutError:
            return _timed_out(self._now())
        return loaded

    def _refresh(self, wanted: CacheRequest[Value], fetch: Callable[[], Value]) -> None:
        """Fetch behind an answer already given; never two at once for a key."""
        with self._lock:
            if self._closing.is_set():
                return
            pool = self._refreshers.setdefault(wanted.agency, _Refreshers(wanted.agency))
        if not pool.take_place():
            return
        flight, leads = self._join_flight(wanted.key)
        if not leads:
            pool.leave_place()
        elif not pool.begin(lambda: self._lead_flight(wanted, fetch, flight, 0.0)):
            self._finish_flight(wanted.key, flight, _timed_out(self._now()))

    def _join_flight(self, key: str) -> tuple[Future[Any], bool]:
        """The fetch under way for a key, and whether the caller must lead it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Future()
            return flight, True

    def _lead_flight(
        self,
        wanted: CacheRequest[Value],
        fetch: Callable[[], Value],
        flight: Future[Any],
        seconds: float,
    ) -> None:
        try:
            with _log_context(wanted):
                loaded = self._fetch_with_lease(wanted, fetch, seconds)
        except Exception:
            log.exception("an unexpected error while fetching; the answer counts as failed")
            error = AgencyError("", "Unexpected error; the log says more.")
            loaded = StoredAnswer(with_failure(None, error, self._now()), None)
        self._finish_flight(wanted.key, flight, loaded)

    def _finish_flight(self, key: str, flight: Future[Any], loaded: "StoredAnswer[Any]") -> None:
        with self._lock:
            self._flights.pop(key, None)
        flight.set_result(loaded)

    def _fetch_with_lease(
        self, wanted: CacheRequest[Value], fetch: Callable[[], Value], seconds: float
    ) -> StoredAnswer[Value]:
        """Fetch as the one process that has the key's lease, or wait for what that one stores.

        When it dies its lease runs out, and the next takes over. With 0 ``seconds`` nothing is
        waited for.
        """
        end, pause = time.monotonic() + seconds, POLL_SECONDS
        while True:
            with self._leases.hold(wanted.key) as holds:
                if holds:
                    return self._fetch(wanted, fetch)
            if time.monotonic() >= end or self._closing.is_set():
                return _timed_out(self._now())
            self._closing.wait(pause)
            pause = min(1.5 * pause, MAX_POLL_SECONDS)
            loaded = self._load(wanted)
            if freshness_of(loaded.entry, self._now(), wanted.policy) is not Freshness.MISS:
                return loaded

    def _fetch(
        self, wanted: CacheRequest[Value], fetch: Callable[[], Value], within: float = 0.0
    ) -> StoredAnswer[Value]:
        before = self._load(wanted)
        if self._needs_no_fetch(before.entry, wanted.policy, within):
            return before  # another leader was quicker, between our look and our lead
        value: Value | None
        try:
            value = fetch()
        except AgencyError as error:
            log.log(_log_level(error), "%s (asked again in %.0f s)", error, error.retry_after)
            entry, value = with_failure(before.entry, error, self._now()), before.value
            if not error.was_asked:
                return StoredAnswer(entry, value, kept=False)
        else:
            packed, empty = msgspec.msgpack.encode(value), wanted.is_empty(value)
            entry = Entry(value=packed, fetched_at=self._now(), empty=empty)
        self._save(wanted, entry)
        return StoredAnswer(entry, value)

    def _load(self, wanted: CacheRequest[Value]) -> StoredAnswer[Value]:
        """Return what the store has; anything that can't be read counts as absent."""
        packed = self._store.get(wanted.key)
        if packed is None:
            return StoredAnswer(None, None)
        try:
            entry = _ENTRY.decode(zlib.decompressobj().decompress(packed, LARGEST_ENTRY))
            if entry.value == b"":
                return StoredAnswer(None, None)
            if entry.fetched_at > self._now() + CLOCK_SECONDS:  # the clock was set back
                turned = self._now() - wanted.policy.fresh_for(entry)
                entry = msgspec.structs.replace(entry, fetched_at=turned)
            if entry.failed_at > self._now() + CLOCK_SECONDS:
                entry = msgspec.structs.replace(entry, failure=None, failed_at=0.0)
            value = decoding.decode_msgpack(entry.value, wanted.shape) if entry.value else None
        except (zlib.error, ValueError, TypeError, RecursionError):
            log.warning("an entry of the cache can't be read and counts as absent")
            return StoredAnswer(None, None)
        return StoredAnswer(entry, value)

    def _save(self, wanted: CacheRequest[Value], entry: Entry) -> None:
        lasts = wanted.policy.fresh + wanted.policy.stale
        end = entry.retry_at() if entry.value is None else entry.fetched_at + lasts
        packed = zlib.compress(msgspec.msgpack.encode(entry), 1)
        self._store.set(wanted.key, packed, max(math.ceil(end - self._now()), 1))


class _Refreshers:
    """The threads that fetch behind stale answers of one agency, and the places for such fetches.

    Slow agencies fill their own places alone.
    """

    def __init__(self, agency: str) -> None:
        self._threads = ThreadPoolExecutor(REFRESHERS, thread_name_prefix=f"refresh-{agency}")
        self._places = threading.BoundedSemaphore(REFRESH_QUEUE)

    def take_place(self) -> bool:
        return self._places.acquire(blocking=False)

    def leave_place(self) -> None:
        self._places.release()

    def begin(self, fetch: Callable[[], None]) -> bool:
        """Queue a fetch that has a place; False when the process ends."""
        try:
            task = self._threads.submit(logs.carry_context(fetch))
        except RuntimeError:
            return False
        task.add_done_callback(lambda _: self.leave_place())
        return True

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)


_ENTRY = msgspec.msgpack.Decoder(Entry)


def _log_context(wanted: CacheRequest[Any]) -> AbstractContextManager[None]:
    """Have lines of log name whom is asked, and for what: a key begins with its format and kind."""
    return logs.name_agency(wanted.agency, wanted.key.partition(":")[2].partition(":")[0])


def _log_level(error: AgencyError) -> int:
    """Return the level of logging of an error: that an id is unknown is an answer, no trouble."""
    if isinstance(error, NotFound):
        return logging.DEBUG
    return logging.ERROR if isinstance(error, BadCredentials) else logging.WARNING


def _timed_out(now: float) -> StoredAnswer[Any]:
    return StoredAnswer(with_failure(None, AgencyTimeout("", "No answer in time."), now), None)


def _cached_answer(
    loaded: StoredAnswer[Value], policy: Policy, now: float, *, fetched: bool = False
) -> CachedAnswer[Value]:
    entry = loaded.entry or Entry()
    life = lifetime_of(entry, now, policy)
    life = life if loaded.kept else min(life, WITHHELD_SECONDS)
    if not is_showable(entry, now, policy):
        return CachedAnswer(status="failed", lifetime=life, failure=entry.failure)
    verdict = freshness_of(entry, now, policy)
    status = "fetched" if fetched and verdict is Freshness.FRESH else verdict.value
    return CachedAnswer(
        value=loaded.value, status=status, fetched_at=entry.fetched_at, lifetime=life
    )
