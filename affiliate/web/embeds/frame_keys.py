"""Keys by which frames without an origin of their own read what some sites alone may read.

A sandboxed frame of this site sends ``Origin: null``, as every other sandbox does. The page in the
frame holds a key of the day: browsers show that page on the sites of ``EMBED_SITES`` alone and let
no script of another site read it. What the key opens is public and without cookies: a program that
reads the page gets no more by the key than it gets without an ``Origin``.
"""

import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs

NAME: Final = "key"
"""The parameter of an address that holds a key."""
DAY: Final = 86400


class FrameKeys:
    """Makes and knows the keys that a ``secret`` signs; each is good for one to two days."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._secret = secret.encode()
        self._now = now

    def current(self) -> str:
        """Return the key of today."""
        return self._key(self._day())

    def opens(self, query: str) -> bool:
        """Return whether a query string holds the key of today or of yesterday.

        A key of tomorrow was made before the clock was set back.
        """
        given = parse_qs(query, encoding="latin-1").get(NAME, [""])[0].encode()
        day = self._day()
        return any(
            hmac.compare_digest(given, self._key(one).encode()) for one in (day, day - 1, day + 1)
        )

    def _day(self) -> int:
        return int(self._now() // DAY)

    def _key(self, day: int) -> str:
        made = hmac.new(self._secret, f"frames of embeds:{day}".encode(), hashlib.sha256)
        return made.hexdigest()[:20]
