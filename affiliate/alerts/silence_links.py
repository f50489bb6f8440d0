"""Links in mails that silence an alert, signed by the site's key, so that they need no log-in.

A link opens a page with a button: programs that look at links in mails silence nothing.
"""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final
from urllib.parse import urlencode

from affiliate.database.site_key import SiteKey
from affiliate.domain.times import DAY_SECONDS

PATH: Final = "/owner/silence"
PURPOSE: Final = "silence an alert"
"""The purpose that separates these seals from other digests by the site's key."""
VALID_DAYS: Final = 60
"""Days for which a link in a mail works; alerts seldom last longer."""
SEAL_BYTES: Final = 16
"""Bytes of the digest in a seal, which nobody guesses."""
DAY_BYTES: Final = 3
"""Bytes of the day at the beginning of a seal, as a number of days since 1970."""


def build_silence_url(origin: str, key: SiteKey, name: str) -> str:
    """Return the address that silences an alert, on the site at ``origin``."""
    day = int(time.time() // DAY_SECONDS)
    seal = day.to_bytes(DAY_BYTES, "big") + key.digest(PURPOSE, str(day), name)[:SEAL_BYTES]
    fields = {"name": name, "seal": urlsafe_b64encode(seal).decode().rstrip("=")}
    return f"{origin}{PATH}?{urlencode(fields)}"


def may_silence(key: SiteKey, name: str, seal: str) -> bool:
    """Return whether this site has sent a link with this seal in the last `VALID_DAYS`."""
    try:
        raw = urlsafe_b64decode(seal + "=" * (-len(seal) % 4))
    except ValueError:
        return False
    if len(raw) != DAY_BYTES + SEAL_BYTES:
        return False
    day = int.from_bytes(raw[:DAY_BYTES], "big")
    is_current = -1 <= int(time.time() // DAY_SECONDS) - day <= VALID_DAYS
    return is_current and key.is_digest(raw[DAY_BYTES:], PURPOSE, str(day), name)
