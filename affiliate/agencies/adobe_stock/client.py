"""Adobe Stock: https://developer.adobe.com/stock/docs/ (search, files and locale references).

An answer holds only the requested columns. ``premium`` is always sent, for without ``premium`` an
answer may exceed its limit. A search leaves out free and editorial works. The filter of releases
selects works with any release, of people or of property. Colors are any but grayscale; people,
excluded words and kinds of licenses are no filters of the API, categories and contributors only by
numbers that visitors don't know. Footage can be filtered by length: up to 10, 20 or 30 seconds, or
more than 30. How deep an offset may reach and how long answers may be kept is not
documented; ``depth`` is our own bound. At most 5 calls a second are advised.
"""

import re
from typing import ClassVar

import msgspec

from affiliate.agencies.adobe_stock import schema as wire
from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import HEX, Filters, find_language
from affiliate.agencies.limits import Limit
from affiliate.agencies.parsing import decode_or_none, is_number
from affiliate.agencies.site_search import SiteSearch
from affiliate.agencies.terms import Terms
from affiliate.domain.media import Media, SearchQuery, SearchResult
from affiliate.domain.query import MIN_WIDTHS, ORIENTATIONS, TYPES
from affiliate.errors import BadCredentials, RequestRefused
from affiliate.transport.messages import Params, Refusal, Reply, Request, drop_empty

ORDERS = {"popular": "nb_downloads", "relevance": "relevance", "newest": "creation"}
DURATIONS = {"-10": "10", "-20": "20", "-30": "30", "30-": "30-"}
"""Our ranges of seconds and the API's."""
ACCESS = {"10", "11", "600"}
"""Codes of errors: a wrong token, a wrong key, a wrong product."""
LOCALES = (
    *("cs_CZ da_DK de_DE en_US es_ES fr_FR it_IT ja_JP".split()),
    *("ko_KR nb_NO nl_NL pl_PL pt_PT ru_RU sv_SE zh_CN".split()),
)
"""The API's locale for each of our languages that the API has."""


class AdobeStock(Agency):
    """Images and footage of Adobe Stock."""

    name = "adobe-stock"
    title = "Adobe Stock"
    api = "https://stock.adobe.io"
    credentials: ClassVar[Credentials] = (("API_KEY", "PRODUCT"),)
    buyer = ("ACCESS_TOKEN",)
    limits = (Limit(5, 1),)
    image_filters: ClassVar[Filters] = {
        "type": TYPES,
        "orientation": ORIENTATIONS,
        "min_width": MIN_WIDTHS,
        "color": HEX,
        "released": None,
        "no_ai": None,
        "sort": tuple(ORDERS),
    }
    video_filters: ClassVar[Filters] = {
        "media": ("video",),
        "released": None,
        "no_ai": None,
        "sort": tuple(ORDERS),
        "duration": tuple(DURATIONS),
    }
    approximate_filters: ClassVar[Filters] = {"orientation": ("panorama",), "released": None}
    max_per_call = 100
    depth = 4_800
    picture_hosts = ("https://*.ftcdn.net",)
    link_template = "https://adobe.prf.hn/click/camref:{affiliate_id}/destination:{landing}"
    network = "partnerize"
    link_source = "official guide for affiliates"
    site_search = SiteSearch(  # as public pages link to its searches
        pictures="https://stock.adobe.com/search?k={words}",
        footage="https://stock.adobe.com/search/video?k={words}",
        home="https://stock.adobe.com/",
    )
    terms = Terms(source="none found in the documentation of the API")
    expected_fields = ("title", "page_url", "contributor", "type", "categories", "preview")
    has_similar = True
    has_more_details = True
    license_url = "https://stock.adobe.com/license-terms"

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        fields = {"words": self.to_plain_query(query).q, "order": ORDERS[query.sort]}
        return self._search(fields, query, chunk, self.chunk_size)

    def _search(self, fields: dict[str, str], query: SearchQuery, chunk: int, size: int) -> Request:
        fields = {**fields, "limit": str(size), "offset": str(chunk * size)}
        params = {f"search_parameters[{name}]": value for name, value in fields.items()}
        params["locale"] = find_language(query.lang, LOCALES)
        return self._build_call(
            "Search/Files", drop_empty(params) + _filter_params(query) + wire.COLUMNS
        )

    def _build_call(self, path: str, params: Params) -> Request:
        key, product = self.keys.get("API_KEY", ""), self.keys.get("PRODUCT", "")
        return Request(
            agency=self.name,
            url=f"{self.url}/Rest/Media/1/{path}",
            params=params,
            headers={"x-api-key": key, "X-Product": product},
            secrets=tuple(self.keys.values()),
            judge=read_error,
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        answer = self.decode(reply.json(), wire.Files)
        items = (wire.to_media(self.name, file) for file in answer.files)
        return SearchResult(tuple(media for media in items if media), answer.nb_results)

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not is_id(media_id):
            return super().fetch_details(media_id, media)
        reply = self.transport.send(self._build_call("Files", (("ids", media_id), *wire.COLUMNS)))
        items = self.parse_results(reply, SearchQuery()).items
        return items[0] if items else super().fetch_details(media_id, media)

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not is_id(media_id):
            return super().fetch_similar(media_id, query, chunk)
        call = self._search({"similar": media_id}, query, chunk, self.similar_size)
        result = self.parse_results(self.transport.send(call), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return msgspec.structs.replace(result, items=others)

    def check_key(self) -> Check:
        self.transport.send(self._search({"words": "flower"}, SearchQuery(), 0, 1))
        return Check("takes the key and the product")

    def build_landing_url(self, media: Media) -> str:
        return wire.build_page_url(media.id)

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        del media
        return wire.build_page_url(media_id) if is_number(media_id) else ""


def _filter_params(query: SearchQuery) -> Params:
    """Return the parameters of the filters, with the restriction to pictures or to footage."""
    kinds = ("video",) if query.media == "video" else (query.type,) if query.type else TYPES
    is_panorama = query.orientation == "panorama"
    filters = {
        **{f"content_type:{kind}": "1" for kind in kinds},
        "orientation": "horizontal" if is_panorama else query.orientation or "",
        "panoramic:on": "1" if is_panorama else "",
        "image_width": f"{query.min_width}-" if query.min_width else "",
        "colors": query.color or "",
        "has_releases": "true" if query.released else "",
        "gentech": "false" if query.no_ai else "",
        "video_duration": DURATIONS.get(query.duration or "", ""),
        "offensive:2": "0" if query.safe else "1",
        "premium": "all",
    }
    return drop_empty({f"search_parameters[filters][{n}]": value for n, value in filters.items()})


def is_id(text: str) -> bool:
    """Return whether a text may be the number of a work; the numbers reach 2**53 - 1."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,15}", text))


def read_error(status: int, body: bytes) -> Refusal | None:
    """Return the refusal in an answer.

    A code of a wrong key counts with any status, other errors only with a status of success.
    """
    failure = decode_or_none(body, wire.Failure)
    if failure is None or not failure.error:
        return None
    if str(failure.code) in ACCESS:
        return Refusal(BadCredentials, failure.error)
    return Refusal(RequestRefused, failure.error) if status < 400 else None  # noqa: PLR2004 - the range of errors
