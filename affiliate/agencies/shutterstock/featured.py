"""Shutterstock's featured collections of images and of footage, which need no user's token.

``/v2/images/collections/featured`` lists them all at once, ``.../{id}`` says what one is called,
``.../items`` the ids in it, in an order that the description doesn't explain; the pictures
themselves are another call. For footage it is ``/v2/videos/...``.
"""

import re

import msgspec

from affiliate.agencies.shutterstock.schema import Count
from affiliate.domain.media import Collection, plain_id, plain_text, web_address


class Cover(msgspec.Struct):
    """The picture that stands for a collection."""

    url: str | None = None


class About(msgspec.Struct):
    """A collection, without what is in it."""

    id: str
    name: str
    cover_item: Cover | None = None
    total_item_count: Count | None = None


class List(msgspec.Struct):
    """All collections."""

    data: list[About] = []


class Item(msgspec.Struct):
    """A picture in a collection."""

    id: str


class Items(msgspec.Struct):
    """A page of a collection."""

    data: list[Item] = []
    total_count: Count | None = None


def collection_total(found: Items, first: int, asked: int) -> int | None:
    """Return how many are in a collection, from a page that begins behind ``first`` of them.

    Examples of footage don't say it; a page that isn't full is the last one.
    """
    if found.total_count is None and len(found.data) < asked:
        return first + len(found.data) if found.data or not first else None
    return found.total_count


def is_id(collection_id: str) -> bool:
    """Return whether a collection can have this id; other signs would make another call of it."""
    return re.fullmatch(r"[0-9]{1,20}", collection_id) is not None


def collections_path(media: str) -> str:
    """Return the path of the calls about collections."""
    return f"/v2/{'videos' if media == 'video' else 'images'}/collections/featured"


def to_collection(agency: str, found: About, media: str) -> Collection:
    """Return a collection as every agency's are described."""
    cover = web_address(found.cover_item.url) if found.cover_item else None
    name = plain_text(found.name) or plain_id(found.id)
    return Collection(
        agency, plain_id(found.id), name, media=media, cover=cover, total=found.total_item_count
    )
