"""A finished response and its forms: plain or compressed, whole or "not modified"."""

import gzip
import re
import sys
from typing import Final

from affiliate.cache.freshness import REPLAY_SECONDS
from affiliate.memory_allocation import LARGE_BYTES

RENEWAL_GRACE_SECONDS: Final = 5.0
"""Seconds for which an expired response is replayed further while a request renews the response."""
MIN_GZIP_BYTES: Final = 860
MAX_GZIP_BYTES: Final = 4 * 1024 * 1024
COMPRESSIBLE_TYPES: Final = re.compile(
    r"text/|application/(json|problem\+json|xml|javascript|manifest)|image/svg"
)
PER_ANSWER_HEADERS: Final = {
    *("content-length", "x-cache", "age", "server-timing", "x-request-id", "date", "vary", "etag")
}
"""Headers that belong to a single answer, or that `CachedResponse` sets anew."""
RESPONSE_OVERHEAD_BYTES: Final = 800
"""Memory of a response beside body and own headers, with the overhead of `malloc`; measured."""
MEMORY_PAGE_BYTES: Final = 4096
MAX_HEADER_CHARACTERS: Final = 2048
"""Characters that are read of a request's header; headers of browsers and caches are shorter."""
MAX_SHARED_HEADERS: Final = 256
"""Most headers of which all responses share a single copy."""

Header = tuple[str, str]
Headers = list[Header]

_shared_headers: dict[Header, Header] = {}


class CachedResponse:
    """A finished response, ready to be sent in any of its forms; times are monotonic.

    ``size`` is the memory of the forms in bytes. The page cache stores in ``counted_size`` the
    bytes that its total includes, and in ``is_variant`` the group of pages of that total.
    """

    __slots__ = (
        *("_gzip_bytes", "_is_plain_kept", "_is_renewing", "_own_header_bytes", "_plain_bytes"),
        *("cache_status", "counted_size", "etag", "expires_at", "grace_ends_at", "has_results"),
        *("headers", "is_cacheable", "is_gzippable", "is_stale", "is_variant", "made_at"),
        *("plain_length", "size", "timing"),
    )

    def __init__(self, headers: Headers, body: bytes | int, now: float, seconds: float) -> None:
        """Take a body, or the length of a body that `set_gzip_body` provides compressed."""
        length = body if isinstance(body, int) else len(body)
        lower, head = {}, []
        for pair in headers:
            name = pair[0].lower()
            lower[name] = pair[1]
            if name not in PER_ANSWER_HEADERS:
                head.append(pair)
        self.is_gzippable = is_worth_gzipping(lower.get("content-type", ""), length)
        self.etag = (
            _weaken_etag(lower.get("etag", "")) if self.is_gzippable else lower.get("etag", "")
        )
        self._plain_bytes = None if isinstance(body, int) else body
        self.made_at = now
        self.expires_at = now + min(seconds, REPLAY_SECONDS)
        self.grace_ends_at = now + min(seconds, REPLAY_SECONDS + RENEWAL_GRACE_SECONDS)
        self.cache_status = lower.get("x-cache", "")
        self.is_stale = self.cache_status == "STALE"
        self.timing = "memory"
        self.has_results: bool | None = True
        vary = {v.strip().lower() for v in lower.get("vary", "").split(",")} - {""}
        self.is_cacheable = not vary - {"accept-encoding"} and "set-cookie" not in lower
        self.is_cacheable &= not re.search("private|no-store", lower.get("cache-control", ""))
        if self.is_gzippable:
            vary.add("Accept-Encoding")
        if vary:
            head.append(("Vary", ", ".join(sorted(vary))))
        self.headers, self._own_header_bytes = _share_headers(head)
        if self.etag:
            self.headers.append(("ETag", self.etag))
        self.plain_length = length
        self.counted_size = 0
        self.is_variant = False
        self._gzip_bytes: bytes | None = None
        self._is_plain_kept = False
        self._is_renewing = False
        self._measure_size()

    def may_replay(self, now: float) -> bool:
        """Return whether to replay the response: while fresh, and in the grace period after that.

        The first request of the grace period gets False, and renews the response.
        """
        if now < self.expires_at:
            return True
        if now >= self.grace_ends_at or not self._is_renewing:
            self._is_renewing = True  # two concurrent renewals do no harm
            return False
        return True

    def encode_body(self, *, zipped: bool) -> bytes:
        """Return the body in one of its forms.

        The plain form is kept beside the compressed form only after a request for the plain form.
        """
        body = self._gzip_bytes if zipped else self._plain_bytes
        if body is not None and (self._is_plain_kept or (zipped and self._plain_bytes is None)):
            return body  # the usual case of a hit
        if zipped:
            body = self.gzip_body()
            self._plain_bytes = self._plain_bytes if self._is_plain_kept else None
        else:
            self._is_plain_kept = True
            body = self._decode_plain()
        self._measure_size()
        return body

    def gzip_body(self) -> bytes:
        """Return the compressed body."""
        if self._gzip_bytes is None:
            self._gzip_bytes = gzip.compress(self._decode_plain(), 6, mtime=0)
        return self._gzip_bytes

    def set_gzip_body(self, packed: bytes) -> None:
        """Set the compressed body of a response that was created with a length alone."""
        self._gzip_bytes = packed
        self._measure_size()

    def _decode_plain(self) -> bytes:
        body = self._plain_bytes
        if body is None:  # another thread may drop the plain form at any time
            body = self._plain_bytes = gzip.decompress(self._gzip_bytes or b"")
        return body

    def _measure_size(self) -> None:
        """Sum up the memory of the forms; room is reserved for a missing compressed form."""
        plain, packed = self._plain_bytes, self._gzip_bytes
        reserved = self.plain_length // 3 if self.is_gzippable else 0
        forms = _allocated_bytes(len(plain) if plain else 0) + _allocated_bytes(
            len(packed) if packed else reserved
        )
        self.size = RESPONSE_OVERHEAD_BYTES + self._own_header_bytes + forms


def _allocated_bytes(length: int) -> int:
    """Return the bytes of memory that the allocator uses for a body."""
    return length if length < LARGE_BYTES else -(-length // MEMORY_PAGE_BYTES) * MEMORY_PAGE_BYTES


def _share_headers(head: Headers) -> tuple[Headers, int]:
    """Return headers with shared copies of common headers, and the bytes of unshared headers."""
    own_bytes, headers = 0, []
    for pair in head:
        shared = _shared_headers.get(pair)
        if shared is None and len(_shared_headers) < MAX_SHARED_HEADERS:
            shared = _shared_headers.setdefault(pair, pair)
        if shared is None:
            own_bytes += sum(map(sys.getsizeof, (pair, *pair))) + 16
        headers.append(shared or pair)
    return headers, own_bytes


def _weaken_etag(etag: str) -> str:
    """Return a weak tag: a strong tag would promise equal bytes of all forms (RFC 9110 8.8.3)."""
    return etag if not etag or etag.startswith("W/") else f"W/{etag}"


def is_worth_gzipping(kind: str, size: int) -> bool:
    """Return whether a body of this content type and size is compressed."""
    return MIN_GZIP_BYTES <= size <= MAX_GZIP_BYTES and bool(COMPRESSIBLE_TYPES.match(kind))


def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding header takes gzip (RFC 9110 12.5.3).

    Every hit asks this; Werkzeug's `parse_accept_header` takes six times as long.
    """
    if not header:
        return False
    for part in header[:MAX_HEADER_CHARACTERS].lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in {"gzip", "x-gzip", "*"}:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0{0,3})?\s*", weight)
    return False


def is_etag_match(if_none_match: str, etag: str) -> bool:
    """Return whether an If-None-Match header names a tag, compared weakly (RFC 9110 8.8.3.2).

    Werkzeug's `parse_etags` takes twice as long, at each hit of a browser that has the page.
    """
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in (
        tag.strip().removeprefix("W/") for tag in if_none_match[:MAX_HEADER_CHARACTERS].split(",")
    )
