"""The origins of pictures, which browsers connect to while agencies are still called.

An agency's documentation names its picture hosts by patterns; the host itself stands in answers.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from affiliate.domain.media import Media

MAX_CONNECTIONS: Final = 3
"""Origins that a page names. Each costs the browser a handshake, used or not."""
SAMPLE_ITEMS: Final = 12
"""Items of a page that are looked at, about those on the first screen."""


class PictureHosts:
    """The origin of the last picture of each agency; safe to share between threads."""

    def __init__(self) -> None:
        self._origins: dict[str, str] = {}

    def remember(self, items: Sequence[Media]) -> None:
        """Note the origins of the first pictures of a page."""
        for media in items[:SAMPLE_ITEMS]:
            scheme, _, rest = media.thumbnail.url.partition("://")
            if rest:
                self._origins[media.agency] = f"{scheme}://{rest.partition('/')[0]}"

    def list_origins(self, agencies: Iterable[str]) -> list[str]:
        """Return the known origins of agencies' pictures, in order, `MAX_CONNECTIONS` at most."""
        origins = (self._origins[name] for name in agencies if name in self._origins)
        return list(dict.fromkeys(origins))[:MAX_CONNECTIONS]
