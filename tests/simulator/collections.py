"""Collections: a user's own, those that the agency features, and contributors'.

That adding an item twice keeps one, that unknown ids are taken, and that somebody else's
collection is read with its share code, are guesses.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.simulator.accounts import Grant
from tests.simulator.clock import Clock, format_moment
from tests.simulator.library import FIRST_ID, FIRST_VIDEO, HOST, Media
from tests.simulator.wire import (
    Answer,
    Problem,
    SimulatorRequest,
    invalid,
    make_page,
    reply,
    reply_empty,
)

FEATURED = {"19853": "Exercise & Fitness", "19854": "Caf\u00e9s of the world"}
FEATURED_ITEMS = 30


@dataclass
class Collection:
    """A named list; ``items`` are ids and when each was added, oldest first."""

    id: str
    media: Media
    name: str
    username: str
    created: datetime
    updated: datetime
    items: dict[str, datetime] = field(default_factory=dict)
    share_code: str = field(default_factory=lambda: secrets.token_hex(8))

    def describe(self, embed: list[str]) -> dict[str, Any]:
        """Return the API's description, with the embedded parts."""
        body: dict[str, Any] = {
            "created_time": format_moment(self.created),
            "id": self.id,
            "items_updated_time": format_moment(max([self.created, *self.items.values()])),
            "name": self.name,
            "total_item_count": len(self.items),
            "updated_time": format_moment(self.updated),
        }
        if self.items:
            body["cover_item"] = {"id": next(reversed(self.items))}
        if "share_code" in embed:
            body["share_code"] = self.share_code
        if "share_url" in embed:
            body["share_url"] = f"https://www.shutterstock.com/collections/{self.share_code}"
        return body


class CollectionStore:
    """The collections of one kind of media."""

    def __init__(self, media: Media, clock: Clock) -> None:
        self._media = media
        self._clock = clock
        self._next = 293_542_904
        self.all: dict[str, Collection] = {}

    def add(self, name: str, *ids: str, username: str = "jdoe") -> Collection:
        """Create a collection with these items."""
        self._next += 1
        now = self._clock.now()
        one = Collection(str(self._next), self._media, name, username, now, now)
        one.items = dict.fromkeys(ids, now)
        self.all[one.id] = one
        return one

    def list(self, request: SimulatorRequest, grant: Grant | None) -> Answer:
        name = grant.username if grant else None
        own = [one for one in self.all.values() if one.username == name]
        embed = request.params.get("embed", [])
        return reply(make_page(request, [one.describe(embed) for one in own], 100, 150))

    def create(self, request: SimulatorRequest, grant: Grant | None) -> Answer:
        one = self.add(_name(request), username=(grant and grant.username) or "")
        return reply({"id": one.id}, 201)

    def show(self, request: SimulatorRequest, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(request, grant, collection_id)
        return reply(one.describe(request.params.get("embed", [])))

    def rename(self, request: SimulatorRequest, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(request, grant, collection_id)
        one.name, one.updated = _name(request), self._clock.now()
        return reply_empty()

    def delete(self, request: SimulatorRequest, grant: Grant | None, collection_id: str) -> Answer:
        del self.all[self._find(request, grant, collection_id).id]
        return reply_empty()

    def items(self, request: SimulatorRequest, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(request, grant, collection_id)
        rows = [
            {"id": item, "added_time": format_moment(when), "media_type": self._media}
            for item, when in one.items.items()
        ]
        if request.first("sort", "oldest") == "newest":
            rows.reverse()
        return reply(make_page(request, rows, 100, 150))

    def add_items(
        self, request: SimulatorRequest, grant: Grant | None, collection_id: str
    ) -> Answer:
        one = self._find(request, grant, collection_id)
        items = request.json().get("items")
        if not isinstance(items, list) or any(not isinstance(i.get("id"), str) for i in items):
            raise invalid("$.body.items", items)
        for item in items:
            one.items.setdefault(item["id"], self._clock.now())
        return reply_empty()

    def remove_items(
        self, request: SimulatorRequest, grant: Grant | None, collection_id: str
    ) -> Answer:
        one = self._find(request, grant, collection_id)
        for item in request.params.get("item_id", []):
            one.items.pop(item, None)
        return reply_empty()

    def _find(
        self, request: SimulatorRequest, grant: Grant | None, collection_id: str
    ) -> Collection:
        one = self.all.get(collection_id)
        own = one is not None and grant is not None and one.username == grant.username
        if one is None or not (own or request.first("share_code") == one.share_code):
            raise Problem(404, "Collection not found")
        return one


class Featured:
    """Collections that the agency features, and those of contributors."""

    def __init__(self, media: Media, clock: Clock) -> None:
        self._media = media
        first = FIRST_ID if media == "image" else FIRST_VIDEO
        now = clock.now()
        self._all = {
            key: Collection(key, media, name, "", now, now) for key, name in FEATURED.items()
        }
        for one in self._all.values():
            one.items = {str(first + number): now for number in range(FEATURED_ITEMS)}

    def list(self, request: SimulatorRequest, _: Grant | None, __: str = "") -> Answer:
        rows = [self._describe(request, one) for one in self._all.values()]
        return reply({"data": rows})

    def show(self, request: SimulatorRequest, _: Grant | None, *ids: str) -> Answer:
        return reply(self._describe(request, self._find(ids[-1])))

    def items(self, request: SimulatorRequest, _: Grant | None, *ids: str) -> Answer:
        usual, most = (20, 50) if len(ids) > 1 else (100, 150)
        rows = [
            {"id": item, "added_time": format_moment(when), "media_type": self._media}
            for item, when in self._find(ids[-1]).items.items()
        ]
        return reply(make_page(request, rows, usual, most))

    def _describe(self, request: SimulatorRequest, one: Collection) -> dict[str, Any]:
        body = one.describe(
            [name for name in request.params.get("embed", []) if name == "share_url"]
        )
        if "/contributors/" not in request.path:
            body["cover_item"] = {"url": f"{HOST}/featured/{one.id}.jpg"}
            body["hero_item"] = {"url": f"{HOST}/featured/{one.id}-hero.jpg"}
        return body

    def _find(self, collection_id: str) -> Collection:
        if collection_id not in self._all:
            raise Problem(404, "Featured lightbox not found")
        return self._all[collection_id]


def _name(request: SimulatorRequest) -> str:
    name = request.json().get("name")
    if not isinstance(name, str) or not name.strip():
        raise invalid("$.body.name", name)
    return name
