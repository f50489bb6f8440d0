"""Depositphotos, documented by the reference of its Enterprise API and by its SDK for PHP.

The reference is enterprise-api-doc.readthedocs.io, the SDK github.com/depositphotos/api-sdk-php;
similar pictures and the kinds of errors stand in the SDK alone. Every answer comes with HTTP 200;
its ``type`` marks an error. Illustrations and releases are no filters of the API, categories only
by number, a color only beside words or a contributor. Footage is left out, for no document shows
the answer for a clip; the details of a clip look like the details of a picture. The most pictures
of a call are not documented: calls request the default of 100 at most. Nor is the largest offset:
``depth`` is our own bound.
"""

import re
from collections.abc import Iterable
from typing import ClassVar

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.depositphotos import filters
from affiliate.agencies.depositphotos import schema as wire
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.parsing import decode_or_none
from affiliate.agencies.site_search import SiteSearch
from affiliate.agencies.terms import Terms
from affiliate.domain.media import Media, SearchQuery, SearchResult
from affiliate.errors import AgencyDown, BadCredentials, Forbidden, NotFound, RequestRefused
from affiliate.transport.messages import Params, Refusal, Reply, Request, drop_empty

REFUSALS = {
    "EIllegalApiKey": BadCredentials,
    "EIllegalSession": BadCredentials,
    "Authentication": BadCredentials,
    "EApiTypeNotAllowed": Forbidden,
    "NotFoundItemException": NotFound,
    "EInternalError": AgencyDown,
}
"""Errors by the last part of an exception's name; all other names are `RequestRefused`."""


class Depositphotos(Agency):
    """Images of Depositphotos."""

    name = "depositphotos"
    title = "Depositphotos"
    api = "https://api.depositphotos.com"
    credentials: ClassVar[Credentials] = (("API_KEY",),)
    buyer = ("USERNAME", "PASSWORD")
    image_filters: ClassVar[Filters] = filters.EXPRESSES
    approximate_filters: ClassVar[Filters] = filters.LOOSELY
    max_per_call = 100
    depth = 9_600
    picture_hosts = ("https://*.depositphotos.com",)
    link_template = "{landing_url}?ref={affiliate_id}"
    network = "query"
    link_source = "official pages of the referral program"
    site_search = SiteSearch(  # as public pages link to its searches of pictures
        pictures="https://depositphotos.com/stock-photos/{words}.html",
        home="https://depositphotos.com/",
        space="-",
    )
    terms = Terms(source="none found in the documents of the API")
    expected_fields = ("title", "page_url", "contributor", "type", "preview")
    has_similar = True
    has_more_details = True

    def list_unsupported_filters(self, query: SearchQuery) -> tuple[str, ...]:
        names = super().list_unsupported_filters(query)
        color_alone = query.color and not (query.q or query.contributor)
        return (*names, "color") if color_alone and "color" not in names else names

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        page = {
            "dp_search_limit": str(self.chunk_size),
            "dp_search_offset": str(chunk * self.chunk_size),
        }
        return self._build_call(
            "search", filters.search_params(self.to_plain_query(query)) + drop_empty(page)
        )

    def _build_call(self, command: str, params: Params) -> Request:
        key = self.keys.get("API_KEY", "")
        return Request(
            agency=self.name,
            url=self.url,
            params=(("dp_apikey", key), ("dp_command", command), *params),
            secrets=tuple(self.keys.values()),
            judge=read_error,
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        answer = self.decode(reply.json(), wire.Found)
        return SearchResult(self._to_medias(answer.result), wire.read_total(answer.count))

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not is_id(media_id):
            return super().fetch_details(media_id, media)
        reply = self.transport.send(self._build_call("getMediaData", (("dp_media_id", media_id),)))
        items = self._to_medias([self.decode(reply.json(), wire.Item)])
        return items[0] if items else super().fetch_details(media_id, media)

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not is_id(media_id):
            return super().fetch_similar(media_id, query, chunk)
        params = {
            "dp_search_item_id": media_id,
            "dp_related_type": "similar",
            "dp_limit": str(self.similar_size),
            "dp_offset": str(chunk * self.similar_size),
        }
        reply = self.transport.send(self._build_call("getRelated", drop_empty(params)))
        answer = self.decode(reply.json(), wire.Related)
        others = [item for item in answer.items if str(item.id) != media_id]
        return SearchResult(self._to_medias(others), wire.read_total(answer.count))

    def check_key(self) -> Check:
        params = (("dp_search_query", "flower"), ("dp_search_limit", "1"))
        self.transport.send(self._build_call("search", params))
        return Check("takes the key")

    def build_landing_url(self, media: Media) -> str:
        return re.split(r"[?#]", media.page_url)[0]

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        """Return the address of an id in the form that a third party's plugin uses."""
        del media
        return f"http://www.depositphotos.com/{media_id}/" if is_id(media_id) else ""

    def _to_medias(self, items: Iterable[wire.Item]) -> tuple[Media, ...]:
        """Return the items that can be shown."""
        return tuple(media for media in (wire.to_media(self.name, item) for item in items) if media)


def is_id(text: str) -> bool:
    """Return whether a text may be the number of a picture."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,15}", text))


def read_error(status: int, body: bytes) -> Refusal | None:
    """Return the refusal that an exception means, with any HTTP status."""
    del status
    failure = decode_or_none(body, wire.Failure)
    if failure is None or failure.type != "failure":
        return None
    kind = failure.error.exception.rpartition("\\")[2]
    return Refusal(REFUSALS.get(kind, RequestRefused), failure.error.errormsg)
