"""The picture that stands for a page where its address is shared: chats, timelines, bookmarks.

Templates say the same of all pages in the words of the Open Graph protocol (https://ogp.me).
"""

from collections.abc import Mapping, Sequence

import msgspec

from affiliate.agencies.terms import Terms
from affiliate.domain.media import Media, Thumbnail


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A picture for the previews of a link, the words for who can't see it, and its credit.

    ``credit`` is empty where the agency's terms ask for none.
    """

    picture: Thumbnail
    alt: str
    credit: str = ""


def choose_preview(items: Sequence[Media], terms: Mapping[str, Terms]) -> Preview | None:
    """Return the first picture whose agency's terms let its address last; None without any.

    Pictures that may stand without a credit come first.
    """
    lasting = [item for item in items if terms[item.agency].hotlink]
    first = min(lasting, key=lambda item: bool(terms[item.agency].show), default=None)
    if first is None:
        return None
    return Preview(
        picture=first.preview or first.thumbnail,
        alt=first.title,
        credit=terms[first.agency].required_notice(first),
    )
