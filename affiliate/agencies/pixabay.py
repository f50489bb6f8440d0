"""Pixabay, free images: https://pixabay.com/api/docs/, as other people's code restates it.

Errors are plain text, mostly with HTTP 400. Pages reach the first 500 pictures of a search. Details
are a search by ``id``. Links lead to the picture's page, for there is no affiliate program. Answers
must be kept for 24 hours, after which the addresses of pictures end; a page must name the source of
its pictures. Addresses of pictures may stand in results, but not in lasting places. The limit is
100 calls a minute.
"""

from typing import ClassVar

import msgspec

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters, find_language
from affiliate.agencies.limits import Limit
from affiliate.agencies.parsing import (
    fit_rendition,
    is_number,
    read_original_sides,
    read_rendition,
    select_densities,
)
from affiliate.agencies.site_search import SiteSearch
from affiliate.agencies.terms import Terms
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    clean_text,
    clean_texts,
    read_web_address,
)
from affiliate.domain.query import MIN_WIDTHS, TYPES
from affiliate.domain.words import shorten_words
from affiliate.errors import BadCredentials
from affiliate.transport.messages import Refusal, Reply, Request, drop_empty

DAY = 86400
MAX_WORDS = 100
"""The most characters of words in a search."""
ORDERS = {"popular": "popular", "newest": "latest"}
TITLE_TAGS = 5
"""The number of tags that replace a title, since pictures have no title."""
LARGE = 1280
"""Pixels of the longer side of the large rendition at most."""
LANGUAGES = "bg cs da de el en es fi fr hu id it ja ko nl no pl pt ro ru sk sv th tr vi zh".split()


class Hit(msgspec.Struct, rename="camel"):
    """A picture; ``webformat`` is the rendition of at most 640 pixels."""

    id: int
    page_url: str = msgspec.field(name="pageURL")
    webformat_url: str = msgspec.field(name="webformatURL")
    webformat_width: int
    webformat_height: int
    type: str = ""
    tags: str = ""
    user: str = ""
    large_image_url: str = msgspec.field(name="largeImageURL", default="")
    image_width: int | float | str | None = None
    image_height: int | float | str | None = None


class Hits(msgspec.Struct, rename="camel"):
    """A page of pictures: ``total`` counts all, ``total_hits`` the pictures within reach."""

    hits: list[Hit]
    total_hits: int
    total: int = 0


class Pixabay(Agency):
    """Free images of Pixabay, beside the paid ones."""

    name = "pixabay"
    title = "Pixabay"
    api = "https://pixabay.com"
    credentials: ClassVar[Credentials] = (("KEY",),)
    image_filters: ClassVar[Filters] = {
        "type": TYPES,
        "orientation": ("horizontal", "vertical"),
        "min_width": MIN_WIDTHS,
        "color": ("grayscale",),
        "sort": tuple(ORDERS),
    }
    limits = (Limit(100, 60),)
    max_per_call = 200
    depth = 500
    picture_hosts = ("https://pixabay.com", "https://cdn.pixabay.com")
    is_free = True
    license_url = "https://pixabay.com/service/license-summary/"
    site_search = SiteSearch(  # as public pages link to its searches
        pictures="https://pixabay.com/images/search/{words}/",
        home="https://pixabay.com/",
    )
    terms = Terms(
        source="the documentation, as third parties restate it",
        fresh=DAY,
        keep=DAY,
        credit=("Pixabay", "https://pixabay.com/"),
        hotlink=False,
    )
    expected_fields = ("title", "keywords", "page_url", "contributor", "type", "preview")
    source_quality = "documented by third parties"

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        return self._build_call(
            {
                "q": shorten_words(self.to_plain_query(query).q, MAX_WORDS),
                "lang": find_language(query.lang, LANGUAGES),
                "image_type": query.type or "",
                "orientation": query.orientation or "",
                "min_width": query.min_width or "",
                "colors": query.color or "",
                "safesearch": "true" if query.safe else "false",
                "order": ORDERS[query.sort],
                "page": str(chunk + 1),
                "per_page": str(self.chunk_size),
            }
        )

    def _build_call(self, params: dict[str, str]) -> Request:
        return Request(
            agency=self.name,
            url=f"{self.url}/api/",
            params=(("key", self.keys.get("KEY", "")), *drop_empty(params)),
            secrets=tuple(self.keys.values()),
            judge=_read_error,
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        page = self.decode(reply.json(), Hits)
        items = (self._to_media(hit) for hit in page.hits)
        return SearchResult(
            tuple(media for media in items if media), max(page.total, page.total_hits)
        )

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not is_number(media_id):
            return super().fetch_details(media_id, media)
        reply = self.transport.send(self._build_call({"id": media_id}))
        items = self.parse_results(reply, SearchQuery()).items
        return items[0] if items else super().fetch_details(media_id, media)

    def check_key(self) -> Check:
        self.transport.send(self._build_call({"q": "flower", "per_page": "3"}))
        return Check("takes the key")

    def _to_media(self, hit: Hit) -> Media | None:
        size = (hit.webformat_width, hit.webformat_height)
        rendition = {"url": hit.webformat_url, "width": size[0], "height": size[1]}
        thumbnail, page = read_rendition(rendition), read_web_address(hit.page_url)
        if thumbnail is None or page is None:
            return None
        large = fit_rendition(hit.large_image_url, *size, LARGE)
        kind = hit.type.partition("/")[0]
        tags = clean_texts(hit.tags.split(","))
        return Media(
            agency=self.name,
            id=str(hit.id),
            type=kind if kind in TYPES else None,
            title=", ".join(tags[:TITLE_TAGS]),
            keywords=tags,
            page_url=page,
            contributor=clean_text(hit.user) or None,
            thumbnail=thumbnail,
            preview=large,
            renditions=select_densities(thumbnail, large),
            original=read_original_sides(hit.image_width, hit.image_height),
        )


def _read_error(status: int, body: bytes) -> Refusal | None:
    """Return BadCredentials for plain text about the API key with a status of an error."""
    text = body.decode("utf-8", "replace").strip()
    wrong = status >= 400 and "API key" in text and not text.startswith("<")  # noqa: PLR2004 - the range of errors
    return Refusal(BadCredentials, text) if wrong else None
