"""Shutterstock's featured collections of images, which need no user's token.

``/v2/images/collections/featured/{id}`` says what one is called, ``.../items`` the ids in it, in
an order that the description doesn't explain; the pictures themselves are another call.
"""

import re
from typing import Annotated

import msgspec

from affiliate.model import Collection, plain_text


class About(msgspec.Struct):
    """A collection, without what is in it."""

    id: str
    name: str


class Item(msgspec.Struct):
    """A picture in a collection."""

    id: str


class Items(msgspec.Struct):
    """A page of a collection."""

    data: list[Item] = []
    total_count: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None


def is_id(collection_id: str) -> bool:
    """Whether a collection can have this id; other signs would make another call of it."""
    return re.fullmatch(r"[0-9]{1,20}", collection_id) is not None


def path(collection_id: str) -> str:
    """The path of the calls about a collection."""
    return f"/v2/images/collections/featured/{collection_id}"


def about(agency: str, found: About) -> Collection:
    """A collection as every agency's are described."""
    return Collection(agency, plain_text(found.id), plain_text(found.name) or plain_text(found.id))
