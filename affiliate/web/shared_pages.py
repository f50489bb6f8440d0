"""The pages that all processes of a site share through the store, for minutes."""

import math
import threading
import time
import zlib
from collections.abc import Callable
from typing import Final, Protocol
from urllib.parse import parse_qsl

import msgspec

from affiliate.cache.freshness import CLOCK_SECONDS, REPLAY_SECONDS
from affiliate.cache.keys import PAGE_FORMAT
from affiliate.domain.masking import mask_personal
from affiliate.web.cached_response import PLAIN, CachedResponse, CacheKey, Headers

SHARED_SECONDS: Final = 300.0
MAX_SHARED_KEY_CHARACTERS: Final = 1024
"""Characters of the longest key in the store, where keys take the room of agencies' answers."""
SHARED_REDIS_BYTES: Final = 4 * 1024 * 1024
"""Bytes of pages that all processes together may put into Redis in `SHARED_SECONDS`: pages cost no
call, and must not evict agencies' answers, which do."""
SHARED_FILE_DIVISOR: Final = 16
"""Pages may take a store of known size divided by this number in `SHARED_SECONDS`."""
VARIANT_DIVISOR: Final = 4
"""Variants take at most the bytes divided by this number."""

_RECORD = tuple[Headers, str, int, bytes, int, float, float, bool | None]
"""Headers, the coding of the body, the length of the plain body, the body and its CRC, Unix times
of creation and expiry, and whether the answer has results."""


class SharedStore(Protocol):
    """The part of the store that keeps finished responses; its methods never raise."""

    def get(self, key: str) -> bytes | None: ...
    def set(self, key: str, value: bytes, timeout: int) -> bool: ...


class ByteBudget:
    """A budget of ``limit`` bytes in each `SHARED_SECONDS`, by the clock of the process."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._window = 0
        self._lock = threading.Lock()

    def try_take(self, size: int, now: float) -> bool:
        """Take ``size`` bytes; return False if the budget has no room."""
        window = int(now // SHARED_SECONDS)
        with self._lock:
            if window != self._window:
                self._window, self._used = window, 0
            if self._used + size > self._limit:
                return False
            self._used += size
            return True


class SharedPages:
    """The pages of all processes in a ``store``, of ``max_bytes`` in `SHARED_SECONDS`.

    ``build_id`` distinguishes the pages of other templates, settings and agencies. ``is_variant``
    recognizes pages that anybody can multiply without a call: a flood of variants leaves other
    pages their part of the bytes (`VARIANT_DIVISOR`).
    """

    def __init__(
        self,
        store: SharedStore,
        *,
        max_bytes: int = SHARED_REDIS_BYTES,
        build_id: Callable[[], str] = str,
        is_variant: Callable[[CacheKey], bool] = lambda _key: False,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._budget = ByteBudget(max_bytes)
        self._variants_budget = ByteBudget(max_bytes // VARIANT_DIVISOR)
        self._build_id = build_id
        self._is_variant = is_variant
        self._now = now

    def load(self, key: CacheKey) -> CachedResponse | None:
        """Return a page that any process has stored; None for no page or a damaged page."""
        packed = self._store.get(self._name(key))
        if packed is None:
            return None
        try:
            record = msgspec.msgpack.decode(packed, type=_RECORD)  # noqa: TID251 - no struct
        except (ValueError, RecursionError):
            return None
        headers, coding, length, body, crc, made_at, expires_at, has_results = record
        if zlib.crc32(body) != crc:
            return None
        now = time.time()
        if expires_at <= now or made_at > now + CLOCK_SECONDS:
            return None
        plain = length if coding else body
        response = CachedResponse(headers, plain, self._now(), expires_at - now)
        if coding:
            response.set_compressed_body(body, coding)
        response.made_at -= max(now - made_at, 0.0)
        response.has_results = has_results
        return response

    def store(self, key: CacheKey, response: CachedResponse, seconds: float, coding: str) -> None:
        """Store a response with a short key for all processes, unless its life is too short.

        Pages of words with personal details are in the memory of a process alone.
        The body is stored in a single form: in ``coding``, or plain if not worth compressing.
        """
        if seconds <= REPLAY_SECONDS or _has_personal_words(key):
            return
        if len(key[0]) + len(key[1]) <= MAX_SHARED_KEY_CHARACTERS:
            now = time.time()
            expires_at = now + min(seconds, SHARED_SECONDS)
            coding = coding if response.is_compressible else PLAIN
            body = response.compress_body(coding) if coding else response.encode_body()
            form = (coding, response.plain_length, body, zlib.crc32(body))
            record = (response.headers, *form, now, expires_at, response.has_results)
            packed, name = msgspec.msgpack.encode(record), self._name(key)
            if self._take_budget(key, len(packed) + len(name)):
                self._store.set(name, packed, math.ceil(expires_at - now))

    def _take_budget(self, key: CacheKey, size: int) -> bool:
        """Take bytes from the budget; variants have a budget of their own, too."""
        budgets = (
            (self._variants_budget, self._budget) if self._is_variant(key) else (self._budget,)
        )
        return all(budget.try_take(size, self._now()) for budget in budgets)

    def _name(self, key: CacheKey) -> str:
        return f"{PAGE_FORMAT}:page:{self._build_id()}:{key[0]}:{key[1]}"


def _has_personal_words(key: CacheKey) -> bool:
    """Return whether the words of a page's canonical query string have personal details."""
    fields = dict(parse_qsl(key[1]))
    words = (fields.get(name, "") for name in ("q", "exclude"))
    return any(mask_personal(text) != text for text in words)
