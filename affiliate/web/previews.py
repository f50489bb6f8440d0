"""The preview picture of a shared address in chats, timelines and bookmarks.

Templates add the preview to all pages as Open Graph properties (https://ogp.me).
"""

from collections.abc import Mapping, Sequence

import msgspec

from affiliate.agencies.terms import Terms
from affiliate.domain.media import Media, Thumbnail


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A picture for the previews of a link, its alternative text, and its credit.

    ``credit`` is empty where the agency's terms ask for none.
    """

    picture: Thumbnail
    alt: str
    credit: str = ""


def choose_preview(items: Sequence[Media], terms: Mapping[str, Terms]) -> Preview | None:
    """Choose the first picture whose agency allows hotlinking; None without any.

    Pictures that require no credit come first.
    """
    hotlinkable = [item for item in items if terms[item.agency].hotlink]
    chosen = min(hotlinkable, key=lambda item: bool(terms[item.agency].show), default=None)
    if chosen is None:
        return None
    return Preview(
        picture=chosen.preview or chosen.thumbnail,
        alt=chosen.title,
        credit=terms[chosen.agency].get_required_notice(chosen),
    )
