"""What an agency's terms ask of whoever shows its pictures, in a form that programs can hold."""

import msgspec

from affiliate.cache.freshness import Policy
from affiliate.domain.media import Media


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one agency; the cache and the page keep them.

    - ``source``: where they stand, and how sure it is.
    - ``fresh``: seconds for which an answer must be kept before it may be asked for again.
    - ``keep``: seconds after which an answer, with the addresses of its pictures, may be shown no
      more; None where no rule is known.
    - ``credit``: what a page that shows its pictures must say and link to, as ``(text, address)``.
    - ``notice``: a sentence that such a page must hold, in the words of the terms.
    - ``crop``: whether a tile may cut something off a picture.
    - ``hotlink``: whether addresses of its pictures may stand where they last, for search engines
      and in previews of links; in results they always may, for as long as ``keep`` says.
    - ``show``: names of fields of `Media` that must be readable beside each picture.
    """

    source: str = ""
    fresh: int | None = None
    keep: int | None = None
    credit: tuple[str, str] | None = None
    notice: str = ""
    crop: bool = True
    hotlink: bool = True
    show: tuple[str, ...] = ()

    def required_notice(self, media: Media) -> str:
        """Return what must be readable beside a picture; empty where nothing must."""
        return ", ".join(filter(None, (getattr(media, name) for name in self.show)))

    def policy(self, fresh: float, stale: float) -> Policy:
        """Return how long answers live where the owner wants ``fresh`` and ``stale`` seconds."""
        kept = float("inf") if self.keep is None else float(self.keep)
        least = float(self.fresh or 0)
        fresh = min(max(fresh, least), kept)
        empty = min(max(Policy(fresh=fresh, stale=0).empty, least), kept)
        return Policy(fresh=fresh, stale=min(stale, kept - fresh), empty=empty)
