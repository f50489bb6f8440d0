"""Shutterstock Editorial: news, sport and entertainment, a library of its own (OpenAPI 1.1.32).

The agency uses the key, the address and the affiliate id of ``shutterstock``, which must be on
too. A setting with the country in which items will be shown turns the agency on: the API gives
only items that may be distributed in that country, and refuses a search without a country.

Results are paged by cursors; the cursor of a chunk stands in the answer with the chunk before. A
deep chunk is therefore reached through the chunks before, whose cursors a process remembers;
``depth`` bounds the number of these calls, which count as a single call. There is no safe search,
no language and no popularity. The page of an item (``/editorial/image-editorial/{id}``,
``/editorial/video/{id}``) is a guess after addresses seen in public material.
"""

import re
import threading
import time
from collections.abc import Sequence
from typing import ClassVar, Final

from affiliate.agencies.base import Agency
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.parsing import find_first_rendition, select_densities
from affiliate.agencies.shutterstock import schema as wire
from affiliate.agencies.shutterstock.client import Shutterstock
from affiliate.agencies.shutterstock.schema import Report, Reports
from affiliate.agencies.shutterstock.video import clip_url, make_still_thumbnail
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import (
    Contributor,
    Media,
    SearchQuery,
    SearchResult,
    Thumbnail,
    clean_id,
    clean_text,
    clean_texts,
)
from affiliate.domain.query import RESOLUTIONS
from affiliate.errors import NotFound, RequestRefused
from affiliate.transport.messages import Params, Reply, Request, drop_empty

IDS: Final = r"[0-9]{1,20}[a-zA-Z]{1,4}"
THUMBNAILS: Final = ("thumb_220", "watermark_450", "thumb_170")
PREVIEWS: Final = ("watermark_1500", "watermark_450")
SIZES: Final = ("small_jpg", "medium_jpg", "original")
SORTS: Final = {"newest": "newest", "oldest": "oldest"}
"""Our orders and the API's; all other orders become the API's own, by relevance."""
MOST_CURSORS: Final = 1000
"""The most cursors that a process remembers; a further cursor clears the memory first."""


class ShutterstockEditorial(Shutterstock):
    """The editorial library of Shutterstock."""

    name = "shutterstock-editorial"
    title = "Shutterstock Editorial"
    credentials = (("COUNTRY",),)
    account = "shutterstock"
    image_filters: ClassVar[Filters] = {
        "exclude": None,
        "category": None,
        "license": ("editorial",),
        "sort": ("relevance", "newest", "oldest"),
    }
    video_filters: ClassVar[Filters] = {
        **image_filters,
        "media": ("video",),
        "resolution": RESOLUTIONS,
    }
    site_search = SiteSearch(  # read in other people's code; the form for footage was not found
        pictures="https://www.shutterstock.com/editorial/search/{words}",
        home="https://www.shutterstock.com/editorial",
    )
    max_per_call = 50
    depth = 240
    has_similar = False
    has_suggestions = False
    collection_size = 0
    ids_per_call = 1
    options = ()
    min_flowers = 0

    def set_up(self) -> None:
        self._country = self.keys.pop("COUNTRY", "")  # no secret, which would be struck out
        self._cursors: dict[tuple[str, int], str] = {}
        self._lock = threading.Lock()

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        key = query.to_key()
        numbers = (n for n in range(chunk, 0, -1) if (key, n) in self._cursors)
        start = next(numbers, 0)
        try:
            return self._walk_to_chunk(query, key, start, chunk)
        except RequestRefused:
            if start == 0:
                raise
        # cursors may expire; after what time isn't documented
        return self._walk_to_chunk(query, key, 0, chunk)

    def _walk_to_chunk(self, query: SearchQuery, key: str, start: int, chunk: int) -> SearchResult:
        """Return a chunk, reached through the chunks from ``start`` on, in the time of one call."""
        deadline = time.monotonic() + self.transport.total_seconds
        cursor: str | None = self._cursors.get((key, start), "")
        for number in range(start, chunk + 1):
            request = self._search_request(query, cursor or "")
            reply = self.transport.send(request, self.seconds_left(deadline))
            cursor = self._next_cursor(reply, key, number)
            if cursor is None:
                break
        result = self.parse_results(reply, query)
        return result if number == chunk else SearchResult((), result.total)

    def _next_cursor(self, reply: Reply, key: str, number: int) -> str | None:
        """Remember and return the cursor of the next chunk; None without a next chunk."""
        cursor = self.decode(reply.json(), Reports).next
        with self._lock:
            if len(self._cursors) >= MOST_CURSORS:
                self._cursors = {}
            if cursor:
                self._cursors[key, number + 1] = cursor
        return cursor or None

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        """Return the call for the first chunk; later chunks need the cursor of an answer."""
        del chunk
        return self._search_request(query, "")

    def _search_request(self, query: SearchQuery, cursor: str) -> Request:
        query = self.to_plain_query(query)
        params = {
            "query": wire.query_expression(query.q, query.exclude),
            "country": self._country,
            "category": query.category or "",
            "resolution": query.resolution or "",
            "sort": SORTS.get(query.sort, "relevant"),
            "per_page": str(self.chunk_size),
            "cursor": cursor,
        }
        return self._build_call(f"{_build_path(query.media)}/search", drop_empty(params))

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        results = self.decode(reply.json(), Reports)
        medias = (
            self._report_to_media(report, query.media, results.search_id) for report in results.data
        )
        items = tuple(media for media in medias if media)
        search_id = clean_id(results.search_id) or None
        return SearchResult(items, results.total_count, search_id=search_id)

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        not_found = NotFound(self.name, f"There is no picture {media_id[:40]!r}.")
        if not re.fullmatch(IDS, media_id):
            raise not_found
        country: Params = (("country", self._country),)
        call = self._build_call(f"{_build_path(media)}/{percent_encode(media_id)}", country)
        try:
            reply = self.transport.send(call)
        except RequestRefused:  # 406, also for items that may not be shown in this country
            raise not_found from None
        result = self._report_to_media(self.decode(reply.json(), Report), media)
        if result is None:
            raise not_found
        return result

    def fetch_media(self, ids: Sequence[str], media: str = "image") -> tuple[Media, ...]:
        """Send a call for each id, since no call takes several."""
        return Agency.fetch_media(self, ids, media)

    def list_categories(self, lang: str, media: str = "image") -> tuple[str, ...]:
        del lang  # the call takes no language
        reply = self.transport.send(self._build_call(f"{_build_path(media)}/categories"))
        return wire.list_category_names(self.decode(reply.json(), wire.CategoryList).data)

    def fetch_contributors(self, ids: Sequence[str]) -> tuple[Contributor, ...]:
        """Return no profiles, since items have bylines alone."""
        return Agency.fetch_contributors(self, ids)

    def _report_to_media(
        self, report: Report, media: str, search_id: str | None = None
    ) -> Media | None:
        """Convert a report to `Media`; None where the report has no thumbnail or id."""
        is_video = media == "video"
        small = (
            make_still_thumbnail(report.assets.get("thumb_jpg"), report.aspect)
            if is_video
            else find_first_rendition(report.assets, THUMBNAILS)
        )
        if small is None or not clean_id(report.id):
            return None
        return Media(
            agency=self.name,
            id=clean_id(report.id),
            media=media,
            title=clean_text(report.title) or clean_text(report.description),
            keywords=clean_texts(report.keywords),
            page_url=_build_page_url(media, report.id),
            editorial=True,
            attribution=clean_text(report.byline) or None,
            clip=clip_url(report.assets),
            thumbnail=small,
            preview=None if is_video else find_first_rendition(report.assets, PREVIEWS),
            renditions=() if is_video else select_densities(small, _select_densities(report)),
            sizes=wire.read_sizes(report.assets, SIZES),
            categories=wire.list_category_names(report.categories),
            search_id=clean_id(search_id) or None,
        )

    def build_landing_url(self, media: Media) -> str:
        return _build_page_url(media.media, media.id)

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        return _build_page_url(media, media_id) if re.fullmatch(IDS, media_id) else ""


def _select_densities(report: Report) -> Thumbnail | None:
    """Return the rendition that screens of high density show for a small thumbnail."""
    return find_first_rendition(report.assets, ("watermark_450",))


def _build_page_url(media: str, media_id: str) -> str:
    part = "video" if media == "video" else "image-editorial"
    return f"https://www.shutterstock.com/editorial/{part}/{percent_encode(media_id)}"


def _build_path(media: str) -> str:
    return f"/v2/editorial/{'videos' if media == 'video' else 'images'}"
