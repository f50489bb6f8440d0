"""The cache of agencies' answers: their keys, and one fetch for all who wait.

What to do with an entry is `policy.decide`'s; the cache only fetches and stores by its verdict.
"""

import logging
import math
import secrets
import threading
import time
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from affiliate.errors import AgencyError, AgencyTimeout, BadCredentials
from affiliate.model import Failure, SearchQuery
from affiliate.policy import Entry, Policy, Verdict, decide, failed, lifetime, showable

FORMAT: Final = 1
"""Version of keys and entries; a change of `Entry` or of the model's shapes raises it."""

LEASE_SECONDS: Final = 3.0
"""Longer than an agency's deadline; a leader that died keeps the others from fetching so long."""
LARGEST_ENTRY: Final = 16 * 1024 * 1024
CLOCK_SECONDS: Final = 60.0
"""How far the clocks of processes may be apart; what is from further ahead is not believed."""
POLL_SECONDS: Final = 0.02
REFRESHERS: Final = 4
REFRESH_QUEUE: Final = 64
"""Fetches behind stale answers, waiting and under way; more are left to the next question."""

log = logging.getLogger(__name__)

Value = TypeVar("Value")


class Store(Protocol):
    """What the cache needs of its store, which never raises; values are bytes."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...
    def lease(self, key: str, token: str, seconds: float) -> bool: ...
    def release(self, key: str, token: str) -> None: ...


def details_key(agency: str, media_id: str, media: str = "image") -> str:
    """The key of the details of one picture or clip."""
    return f"{FORMAT}:details:{agency}:{_numbered(media, media_id)}"


def search_key(agency: str, query: SearchQuery, chunk: int) -> str:
    """The key of one chunk of an agency's answer; no secret, host or affiliate id is in it."""
    words = query.replace(page=1, agency=()).canonical()
    return f"{FORMAT}:search:{agency}:{chunk}:{words}"


def similar_key(agency: str, media_id: str, query: SearchQuery, chunk: int) -> str:
    """The key of a chunk of what an agency finds similar; language and media of ``query`` count."""
    like = _numbered(query.media, media_id)
    return f"{FORMAT}:similar:{agency}:{chunk}:{query.lang or ''}:{like}"


def categories_key(agency: str, lang: str, media: str) -> str:
    """The key of the names of an agency's categories."""
    return f"{FORMAT}:categories:{agency}:{lang}:{media}"


def featured_key(agency: str, media: str) -> str:
    """The key of the collections that an agency features."""
    return f"{FORMAT}:featured:{agency}:{media}"


def about_key(agency: str, collection_id: str, media: str = "image") -> str:
    """The key of what a collection is called."""
    return f"{FORMAT}:about:{agency}:{_numbered(media, collection_id)}"


def collection_key(agency: str, collection_id: str, chunk: int, media: str = "image") -> str:
    """The key of one chunk of an agency's collection."""
    return f"{FORMAT}:collection:{agency}:{chunk}:{_numbered(media, collection_id)}"


def suggest_key(agency: str, lang: str, words: str) -> str:
    """The key of what an agency suggests for the beginning of a search; ``words`` are canonical."""
    return f"{FORMAT}:suggest:{agency}:{lang}:{words}"


def _numbered(media: str, media_id: str) -> str:
    """An item of an agency, whose pictures and clips may have the same numbers."""
    return media_id if media == "image" else f"{media}/{media_id}"


class Wanted(NamedTuple, Generic[Value]):
    """What is asked of the cache: a key, the answer's type, how long it lives."""

    key: str
    shape: type[Value]
    policy: Policy
    is_empty: Callable[[Value], bool]


class Loaded(NamedTuple, Generic[Value]):
    """An entry of the store, with its answer read."""

    entry: Entry | None
    value: Value | None


class Answer(msgspec.Struct, Generic[Value], frozen=True, kw_only=True):
    """What came through the cache: a value or a failure, never both.

    ``status`` is fresh, stale, fetched or failed; ``lifetime`` the seconds for which it is true.
    """

    value: Value | None = None
    status: str
    fetched_at: float | None = None
    lifetime: float
    failure: Failure | None = None


class Cache:
    """Answers from a store, or fetches: once per key, however many ask."""

    def __init__(self, store: Store, *, now: Callable[[], float] = time.time) -> None:
        self._store = store
        self._now = now
        self._flights: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._refreshers = ThreadPoolExecutor(REFRESHERS, thread_name_prefix="refresh")
        self._refreshes = threading.BoundedSemaphore(REFRESH_QUEUE)

    def peek(self, wanted: Wanted[Value]) -> Answer[Value] | None:
        """What the store has that may be shown, or None; never fetches."""
        loaded = self._load(wanted)
        now = self._now()
        if decide(loaded.entry, now, wanted.policy) is Verdict.MISS:
            return None
        return _answer(loaded, wanted.policy, now)

    def through(
        self, wanted: Wanted[Value], fetch: Callable[[], Value], seconds: float
    ) -> Answer[Value]:
        """The answer for a key: from the store, or from ``fetch`` when it has none to show.

        A stale answer is given at once and fetched anew behind. Whoever asks while a fetch is
        under way waits for it, ``seconds`` at most. A failure comes back as data.
        """
        loaded = self._load(wanted)
        verdict = decide(loaded.entry, self._now(), wanted.policy)
        if loaded.entry is None or verdict is Verdict.MISS:
            loaded = self._fly(wanted, fetch, seconds)
            return _answer(loaded, wanted.policy, self._now(), fetched=True)
        if verdict is Verdict.STALE and self._now() >= loaded.entry.retry_at():
            self._refresh(wanted, fetch)
        return _answer(loaded, wanted.policy, self._now())

    def renew(self, wanted: Wanted[Value], fetch: Callable[[], Value], within: float) -> bool:
        """Fetch now what is missing, stale, or fresh for less than ``within`` seconds.

        False when there was nothing to do, when another is about it, or after a failure.
        """
        token = secrets.token_hex(8)
        if self._lasts(self._load(wanted).entry, wanted.policy, within):
            return False
        if not self._store.lease(wanted.key, token, LEASE_SECONDS):
            return False
        try:
            loaded = self._fetch(wanted, fetch, within)
        finally:
            self._store.release(wanted.key, token)
        return loaded.entry is not None and loaded.entry.failure is None

    def _lasts(self, entry: Entry | None, policy: Policy, within: float) -> bool:
        """Whether an entry need not be fetched: fresh for longer, or failed just now."""
        now = self._now()
        if entry is None or now < entry.retry_at():
            return entry is not None
        return decide(entry, now, policy) is Verdict.FRESH and lifetime(entry, now, policy) > within

    def close(self) -> None:
        """Let the fetches under way behind answers end, and start no more."""
        self._closing.set()
        self._refreshers.shutdown(cancel_futures=True)

    def _fly(
        self, wanted: Wanted[Value], fetch: Callable[[], Value], seconds: float
    ) -> Loaded[Value]:
        """Fetch as the leader, or wait for the one who does."""
        flight, leads = self._join(wanted.key)
        if leads:
            self._lead(wanted, fetch, flight, seconds)
        try:
            loaded: Loaded[Value] = flight.result(seconds)
        except TimeoutError:
            return _unanswered(self._now())
        return loaded

    def _refresh(self, wanted: Wanted[Value], fetch: Callable[[], Value]) -> None:
        """Fetch behind an answer already given; never two at once for a key."""
        if self._closing.is_set() or not self._refreshes.acquire(blocking=False):
            return
        flight, leads = self._join(wanted.key)
        if not leads:
            self._refreshes.release()
            return
        try:
            task = self._refreshers.submit(self._lead, wanted, fetch, flight, 0.0)
        except RuntimeError:  # the process ends
            self._land(wanted.key, flight, _unanswered(self._now()))
        else:
            task.add_done_callback(lambda _: self._refreshes.release())

    def _join(self, key: str) -> tuple[Future[Any], bool]:
        """The fetch under way for a key, and whether the caller must lead it."""
        with self._lock:
            flight = self._flights.get(key)
            if flight is not None:
                return flight, False
            flight = self._flights[key] = Future()
            return flight, True

    def _lead(
        self,
        wanted: Wanted[Value],
        fetch: Callable[[], Value],
        flight: Future[Any],
        seconds: float,
    ) -> None:
        try:
            loaded = self._compete(wanted, fetch, seconds)
        except Exception:
            log.exception("an unexpected error while fetching; the answer counts as failed")
            error = AgencyError("", "Unexpected error; the log says more.")
            loaded = Loaded(failed(None, error, self._now()), None)
        self._land(wanted.key, flight, loaded)

    def _land(self, key: str, flight: Future[Any], loaded: "Loaded[Any]") -> None:
        with self._lock:
            self._flights.pop(key, None)
        flight.set_result(loaded)

    def _compete(
        self, wanted: Wanted[Value], fetch: Callable[[], Value], seconds: float
    ) -> Loaded[Value]:
        """Fetch as the one process that has the key's lease, or wait for what that one stores.

        When it dies its lease runs out, and the next takes over. With 0 ``seconds`` nothing is
        waited for.
        """
        token = secrets.token_hex(8)
        end = time.monotonic() + seconds
        while not self._store.lease(wanted.key, token, LEASE_SECONDS):
            if time.monotonic() >= end or self._closing.is_set():
                return _unanswered(self._now())
            self._closing.wait(POLL_SECONDS)
            loaded = self._load(wanted)
            if decide(loaded.entry, self._now(), wanted.policy) is not Verdict.MISS:
                return loaded
        try:
            return self._fetch(wanted, fetch)
        finally:
            self._store.release(wanted.key, token)

    def _fetch(
        self, wanted: Wanted[Value], fetch: Callable[[], Value], within: float = 0.0
    ) -> Loaded[Value]:
        before = self._load(wanted)
        if self._lasts(before.entry, wanted.policy, within):
            return before  # another leader was quicker, between our look and our lead
        value: Value | None
        try:
            value = fetch()
        except AgencyError as error:
            loud = logging.ERROR if isinstance(error, BadCredentials) else logging.WARNING
            log.log(loud, "%s (asked again in %.0f s)", error, error.retry_after)
            entry, value = failed(before.entry, error, self._now()), before.value
        else:
            packed, empty = msgspec.msgpack.encode(value), wanted.is_empty(value)
            entry = Entry(value=packed, fetched_at=self._now(), empty=empty)
        self._save(wanted, entry)
        return Loaded(entry, value)

    def _load(self, wanted: Wanted[Value]) -> Loaded[Value]:
        """What the store has; anything that can't be read counts as absent."""
        packed = self._store.get(wanted.key)
        if packed is None:
            return Loaded(None, None)
        try:
            entry = _ENTRY.decode(zlib.decompressobj().decompress(packed, LARGEST_ENTRY))
            if entry.value == b"" or entry.fetched_at > self._now() + CLOCK_SECONDS:
                return Loaded(None, None)
            value = msgspec.msgpack.decode(entry.value, type=wanted.shape) if entry.value else None
        except (zlib.error, ValueError, TypeError, RecursionError):
            log.warning("an entry of the cache can't be read and counts as absent")
            return Loaded(None, None)
        return Loaded(entry, value)

    def _save(self, wanted: Wanted[Value], entry: Entry) -> None:
        lasts = wanted.policy.fresh + wanted.policy.stale
        end = entry.retry_at() if entry.value is None else entry.fetched_at + lasts
        packed = zlib.compress(msgspec.msgpack.encode(entry), 1)
        self._store.set(wanted.key, packed, max(math.ceil(end - self._now()), 1))


_ENTRY = msgspec.msgpack.Decoder(Entry)


def _unanswered(now: float) -> Loaded[Any]:
    return Loaded(failed(None, AgencyTimeout("", "No answer in time."), now), None)


def _answer(
    loaded: Loaded[Value], policy: Policy, now: float, *, fetched: bool = False
) -> Answer[Value]:
    entry = loaded.entry or Entry()
    life = lifetime(entry, now, policy)
    if not showable(entry, now, policy):
        return Answer(status="failed", lifetime=life, failure=entry.failure)
    verdict = decide(entry, now, policy)
    status = "fetched" if fetched and verdict is Verdict.FRESH else verdict.value
    return Answer(value=loaded.value, status=status, fetched_at=entry.fetched_at, lifetime=life)
