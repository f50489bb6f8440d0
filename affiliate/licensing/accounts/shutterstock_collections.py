"""Collections of images and of videos in the owner's account, and collections that are featured.

Collections replace the lightboxes of v1. No document limits the items that a call adds or removes;
`BATCH` is our own limit, so that addresses stay short.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec

from affiliate.domain.media import clean_text, read_web_address
from affiliate.errors import NotFound
from affiliate.licensing.accounts.shutterstock import ShutterstockAccount
from affiliate.licensing.oauth.flow import ACCOUNT
from affiliate.transport.messages import convert_answer

PER_PAGE: Final = 150
"""Entries per page, the API's maximum."""
BATCH: Final = 100
MEDIA: Final = ("image", "video")

Wire = TypeVar("Wire")


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A collection; ``share_url`` is the public address, None where the agency gives none."""

    id: str
    name: str
    total_item_count: int
    share_url: str | None = None
    items_updated_time: str | None = None


class Item(msgspec.Struct, frozen=True):
    """A picture or clip in a collection, with the time of its addition in the agency's format."""

    id: str
    added_time: str | None = None


class _Page(msgspec.Struct):
    data: list[Any] = []


class _Created(msgspec.Struct):
    id: str


class Collections:
    """The collections of one kind of ``media``, image or video; every method may raise AgencyError.

    No call is repeated. The agency handles additions of present and removals of absent items.
    """

    def __init__(self, account: ShutterstockAccount, media: str = "image") -> None:
        self._account = account
        self._base = f"/v2/{media}s/collections"

    def list_own(self) -> Iterator[Collection]:
        """Yield the owner's collections with their share addresses, page by page."""
        yield from self._iter_pages(self._base, Collection, (("embed", "share_url"),))

    def list_featured(self) -> tuple[Collection, ...]:
        """Fetch the collections that the agency features, all in one answer."""
        answer = self._account.call("GET", f"{self._base}/featured", (("embed", "share_url"),))
        page = convert_answer(ACCOUNT, answer, _Page)
        return tuple(_sanitize(convert_answer(ACCOUNT, entry, Collection)) for entry in page.data)

    def fetch_collection(self, collection_id: str, *, featured: bool = False) -> Collection:
        """Fetch a collection by its id."""
        path = self._build_path(collection_id, featured=featured)
        answer = self._account.call("GET", path, (("embed", "share_url"),))
        return _sanitize(convert_answer(ACCOUNT, answer, Collection))

    def list_items(self, collection_id: str, *, featured: bool = False) -> Iterator[Item]:
        """Yield the items of a collection, the oldest first, page by page."""
        path = self._build_path(collection_id, featured=featured)
        yield from self._iter_pages(
            f"{path}/items", Item, () if featured else (("sort", "oldest"),)
        )

    def create(self, name: str) -> str:
        """Create a collection and return its id."""
        answer = self._account.call("POST", self._base, body={"name": name})
        return convert_answer(ACCOUNT, answer, _Created).id

    def rename(self, collection_id: str, name: str) -> None:
        self._account.call("POST", self._build_path(collection_id), body={"name": name})

    def delete(self, collection_id: str) -> None:
        self._account.call("DELETE", self._build_path(collection_id))

    def add_items(self, collection_id: str, ids: Sequence[str]) -> set[str]:
        """Add pictures or clips to a collection; return the ids that were not there before."""
        known_ids = {item.id for item in self.list_items(collection_id)}
        path = f"{self._build_path(collection_id)}/items"
        for batch in _split_batches(ids):
            self._account.call("POST", path, body={"items": [{"id": item_id} for item_id in batch]})
        return set(ids) - known_ids

    def remove_items(self, collection_id: str, ids: Sequence[str]) -> None:
        """Remove pictures or clips from a collection."""
        path = f"{self._build_path(collection_id)}/items"
        for batch in _split_batches(ids):
            self._account.call("DELETE", path, [("item_id", item_id) for item_id in batch])

    def _build_path(self, collection_id: str, *, featured: bool = False) -> str:
        """Build the path of a collection; refuse characters that would lead to another call."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", collection_id) or collection_id == "featured":
            raise NotFound(ACCOUNT, f"There is no collection {collection_id[:40]!r}.")
        return f"{self._base}/{'featured/' if featured else ''}{collection_id}"

    def _iter_pages(
        self, path: str, shape: type[Wire], params: tuple[tuple[str, str], ...]
    ) -> Iterator[Wire]:
        """Yield the entries of a list, up to the first page that isn't full."""
        number = 0
        while True:
            number += 1
            paging = (("page", str(number)), ("per_page", str(PER_PAGE)))
            answer = self._account.call("GET", path, (*params, *paging))
            page = convert_answer(ACCOUNT, answer, _Page)
            yield from (_sanitize(convert_answer(ACCOUNT, entry, shape)) for entry in page.data)
            if len(page.data) < PER_PAGE:
                return


def _split_batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    unique = tuple(dict.fromkeys(ids))
    yield from (unique[i : i + BATCH] for i in range(0, len(unique), BATCH))


def _sanitize(entry: Wire) -> Wire:
    """Return an entry with plain texts and a safe web address."""
    if not isinstance(entry, Collection):
        return entry
    texts = {"name": clean_text(entry.name), "share_url": read_web_address(entry.share_url)}
    return msgspec.structs.replace(entry, **texts)
