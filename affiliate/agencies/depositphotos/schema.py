"""Shapes of Depositphotos' answers, and conversion to `Media` (Enterprise API, PHP SDK).

Renditions are declared without sizes: names of files say 110, 170 and 450 pixels, which are taken
for the longer side; of ``huge_thumb`` only the ratio is known.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from affiliate.agencies.parsing import (
    MAX_SIDE,
    fit_rendition,
    read_credits,
    read_number,
    read_original_sides,
    select_densities,
)
from affiliate.domain.media import (
    Media,
    Size,
    clean_id,
    clean_text,
    clean_texts,
    read_web_address,
)

KINDS: Final = {"image": "photo", "vector": "vector"}
THUMBNAILS: Final = {"url2": 450, "thumb_huge": 450, "medium_thumbnail": 170, "thumbnail": 110}
"""Renditions from the best, and the pixels of their longer sides."""
LARGE: Final = 1000
"""Pixels; only the ratio of the large rendition's box counts."""

Number = int | float | str | None


class Item(msgspec.Struct):
    """A picture; ``width`` and ``height`` are the original's sides; only details have sizes."""

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
    original_extension: str | None = None
    sizes: Any = None


class Found(msgspec.Struct):
    """A page of pictures of a search; ``count`` counts all."""

    result: list[Item]
    count: Number = None


class Related(msgspec.Struct):
    """A page of similar pictures; ``count`` counts all."""

    items: list[Item]
    count: Number = None


class Fault(msgspec.Struct, frozen=True):
    """An error; ``exception`` is the kind, behind the name of a part of the API."""

    errormsg: str = ""
    exception: str = ""


class Failure(msgspec.Struct):
    """An answer that may be an error: then ``type`` is ``failure``."""

    type: str
    error: Fault = Fault()


def to_media(agency: str, item: Item) -> Media | None:
    """Convert an item to `Media`; None for items that can't be shown or are no pictures."""
    sides = (read_number(item.width), read_number(item.height))
    thumbnails = (
        fit_rendition(getattr(item, name), *sides, side) for name, side in THUMBNAILS.items()
    )
    thumbnail, page = next(filter(None, thumbnails), None), read_web_address(item.itemurl)
    if thumbnail is None or page is None or item.type in {"video", "audio"}:
        return None
    large = fit_rendition(item.huge_thumb, *sides, LARGE)
    return Media(
        agency=agency,
        id=clean_id(str(item.id)),
        type=KINDS.get(item.type or ""),
        title=clean_text(item.title),
        keywords=clean_texts(item.tags or ()),
        page_url=page,
        contributor=clean_text(item.username) or None,
        editorial=item.iseditorial in {True, "1", "true", "yes"},
        thumbnail=thumbnail,
        preview=large,
        renditions=select_densities(thumbnail, large),
        original=read_original_sides(item.width, item.height),
        sizes=list_sold_sizes(item),
        released=bool(item.model_release_ids),
    )


def list_sold_sizes(item: Item) -> tuple[Size, ...]:
    """Return the sizes for sale, the smallest first, without sizes of unknown sides."""
    entries = item.sizes if isinstance(item.sizes, dict) else {}
    sizes = (
        Size(
            clean_text(name),
            *_read_sides(entry),
            clean_text(item.original_extension),
            credits=read_credits(entry.get("credits")),
        )
        for name, entry in entries.items()
        if isinstance(entry, dict)
    )
    return tuple(sorted((size for size in sizes if size.width and size.height), key=_count_pixels))


def _read_sides(size: Mapping[str, Any]) -> tuple[int, int]:
    """Return the sides of a size in pixels; 0 for a side that isn't stated or is invalid."""
    width, height = (int(read_number(size.get(side))) for side in ("width", "height"))
    return (width, height) if max(width, height) < MAX_SIDE else (0, 0)


def _count_pixels(size: Size) -> int:
    return size.width * size.height


def read_total(count: Number) -> int | None:
    """Return the number of all items; None where the answer lacks the number."""
    return None if count is None else int(read_number(count))
