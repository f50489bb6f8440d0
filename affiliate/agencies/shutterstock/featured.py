"""Shutterstock's featured collections of images and of footage, which need no user's token.

``/v2/images/collections/featured`` lists all collections at once, ``.../{id}`` has the name of a
collection, ``.../items`` the ids of its pictures, in an order that the OpenAPI description doesn't
explain; the pictures themselves are another call. The path for footage is ``/v2/videos/...``.
"""

import re

import msgspec

from affiliate.agencies.shutterstock.schema import Count
from affiliate.domain.media import Collection, clean_id, clean_text, read_web_address


class Cover(msgspec.Struct):
    """The picture that stands for a collection."""

    url: str | None = None


class About(msgspec.Struct):
    """A collection, without its pictures."""

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


def read_collection_total(page: Items, first: int, page_size: int) -> int | None:
    """Return the number of items in a collection, from a page behind the ``first`` items.

    Examples of answers for footage lack the number; a page that isn't full is the last page.
    """
    if page.total_count is None and len(page.data) < page_size:
        return first + len(page.data) if page.data or not first else None
    return page.total_count


def is_id(collection_id: str) -> bool:
    """Return whether a collection can have this id; other signs would change the call's path."""
    return re.fullmatch(r"[0-9]{1,20}", collection_id) is not None


def build_collections_path(media: str) -> str:
    """Return the path of the calls about collections."""
    return f"/v2/{'videos' if media == 'video' else 'images'}/collections/featured"


def to_collection(agency: str, about: About, media: str) -> Collection:
    """Convert a collection to the `Collection` of all agencies."""
    cover = read_web_address(about.cover_item.url) if about.cover_item else None
    name = clean_text(about.name) or clean_id(about.id)
    return Collection(
        agency, clean_id(about.id), name, media=media, cover=cover, total=about.total_item_count
    )
