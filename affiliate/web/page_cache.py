"""The memory tier: a WSGI layer in front of Flask that answers finished responses.

A hit never enters Flask: one look-up by path and raw query string, one by canonical key, and the
bytes go out. What may be kept is said by the view (`ReplayTerms`), for seconds and never past the
answer's own freshness. A response can vary by its path and its declared parameters only, because
the view behind sees no more than the canonical query string.
"""

import math
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from affiliate.cache.freshness import CLOCK_SECONDS, REPLAY_SECONDS
from affiliate.cache.keys import PAGE_FORMAT
from affiliate.domain.robots import is_crawler
from affiliate.errors import BadQuery
from affiliate.web.cached_response import (
    CachedResponse,
    Headers,
    accepts_gzip,
    is_etag_match,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SHARED_SECONDS: Final = 300.0
JOIN_SECONDS: Final = 0.3
"""How long a request waits for another that makes the same page, before it does so itself."""
MEMORY_BYTES: Final = 32 * 1024 * 1024
"""What responses, their keys and the memo of addresses take in memory, all together."""
MEMO_DIVISOR: Final = 16
"""The memo of addresses takes one part of so many."""
RESPONSE_DIVISOR: Final = 8
"""A response is kept that takes no more than one part of so many."""
VARIANT_DIVISOR: Final = 4
"""Variants push other pages out of memory, and out of the store, up to one part of so many."""
MAX_KEY_CHARACTERS: Final = 8192
"""Characters of the longest path with its canonical query string of which anything is kept."""
MAX_COUNTED_CHARACTERS: Final = 1000
"""Characters of the longest canonical query string whose replays are told to ``on_hit``."""
MAX_SHARED_KEY_CHARACTERS: Final = 1024
"""The same for the store, where keys take the room of agencies' answers."""
SHARED_REDIS_BYTES: Final = 4 * 1024 * 1024
"""Let all processes together put so much into Redis in `SHARED_SECONDS`: pages cost no call, so
that they must not push answers out of the store, which do."""
SHARED_FILE_DIVISOR: Final = 16
"""The same for a store whose size is known: one part of so many."""
KEY_OVERHEAD_BYTES: Final = 300
"""What a key takes in memory beside its characters, which take a byte each."""
REPLAY_ENVIRON: Final = "affiliate.kept"

CONDITIONAL_HEADERS: Final = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")

Canonicalizer = Callable[[bytes], str | None]
"""Reads a raw query string into the canonical one; BadQuery where it can't be read.

None where the answer varies by more than that, so that nothing may be kept."""
CacheKey = tuple[str, str]
"""A path and the canonical query string: what a response may vary by."""


def measure_key(place: CacheKey) -> int:
    """Return the bytes that a key takes in memory, with the gaps that long texts leave there."""
    return (len(place[0]) + len(place[1])) * 5 // 4 + KEY_OVERHEAD_BYTES


_SHARED_RECORD = tuple[Headers, int | None, bytes, int, float, float, bool | None]
"""Headers, the length of the plain body where the body is compressed, else None, the body and its
CRC, made and ends (Unix time), and whether something was found."""


class SharedStore(Protocol):
    """The part of the store that keeps finished responses; it never raises."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...


class ReplayTerms:
    """How long the response under way stays true, as its view says; 0 is not at all."""

    seconds = 0.0
    found: bool | None = True
    """Whether the answer found something; None where its replays are not told to ``on_hit``."""


class ByteBudget:
    """Room for so many bytes in each `SHARED_SECONDS`, by the clock of the process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._window = 0
        self._lock = threading.Lock()

    def try_take(self, size: int, now: float) -> bool:
        """Take room if there is any."""
        window = int(now // SHARED_SECONDS)
        with self._lock:
            if window != self._window:
                self._window, self._taken = window, 0
            if self._taken + size > self._limit:
                return False
            self._taken += size
            return True


class PageCacheMiddleware:
    """Wraps a WSGI application; ``routes`` gives each path that may be kept its canonical form.

    A path stands for itself, or with a slash at its end for all paths that begin so.
    ``on_hit`` is given path and key, with the client's address and whether something was found,
    for each replay whose canonical query string has at most `MAX_COUNTED_CHARACTERS`; the call
    must be no more than an append.
    Behind the process's own memory may stand a ``shared_store`` for the pages of all processes, of
    ``shared_bytes`` in `SHARED_SECONDS`; ``build_id`` tells apart what other templates, settings
    and agencies would make of a page. ``is_variant`` tells of which pages anybody makes as many as
    they like, without a call: a flood of these leaves the others their part of memory and of the
    shared store (`VARIANT_DIVISOR`).
    """

    def __init__(  # noqa: PLR0913 - what it is made of, by name
        self,
        app: "WSGIApplication",
        routes: Mapping[str, Canonicalizer],
        *,
        limit: int = MEMORY_BYTES,
        now: Callable[[], float] = time.monotonic,
        on_hit: Callable[[tuple[CacheKey, str, bool]], None] = lambda _hit: None,
        shared_store: "SharedStore | None" = None,
        shared_bytes: int = SHARED_REDIS_BYTES,
        build_id: Callable[[], str] = str,
        is_variant: Callable[[CacheKey], bool] = lambda _place: False,
    ) -> None:
        self._app = app
        self._routes = routes
        self.limit = limit
        self._now = now
        self._on_hit = on_hit
        self._shared_store = shared_store
        self._shared_budget = ByteBudget(shared_bytes)
        self._shared_variants_budget = ByteBudget(shared_bytes // VARIANT_DIVISOR)
        self._build_id = build_id
        self._is_variant = is_variant
        self._keys: dict[CacheKey, CacheKey] = {}
        self._keys_bytes = 0
        self._responses: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self._variants: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self._bytes = 0
        self._variants_bytes = 0
        self._leaders: dict[CacheKey, threading.Event] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Replay a kept response, or pass the request on and perhaps keep its response."""
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self._app(environ, start)
        path, raw = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        place = self._keys.get((path, raw))
        if place is None:
            canonical = self._find_canonicalizer(path)
            if canonical is None:
                return self._app(environ, start)
            place = self._canonicalize(path, raw, canonical)
            if place is None:
                return self._render(environ, start)
        response = self._responses.get(place) or self._variants.get(place)
        if response is None or not response.may_replay(self._now()):
            response = self._wait_for_leader(place)
            if response is None:
                return self._render_as_leader(environ, start, place)
        self._mark_used(place, response)
        self._count_hit(environ, place, response)
        return self._send_response(
            response, environ, start, "STALE" if response.is_stale else "HIT"
        )

    def _count_hit(
        self, environ: "WSGIEnvironment", place: CacheKey, response: CachedResponse
    ) -> None:
        """Tell ``on_hit`` of a replay to a visitor; crawlers search nothing."""
        if response.has_results is not None and not is_crawler(environ.get("HTTP_USER_AGENT", "")):
            self._on_hit((place, environ.get("REMOTE_ADDR", ""), response.has_results))

    def _wait_for_leader(self, place: CacheKey) -> CachedResponse | None:
        """Return what another request is making just now, if it is done soon and may be kept."""
        making = self._leaders.get(place)
        if making is None or not making.wait(JOIN_SECONDS):
            return None
        response = self._responses.get(place) or self._variants.get(place)
        return response if response and self._now() < response.expires_at else None

    def _render_as_leader(
        self, environ: "WSGIEnvironment", start: "StartResponse", place: CacheKey
    ) -> Iterable[bytes]:
        """Make the response while others wait for it a moment."""
        done = threading.Event()
        leads = self._leaders.setdefault(place, done) is done
        try:
            return self._load_or_render(environ, start, place)
        finally:
            if leads:
                del self._leaders[place]
                done.set()

    def _find_canonicalizer(self, path: str) -> Canonicalizer | None:
        return self._routes.get(path) or self._routes.get(path[: path.find("/", 1) + 1])

    def _canonicalize(self, path: str, raw: str, canonical: Canonicalizer) -> CacheKey | None:
        try:
            words = canonical(raw.encode("latin-1"))
        except BadQuery:
            return None  # the view says what is wrong with it
        if words is None:
            return None
        place = (path, words)
        if len(path) + len(words) > MAX_KEY_CHARACTERS:
            return None
        if len(path) + len(raw) <= MAX_KEY_CHARACTERS:
            self._memoize_key((path, raw), place)
        return place

    def _memoize_key(self, typed: CacheKey, place: CacheKey) -> None:
        """Keep what is canonical for an address; all of it is forgotten where it takes too much."""
        size = measure_key(typed) + measure_key(place)
        with self._lock:
            if self._keys_bytes + size > self.limit // MEMO_DIVISOR:
                self._keys, self._keys_bytes = {}, 0
            if typed not in self._keys:
                self._keys_bytes += size
            self._keys[typed] = place
            self._evict_excess()

    def _mark_used(self, place: CacheKey, response: CachedResponse) -> None:
        try:
            self._responses_like(response).move_to_end(place)
        except KeyError:
            return  # evicted since the look-up

    def _responses_like(self, response: CachedResponse) -> OrderedDict[CacheKey, CachedResponse]:
        return self._variants if response.is_variant else self._responses

    def _load_or_render(
        self, environ: "WSGIEnvironment", start: "StartResponse", place: CacheKey
    ) -> Iterable[bytes]:
        """Load the page from the shared store or have Flask render it; keep what may be kept."""
        if (response := self._load_shared(place)) is not None:
            self._store_in_memory(place, response)
            self._count_hit(environ, place, response)
            return self._send_response(response, environ, start, "HIT")
        environ["QUERY_STRING"] = place[1]
        return self._render(environ, start, place)

    def _render(
        self, environ: "WSGIEnvironment", start: "StartResponse", place: CacheKey | None = None
    ) -> Iterable[bytes]:
        """Have Flask answer, as if unconditionally asked; keep it if it has a place and may be."""
        method = environ["REQUEST_METHOD"]
        environ["REQUEST_METHOD"] = "GET"
        conditions = {n: environ.pop(n, None) for n in CONDITIONAL_HEADERS}
        started = self._now()
        status, headers, body, kept = self._run_app(environ)
        environ["HTTP_IF_NONE_MATCH"] = conditions["HTTP_IF_NONE_MATCH"]
        environ["REQUEST_METHOD"] = method
        response = CachedResponse(headers, body, self._now(), kept.seconds)
        response.has_results = kept.found
        fills = method == "GET" and status.startswith("200") and kept.seconds > 0
        if place and fills and response.is_cacheable:
            self._store_in_memory(place, response)
            self._store_shared(place, response, kept.seconds)
        response.timing = f"app;dur={(self._now() - started) * 1000:.1f}"
        answer = self._send_response(response, environ, start, response.cache_status, status)
        response.timing = "memory"
        return answer

    def _load_shared(self, place: CacheKey) -> CachedResponse | None:
        packed = self._shared_store.get(self._shared_name(place)) if self._shared_store else None
        if packed is None:
            return None
        try:
            headers, length, body, check, made, ends, found = msgspec.msgpack.decode(  # noqa: TID251 - no struct
                packed, type=_SHARED_RECORD
            )
        except (ValueError, RecursionError):
            return None
        if zlib.crc32(body) != check:
            return None
        now = time.time()
        if ends <= now or made > now + CLOCK_SECONDS:
            return None
        plain = body if length is None else length
        response = CachedResponse(headers, plain, self._now(), ends - now)
        if length is not None:
            response.set_gzip_body(body)
        response.made_at -= max(now - made, 0.0)
        response.has_results = found
        return response

    def _store_shared(self, place: CacheKey, response: CachedResponse, seconds: float) -> None:
        """Only what lives for longer than the process's own memory is worth it, by a short key."""
        if self._shared_store is None or seconds <= REPLAY_SECONDS:
            return
        if len(place[0]) + len(place[1]) <= MAX_SHARED_KEY_CHARACTERS:
            now = time.time()
            ends = now + min(seconds, SHARED_SECONDS)
            body = (
                response.gzip_body()
                if response.is_gzippable
                else response.encode_body(zipped=False)
            )
            length = response.plain_length if response.is_gzippable else None
            told = (length, body, zlib.crc32(body), now, ends, response.has_results)
            record = (response.headers, *told)
            packed, name = msgspec.msgpack.encode(record), self._shared_name(place)
            if self._take_shared_budget(place, len(packed) + len(name)):
                self._shared_store.set(name, packed, math.ceil(ends - now))

    def _take_shared_budget(self, place: CacheKey, size: int) -> bool:
        """Take room on the shelf; variants take what is theirs of the whole."""
        rooms = (
            (self._shared_variants_budget, self._shared_budget)
            if self._is_variant(place)
            else (self._shared_budget,)
        )
        return all(room.try_take(size, self._now()) for room in rooms)

    def _shared_name(self, place: CacheKey) -> str:
        return f"{PAGE_FORMAT}:page:{self._build_id()}:{place[0]}:{place[1]}"

    def _store_in_memory(self, place: CacheKey, response: CachedResponse) -> None:
        if len(place[1]) > MAX_COUNTED_CHARACTERS:
            response.has_results = None
        if response.size + measure_key(place) > self.limit // RESPONSE_DIVISOR:
            return
        response.is_variant = self._is_variant(place)
        with self._lock:
            before = self._responses_like(response).pop(place, None)
            if before is not None:
                self._uncount_response(place, before)
            self._responses_like(response)[place] = response
            response.counted_size = response.size
            self._add_size(response.counted_size + measure_key(place), response)
            self._evict_excess()

    def _recount_response(self, response: CachedResponse) -> None:
        """Count a kept response anew, which has got or lost one of its forms."""
        with self._lock:
            if response.counted_size:
                self._add_size(response.size - response.counted_size, response)
                response.counted_size = response.size
                self._evict_excess()

    def _evict_excess(self) -> None:
        """Drop the least recently used responses until all that is kept fits.

        Variants go first where they have more than their part, else other pages.
        """
        while self._bytes and self._bytes + self._keys_bytes > self.limit:
            many = self._variants_bytes > self.limit // VARIANT_DIVISOR or not self._responses
            self._uncount_response(
                *(self._variants if many else self._responses).popitem(last=False)
            )

    def _uncount_response(self, place: CacheKey, response: CachedResponse) -> None:
        self._add_size(-response.counted_size - measure_key(place), response)
        response.counted_size = 0

    def _add_size(self, size: int, response: CachedResponse) -> None:
        self._bytes += size
        if response.is_variant:
            self._variants_bytes += size

    def _run_app(self, environ: "WSGIEnvironment") -> tuple[str, Headers, bytes, ReplayTerms]:
        kept = environ[REPLAY_ENVIRON] = ReplayTerms()
        head: list[Any] = []

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:  # noqa: ANN401, ARG001 - as WSGI has it
            head[:] = [status, headers]

        parts = self._app(environ, begin)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return head[0], head[1], body, kept

    def _send_response(
        self,
        response: CachedResponse,
        environ: "WSGIEnvironment",
        start: "StartResponse",
        mark: str,
        status: str = "200 OK",
    ) -> Iterable[bytes]:
        head = [*response.headers]
        if mark:
            age = int(self._now() - response.made_at)
            head += [("X-Cache", mark), ("Age", str(age)), ("Server-Timing", response.timing)]
        asked = environ.get("HTTP_IF_NONE_MATCH")
        if (
            asked
            and response.etag
            and status.startswith("200")
            and is_etag_match(asked, response.etag)
        ):
            start("304 Not Modified", head)
            return []
        zipped = response.is_gzippable and accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        body = response.encode_body(zipped=zipped)
        if response.size != response.counted_size:
            self._recount_response(response)
        if zipped:
            head.append(("Content-Encoding", "gzip"))
        head.append(("Content-Length", str(len(body))))
        start(status, head)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
