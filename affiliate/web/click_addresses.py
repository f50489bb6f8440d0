"""The addresses to which browsers report clicks, for templates; ``POST /clicks`` reads them.

Each address contains a day and a seal by the site's own key, which proves that a page of this site
offered the click. Seals stay valid for longer than a CDN may keep a page.
"""

import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Final

from flask import Flask, request

from affiliate.database.clicks import Click
from affiliate.database.site_key import SiteKey
from affiliate.domain.media import Media, Seller
from affiliate.domain.query import MAX_WORDS
from affiliate.domain.times import DAY_SECONDS
from affiliate.domain.url_encoding import encode_pairs
from affiliate.domain.words import cut_between_signs, to_counted
from affiliate.services import current_services
from affiliate.web import i18n
from affiliate.web.request_context import EMBED_ENDPOINT
from affiliate.web.template_helpers import displaying_site

SEAL_PURPOSE: Final = "click"
"""The purpose that separates seals from other digests by the site's key."""
SEAL_PARAMETER: Final = "seal"
"""The name of the seal's query parameter."""
DAY_BYTES: Final = 3
"""Bytes of the day at the beginning of a seal, equal for all seals of a page."""
SEAL_BYTES: Final = 6
"""Bytes of a seal's digest: too many to guess online, and few enough for a page of 48 pictures."""
SEAL_DAYS: Final = 62
"""Days for which a seal is valid: stale answers live for a month, and caches keep pages."""
SEALED_FIELDS: Final = ("agency", "id", "media", "words", "position", "site")
FIELD_DEFAULTS: Final = {"media": "image"}
SEARCH_CLICK: Final = "search"
"""The id and the place in reports of clicks on a search at an agency's site."""


def register(app: Flask) -> None:
    """Give an app's templates the addresses of clicks."""
    app.context_processor(_template_vocabulary)


def _template_vocabulary() -> dict[str, Callable[..., str]]:
    addresses = ClickAddresses()
    return {"ping": addresses.build_media_url, "ping_search": addresses.build_search_url}


class ClickAddresses:
    """The addresses that report clicks on one page, with what all of them have in common."""

    def __init__(self) -> None:
        self._key = _site_key()
        self._site = displaying_site()
        self._lang = i18n.request_language()
        self._view = "embed" if request.endpoint == EMBED_ENDPOINT else "tile"

    def build_media_url(
        self,
        media: Media,
        words: str,
        position: int,
        seller: Seller | None = None,
        place: str = "",
    ) -> str:
        """Return the address that reports a click on a picture, or on a seller of the picture.

        ``position`` is the tile's place among the results; ``place`` names a view other than the
        tile.
        """
        item = seller or media
        kind = {"media": media.media} if media.media == "video" else {}
        place = place or self._view
        return self._build_url(item.agency, item.id, words, **kind, position=position, place=place)

    def build_search_url(self, agency: str, words: str) -> str:
        """Return the address that reports a click on a search at an agency's own site."""
        return self._build_url(agency, SEARCH_CLICK, words, position=1, place=SEARCH_CLICK)

    def _build_url(self, agency: str, item_id: str, words: str, **details: object) -> str:
        """Return the address that reports a click on an agency's item found by ``words``."""
        words = cut_between_signs(to_counted(words, self._lang), MAX_WORDS)
        fields = {"agency": agency, "id": item_id, "words": words, **details}
        if self._site:
            fields["site"] = self._site
        fields[SEAL_PARAMETER] = _make_seal(self._key, fields)
        return f"/clicks?{encode_pairs(fields.items())}"


def has_valid_seal(click: Click, seal: object) -> bool:
    """Return whether a page of this site offered the click, with these words and position.

    ``click`` has the fields that the browser sent. The seal leaves out the click's view, as scripts
    distinguish quick look from the tile.
    """
    try:
        sealed = urlsafe_b64decode(seal) if isinstance(seal, str) else b""
    except ValueError:
        return False
    if len(sealed) != DAY_BYTES + SEAL_BYTES:
        return False
    texts = _list_sealed_values({name: getattr(click, name) for name in SEALED_FIELDS})
    day = int.from_bytes(sealed[:DAY_BYTES], "big")
    # Tomorrow's seal was made before the clock was set back.
    is_current = -1 <= _current_day() - day <= SEAL_DAYS
    return is_current and _site_key().is_digest(sealed[DAY_BYTES:], SEAL_PURPOSE, str(day), *texts)


def _make_seal(key: SiteKey, fields: Mapping[str, object]) -> str:
    day = _current_day()
    digest = key.digest(SEAL_PURPOSE, str(day), *_list_sealed_values(fields))[:SEAL_BYTES]
    return urlsafe_b64encode(day.to_bytes(DAY_BYTES, "big") + digest).decode()


def _current_day() -> int:
    return int(time.time() // DAY_SECONDS)


def _list_sealed_values(fields: Mapping[str, object]) -> list[str]:
    """Return the values that a seal covers, in their order."""
    return [str(fields.get(name) or FIELD_DEFAULTS.get(name, "")) for name in SEALED_FIELDS]


def _site_key() -> SiteKey:
    key: SiteKey = current_services().site_key
    return key
