"""The rules that an agency's terms set for showing its pictures, in a form for programs."""

import msgspec

from affiliate.cache.freshness import Policy
from affiliate.domain.media import Media


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one agency, which the cache and the page obey.

    - ``source``: the document with the rules, and the certainty of the rules.
    - ``fresh``: seconds for which an answer must be kept before the call may be repeated.
    - ``keep``: seconds after which an answer, with the addresses of its pictures, may be shown no
      more; None where no rule is known.
    - ``credit``: the credit on a page that shows the agency's pictures, as ``(text, address)`` of
      a link.
    - ``notice``: a sentence required on such a page, in the words of the terms.
    - ``crop``: whether a tile may cut off parts of a picture.
    - ``hotlink``: whether addresses of pictures may stand in lasting places, such as pages for
      search engines and previews of links; results may have them always, for ``keep`` seconds.
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

    def get_required_notice(self, media: Media) -> str:
        """Return the text that must be readable beside a picture; empty where none is required."""
        return ", ".join(filter(None, (getattr(media, name) for name in self.show)))

    def build_policy(self, fresh: float, stale: float) -> Policy:
        """Return the owner's ``fresh`` and ``stale`` seconds, limited by the terms."""
        longest = float("inf") if self.keep is None else float(self.keep)
        shortest = float(self.fresh or 0)
        fresh = min(max(fresh, shortest), longest)
        empty = min(max(Policy(fresh=fresh, stale=0).empty, shortest), longest)
        return Policy(fresh=fresh, stale=min(stale, longest - fresh), empty=empty)
