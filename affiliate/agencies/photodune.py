"""PhotoDune through the Envato Market API: https://build.envato.com/api/.

The calls and fields are read in other people's clients, which cite these documents. The token is a
personal token with the permission to view and search Envato sites. PhotoDune sells nothing but
photos. The API has no safe search; the values of ``colors`` are not documented, hence no filter of
color. Whether ``this-week`` is a week of the calendar isn't documented, hence dates are
approximate. A ``category`` is Envato's own code of a category, such as ``misc``. The most popular
photos are the photos with the most sales. Pages of a search end at the 60th, and by a guess pages
of similar pictures, too. A preview without a stated size gets a box of 3:2. Items of Envato's other
markets share its ids.
"""

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.parsing import fit_rendition, read_number, select_densities
from affiliate.agencies.site_search import SiteSearch
from affiliate.agencies.terms import Terms
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    Thumbnail,
    clean_text,
    clean_texts,
    read_web_address,
)
from affiliate.domain.query import ADDED
from affiliate.transport.messages import Reply, Request, drop_empty

SITE = "photodune.net"
SEARCH = "/v1/discovery/search/search"
PAGES = 60
"""The last page that can be reached."""
ORIENTATIONS = {"horizontal": "landscape", "vertical": "portrait", "square": "square"}
ORDERS = {
    "popular": ("sales", "desc"),
    "relevance": ("relevance", "desc"),
    "newest": ("date", "desc"),
    "oldest": ("date", "asc"),
}
PREVIEWS = (("thumbnail_preview", "large"), ("icon_with_thumbnail_preview", "thumbnail"))
"""Previews of a photo, with the prefix of the names of their fields; the best comes first."""
BOX = 300
"""Pixels of the longer side of a preview without a stated size."""
IDS = r"[1-9][0-9]{0,17}"


class Item(msgspec.Struct):
    """One item of a market."""

    id: int
    url: str
    name: str = ""
    site: str = SITE
    author_username: str | None = None
    tags: list[str] = []
    previews: dict[str, Any] = {}


class Found(msgspec.Struct):
    """A page of items, and the number of all items."""

    matches: list[Item]
    total_hits: int


class PhotoDune(Agency):
    """Photos of PhotoDune, Envato's market of photos."""

    name = "photodune"
    title = "PhotoDune"
    api = "https://api.envato.com"
    credentials: ClassVar[Credentials] = (("TOKEN",),)
    image_filters: ClassVar[Filters] = {
        "type": ("photo",),
        "orientation": tuple(ORIENTATIONS),
        "added": tuple(ADDED),
        "category": None,
        "contributor": None,
        "sort": tuple(ORDERS),
    }
    approximate_filters: ClassVar[Filters] = {"added": None}
    max_per_call = 100
    depth = PAGES * 96
    picture_hosts = ("https://*.envatousercontent.com", "https://*.envato.com")
    link_template = "https://1.envato.market/c/{affiliate_id}/275988/4415?u={landing}"
    network = "impact"
    link_source = "read in other people's code"
    site_search = SiteSearch(  # read in other people's code
        pictures="https://photodune.net/search/{words}",
        home="https://photodune.net/",
    )
    terms = Terms(
        source="Envato Market API Terms of 2025-03-11; no rule of those kept here is known"
    )
    expected_fields = ("title", "keywords", "page_url", "contributor", "type")
    source_quality = "documented by third parties"
    has_similar = True

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        order, direction = ORDERS[query.sort]
        return self._build_call(
            f"{SEARCH}/item",
            {
                "site": SITE,
                "term": self.to_plain_query(query).q,
                "orientation": ORIENTATIONS.get(query.orientation or "", ""),
                "date": f"this-{query.added}" if query.added else "",
                "category": query.category or "",
                "username": query.contributor or "",
                "sort_by": order,
                "sort_direction": direction,
                "page": str(chunk + 1),
                "page_size": str(self.chunk_size),
            },
        )

    def _build_call(self, path: str, params: Mapping[str, str]) -> Request:
        return Request(
            agency=self.name,
            url=self.url + path,
            params=drop_empty(params),
            headers={"Authorization": f"Bearer {self.keys.get('TOKEN', '')}"},
            secrets=tuple(self.keys.values()),
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        page = self.decode(reply.json(), Found)
        items = (self._to_media(item) for item in page.matches)
        return SearchResult(tuple(media for media in items if media), page.total_hits)

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not re.fullmatch(IDS, media_id):
            return super().fetch_details(media_id, media)
        reply = self.transport.send(self._build_call("/v3/market/catalog/item", {"id": media_id}))
        return self._to_media(self.decode(reply.json(), Item)) or super().fetch_details(
            media_id, media
        )

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not re.fullmatch(IDS, media_id):
            return super().fetch_similar(media_id, query, chunk)
        if chunk >= PAGES:
            return SearchResult(())
        params = {"page": str(chunk + 1), "page_size": str(self.similar_size)}
        call = self._build_call(f"{SEARCH}/more_like_this", {"item_id": media_id, **params})
        result = self.parse_results(self.transport.send(call), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return SearchResult(others, result.total)

    def check_key(self) -> Check:
        params = {"site": SITE, "term": "flower", "page_size": "1"}
        self.transport.send(self._build_call(f"{SEARCH}/item", params))
        return Check("takes the token")

    def _to_media(self, item: Item) -> Media | None:
        page = read_web_address(item.url)
        previews = [
            preview for preview in (_read_preview(item, *names) for names in PREVIEWS) if preview
        ]
        if item.site != SITE or page is None or not previews:
            return None
        return Media(
            agency=self.name,
            id=str(item.id),
            type="photo",
            title=clean_text(item.name),
            keywords=clean_texts(item.tags),
            page_url=page,
            contributor=clean_text(item.author_username) or None,
            thumbnail=previews[0],
            preview=max(previews, key=lambda preview: preview.width),
            renditions=select_densities(*previews),
        )


def _read_preview(item: Item, name: str, prefix: str) -> Thumbnail | None:
    """Return a preview of an item, in a box of 3:2 without a stated size; None without one."""
    fields = item.previews.get(name)
    if not isinstance(fields, dict):
        return None
    url = fields.get(f"{prefix}_url")
    width, height = (read_number(fields.get(f"{prefix}_{side}")) for side in ("width", "height"))
    return fit_rendition(url, width, height, int(max(width, height))) or fit_rendition(
        url, 3, 2, BOX
    )
