"""What `openverse` reads: the shapes of its answers, and what is made of their parts."""

import msgspec

from affiliate.agencies.reading import fitted, number
from affiliate.model import Thumbnail, plain_text

WIDTH = 600
"""Pixels that a thumbnail is wide."""


class Tag(msgspec.Struct):
    """A word that a picture is found by."""

    name: str | None = None


class Image(msgspec.Struct):
    """One picture of a source."""

    id: str
    thumbnail: str
    foreign_landing_url: str | None
    title: str | None = None
    creator: str | None = None
    license: str = ""
    license_version: str | None = None
    license_url: str | None = None
    attribution: str | None = None
    category: str | None = None
    tags: list[Tag] | None = None
    width: int | None = None
    height: int | None = None


class Images(msgspec.Struct):
    """A page of pictures."""

    results: list[Image]
    result_count: int


class Source(msgspec.Struct):
    """Where pictures come from, and how many."""

    media_count: int


def thumbnail(image: Image) -> Thumbnail | None:
    """The thumbnail, never wider than the picture is said to be."""
    width, height = number(image.width), number(image.height)
    if not (width and height):
        width, height = 3 * WIDTH, 2 * WIDTH
    scale = min(WIDTH / width, 1)
    return fitted(image.thumbnail, width, height, round(max(width, height) * scale))


def attribution(image: Image) -> str:
    """What a license asks to be said, for answers in which the API's own sentence is missing."""
    if not image.license:
        return ""
    code = f"{image.license.upper()} {image.license_version or ''}"
    named = f"CC {code}" if image.license.startswith("by") else code
    by = f"by {image.creator}" if image.creator else ""
    said = f'"{image.title or "This work"}" {by}'.strip()
    return plain_text(", ".join(filter(None, (said, named.strip(), image.license_url))))
