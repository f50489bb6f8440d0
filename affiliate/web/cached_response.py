"""A finished response and its forms: plain or compressed, whole or "not modified"."""

import gzip
import re
import sys
from typing import Final

from affiliate.cache.freshness import REPLAY_SECONDS
from affiliate.memory_allocation import LARGE_BYTES

GRACE_SECONDS: Final = 5.0
"""How much longer the others get it while one request has it made anew."""
GZIP_FROM_BYTES: Final = 860
GZIP_TO_BYTES: Final = 4 * 1024 * 1024
COMPRESSIBLE: Final = re.compile(
    r"text/|application/(json|problem\+json|xml|javascript|manifest)|image/svg"
)
ANEW: Final = {"content-length", "x-cache", "age", "server-timing", "x-request-id", "date", "vary"}
"""Headers that are written for each answer, so they are not kept."""
FIXED_BYTES: Final = 800
"""What a response takes beside its body and its own headers, with what `malloc` adds: measured."""
MEMORY_PAGE: Final = 4096
READ_HEADER: Final = 2048
"""Characters of a header of the request that are read; what browsers and caches send is shorter."""
MOST_SHARED: Final = 256
"""Headers that are the same in many responses, of which one copy is kept."""

Header = tuple[str, str]
Headers = list[Header]

_shared: dict[Header, Header] = {}


class CachedResponse:
    """A finished response, ready to be written in any of its forms; times are monotonic.

    ``size`` is the bytes of memory that the forms take that it has; ``counted`` is for whoever
    keeps it, to tell how many of them are counted, and ``variant`` to tell among what it is.
    """

    __slots__ = (
        *("_body", "_own", "_packed", "_plain_asked", "_renewing", "counted", "ends", "etag"),
        *("expires", "found", "head", "keepable", "length", "made", "mark", "size", "stale"),
        *("timing", "variant", "zips"),
    )

    def __init__(self, headers: Headers, body: bytes | int, now: float, seconds: float) -> None:
        """A number in place of the body is its length, while ``fill`` brings it compressed."""
        length = body if isinstance(body, int) else len(body)
        lower = {name.lower(): value for name, value in headers}
        self.zips = worth_zipping(lower.get("content-type", ""), length)
        self.etag = _for_both_forms(lower.get("etag", "")) if self.zips else lower.get("etag", "")
        head = [(n, v) for n, v in headers if n.lower() not in ANEW | {"etag"}]
        self._body = None if isinstance(body, int) else body
        self.made = now
        self.expires = now + min(seconds, REPLAY_SECONDS)
        self.ends = now + min(seconds, REPLAY_SECONDS + GRACE_SECONDS)
        self.mark = lower.get("x-cache", "")
        self.stale = self.mark == "STALE"
        self.timing = "memory"
        self.found: bool | None = True
        vary = {v.strip().lower() for v in lower.get("vary", "").split(",")} - {""}
        self.keepable = not vary - {"accept-encoding"} and "set-cookie" not in lower
        self.keepable &= not re.search("private|no-store", lower.get("cache-control", ""))
        if self.zips:
            vary.add("Accept-Encoding")
        if vary:
            head.append(("Vary", ", ".join(sorted(vary))))
        self.head, self._own = _with_shared(head)
        if self.etag:
            self.head.append(("ETag", self.etag))
        self.length = length
        self.counted = 0
        self.variant = False
        self._packed: bytes | None = None
        self._plain_asked = False
        self._renewing = False
        self._weigh()

    def usable(self, now: float) -> bool:
        """Return whether to replay it: while it lives, and in the grace after that but for one."""
        if now < self.expires:
            return True
        if now >= self.ends or not self._renewing:
            self._renewing = True  # two at once do no harm
            return False
        return True

    def form(self, *, zipped: bool) -> bytes:
        """Return the body in one of its forms.

        The plain one is not kept beside the compressed one until somebody asks for it.
        """
        body = self._packed if zipped else self._body
        if body is not None and (self._plain_asked or (zipped and self._body is None)):
            return body  # nothing changes, as at most hits
        if zipped:
            body = self.packed()
            self._body = self._body if self._plain_asked else None
        else:
            self._plain_asked = True
            body = self._plain()
        self._weigh()
        return body

    def packed(self) -> bytes:
        """Return the compressed body."""
        if self._packed is None:
            self._packed = gzip.compress(self._plain(), 6, mtime=0)
        return self._packed

    def fill(self, packed: bytes) -> None:
        """Bring the compressed body of a response that was made with a length alone."""
        self._packed = packed
        self._weigh()

    def _plain(self) -> bytes:
        body = self._body
        if body is None:  # another thread may take it away at any time
            body = self._body = gzip.decompress(self._packed or b"")
        return body

    def _weigh(self) -> None:
        """Add up what is there; the compressed form has room reserved until it is made."""
        plain, packed = self._body, self._packed
        reserved = self.length // 3 if self.zips else 0
        held = _taken(len(plain) if plain else 0) + _taken(len(packed) if packed else reserved)
        self.size = FIXED_BYTES + self._own + held


def _taken(length: int) -> int:
    """Return the bytes of memory that a body takes."""
    return length if length < LARGE_BYTES else -(-length // MEMORY_PAGE) * MEMORY_PAGE


def _with_shared(head: Headers) -> tuple[Headers, int]:
    """Return headers, of which those of other responses are the same objects.

    With them comes the number of bytes that the others take.
    """
    own, found = 0, []
    for pair in head:
        known = _shared.get(pair)
        if known is None and len(_shared) < MOST_SHARED:
            known = _shared.setdefault(pair, pair)
        if known is None:
            known, own = pair, own + sum(map(sys.getsizeof, (pair, *pair))) + 16
        found.append(known)
    return found, own


def _for_both_forms(etag: str) -> str:
    """Return a weak tag: a strong one is of the same bytes, compressed or not (RFC 9110 8.8.3)."""
    return etag if not etag or etag.startswith("W/") else f"W/{etag}"


def worth_zipping(kind: str, size: int) -> bool:
    """Return whether a body of this content type and size is compressed."""
    return GZIP_FROM_BYTES <= size <= GZIP_TO_BYTES and bool(COMPRESSIBLE.match(kind))


def accepts_gzip(header: str) -> bool:
    """Return whether an Accept-Encoding header takes gzip (RFC 9110 12.5.3)."""
    if not header:
        return False
    for part in header[:READ_HEADER].lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in {"gzip", "x-gzip", "*"}:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0{0,3})?\s*", weight)
    return False


def matches(asked: str, etag: str) -> bool:
    """Return whether an If-None-Match header names a tag, compared weakly (RFC 9110 8.8.3.2)."""
    if asked.strip() == "*":
        return True
    return etag.removeprefix("W/") in (
        one.strip().removeprefix("W/") for one in asked[:READ_HEADER].split(",")
    )
