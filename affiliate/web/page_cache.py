"""The memory tier: a WSGI layer in front of Flask that answers finished responses.

A hit never enters Flask: one look-up by path and raw query string, one by canonical key, and the
bytes go out. What may be kept is said by the view (`Kept`), for seconds and never past the
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
    matches,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SHELF_SECONDS: Final = 300.0
JOIN_SECONDS: Final = 0.3
"""How long a request waits for another that makes the same page, before it does so itself."""
LIMIT_BYTES: Final = 32 * 1024 * 1024
"""What responses, their keys and the memo of addresses take in memory, all together."""
MEMO_PART: Final = 16
"""The memo of addresses takes one part of so many."""
LARGEST_PART: Final = 8
"""A response is kept that takes no more than one part of so many."""
VARIANT_PART: Final = 4
"""Variants of pages push other pages out of memory, and off a shelf, up to one part of so many."""
LARGEST_KEY: Final = 8192
"""Characters of the longest path with its canonical query string of which anything is kept."""
LARGEST_COUNTED: Final = 1000
"""Characters of the longest canonical query string whose replays are told to ``on_hit``."""
LARGEST_SHELF_KEY: Final = 1024
"""The same for the store, where keys take the room of agencies' answers."""
SHELF_BYTES: Final = 4 * 1024 * 1024
"""What all processes together put on a shelf in Redis in `SHELF_SECONDS`: pages cost no call, so
that they must not push answers out of the store, which do."""
SHELF_PART: Final = 16
"""The same for a store whose size is known: one part of so many."""
ENTRY_BYTES: Final = 300
"""What a key takes in memory beside its characters, which take a byte each."""
ENVIRON: Final = "affiliate.kept"

CONDITIONS: Final = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")

Canonical = Callable[[bytes], str | None]
"""Reads a raw query string into the canonical one; BadQuery where it can't be read.

None where the answer varies by more than that, so that nothing may be kept."""
CacheKey = tuple[str, str]
"""A path and the canonical query string: what a response may vary by."""


def size_of(place: CacheKey) -> int:
    """Return the bytes that a key takes in memory, with the gaps that long texts leave there."""
    return (len(place[0]) + len(place[1])) * 5 // 4 + ENTRY_BYTES


_ON_SHELF = tuple[Headers, int | None, bytes, int, float, float, bool | None]
"""Headers, the length of the plain body where the body is compressed, else None, the body and its
CRC, made and ends (Unix time), and whether something was found."""


class SharedStore(Protocol):
    """The part of the store that keeps finished responses; it never raises."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...


class Kept:
    """How long the response under way stays true, as its view says; 0 is not at all."""

    seconds = 0.0
    found: bool | None = True
    """Whether the answer found something; None where its replays are not told to ``on_hit``."""


class Room:
    """Room for so many bytes in each `SHELF_SECONDS`, by the clock of the process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._window = 0
        self._lock = threading.Lock()

    def takes(self, size: int, now: float) -> bool:
        """Take room if there is any."""
        window = int(now // SHELF_SECONDS)
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
    for each replay whose key is at most `LARGEST_COUNTED` long; it must be no more than an append.
    Behind the process's own memory may stand a ``shelf`` in the store, shared by all processes;
    ``edition`` tells apart what other templates, settings and agencies would make of a page.
    ``is_variant`` tells of which pages anybody makes as many as they like, without a call: a flood
    of them leaves the others their part of memory and shelf (`VARIANT_PART`).
    """

    def __init__(  # noqa: PLR0913 - what it is made of, by name
        self,
        app: "WSGIApplication",
        routes: Mapping[str, Canonical],
        *,
        limit: int = LIMIT_BYTES,
        now: Callable[[], float] = time.monotonic,
        on_hit: Callable[[tuple[CacheKey, str, bool]], None] = lambda _hit: None,
        shelf: "SharedStore | None" = None,
        shelf_bytes: int = SHELF_BYTES,
        edition: Callable[[], str] = str,
        is_variant: Callable[[CacheKey], bool] = lambda _place: False,
    ) -> None:
        self._app = app
        self._routes = routes
        self.limit = limit
        self._now = now
        self._on_hit = on_hit
        self._shelf = shelf
        self._room = Room(shelf_bytes)
        self._variants_room = Room(shelf_bytes // VARIANT_PART)
        self._edition = edition
        self._is_variant = is_variant
        self._memo: dict[CacheKey, CacheKey] = {}
        self._memo_bytes = 0
        self._kept: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self._variants: OrderedDict[CacheKey, CachedResponse] = OrderedDict()
        self._bytes = 0
        self._variants_bytes = 0
        self._making: dict[CacheKey, threading.Event] = {}
        self._lock = threading.Lock()

    def __call__(self, environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        """Replay a kept response, or pass the request on and perhaps keep its response."""
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return self._app(environ, start)
        path, raw = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        place = self._memo.get((path, raw))
        if place is None:
            canonical = self._canonical(path)
            if canonical is None:
                return self._app(environ, start)
            place = self._place(path, raw, canonical)
            if place is None:
                return self._render(environ, start)
        response = self._kept.get(place) or self._variants.get(place)
        if response is None or not response.usable(self._now()):
            response = self._wait_for_leader(place)
            if response is None:
                return self._lead(environ, start, place)
        self._touch(place, response)
        self._count_hit(environ, place, response)
        return self._send(response, environ, start, "STALE" if response.stale else "HIT")

    def _count_hit(
        self, environ: "WSGIEnvironment", place: CacheKey, response: CachedResponse
    ) -> None:
        """Tell ``on_hit`` of a replay to a visitor; crawlers search nothing."""
        if response.found is not None and not is_crawler(environ.get("HTTP_USER_AGENT", "")):
            self._on_hit((place, environ.get("REMOTE_ADDR", ""), response.found))

    def _wait_for_leader(self, place: CacheKey) -> CachedResponse | None:
        """Return what another request is making just now, if it is done soon and may be kept."""
        making = self._making.get(place)
        if making is None or not making.wait(JOIN_SECONDS):
            return None
        response = self._kept.get(place) or self._variants.get(place)
        return response if response and self._now() < response.expires else None

    def _lead(
        self, environ: "WSGIEnvironment", start: "StartResponse", place: CacheKey
    ) -> Iterable[bytes]:
        """Make the response while others wait for it a moment."""
        done = threading.Event()
        leads = self._making.setdefault(place, done) is done
        try:
            return self._fill(environ, start, place)
        finally:
            if leads:
                del self._making[place]
                done.set()

    def _canonical(self, path: str) -> Canonical | None:
        return self._routes.get(path) or self._routes.get(path[: path.find("/", 1) + 1])

    def _place(self, path: str, raw: str, canonical: Canonical) -> CacheKey | None:
        try:
            words = canonical(raw.encode("latin-1"))
        except BadQuery:
            return None  # the view says what is wrong with it
        if words is None:
            return None
        place = (path, words)
        if len(path) + len(words) > LARGEST_KEY:
            return None
        if len(path) + len(raw) <= LARGEST_KEY:
            self._remember((path, raw), place)
        return place

    def _remember(self, typed: CacheKey, place: CacheKey) -> None:
        """Keep what is canonical for an address; all of it is forgotten where it takes too much."""
        size = size_of(typed) + size_of(place)
        with self._lock:
            if self._memo_bytes + size > self.limit // MEMO_PART:
                self._memo, self._memo_bytes = {}, 0
            if typed not in self._memo:
                self._memo_bytes += size
            self._memo[typed] = place
            self._evict()

    def _touch(self, place: CacheKey, response: CachedResponse) -> None:
        try:
            self._pages(response).move_to_end(place)
        except KeyError:
            return  # evicted since the look-up

    def _pages(self, response: CachedResponse) -> OrderedDict[CacheKey, CachedResponse]:
        return self._variants if response.variant else self._kept

    def _fill(
        self, environ: "WSGIEnvironment", start: "StartResponse", place: CacheKey
    ) -> Iterable[bytes]:
        """Take it from the shelf, or have Flask answer; keep what may be kept, and send it."""
        if (response := self._from_shelf(place)) is not None:
            self._keep(place, response)
            self._count_hit(environ, place, response)
            return self._send(response, environ, start, "HIT")
        environ["QUERY_STRING"] = place[1]
        return self._render(environ, start, place)

    def _render(
        self, environ: "WSGIEnvironment", start: "StartResponse", place: CacheKey | None = None
    ) -> Iterable[bytes]:
        """Have Flask answer, as if unconditionally asked; keep it if it has a place and may be."""
        method = environ["REQUEST_METHOD"]
        environ["REQUEST_METHOD"] = "GET"
        conditions = {n: environ.pop(n, None) for n in CONDITIONS}
        started = self._now()
        status, headers, body, kept = self._run_app(environ)
        environ["HTTP_IF_NONE_MATCH"] = conditions["HTTP_IF_NONE_MATCH"]
        environ["REQUEST_METHOD"] = method
        response = CachedResponse(headers, body, self._now(), kept.seconds)
        response.found = kept.found
        fills = method == "GET" and status.startswith("200") and kept.seconds > 0
        if place and fills and response.keepable:
            self._keep(place, response)
            self._to_shelf(place, response, kept.seconds)
        response.timing = f"app;dur={(self._now() - started) * 1000:.1f}"
        answer = self._send(response, environ, start, response.mark, status)
        response.timing = "memory"
        return answer

    def _from_shelf(self, place: CacheKey) -> CachedResponse | None:
        packed = self._shelf.get(self._name(place)) if self._shelf else None
        if packed is None:
            return None
        try:
            headers, length, body, check, made, ends, found = msgspec.msgpack.decode(  # noqa: TID251 - no struct
                packed, type=_ON_SHELF
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
            response.fill(body)
        response.made -= max(now - made, 0.0)
        response.found = found
        return response

    def _to_shelf(self, place: CacheKey, response: CachedResponse, seconds: float) -> None:
        """Only what lives for longer than the process's own memory is worth it, by a short key."""
        if self._shelf is None or seconds <= REPLAY_SECONDS:
            return
        if len(place[0]) + len(place[1]) <= LARGEST_SHELF_KEY:
            now = time.time()
            ends = now + min(seconds, SHELF_SECONDS)
            body = response.packed() if response.zips else response.form(zipped=False)
            length = response.length if response.zips else None
            told = (length, body, zlib.crc32(body), now, ends, response.found)
            record = (response.head, *told)
            packed, name = msgspec.msgpack.encode(record), self._name(place)
            if self._has_room(place, len(packed) + len(name)):
                self._shelf.set(name, packed, math.ceil(ends - now))

    def _has_room(self, place: CacheKey, size: int) -> bool:
        """Take room on the shelf; variants take what is theirs of the whole."""
        rooms = (self._variants_room, self._room) if self._is_variant(place) else (self._room,)
        return all(room.takes(size, self._now()) for room in rooms)

    def _name(self, place: CacheKey) -> str:
        return f"{PAGE_FORMAT}:page:{self._edition()}:{place[0]}:{place[1]}"

    def _keep(self, place: CacheKey, response: CachedResponse) -> None:
        if len(place[1]) > LARGEST_COUNTED:
            response.found = None
        if response.size + size_of(place) > self.limit // LARGEST_PART:
            return
        response.variant = self._is_variant(place)
        with self._lock:
            before = self._pages(response).pop(place, None)
            if before is not None:
                self._forget(place, before)
            self._pages(response)[place] = response
            response.counted = response.size
            self._add(response.counted + size_of(place), response)
            self._evict()

    def _recount(self, response: CachedResponse) -> None:
        """Count a kept response anew, which has got or lost one of its forms."""
        with self._lock:
            if response.counted:
                self._add(response.size - response.counted, response)
                response.counted = response.size
                self._evict()

    def _evict(self) -> None:
        """Drop the least recently used responses until all that is kept fits.

        Variants go first where they have more than their part, else other pages.
        """
        while self._bytes and self._bytes + self._memo_bytes > self.limit:
            many = self._variants_bytes > self.limit // VARIANT_PART or not self._kept
            self._forget(*(self._variants if many else self._kept).popitem(last=False))

    def _forget(self, place: CacheKey, response: CachedResponse) -> None:
        self._add(-response.counted - size_of(place), response)
        response.counted = 0

    def _add(self, size: int, response: CachedResponse) -> None:
        self._bytes += size
        if response.variant:
            self._variants_bytes += size

    def _run_app(self, environ: "WSGIEnvironment") -> tuple[str, Headers, bytes, Kept]:
        kept = environ[ENVIRON] = Kept()
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

    def _send(
        self,
        response: CachedResponse,
        environ: "WSGIEnvironment",
        start: "StartResponse",
        mark: str,
        status: str = "200 OK",
    ) -> Iterable[bytes]:
        head = [*response.head]
        if mark:
            age = int(self._now() - response.made)
            head += [("X-Cache", mark), ("Age", str(age)), ("Server-Timing", response.timing)]
        asked = environ.get("HTTP_IF_NONE_MATCH")
        if asked and response.etag and status.startswith("200") and matches(asked, response.etag):
            start("304 Not Modified", head)
            return []
        zipped = response.zips and accepts_gzip(environ.get("HTTP_ACCEPT_ENCODING", ""))
        body = response.form(zipped=zipped)
        if response.size != response.counted:
            self._recount(response)
        if zipped:
            head.append(("Content-Encoding", "gzip"))
        head.append(("Content-Length", str(len(body))))
        start(status, head)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
