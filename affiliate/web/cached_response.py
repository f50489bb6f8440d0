"""A finished response and its forms: plain or compressed, whole or "not modified".

A form is created by the first request for it, and kept: a hit compresses nothing. Brotli is smaller
than gzip by a sixth at the same cost (a page of 58 kB: 6.7 and 8.1 kB, 0.4 ms). Zstandard is not
offered: larger than Brotli at any level of similar cost, and no browser takes it without Brotli.
"""

import functools
import gzip
import re
import sys
from typing import Final

import brotli

from affiliate.cache.freshness import REPLAY_SECONDS
from affiliate.memory_allocation import LARGE_BYTES

RENEWAL_GRACE_SECONDS: Final = 5.0
"""Seconds for which an expired response is replayed further while a request renews the response."""
MIN_COMPRESSED_BYTES: Final = 860
MAX_COMPRESSED_BYTES: Final = 4 * 1024 * 1024
BROTLI: Final = "br"
GZIP: Final = "gzip"
PLAIN: Final = ""
"""Codings of a body: values of Content-Encoding, empty for the plain form."""
BROTLI_QUALITY: Final = 5
"""The last quality as fast as gzip at level 6; quality 9 takes 20 times as long for 0.3 % less."""
ASSET_QUALITY: Final = 11
"""Quality for scripts and styles, compressed once in a process: a tenth less for 5 to 20 ms."""
BROTLI_WINDOW: Final = 18
"""Binary logarithm of the window in bytes: larger windows take memory, and make no page smaller."""
ASSET_TYPES: Final = ("text/css", "text/javascript", "application/javascript")
"""Content types of the site's own files alone: a few bodies that never change in a process."""
MAX_ASSETS: Final = 32
MAX_ENCODING_HEADERS: Final = 64
"""Most Accept-Encoding headers whose choice is remembered; browsers send about ten."""
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
CacheKey = tuple[str, str]
"""A path and the canonical query string, by which a response may vary."""

_shared_headers: dict[Header, Header] = {}


class CachedResponse:
    """A finished response, ready to be sent in any of its forms; times are monotonic.

    ``size`` is the memory of the forms in bytes. The page cache stores in ``counted_size`` the
    bytes that its total includes, and in ``is_variant`` the group of pages of that total.
    """

    __slots__ = (
        *("_brotli_bytes", "_gzip_bytes", "_is_asset", "_is_plain_kept", "_is_renewing"),
        *("_own_header_bytes", "_plain_bytes", "cache_status", "counted_size", "etag"),
        *("expires_at", "grace_ends_at", "has_results", "headers", "is_cacheable"),
        *("is_compressible", "is_stale", "is_variant", "made_at", "plain_length", "size"),
        "timing",
    )

    def __init__(self, headers: Headers, body: bytes | int, now: float, seconds: float) -> None:
        """Take a body, or the length of a body that `set_compressed_body` provides."""
        length = body if isinstance(body, int) else len(body)
        lower, head = {}, []
        for pair in headers:
            name = pair[0].lower()
            lower[name] = pair[1]
            if name not in PER_ANSWER_HEADERS:
                head.append(pair)
        kind, etag = lower.get("content-type", ""), lower.get("etag", "")
        self.is_compressible = is_worth_compressing(kind, length)
        self._is_asset = kind.startswith(ASSET_TYPES)
        self.etag = _weaken_etag(etag) if self.is_compressible else etag
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
        if self.is_compressible:
            vary.add("Accept-Encoding")
        if vary:
            head.append(("Vary", ", ".join(sorted(vary))))
        self.headers, self._own_header_bytes = _share_headers(head)
        if self.etag:
            self.headers.append(("ETag", self.etag))
        self.plain_length = length
        self.counted_size = 0
        self.is_variant = False
        self._brotli_bytes: bytes | None = None
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

    def is_ready(self, now: float, accept_encoding: str) -> bool:
        """Return whether a replay renews nothing and compresses nothing."""
        if now >= self.expires_at and not (self._is_renewing and now < self.grace_ends_at):
            return False
        coding = self.choose_coding(accept_encoding)
        if not coding:
            return self._plain_bytes is not None
        return (self._brotli_bytes if coding == BROTLI else self._gzip_bytes) is not None

    def choose_coding(self, accept_encoding: str) -> str:
        """Return the coding of the body for a request with this Accept-Encoding header."""
        if not self.is_compressible:
            return PLAIN
        return choose_coding(accept_encoding[:MAX_HEADER_CHARACTERS])

    def encode_body(self, coding: str = PLAIN) -> bytes:
        """Return the body in one of its forms.

        The plain form is kept beside a compressed form only after a request for the plain form.
        """
        plain = self._plain_bytes
        if coding:
            body = self._brotli_bytes if coding == BROTLI else self._gzip_bytes
            if body is not None and (self._is_plain_kept or plain is None):
                return body  # the usual case of a hit
            body = self.compress_body(coding)
            self._plain_bytes = self._plain_bytes if self._is_plain_kept else None
        else:
            if plain is not None and self._is_plain_kept:
                return plain
            self._is_plain_kept = True
            body = self._decode_plain()
        self._measure_size()
        return body

    def compress_body(self, coding: str) -> bytes:
        """Return the body in a compressed form, created on first use."""
        body = self._brotli_bytes if coding == BROTLI else self._gzip_bytes
        if body is None:
            body = self._compress_plain(coding)
            self._set_form(body, coding)
        return body

    def set_compressed_body(self, packed: bytes, coding: str) -> None:
        """Set a compressed form of the body of a response that was created with a length alone."""
        self._set_form(packed, coding)
        self._measure_size()

    def _set_form(self, packed: bytes, coding: str) -> None:
        if coding == BROTLI:
            self._brotli_bytes = packed
        else:
            self._gzip_bytes = packed

    def _compress_plain(self, coding: str) -> bytes:
        plain = self._decode_plain()
        if coding == GZIP:
            return gzip.compress(plain, 6, mtime=0)
        return _compress_asset(plain) if self._is_asset else _compress_by_brotli(plain)

    def _decode_plain(self) -> bytes:
        body = self._plain_bytes
        if body is None:  # another thread may drop the plain form at any time
            if self._brotli_bytes is not None:
                body = brotli.decompress(self._brotli_bytes)
            else:
                body = gzip.decompress(self._gzip_bytes or b"")
            self._plain_bytes = body
        return body

    def _measure_size(self) -> None:
        """Sum up the memory of the forms; room is reserved until there is a compressed form."""
        forms = (self._plain_bytes, self._brotli_bytes, self._gzip_bytes)
        lengths = [len(form) for form in forms if form is not None]
        if self.is_compressible and self._brotli_bytes is None and self._gzip_bytes is None:
            lengths.append(self.plain_length // 3)
        self.size = RESPONSE_OVERHEAD_BYTES + self._own_header_bytes
        self.size += sum(map(_allocated_bytes, lengths))


def _compress_by_brotli(plain: bytes, quality: int = BROTLI_QUALITY) -> bytes:
    return brotli.compress(plain, mode=brotli.MODE_TEXT, quality=quality, lgwin=BROTLI_WINDOW)


@functools.lru_cache(maxsize=MAX_ASSETS)
def _compress_asset(plain: bytes) -> bytes:
    """Compress a script or style sheet as small as possible, once in a process."""
    return _compress_by_brotli(plain, ASSET_QUALITY)


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


def is_worth_compressing(kind: str, size: int) -> bool:
    """Return whether a body of this content type and size is compressed."""
    in_bounds = MIN_COMPRESSED_BYTES <= size <= MAX_COMPRESSED_BYTES
    return in_bounds and bool(COMPRESSIBLE_TYPES.match(kind))


@functools.lru_cache(maxsize=MAX_ENCODING_HEADERS)
def choose_coding(header: str) -> str:
    """Return the coding of highest weight in an Accept-Encoding header (RFC 9110 12.5.3).

    Brotli is preferred among equal weights, then gzip. "*" stands for gzip alone, as programs that
    send "*" may lack a decoder of Brotli. The plain form is sent where its own weight is highest.
    """
    weights: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, parameter = part.partition(";")
        name = name.strip()
        weights.setdefault(GZIP if name == "x-gzip" else name, _read_weight(parameter))
    candidates = {
        BROTLI: weights.get(BROTLI, 0.0),
        GZIP: weights.get(GZIP, weights.get("*", 0.0)),
        PLAIN: weights.get("identity", 0.0),
    }
    best = max(candidates, key=candidates.__getitem__)  # the first of equals
    return best if candidates[best] > 0 else PLAIN


def _read_weight(parameter: str) -> float:
    """Return the weight in a parameter such as ``q=0.8``; 1 for any other text."""
    weight = re.fullmatch(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", parameter)
    return float(weight[1]) if weight else 1.0


def is_etag_match(if_none_match: str, etag: str) -> bool:
    """Return whether an If-None-Match header names a tag, compared weakly (RFC 9110 8.8.3.2).

    Werkzeug's `parse_etags` takes twice as long, at each hit of a browser that has the page.
    """
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in (
        tag.strip().removeprefix("W/") for tag in if_none_match[:MAX_HEADER_CHARACTERS].split(",")
    )
