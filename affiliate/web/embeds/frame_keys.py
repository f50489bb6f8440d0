"""Keys that let frames without an origin of their own read answers limited to some sites.

A sandboxed frame of this site sends ``Origin: null``, like every other sandbox. The page in the
frame contains a key of the day: browsers show that page on the sites of ``EMBED_SITES`` alone and
let no script of another site read the page. The answers behind the key are public and without
cookies: a program that reads the page gains no more by the key than by sending no ``Origin``.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

from affiliate.domain.times import DAY_SECONDS

KEY_PARAMETER: Final = "key"
"""The name of the query parameter with a key."""


class FrameKeys:
    """A maker and checker of keys signed by a ``secret``; each key is valid for one to two days."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._now = now

    def current_key(self) -> str:
        """Return today's key."""
        return self._make_key(self._current_day())

    def has_valid_key(self, query: str) -> bool:
        """Return whether a query string contains the key of today or of yesterday.

        Tomorrow's key is valid too: a process made the key before the clock was set back.
        """
        key = parse_qs(query, encoding="latin-1").get(KEY_PARAMETER, [""])[0].encode()
        today = self._current_day()
        return any(
            hmac.compare_digest(key, self._make_key(day).encode())
            for day in (today, today - 1, today + 1)
        )

    def _current_day(self) -> int:
        return int(self._now() // DAY_SECONDS)

    def _make_key(self, day: int) -> str:
        digest = hmac.new(self._secret, f"frames of embeds:{day}".encode(), hashlib.sha256)
        return digest.hexdigest()[:20]
