"""The page cache: a WSGI middleware in front of Flask that replays finished responses.

A hit never enters Flask: a look-up by path and raw query string, a look-up by canonical key, and
the bytes are sent. The view decides how long a response may be kept (`ReplayTerms`): for seconds,
and never past the answer's own freshness. A response can vary by its path and its declared
parameters only, because the view sees nothing but the canonical query string.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from affiliate.domain.robots import counts_search
from affiliate.errors import BadQuery
from affiliate.web.cached_response import (
    BROTLI,
    CachedResponse,
    CacheKey,
    Headers,
    is_etag_match,
)
from affiliate.web.shared_pages import SharedPages

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

JOIN_SECONDS: Final = 0.3
"""Seconds to wait for a request that is rendering the same page, before rendering the page, too."""
MEMORY_BYTES: Final = 32 * 1024 * 1024
"""Memory of responses, their keys and the memo of addresses together."""
MEMO_DIVISOR: Final = 16
"""The memo of addresses takes at most the memory divided by this number."""
RESPONSE_DIVISOR: Final = 8
"""Responses larger than the memory divided by this number are not kept."""
VARIANT_DIVISOR: Final = 4
"""Variants evict other pages up to the memory divided by this number."""
MAX_KEY_CHARACTERS: Final = 8192
"""Characters of the longest path with canonical query string that is kept."""
MAX_COUNTED_CHARACTERS: Final = 1000
"""Characters of the longest canonical query string whose replays ``on_hit`` receives."""
KEY_OVERHEAD_BYTES: Final = 300
"""Memory of a key besides its characters, which take a byte each."""
REPLAY_ENVIRON: Final = "affiliate.kept"
HIT_ENVIRON: Final = "affiliate.hit"
"""Key of an environ for the page that `PageCacheMiddleware.find_hit` has found."""

CONDITIONAL_HEADERS: Final = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")

Canonicalizer = Callable[[bytes], str | None]
"""A function from a raw query string to the canonical query string; raises BadQuery.

None where the answer varies by more than the query string, so that no response may be kept."""


def measure_key(key: CacheKey) -> int:
    """Return the memory of a key in bytes, with the gaps that long texts leave in the heap."""
    return (len(key[0]) + len(key[1])) * 5 // 4 + KEY_OVERHEAD_BYTES


class ReplayTerms:
    """The view's terms for the current response: the ``seconds`` to replay it; 0 for none."""

    seconds = 0.0
    has_results: bool | None = True
    """True if the answer has results; None if ``on_hit`` gets no replays of the answer."""


class PageCacheMiddleware:
    """A WSGI middleware that replays responses; ``routes`` are the canonicalizers by path.

    A path with a slash at its end stands for all paths with that prefix.
    ``on_hit`` receives the key, the client's address and whether there are results, for each
    replay whose canonical query string has at most `MAX_COUNTED_CHARACTERS`; the call must cost no
    more than an append.
    ``shared_pages`` keep the pages of all processes. ``is_variant`` recognizes pages that anybody
    can multiply without a call: a flood of variants leaves other pages their part of memory.
    """

    def __init__(  # noqa: PLR0913 - all options by name
        self,
        app: "WSGIApplication",
        routes: Mapping[str, Canonicalizer],
        *,
        limit: int = MEMORY_BYTES,
        now: Callable[[], float] = time.monotonic,
        on_hit: Callable[[tuple[CacheKey, str, bool]], None] = lambda _hit: None,
        shared_pages: SharedPages | None = None,
        is_variant: Callable[[CacheKey], bool] = lambda _key: False,
    ) -> None:
        self._app = app
        self._routes = routes
        self.limit = limit
        self._now = now
        self._on_hit = on_hit
        self._shared_pages = shared_pages
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
        """Replay a kept response, or call the application and perhaps keep its response."""
        if hit := environ.get(HIT_ENVIRON):
            return self._replay_response(environ, start, *hit)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self._app(environ, start)
        path, raw = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        key = self._keys.get((path, raw))
        if key is None:
            canonicalizer = self._find_canonicalizer(path)
            if canonicalizer is None:
                return self._app(environ, start)
            key = self._canonicalize(path, raw, canonicalizer)
            if key is None:
                return self._render(environ, start)
        response = self._responses.get(key) or self._variants.get(key)
        if response is None or not response.may_replay(self._now()):
            response = self._wait_for_leader(key)
            if response is None:
                return self._render_as_leader(environ, start, key)
        return self._replay_response(environ, start, key, response)

    def find_hit(self, environ: "WSGIEnvironment") -> bool:
        """Return whether a request is answered from memory, and keep the answer in its environ.

        The look-up waits for nothing and changes nothing else: an address that was never asked for
        is no hit, nor is a page that must be renewed or compressed.
        """
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return False
        key = self._keys.get((environ["PATH_INFO"], environ["QUERY_STRING"]))
        response = key and (self._responses.get(key) or self._variants.get(key))
        encodings = environ.get("HTTP_ACCEPT_ENCODING", "")
        if not key or not response or not response.is_ready(self._now(), encodings):
            return False
        environ[HIT_ENVIRON] = key, response
        return True

    def _replay_response(
        self,
        environ: "WSGIEnvironment",
        start: "StartResponse",
        key: CacheKey,
        response: CachedResponse,
    ) -> Iterable[bytes]:
        self._mark_used(key, response)
        self._count_hit(environ, key, response)
        return self._send_response(
            response, environ, start, "STALE" if response.is_stale else "HIT"
        )

    def _count_hit(
        self, environ: "WSGIEnvironment", key: CacheKey, response: CachedResponse
    ) -> None:
        """Report a replay to ``on_hit``, unless ``has_results`` is None or no person has asked."""
        if (
            response.has_results is not None
            and "HTTP_SEC_PURPOSE" not in environ
            and counts_search(environ.get("HTTP_USER_AGENT", ""), key[0])
        ):
            self._on_hit((key, environ.get("REMOTE_ADDR", ""), response.has_results))

    def _wait_for_leader(self, key: CacheKey) -> CachedResponse | None:
        """Wait up to JOIN_SECONDS for the request that is already rendering this page.

        Return None if no request is, or the page may not be kept, or the time is over.
        """
        rendered = self._leaders.get(key)
        if rendered is None or not rendered.wait(JOIN_SECONDS):
            return None
        response = self._responses.get(key) or self._variants.get(key)
        return response if response and self._now() < response.expires_at else None

    def _render_as_leader(
        self, environ: "WSGIEnvironment", start: "StartResponse", key: CacheKey
    ) -> Iterable[bytes]:
        """Load or render the page, as the leader of requests for the same page if none leads."""
        rendered = threading.Event()
        is_leader = self._leaders.setdefault(key, rendered) is rendered
        try:
            return self._load_or_render(environ, start, key)
        finally:
            if is_leader:
                del self._leaders[key]
                rendered.set()

    def _find_canonicalizer(self, path: str) -> Canonicalizer | None:
        return self._routes.get(path) or self._routes.get(path[: path.find("/", 1) + 1])

    def _canonicalize(self, path: str, raw: str, canonicalizer: Canonicalizer) -> CacheKey | None:
        try:
            canonical = canonicalizer(raw.encode("latin-1"))
        except BadQuery:
            return None  # the view reports the error
        if canonical is None:
            return None
        key = (path, canonical)
        if len(path) + len(canonical) > MAX_KEY_CHARACTERS:
            return None
        if len(path) + len(raw) <= MAX_KEY_CHARACTERS:
            self._memoize_key((path, raw), key)
        return key

    def _memoize_key(self, raw_key: CacheKey, key: CacheKey) -> None:
        """Keep the canonical key of an address; clear the memo above its limit of memory."""
        size = measure_key(raw_key) + measure_key(key)
        with self._lock:
            if self._keys_bytes + size > self.limit // MEMO_DIVISOR:
                self._keys, self._keys_bytes = {}, 0
            if raw_key not in self._keys:
                self._keys_bytes += size
            self._keys[raw_key] = key
            self._evict_excess()

    def _mark_used(self, key: CacheKey, response: CachedResponse) -> None:
        try:
            self._responses_like(response).move_to_end(key)
        except KeyError:
            return  # evicted since the look-up

    def _responses_like(self, response: CachedResponse) -> OrderedDict[CacheKey, CachedResponse]:
        return self._variants if response.is_variant else self._responses

    def _load_or_render(
        self, environ: "WSGIEnvironment", start: "StartResponse", key: CacheKey
    ) -> Iterable[bytes]:
        """Load the page from the shared store, or have Flask render and perhaps keep the page."""
        response = self._shared_pages.load(key) if self._shared_pages else None
        if response is not None:
            self._store_in_memory(key, response)
            self._count_hit(environ, key, response)
            return self._send_response(response, environ, start, "HIT")
        environ["QUERY_STRING"] = key[1]
        return self._render(environ, start, key)

    def _render(
        self, environ: "WSGIEnvironment", start: "StartResponse", key: CacheKey | None = None
    ) -> Iterable[bytes]:
        """Have Flask answer an unconditional GET; keep a response with a ``key`` if allowed."""
        method = environ["REQUEST_METHOD"]
        environ["REQUEST_METHOD"] = "GET"
        conditions = {n: environ.pop(n, None) for n in CONDITIONAL_HEADERS}
        started_at = self._now()
        status, headers, body, terms = self._run_app(environ)
        environ["HTTP_IF_NONE_MATCH"] = conditions["HTTP_IF_NONE_MATCH"]
        environ["REQUEST_METHOD"] = method
        response = CachedResponse(headers, body, self._now(), terms.seconds)
        response.has_results = terms.has_results
        may_keep = method == "GET" and status.startswith("200") and terms.seconds > 0
        if key and may_keep and response.is_cacheable:
            self._store_in_memory(key, response)
            if self._shared_pages:
                coding = response.choose_coding(environ.get("HTTP_ACCEPT_ENCODING", ""))
                self._shared_pages.store(key, response, terms.seconds, coding or BROTLI)
        response.timing = f"app;dur={(self._now() - started_at) * 1000:.1f}"
        answer = self._send_response(response, environ, start, response.cache_status, status)
        response.timing = "memory"
        return answer

    def _store_in_memory(self, key: CacheKey, response: CachedResponse) -> None:
        if len(key[1]) > MAX_COUNTED_CHARACTERS:
            response.has_results = None
        if response.size + measure_key(key) > self.limit // RESPONSE_DIVISOR:
            return
        response.is_variant = self._is_variant(key)
        with self._lock:
            previous = self._responses_like(response).pop(key, None)
            if previous is not None:
                self._uncount_response(key, previous)
            self._responses_like(response)[key] = response
            response.counted_size = response.size
            self._add_size(response.counted_size + measure_key(key), response)
            self._evict_excess()

    def _recount_response(self, response: CachedResponse) -> None:
        """Update the count of a kept response that gained or lost one of its forms."""
        with self._lock:
            if response.counted_size:
                self._add_size(response.size - response.counted_size, response)
                response.counted_size = response.size
                self._evict_excess()

    def _evict_excess(self) -> None:
        """Evict the least recently used responses until the memory is within the limit.

        Variants are evicted first while they exceed their part, else other pages.
        """
        while self._bytes and self._bytes + self._keys_bytes > self.limit:
            evict_variants = (
                self._variants_bytes > self.limit // VARIANT_DIVISOR or not self._responses
            )
            responses = self._variants if evict_variants else self._responses
            self._uncount_response(*responses.popitem(last=False))

    def _uncount_response(self, key: CacheKey, response: CachedResponse) -> None:
        self._add_size(-response.counted_size - measure_key(key), response)
        response.counted_size = 0

    def _add_size(self, size: int, response: CachedResponse) -> None:
        self._bytes += size
        if response.is_variant:
            self._variants_bytes += size

    def _run_app(self, environ: "WSGIEnvironment") -> tuple[str, Headers, bytes, ReplayTerms]:
        terms = environ[REPLAY_ENVIRON] = ReplayTerms()
        head: list[Any] = []

        def begin(status: str, headers: Headers, exc_info: Any = None) -> Any:  # noqa: ANN401, ARG001 - as WSGI has it
            head[:] = [status, headers]

        parts = self._app(environ, begin)
        try:
            body = b"".join(parts)
        finally:
            if hasattr(parts, "close"):
                parts.close()
        return head[0], head[1], body, terms

    def _send_response(
        self,
        response: CachedResponse,
        environ: "WSGIEnvironment",
        start: "StartResponse",
        cache_status: str,
        status: str = "200 OK",
    ) -> Iterable[bytes]:
        head = [*response.headers]
        if cache_status:
            age = int(self._now() - response.made_at)
            head += [("X-Cache", cache_status), ("Age", str(age))]
            head.append(("Server-Timing", response.timing))
        tags, etag = environ.get("HTTP_IF_NONE_MATCH"), response.etag
        if tags and etag and status.startswith("200") and is_etag_match(tags, etag):
            start("304 Not Modified", head)
            return []
        coding = response.choose_coding(environ.get("HTTP_ACCEPT_ENCODING", ""))
        body = response.encode_body(coding)
        if response.size != response.counted_size:
            self._recount_response(response)
        if coding:
            head.append(("Content-Encoding", coding))
        head.append(("Content-Length", str(len(body))))
        start(status, head)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
