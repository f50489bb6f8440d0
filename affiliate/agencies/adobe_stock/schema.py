"""Shapes of Adobe Stock's answers, and conversion to `Media` (Search and Files API references).

Adobe's SDK for PHP alone shows keywords as objects; the host of the small videos is not documented.
"""

from typing import Final

import msgspec

from affiliate.agencies.parsing import read_original_sides, read_rendition, select_densities
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import Media, Thumbnail, clean_text, clean_texts, read_web_address
from affiliate.transport.messages import Params

KINDS: Final = {1: "photo", 2: "illustration", 3: "vector"}
VIDEO: Final = 4
OTHERS: Final = (6, 7, 9)
"""Numbers of media types other than pictures and clips: 3D, templates and audio."""


Number = int | float | str | None


class Name(msgspec.Struct):
    """A category or a keyword."""

    name: str | None = None


class File(msgspec.Struct):
    """A picture or clip; its fields are the requested columns. ``duration`` is in milliseconds.

    The ``thumbnail`` without a number has 500 pixels and a watermark, as the thumbnail of 1000 has.
    ``width`` and ``height`` are the sides of the original.
    """

    id: int
    title: str | None = None
    creator_name: str | None = None
    media_type_id: int | None = None
    category: Name | None = None
    keywords: list[Name] | None = None
    has_releases: bool | None = None
    duration: int | float | None = None
    video_small_preview_url: str | None = None
    thumbnail_240_url: str | None = None
    thumbnail_240_width: int | float | None = None
    thumbnail_240_height: int | float | None = None
    thumbnail_url: str | None = None
    thumbnail_width: int | float | None = None
    thumbnail_height: int | float | None = None
    thumbnail_1000_url: str | None = None
    thumbnail_1000_width: int | float | None = None
    thumbnail_1000_height: int | float | None = None
    width: Number = None
    height: Number = None


class Files(msgspec.Struct):
    """A page of works; ``nb_results`` counts all works of the search."""

    files: list[File]
    nb_results: int | None = None


class Failure(msgspec.Struct):
    """An error, in words and as a number."""

    error: str = ""
    code: int | str = 0


COLUMNS: Final[Params] = tuple(
    ("result_columns[]", name) for name in ("nb_results", *File.__struct_fields__)
)


def to_media(agency: str, file: File) -> Media | None:
    """Convert a work to `Media`; None where the work has no thumbnail or is no picture or clip."""
    thumbnails = [_pick_thumbnail(file, size) for size in ("_240", "", "_1000")]
    thumbnail = next(filter(None, thumbnails), None)
    if thumbnail is None or file.media_type_id in OTHERS:
        return None
    is_video = file.media_type_id == VIDEO
    return Media(
        agency=agency,
        id=str(file.id),
        media="video" if is_video else "image",
        type=KINDS.get(file.media_type_id or 0),
        title=clean_text(file.title),
        keywords=_list_categories(file.keywords or []),
        page_url=build_page_url(str(file.id)),
        contributor=clean_text(file.creator_name) or None,
        duration=file.duration / 1000 if is_video and file.duration else None,
        thumbnail=thumbnail,
        preview=next(filter(None, reversed(thumbnails)), None),
        renditions=select_densities(*thumbnails),
        original=read_original_sides(file.width, file.height),
        released=bool(file.has_releases),
        categories=_list_categories([file.category] if file.category else []),
        clip=read_web_address(file.video_small_preview_url) if is_video else None,
    )


def build_page_url(media_id: str) -> str:
    """Return the address of the page that sells a work."""
    return f"https://stock.adobe.com/{percent_encode(media_id)}"


def _pick_thumbnail(file: File, size: str) -> Thumbnail | None:
    sides = ("url", "width", "height")
    return read_rendition({side: getattr(file, f"thumbnail{size}_{side}") for side in sides})


def _list_categories(categories: list[Name]) -> tuple[str, ...]:
    return clean_texts(category.name for category in categories)
