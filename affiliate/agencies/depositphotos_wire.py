"""What Depositphotos answers, and a picture in our words (Enterprise API reference, PHP SDK).

Renditions are declared without sizes: names of files say 110, 170 and 450 pixels, which are taken
for the longer side; of ``huge_thumb`` only the ratio is known.
"""

from typing import Final

import msgspec

from affiliate.agencies.reading import fitted, number
from affiliate.model import Media, plain_id, plain_text, plain_texts, web_address

KINDS: Final = {"image": "photo", "vector": "vector"}
THUMBNAILS: Final = {"url2": 450, "thumb_huge": 450, "medium_thumbnail": 170, "thumbnail": 110}
"""Renditions from the best, and the pixels of their longer sides."""
LARGE: Final = 1000
"""Pixels; only the ratio of the large rendition's box counts."""

Number = int | float | str | None


class Item(msgspec.Struct):
    """A picture; ``width`` and ``height`` are those of the whole one."""

    id: int | str
    itemurl: str | None
    width: Number
    height: Number
    type: str | None = None
    title: str | None = None
    username: str | None = None
    iseditorial: bool | Number = None
    model_release_ids: list[int | str] | None = None
    tags: list[str] | None = None
    url2: str | None = None
    thumb_huge: str | None = None
    medium_thumbnail: str | None = None
    thumbnail: str | None = None
    huge_thumb: str | None = None


class Found(msgspec.Struct):
    """Pictures that a search finds, of so many in all."""

    result: list[Item]
    count: Number = None


class Related(msgspec.Struct):
    """Pictures like one, of so many in all."""

    items: list[Item]
    count: Number = None


class Fault(msgspec.Struct, frozen=True):
    """An error; ``exception`` is its kind, behind the name of a part of the API."""

    errormsg: str = ""
    exception: str = ""


class Failure(msgspec.Struct):
    """An answer that is an error."""

    type: str
    error: Fault = Fault()


def media(agency: str, item: Item) -> Media | None:
    """A picture as a page shows it; None where it can't be shown or is none."""
    sides = (number(item.width), number(item.height))
    drawn = (fitted(getattr(item, name), *sides, side) for name, side in THUMBNAILS.items())
    thumbnail, page = next(filter(None, drawn), None), web_address(item.itemurl)
    if thumbnail is None or page is None or item.type in {"video", "audio"}:
        return None
    return Media(
        agency=agency,
        id=plain_id(str(item.id)),
        type=KINDS.get(item.type or ""),
        title=plain_text(item.title),
        keywords=plain_texts(item.tags or ()),
        page_url=page,
        contributor=plain_text(item.username) or None,
        editorial=item.iseditorial in {True, "1", "true", "yes"},
        thumbnail=thumbnail,
        preview=fitted(item.huge_thumb, *sides, LARGE),
        released=bool(item.model_release_ids),
    )


def total(count: Number) -> int | None:
    """How many there are, where it is said."""
    return None if count is None else int(number(count))
