"""The origins of pictures, which browsers connect to while agencies are still called.

An agency's documentation names its picture hosts by patterns; the host itself stands in answers.
"""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Final

from affiliate.agencies.base import Agency
from affiliate.domain.media import Media

MAX_CONNECTIONS: Final = 3
"""Origins that a page names. Each costs the browser a handshake, used or not."""
SAMPLE_ITEMS: Final = 12
"""Items of a page that are looked at, about those on the first screen."""


class PictureHosts:
    """The origin of each agency's last picture, and of its last clip; safe between threads."""

    def __init__(self) -> None:
        self._origins: dict[tuple[str, str], str] = {}

    def remember(self, items: Sequence[Media]) -> None:
        """Note the origins of the first items of a page."""
        for media in items[:SAMPLE_ITEMS]:
            scheme, _, rest = media.thumbnail.url.partition("://")
            if rest:
                self._origins[media.agency, media.media] = f"{scheme}://{rest.partition('/')[0]}"

    def list_origins(self, agencies: Iterable[Agency], media: str) -> list[str]:
        """Return the known origins of agencies' pictures or clips, in the order of the agencies.

        There are `MAX_CONNECTIONS` at most. An origin that matches none of the agency's
        ``picture_hosts`` is left out, as the page's policy blocks its pictures.
        """
        origins = (
            origin
            for agency in agencies
            if (origin := self._origins.get((agency.name, media)))
            and any(fnmatchcase(origin, pattern) for pattern in agency.picture_hosts)
        )
        return list(dict.fromkeys(origins))[:MAX_CONNECTIONS]
