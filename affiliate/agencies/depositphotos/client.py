"""Depositphotos, documented by the reference of its Enterprise API and by its SDK for PHP.

They are enterprise-api-doc.readthedocs.io and github.com/depositphotos/api-sdk-php; similar
pictures and the kinds of errors stand in the SDK alone. Every answer comes with HTTP 200; its
``type`` tells an error. Illustrations and releases can't be asked for, categories only by number,
a color only beside words or a contributor. Footage is left out, for no document shows the answer
for a clip; the details of one look like a picture's. How many pictures a call may give is not
documented, so it asks for no more than the default of 100, nor how deep an offset may reach:
``depth`` is our own bound.
"""

import re
from collections.abc import Iterable
from typing import ClassVar

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.depositphotos import filters
from affiliate.agencies.depositphotos import schema as wire
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.parsing import decode_json
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
"""What the last part of an exception's name stands for, where it is no wrong question."""


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
    tells_more = True

    def unsupported(self, query: SearchQuery) -> tuple[str, ...]:
        unable = super().unsupported(query)
        alone = query.color and not (query.q or query.contributor)
        return (*unable, "color") if alone and "color" not in unable else unable

    def request(self, query: SearchQuery, chunk: int) -> Request:
        page = {
            "dp_search_limit": str(self.chunk_size),
            "dp_search_offset": str(chunk * self.chunk_size),
        }
        return self._build_call(
            "search", filters.search_params(self.plain_query(query)) + drop_empty(page)
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
        found = self.decode(reply.json(), wire.Found)
        return SearchResult(self._to_medias(found.result), wire.total_count(found.count))

    def details(self, media_id: str, media: str = "image") -> Media:
        if not is_id(media_id):
            return super().details(media_id, media)
        reply = self.transport.send(self._build_call("getMediaData", (("dp_media_id", media_id),)))
        found = self._to_medias([self.decode(reply.json(), wire.Item)])
        return found[0] if found else super().details(media_id, media)

    def similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not is_id(media_id):
            return super().similar(media_id, query, chunk)
        asked = {
            "dp_search_item_id": media_id,
            "dp_related_type": "similar",
            "dp_limit": str(self.similar_size),
            "dp_offset": str(chunk * self.similar_size),
        }
        reply = self.transport.send(self._build_call("getRelated", drop_empty(asked)))
        found = self.decode(reply.json(), wire.Related)
        others = [one for one in found.items if str(one.id) != media_id]
        return SearchResult(self._to_medias(others), wire.total_count(found.count))

    def check_key(self) -> Check:
        params = (("dp_search_query", "flower"), ("dp_search_limit", "1"))
        self.transport.send(self._build_call("search", params))
        return Check("takes the key")

    def landing_url(self, media: Media) -> str:
        return re.split(r"[?#]", media.page_url)[0]

    def page_of(self, media_id: str, media: str = "image") -> str:
        """Return the form of address that a plugin of other people's makes of an id."""
        del media
        return f"http://www.depositphotos.com/{media_id}/" if is_id(media_id) else ""

    def _to_medias(self, items: Iterable[wire.Item]) -> tuple[Media, ...]:
        """Those of the items that can be shown."""
        return tuple(found for found in (wire.to_media(self.name, one) for one in items) if found)


def is_id(text: str) -> bool:
    """Return whether it may be the number of a picture."""
    return bool(re.fullmatch(r"[1-9][0-9]{0,15}", text))


def read_error(status: int, body: bytes) -> Refusal | None:
    """Return what an exception means, whatever the status."""
    del status
    failure = decode_json(body, wire.Failure)
    if failure is None or failure.type != "failure":
        return None
    kind = failure.error.exception.rpartition("\\")[2]
    return Refusal(REFUSALS.get(kind, RequestRefused), failure.error.errormsg)
