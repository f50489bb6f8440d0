"""iStock, through version 3 of the API of Getty Images, the owner of iStock.

Requests and answers are in the official OpenAPI description (https://developer.gettyimages.com).
Only ``referral_destinations`` has addresses at iStock, under ``istockphoto``; pictures without such
an address are sold by Getty Images alone and are left out. Getty sets, for each key, the pictures
that a search may find.

Keys of affiliates may be allowed nothing but ``/v3/affiliates/search/images``: a key that is
refused the search of customers searches there, and for an hour only there. The search of affiliates
takes words and photos or vectors, has no pages and no count, and gives each picture's
``destination_url``.

Not documented, but read in other people's code: the name ``istockphoto``, the hosts of pictures,
the form of the affiliate link (Impact) with its ad, and that a ``mid_res_comp`` has 1024 pixels, a
``comp`` 612 and a ``thumb`` 170 on the longer side; the ratio is the ratio of ``max_dimensions``,
or else 3:2. How deep pages reach is not documented; ``depth`` is our own bound. A search must have
words. 3 and 4 people are both the API's "group"; Portuguese is Brazilian, English American.
"""

import math
import re
import time
from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import HEX, Filters, find_language
from affiliate.agencies.istock import schema as wire
from affiliate.agencies.parsing import select_densities
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    clean_id,
    clean_text,
    clean_texts,
)
from affiliate.domain.query import ORIENTATIONS
from affiliate.errors import Blocked, Forbidden, RequestRefused
from affiliate.transport.messages import Params, Reply, Request, drop_empty

IDS = r"[A-Za-z0-9_-]{1,40}"
CUSTOMERS = "/v3/search/images/creative"
AFFILIATES = "/v3/affiliates/search/images"
LEARNED_SECONDS: Final = 3600.0
"""Seconds for which a key that was refused the search of customers isn't tried there again."""
FIELDS = (
    "id,title,thumb,comp,display_set,max_dimensions,artist,asset_family,graphical_style"
    ",referral_destinations"
)


class AffiliateKeyMemory:
    """Memory, for an hour, that a key is a key of affiliates, learned from the last search."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._ends = -math.inf

    def set(self) -> None:
        """Restart the hour."""
        self._ends = self._now() + LEARNED_SECONDS

    def is_set(self) -> bool:
        """Return whether the hour has not ended."""
        return self._now() < self._ends


class Istock(Agency):
    """Pictures of iStock."""

    name = "istock"
    title = "iStock"
    api = "https://api.gettyimages.com"
    credentials: ClassVar[Credentials] = (("API_KEY",),)
    buyer = ("API_SECRET", "USERNAME", "PASSWORD")
    image_filters: ClassVar[Filters] = {
        "type": tuple(wire.TYPES),
        "orientation": ORIENTATIONS,
        "color": HEX,
        "people": tuple(wire.PEOPLE),
        "age": tuple(wire.AGES),
        "ethnicity": tuple(wire.ETHNICITIES),
        "contributor": None,
        "license": ("commercial",),
        "sort": tuple(wire.SORTS),
    }
    approximate_filters: ClassVar[Filters] = {
        "orientation": ("panorama",),
        "people": ("3", "4"),
    }
    max_per_call = 100
    depth = 9_600
    picture_hosts = ("https://*.istockphoto.com", "https://*.gettyimages.com")
    link_template = "https://istockphoto.6q33.net/c/{affiliate_id}/258824/4205?u={landing}"
    network = "impact"
    link_source = "read in other people's code"
    site_search = SiteSearch(  # as public pages link to its searches
        pictures="https://www.istockphoto.com/search/2/image?phrase={words}",
        footage="https://www.istockphoto.com/search/2/film?phrase={words}",
        home="https://www.istockphoto.com/",
    )
    expected_fields: tuple[str, ...] = ("title", "page_url", "contributor", "type")
    has_similar = True
    has_more_details = True
    license_url = "https://www.istockphoto.com/legal/license-agreement"

    def set_up(self) -> None:
        self._for_affiliates = AffiliateKeyMemory()  # copies of the agency share this object

    def list_unsupported_filters(self, query: SearchQuery) -> tuple[str, ...]:
        """Return the names, also of filters that need words or are beyond a key of affiliates."""
        wordless_names = {"contributor", "color"} & query.list_filters() if not query.q else set()
        further_names = _list_customer_filters(query) if self._for_affiliates.is_set() else ()
        return tuple(
            dict.fromkeys(
                (*super().list_unsupported_filters(query), *sorted(wordless_names), *further_names)
            )
        )

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        deadline = time.monotonic() + self.transport.total_seconds
        if not self._for_affiliates.is_set():
            try:
                result = super().search(query, chunk)
            except Blocked:
                raise
            except Forbidden as error:
                refusal = error
            else:
                self.expected_fields = type(self).expected_fields
                return result
            try:
                return self._search_for_affiliates(query, chunk, self.seconds_left(deadline))
            except Forbidden:
                raise refusal from None
        return self._search_for_affiliates(query, chunk)

    def _search_for_affiliates(
        self, query: SearchQuery, chunk: int, seconds: float | None = None
    ) -> SearchResult:
        """Return the only page of a search of affiliates; later pages are empty."""
        if filters := _list_customer_filters(query):
            names = ", ".join(filters)
            raise RequestRefused(self.name, f"A key of affiliates can't search by {names}.")
        if chunk:
            return SearchResult(())
        call = self._build_call(
            AFFILIATES, wire.build_affiliate_params(self.to_plain_query(query)), query.lang
        )
        reply = self.transport.send(call, seconds)
        answer = self.decode(reply.json(), wire.AffiliateImages)
        self._for_affiliates.set()
        self.expected_fields = ("title", "page_url")
        results = (wire.to_affiliate_media(self.name, image) for image in answer.images or ())
        items = tuple(media for media in results if media)
        correction = answer.auto_corrections or wire.Correction()
        corrected = clean_text(correction.phrase) or None
        return SearchResult(items, len(items), corrected, capped=bool(items))

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        params = wire.search_params(self.to_plain_query(query)) + _build_paging(
            chunk, self.chunk_size
        )
        return self._build_call(CUSTOMERS, params, query.lang)

    def _build_call(self, path: str, params: Params, lang: str | None = None) -> Request:
        language = drop_empty({"Accept-Language": find_language(lang, wire.LANGUAGES)})
        return Request(
            agency=self.name,
            url=self.url + path,
            params=params,
            headers={"Api-Key": self.keys.get("API_KEY", ""), **dict(language)},
            secrets=tuple(self.keys.values()),
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        answer = self.decode(reply.json(), wire.Images)
        correction = answer.auto_corrections or wire.Correction()
        return SearchResult(
            self._to_medias(answer.images),
            answer.result_count,
            corrected=clean_text(correction.phrase) or None,
        )

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not re.fullmatch(IDS, media_id):
            return super().fetch_details(media_id, media)
        call = self._build_call(f"/v3/images/{media_id}", (("fields", f"{FIELDS},keywords"),))
        items = self._to_medias(self.decode(self.transport.send(call).json(), wire.Details).images)
        return items[0] if items else super().fetch_details(media_id, media)

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not re.fullmatch(IDS, media_id):
            return super().fetch_similar(media_id, query, chunk)
        if self._for_affiliates.is_set():
            return SearchResult((), 0)
        params = _build_paging(chunk, self.similar_size)
        call = self._build_call(f"/v3/images/{media_id}/similar", params, query.lang)
        result = self.parse_results(self.transport.send(call), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return msgspec.structs.replace(result, items=others)

    def check_key(self) -> Check:
        params = (("phrase", "flower"), ("fields", "id"), ("page_size", "1"))
        try:
            self.transport.send(self._build_call(CUSTOMERS, params))
        except Blocked:
            raise
        except Forbidden:
            self._search_for_affiliates(SearchQuery(q="flower"), 0)
            return Check("takes the key, for the search of affiliates alone")
        return Check("takes the key")

    def _to_medias(self, images: list[wire.Image] | None) -> tuple[Media, ...]:
        """Return the pictures that iStock sells and that can be shown."""
        return tuple(media for media in map(self._to_media, images or ()) if media)

    def _to_media(self, image: wire.Image) -> Media | None:
        small, page = wire.display_renditions(image, wire.RENDITIONS), wire.find_istock_page(image)
        if not small or page is None or not image.id:
            return None
        large = wire.display_renditions(image, wire.LARGE)
        return Media(
            agency=self.name,
            id=clean_id(image.id),
            type=wire.STYLES.get((image.graphical_style or "").casefold()),
            title=clean_text(image.title),
            keywords=clean_texts(keyword.text for keyword in image.keywords or ()),
            page_url=page,
            contributor=clean_text(image.artist) or None,
            editorial=(image.asset_family or "").casefold() == "editorial",
            thumbnail=small[0],
            preview=large[0] if large else None,
            renditions=select_densities(small[0], *large),
            original=wire.find_largest_sides(image),
        )


def _list_customer_filters(query: SearchQuery) -> tuple[str, ...]:
    """Return the names of a search's filters that the search of affiliates can't express."""
    supported = {"type"} if query.type in {None, *wire.AFFILIATE_STYLES} else set()
    return tuple(sorted(query.list_filters() - supported))


def _build_paging(chunk: int, size: int) -> Params:
    return (("fields", FIELDS), ("page", str(chunk + 1)), ("page_size", str(size)))
