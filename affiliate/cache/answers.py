"""The cache of agencies' answers: single flight per key, stale-while-revalidate.

`freshness.freshness_of` decides what to do with an entry; `AnswerCache` fetches and stores.
"""

import logging
import math
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
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

MAX_ENTRY_BYTES: Final = 16 * 1024 * 1024
WITHHELD_SECONDS: Final = 10.0
"""Seconds for which the answer of a call that was never sent may be shown: the owner may raise a
limit at any time."""
POLL_SECONDS: Final = 0.02
MAX_POLL_SECONDS: Final = 0.2
"""Longest pause, in seconds, between two looks for another process's answer; the first pause is
POLL_SECONDS."""
REFRESH_THREADS: Final = 8
"""Threads of one agency for background fetches of stale answers."""
REFRESH_QUEUE: Final = 64
"""Background fetches of one agency, waiting and under way; further ones are left to the next
request."""

log = logging.getLogger(__name__)

Value = TypeVar("Value")


class AnswerStore(Protocol):
    """The store of a cache: never raises; values are bytes."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...
    def lease(self, key: str, token: str, seconds: float) -> bool: ...
    def extend(self, key: str, token: str, seconds: float) -> None: ...
    def release(self, key: str, token: str) -> None: ...


class CacheRequest(NamedTuple, Generic[Value]):
    """A request to the cache: the key, the answer's type and lifetime, and the agency to fetch.

    ``decode_part`` decodes the part of a stored answer that a caller needs who reads the store
    alone. A fetch decodes the whole answer, since callers that need other parts share the fetch.
    """

    key: str
    shape: type[Value]
    policy: Policy
    is_empty: Callable[[Value], bool]
    agency: str = ""
    decode_part: Callable[[bytes], Value] | None = None


class StoredAnswer(NamedTuple, Generic[Value]):
    """An entry with its decoded answer; ``is_saved`` is False where the store was not given it."""

    entry: Entry | None
    value: Value | None
    is_saved: bool = True


class CachedAnswer(msgspec.Struct, Generic[Value], frozen=True, kw_only=True):
    """The cache's answer: a value or a failure, never both.

    ``status`` is fresh, stale, fetched or failed; ``lifetime`` is the seconds for which the answer
    stays true.
    """

    value: Value | None = None
    status: str
    fetched_at: float | None = None
    lifetime: float
    failure: Failure | None = None


class AnswerCache:
    """Answers from a store, else fetched: one fetch per key, however many requests wait."""

    def __init__(self, store: AnswerStore, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._flights: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._leases = Leases(store)
        self._refreshers: dict[str, _RefreshPool] = {}

    def peek(self, request: CacheRequest[Value]) -> CachedAnswer[Value] | None:
        """Return the stored answer that may be shown, or None; never fetch."""
        stored = self._load_entry(request, request.decode_part)
        now = self._now()
        if freshness_of(stored.entry, now, request.policy) is Freshness.MISS:
            return None
        return _build_answer(stored, request.policy, now)

    def get_or_fetch(
        self, request: CacheRequest[Value], fetch: Callable[[], Value], seconds: float
    ) -> CachedAnswer[Value]:
        """Return the answer from the store, or from ``fetch`` when the store has none to show.

        A stale answer is returned at once and refreshed in the background. Callers that come
        while a fetch is under way wait for that fetch, ``seconds`` at most. A failure is returned
        as data.
        """
        stored = self._load_entry(request)
        freshness = freshness_of(stored.entry, self._now(), request.policy)
        if stored.entry is None or freshness is Freshness.MISS:
            stored = self._fetch_once(request, fetch, seconds)
            return _build_answer(stored, request.policy, self._now(), fetched=True)
        if freshness is Freshness.STALE and self._now() >= stored.entry.retry_at():
            self._refresh_in_background(request, fetch)
        return _build_answer(stored, request.policy, self._now())

    def get_or_refresh(
        self,
        request: CacheRequest[Value],
        fetch: Callable[[], Value],
        may_fetch: Callable[[], bool] = lambda: True,
    ) -> CachedAnswer[Value] | None:
        """Return the stored answer that may be shown, or None; refresh a stale one in background.

        ``may_fetch`` is called before a refresh and says whether this visitor may cause the call.
        Nobody waits for an agency here, even if the answer is evicted meanwhile.
        """
        stored = self._load_entry(request, request.decode_part)
        now = self._now()
        freshness = freshness_of(stored.entry, now, request.policy)
        if stored.entry is None or freshness is Freshness.MISS:
            return None
        is_due = freshness is Freshness.STALE and now >= stored.entry.retry_at()
        if is_due and request.key not in self._flights and may_fetch():
            self._refresh_in_background(request, fetch)
        return _build_answer(stored, request.policy, now)

    def refresh_now(
        self, request: CacheRequest[Value], fetch: Callable[[], Value], within: float
    ) -> bool:
        """Fetch now an answer that is missing, stale, or fresh for less than ``within`` seconds.

        Return False when nothing was due, when another process is fetching, or after a failure.
        """
        if self._is_current(self._load_entry(request).entry, request.policy, within):
            return False
        with self._leases.hold(request.key) as is_leader:
            if not is_leader:
                return False
            with _log_context(request):
                stored = self._fetch_and_save(request, fetch, within)
        return stored.entry is not None and stored.entry.failure is None

    def _is_current(self, entry: Entry | None, policy: Policy, within: float) -> bool:
        """Return whether an entry needs no fetch: fresh beyond ``within``, or failed just now."""
        now = self._now()
        if entry is None or now < entry.retry_at():
            return entry is not None
        return (
            freshness_of(entry, now, policy) is Freshness.FRESH
            and lifetime_of(entry, now, policy) > within
        )

    def close(self) -> None:
        """Let background fetches under way end, and start no more."""
        self._closing.set()
        with self._lock:
            pools = list(self._refreshers.values())
        for pool in pools:
            pool.close()

    def _fetch_once(
        self, request: CacheRequest[Value], fetch: Callable[[], Value], seconds: float
    ) -> StoredAnswer[Value]:
        """Fetch as the leader of the key's flight, or wait for the leader's result."""
        flight, is_leader = self._join_flight(request.key)
        if is_leader:
            self._lead_flight(request, fetch, flight, seconds)
        try:
            stored: StoredAnswer[Value] = flight.result(seconds)
        except TimeoutError:
            return _build_timeout(self._now())
        return stored

    def _refresh_in_background(
        self, request: CacheRequest[Value], fetch: Callable[[], Value]
    ) -> None:
        """Fetch in the background; never twice at once for a key."""
        with self._lock:
            if self._closing.is_set():
                return
            pool = self._refreshers.setdefault(request.agency, _RefreshPool(request.agency))
        if not pool.take_place():
            return
        flight, is_leader = self._join_flight(request.key)
        if not is_leader:
            pool.leave_place()
        elif not pool.submit(lambda: self._lead_flight(request, fetch, flight, 0.0)):
            self._finish_flight(request.key, flight, _build_timeout(self._now()))

    def _join_flight(self, key: str) -> tuple[Future[Any], bool]:
        """Return the fetch under way for a key, and whether the caller must lead the fetch."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Future()
            return flight, True

    def _lead_flight(
        self,
        request: CacheRequest[Value],
        fetch: Callable[[], Value],
        flight: Future[Any],
        seconds: float,
    ) -> None:
        try:
            with _log_context(request):
                stored = self._fetch_with_lease(request, fetch, seconds)
        except Exception:
            log.exception("an unexpected error while fetching; the answer counts as failed")
            error = AgencyError("", "Unexpected error; the log says more.")
            stored = StoredAnswer(with_failure(None, error, self._now()), None)
        self._finish_flight(request.key, flight, stored)

    def _finish_flight(self, key: str, flight: Future[Any], stored: "StoredAnswer[Any]") -> None:
        with self._lock:
            self._flights.pop(key, None)
        flight.set_result(stored)

    def _fetch_with_lease(
        self, request: CacheRequest[Value], fetch: Callable[[], Value], seconds: float
    ) -> StoredAnswer[Value]:
        """Fetch while holding the key's lease, or wait for the answer of the process that holds it.

        When that process dies, its lease runs out and the next process takes over. With 0
        ``seconds`` there is no wait.
        """
        end, pause = time.monotonic() + seconds, POLL_SECONDS
        while True:
            with self._leases.hold(request.key) as is_leader:
                if is_leader:
                    return self._fetch_and_save(request, fetch)
            if time.monotonic() >= end or self._closing.is_set():
                return _build_timeout(self._now())
            self._closing.wait(pause)
            pause = min(1.5 * pause, MAX_POLL_SECONDS)
            stored = self._load_entry(request)
            if freshness_of(stored.entry, self._now(), request.policy) is not Freshness.MISS:
                return stored

    def _fetch_and_save(
        self, request: CacheRequest[Value], fetch: Callable[[], Value], within: float = 0.0
    ) -> StoredAnswer[Value]:
        before = self._load_entry(request)
        if self._is_current(before.entry, request.policy, within):
            return before  # another leader has fetched between the caller's look and its lease
        value: Value | None
        try:
            value = fetch()
        except AgencyError as error:
            log.log(_log_level(error), "%s (asked again in %.0f s)", error, error.retry_after)
            entry, value = with_failure(before.entry, error, self._now()), before.value
            if not error.was_asked:
                return StoredAnswer(entry, value, is_saved=False)
        else:
            packed, empty = msgspec.msgpack.encode(value), request.is_empty(value)
            entry = Entry(value=packed, fetched_at=self._now(), empty=empty)
        self._save_entry(request, entry)
        return StoredAnswer(entry, value)

    def _load_entry(
        self, request: CacheRequest[Value], decode: Callable[[bytes], Value] | None = None
    ) -> StoredAnswer[Value]:
        """Return the stored entry and answer; anything that can't be read counts as absent.

        The answer is decoded whole, or by ``decode``.
        """
        decode = decode or partial(decoding.decode_msgpack, shape=request.shape)
        packed = self._store.get(request.key)
        if packed is None:
            return StoredAnswer(None, None)
        try:
            entry = _ENTRY.decode(zlib.decompressobj().decompress(packed, MAX_ENTRY_BYTES))
            if entry.value == b"":
                return StoredAnswer(None, None)
            if entry.fetched_at > self._now() + CLOCK_SECONDS:  # the clock was set back
                just_stale = self._now() - request.policy.fresh_for(entry)
                entry = msgspec.structs.replace(entry, fetched_at=just_stale)
            if entry.failed_at > self._now() + CLOCK_SECONDS:
                entry = msgspec.structs.replace(entry, failure=None, failed_at=0.0)
            value = decode(entry.value) if entry.value else None
        except (zlib.error, ValueError, TypeError, RecursionError):
            log.warning("an entry of the cache can't be read and counts as absent")
            return StoredAnswer(None, None)
        return StoredAnswer(entry, value)

    def _save_entry(self, request: CacheRequest[Value], entry: Entry) -> None:
        life = request.policy.fresh + request.policy.stale
        end = entry.retry_at() if entry.value is None else entry.fetched_at + life
        packed = zlib.compress(msgspec.msgpack.encode(entry), 1)
        self._store.set(request.key, packed, max(math.ceil(end - self._now()), 1))


class _RefreshPool:
    """The threads for background fetches of one agency, and a bound on such fetches.

    A slow agency fills its own places alone.
    """

    def __init__(self, agency: str) -> None:
        self._threads = ThreadPoolExecutor(REFRESH_THREADS, thread_name_prefix=f"refresh-{agency}")
        self._places = threading.BoundedSemaphore(REFRESH_QUEUE)

    def take_place(self) -> bool:
        return self._places.acquire(blocking=False)

    def leave_place(self) -> None:
        self._places.release()

    def submit(self, fetch: Callable[[], None]) -> bool:
        """Queue a fetch that has taken a place; return False when the process ends."""
        try:
            task = self._threads.submit(logs.carry_context(fetch))
        except RuntimeError:
            return False
        task.add_done_callback(lambda _: self.leave_place())
        return True

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)


_ENTRY = msgspec.msgpack.Decoder(Entry)


def _log_context(request: CacheRequest[Any]) -> AbstractContextManager[None]:
    """Name agency and kind of question in log lines; a key begins with its format and kind."""
    return logs.name_agency(request.agency, request.key.partition(":")[2].partition(":")[0])


def _log_level(error: AgencyError) -> int:
    """Return the log level of an error; an unknown id is an answer, no trouble."""
    if isinstance(error, NotFound):
        return logging.DEBUG
    return logging.ERROR if isinstance(error, BadCredentials) else logging.WARNING


def _build_timeout(now: float) -> StoredAnswer[Any]:
    return StoredAnswer(with_failure(None, AgencyTimeout("", "No answer in time."), now), None)


def _build_answer(
    stored: StoredAnswer[Value], policy: Policy, now: float, *, fetched: bool = False
) -> CachedAnswer[Value]:
    entry = stored.entry or Entry()
    life = lifetime_of(entry, now, policy)
    life = life if stored.is_saved else min(life, WITHHELD_SECONDS)
    if not is_showable(entry, now, policy):
        return CachedAnswer(status="failed", lifetime=life, failure=entry.failure)
    freshness = freshness_of(entry, now, policy)
    status = "fetched" if fetched and freshness is Freshness.FRESH else freshness.value
    return CachedAnswer(
        value=stored.value, status=status, fetched_at=entry.fetched_at, lifetime=life
    )
