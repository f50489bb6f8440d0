"""The addresses that browsers tell of clicks, for templates; ``POST /clicks`` reads them.

Each carries a seal of the site's own key, by which a click is known to belong to something that
was shown, and the day of that. Seals are good for as long as a CDN may keep a page, and longer.
"""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode

from flask import Flask, request

from affiliate.database.clicks import Click
from affiliate.database.site_key import SiteKey
from affiliate.domain.media import Media, Seller
from affiliate.domain.query import MAX_WORDS
from affiliate.domain.words import cut_between_signs, to_counted
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.template_helpers import (
    EMBED_ENDPOINT,
    displaying_site,
)

DAY_SECONDS: Final = 86400
SEAL_PURPOSE: Final = "click"
"""What sets seals apart from other digests of the site's key."""
SEAL_PARAMETER: Final = "seal"
"""The name of the seal in an address."""
DAY_BYTES: Final = 3
"""The day of a seal stands in its beginning, the same for all of a page."""
SEAL_BYTES: Final = 6
"""As many as nobody guesses by asking, and few enough for a page of 48 pictures."""
SEAL_DAYS: Final = 62
"""So long after its day a seal is good: answers are stale for a month, and pages are kept."""
SEALED_FIELDS: Final = ("agency", "id", "media", "words", "position", "site")
FIELD_DEFAULTS: Final = {"media": "image"}
SEARCH_CLICK: Final = "search"
"""What stands for the id and the place of a picture in clicks on a search at an agency."""


def register(app: Flask) -> None:
    """Give an app's templates the addresses of clicks."""
    app.context_processor(_template_vocabulary)


def _template_vocabulary() -> dict[str, Callable[..., str]]:
    return {"ping": media_ping_url, "ping_search": search_ping_url}


def media_ping_url(
    media: Media, words: str, position: int, seller: Seller | None = None, place: str = ""
) -> str:
    """Return the address that browsers tell of a click on a picture, or on one of its sellers.

    ``position`` is that of the tile among the results; ``place`` names the view if it is another.
    """
    sold = seller or media
    place = place or ("embed" if request.endpoint == EMBED_ENDPOINT else "tile")
    kind = {"media": media.media} if media.media == "video" else {}
    return _ping_url(sold.agency, sold.id, words, **kind, position=position, place=place)


def search_ping_url(agency: str, words: str) -> str:
    """Return the address that browsers tell of a click on a search at an agency's own site."""
    return _ping_url(agency, SEARCH_CLICK, words, position=1, place=SEARCH_CLICK)


def _ping_url(agency: str, clicked: str, words: str, **more: object) -> str:
    """Return the address for a click on what an agency has under an id, after ``words``."""
    told = cut_between_signs(to_counted(words, i18n.request_language()), MAX_WORDS)
    fields = {"agency": agency, "id": clicked, "words": told, **more}
    host = displaying_site()
    fields |= {"site": host} if host else {}
    return f"/clicks?{urlencode(fields | {SEAL_PARAMETER: _make_seal(fields)})}"


def has_valid_seal(click: Click, seal: object) -> bool:
    """Return whether a page of this site has shown what was clicked, with these words and there.

    ``click`` is as the browser sent it; the view that it happened in is not sealed, as scripts
    tell quick look from the tile.
    """
    try:
        begin = urlsafe_b64decode(seal) if isinstance(seal, str) else b""
    except ValueError:
        return False
    if len(begin) != DAY_BYTES + SEAL_BYTES:
        return False
    texts = _sealed_values({name: getattr(click, name) for name in SEALED_FIELDS})
    day = int.from_bytes(begin[:DAY_BYTES], "big")
    # One of tomorrow was made before the clock was set back.
    is_good = -1 <= _current_day() - day <= SEAL_DAYS
    return is_good and _site_key().is_digest(begin[DAY_BYTES:], SEAL_PURPOSE, str(day), *texts)


def _make_seal(fields: Mapping[str, object]) -> str:
    day = _current_day()
    made = _site_key().digest(SEAL_PURPOSE, str(day), *_sealed_values(fields))[:SEAL_BYTES]
    return urlsafe_b64encode(day.to_bytes(DAY_BYTES, "big") + made).decode()


def _current_day() -> int:
    return int(time.time() // DAY_SECONDS)


def _sealed_values(fields: Mapping[str, object]) -> list[str]:
    """Return what a seal is made of, in its order."""
    return [str(fields.get(name) or FIELD_DEFAULTS.get(name, "")) for name in SEALED_FIELDS]


def _site_key() -> SiteKey:
    key: SiteKey = current_services().site_key
    return key
