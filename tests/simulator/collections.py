"""Collections: a user's own, those that the agency features, and contributors'.

That adding an item twice keeps one, that unknown ids are taken, and that somebody else's
collection is read with its share code, are guesses.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.simulator.accounts import Grant
from tests.simulator.clock import Clock, stamp
from tests.simulator.library import FIRST_ID, FIRST_VIDEO, HOST, Media
from tests.simulator.wire import Answer, Problem, Seen, invalid, nothing, page_of, reply

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

    def described(self, embed: list[str]) -> dict[str, Any]:
        """Return the API's description, with the embedded parts."""
        body: dict[str, Any] = {
            "created_time": stamp(self.created),
            "id": self.id,
            "items_updated_time": stamp(max([self.created, *self.items.values()])),
            "name": self.name,
            "total_item_count": len(self.items),
            "updated_time": stamp(self.updated),
        }
        if self.items:
            body["cover_item"] = {"id": next(reversed(self.items))}
        if "share_code" in embed:
            body["share_code"] = self.share_code
        if "share_url" in embed:
            body["share_url"] = f"https://www.shutterstock.com/collections/{self.share_code}"
        return body


class Shelf:
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

    def list(self, seen: Seen, grant: Grant | None) -> Answer:
        name = grant.username if grant else None
        own = [one for one in self.all.values() if one.username == name]
        embed = seen.params.get("embed", [])
        return reply(page_of(seen, [one.described(embed) for one in own], 100, 150))

    def create(self, seen: Seen, grant: Grant | None) -> Answer:
        one = self.add(_name(seen), username=(grant and grant.username) or "")
        return reply({"id": one.id}, 201)

    def show(self, seen: Seen, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(seen, grant, collection_id)
        return reply(one.described(seen.params.get("embed", [])))

    def rename(self, seen: Seen, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(seen, grant, collection_id)
        one.name, one.updated = _name(seen), self._clock.now()
        return nothing()

    def delete(self, seen: Seen, grant: Grant | None, collection_id: str) -> Answer:
        del self.all[self._find(seen, grant, collection_id).id]
        return nothing()

    def items(self, seen: Seen, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(seen, grant, collection_id)
        rows = [
            {"id": item, "added_time": stamp(when), "media_type": self._media}
            for item, when in one.items.items()
        ]
        if seen.first("sort", "oldest") == "newest":
            rows.reverse()
        return reply(page_of(seen, rows, 100, 150))

    def put(self, seen: Seen, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(seen, grant, collection_id)
        items = seen.json().get("items")
        if not isinstance(items, list) or any(not isinstance(i.get("id"), str) for i in items):
            raise invalid("$.body.items", items)
        for item in items:
            one.items.setdefault(item["id"], self._clock.now())
        return nothing()

    def take(self, seen: Seen, grant: Grant | None, collection_id: str) -> Answer:
        one = self._find(seen, grant, collection_id)
        for item in seen.params.get("item_id", []):
            one.items.pop(item, None)
        return nothing()

    def _find(self, seen: Seen, grant: Grant | None, collection_id: str) -> Collection:
        one = self.all.get(collection_id)
        own = one is not None and grant is not None and one.username == grant.username
        if one is None or not (own or seen.first("share_code") == one.share_code):
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

    def list(self, seen: Seen, _: Grant | None, __: str = "") -> Answer:
        rows = [self._described(seen, one) for one in self._all.values()]
        return reply({"data": rows})

    def show(self, seen: Seen, _: Grant | None, *ids: str) -> Answer:
        return reply(self._described(seen, self._find(ids[-1])))

    def items(self, seen: Seen, _: Grant | None, *ids: str) -> Answer:
        usual, most = (20, 50) if len(ids) > 1 else (100, 150)
        rows = [
            {"id": item, "added_time": stamp(when), "media_type": self._media}
            for item, when in self._find(ids[-1]).items.items()
        ]
        return reply(page_of(seen, rows, usual, most))

    def _described(self, seen: Seen, one: Collection) -> dict[str, Any]:
        body = one.described([name for name in seen.params.get("embed", []) if name == "share_url"])
        if "/contributors/" not in seen.path:
            body["cover_item"] = {"url": f"{HOST}/featured/{one.id}.jpg"}
            body["hero_item"] = {"url": f"{HOST}/featured/{one.id}-hero.jpg"}
        return body

    def _find(self, collection_id: str) -> Collection:
        if collection_id not in self._all:
            raise Problem(404, "Featured lightbox not found")
        return self._all[collection_id]


def _name(seen: Seen) -> str:
    name = seen.json().get("name")
    if not isinstance(name, str) or not name.strip():
        raise invalid("$.body.name", name)
    return name
