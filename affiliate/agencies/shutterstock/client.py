"""Shutterstock, API v2: https://api-reference.shutterstock.com (OpenAPI 1.1.32).

Search takes HTTP Basic (client id and secret) or a Bearer token. How deep pages reach is not
documented; ``depth`` is our own bound.

Searches are spell-checked by default (``spellcheck_query``): results are those of the corrected
words. ``spellcheck_info`` has these, in fields known from recorded answers alone. Similar
pictures come in the order of the answer; suggestions take no language. The parameters and readers
of images and of footage are left to `shutterstock.image` and `shutterstock.video`.
"""

import re
import time
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from affiliate.agencies.base import SUGGESTIONS, Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.shutterstock import featured
from affiliate.agencies.shutterstock import image as pictures
from affiliate.agencies.shutterstock import schema as wire
from affiliate.agencies.shutterstock import video as clips
from affiliate.agencies.shutterstock.schema import Image
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import (
    Collection,
    Contributor,
    Media,
    SearchQuery,
    SearchResult,
    clean_id,
    clean_text,
    read_web_address,
)
from affiliate.domain.words import to_plain_words
from affiliate.transport.messages import Params, Reply, Request, drop_empty

REGIONS = r"[A-Z]{2}|(?:[0-9]{1,3}\.){3}[0-9]{1,3}"
"""Matches values of ``region``: a country such as DE, or an IPv4 address in a country."""


class Shutterstock(Agency):
    """Images and footage of Shutterstock."""

    name = "shutterstock"
    title = "Shutterstock"
    api = "https://api.shutterstock.com"
    credentials: ClassVar[Credentials] = (
        ("API_TOKEN",),
        ("CLIENT_ID", "CLIENT_SECRET"),
    )
    options: ClassVar[Credentials] = (("REGION",),)
    image_filters: ClassVar[Filters] = pictures.EXPRESSES
    video_filters: ClassVar[Filters] = clips.EXPRESSES
    max_per_call = 500
    picture_hosts = ("https://*.shutterstock.com", "https://*.picdn.net")
    link_template = "https://shutterstock.7eer.net/c/{affiliate_id}/43068/1305?u={landing}"
    footage_template = "https://shutterstock.7eer.net/c/{affiliate_id}/43977/1305?u={landing}"
    network = "impact"
    site_search = SiteSearch(  # as public affiliate links and pages have it
        pictures="https://www.shutterstock.com/search/{words}",
        footage="https://www.shutterstock.com/video/search/{words}",
        home="https://www.shutterstock.com/",
    )
    link_source = (
        "documented for affiliates of the API's first version; public links of 2023 and 2024 name"
        " other ads of the same campaign"
    )
    has_similar = True
    has_suggestions = True
    has_categories = True
    collection_size = 144
    ids_per_call = 500
    min_flowers = 100_000
    min_flowers_hint = "a free API account finds the free collection alone"
    license_url = "https://www.shutterstock.com/license"

    def set_up(self) -> None:
        self._region = self.keys.pop("REGION", "")  # no secret, which would be struck out

    @classmethod
    def find_setting_faults(cls, settings: Mapping[str, str]) -> tuple[str, ...]:
        region = settings.get("REGION", "")
        is_known = not region or re.fullmatch(REGIONS, region)
        return () if is_known else ("REGION must be a country of two letters, or an IPv4 address",)

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        query = self.to_plain_query(query)
        if query.media == "video":
            params = clips.search_params(query)
        else:
            params = pictures.search_params(query) + drop_empty({"region": self._region})
        return self._build_call(
            f"{_build_path(query.media)}/search", params + _build_paging(chunk, self.chunk_size)
        )

    def _build_call(self, path: str, params: Params = ()) -> Request:
        headers, auth = {"Accept": "application/json"}, None
        if token := self.keys.get("API_TOKEN"):
            headers["Authorization"] = f"Bearer {token}"
        else:
            auth = (self.keys.get("CLIENT_ID", ""), self.keys.get("CLIENT_SECRET", ""))
        return Request(
            agency=self.name,
            url=self.url + path,
            params=params,
            headers=headers,
            auth=auth,
            secrets=tuple(self.keys.values()),
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        is_video = query.media == "video"
        shape: type[wire.Images | wire.Videos] = wire.Videos if is_video else wire.Images
        results = self.decode(reply.json(), shape)
        corrected = wire.read_corrected_words(results.spellcheck_info)
        return SearchResult(
            self._to_medias(results.data, results.search_id),
            results.total_count,
            corrected=corrected,
            applied=corrected is not None,
            search_id=clean_id(results.search_id) or None,
        )

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not wire.is_id(media_id):
            # other words after the path are other calls
            return super().fetch_details(media_id, media)
        path = f"{_build_path(media)}/{percent_encode(media_id)}"
        call = self._build_call(path, (("view", "full"),))
        shape: type[Image | wire.Video] = wire.Video if media == "video" else Image
        items = self._to_medias([self.decode(self.transport.send(call).json(), shape)])
        return items[0] if items else super().fetch_details(media_id, media)

    def fetch_media(self, ids: Sequence[str], media: str = "image") -> tuple[Media, ...]:
        known_ids = list(dict.fromkeys(media_id for media_id in ids if wire.is_id(media_id)))
        is_video = media == "video"
        shape: type[wire.ImageList | wire.VideoList] = (
            wire.VideoList if is_video else wire.ImageList
        )
        medias: dict[str, Media] = {}
        for first in range(0, len(known_ids), self.ids_per_call):
            params = tuple(
                ("id", media_id) for media_id in known_ids[first : first + self.ids_per_call]
            )
            call = self._build_call(_build_path(media), (*params, ("view", "full")))
            data = self.decode(self.transport.send(call).json(), shape).data
            medias |= {item.id: item for item in self._to_medias(data)}
        return tuple(medias[media_id] for media_id in known_ids if media_id in medias)

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not wire.is_id(media_id):
            return super().fetch_similar(media_id, query, chunk)
        params = drop_empty({"language": query.lang or ""}) + _build_paging(
            chunk, self.similar_size
        )
        call = self._build_call(
            f"{_build_path(query.media)}/{percent_encode(media_id)}/similar", params
        )
        result = self.parse_results(self.transport.send(call), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return msgspec.structs.replace(result, items=others)

    def suggest_searches(self, words: str, lang: str) -> tuple[str, ...]:
        del lang  # the call takes no language
        query = to_plain_words(words, self.syntax)
        if not query:
            return ()
        params = (("query", query), ("limit", str(SUGGESTIONS)))
        call = self._build_call("/v2/images/search/suggestions", params)
        answer = self.decode(self.transport.send(call).json(), wire.Suggestions)
        return tuple(clean_text(text) for text in answer.data[:SUGGESTIONS])

    def list_categories(self, lang: str, media: str = "image") -> tuple[str, ...]:
        call = self._build_call(f"{_build_path(media)}/categories", drop_empty({"language": lang}))
        return wire.list_category_names(
            self.decode(self.transport.send(call).json(), wire.CategoryList).data
        )

    def list_collections(self, media: str = "image") -> tuple[Collection, ...]:
        reply = self.transport.send(self._build_call(featured.build_collections_path(media)))
        collections = self.decode(reply.json(), featured.List).data
        return tuple(
            featured.to_collection(self.name, collection, media)
            for collection in collections
            if featured.is_id(collection.id)
        )

    def fetch_collection(self, collection_id: str, media: str = "image") -> Collection:
        if not featured.is_id(collection_id):
            return super().fetch_collection(collection_id)
        reply = self.transport.send(
            self._build_call(f"{featured.build_collections_path(media)}/{collection_id}")
        )
        return featured.to_collection(self.name, self.decode(reply.json(), featured.About), media)

    def fetch_collection_chunk(
        self, collection_id: str, chunk: int, media: str = "image"
    ) -> SearchResult:
        if not featured.is_id(collection_id):
            return super().fetch_collection_chunk(collection_id, chunk)
        params = (("page", str(chunk + 1)), ("per_page", str(self.collection_size)))
        call = self._build_call(
            f"{featured.build_collections_path(media)}/{collection_id}/items", params
        )
        page = self.decode(self.transport.send(call).json(), featured.Items)
        ids = [item.id for item in page.data]
        total = featured.read_collection_total(
            page, chunk * self.collection_size, self.collection_size
        )
        return SearchResult(self.fetch_media(ids, media) if ids else (), total)

    def fetch_contributors(self, ids: Sequence[str]) -> tuple[Contributor, ...]:
        call = self._build_call(
            "/v2/contributors", tuple(("id", contributor_id) for contributor_id in ids)
        )
        profiles = self.decode(self.transport.send(call).json(), wire.Profiles).data if ids else []
        return tuple(
            Contributor(
                agency=self.name,
                id=clean_id(profile.id),
                name=clean_text(profile.display_name),
                about=clean_text(profile.about),
                page_url=read_web_address(profile.portfolio_url),
            )
            for profile in profiles
        )

    def check_key(self) -> Check:
        """Send an echo, which needs no key, then the cheapest call that needs the key."""
        began = time.monotonic()
        echo = self.decode(self.transport.send(self._build_call("/v2/test")).json(), wire.Echo)
        echoed = time.monotonic()
        path = "/v2/user/access_token" if "API_TOKEN" in self.keys else "/v2/images/categories"
        access = self.decode(self.transport.send(self._build_call(path)).json(), wire.Access)
        ended = time.monotonic()
        user = f" of {clean_text(access.username)}" if access.username else ""
        return Check(
            f"echoes {clean_text(echo.text)[:20]!r} in {1000 * (echoed - began):.0f} ms,"
            f" takes the key{user} in {1000 * (ended - echoed):.0f} ms"
        )

    def _to_medias(
        self, data: Sequence[Image | wire.Video], search_id: str | None = None
    ) -> tuple[Media, ...]:
        """Return the items that can be shown."""
        results = (
            pictures.to_media(self.name, item, search_id)
            if isinstance(item, Image)
            else clips.to_media(self.name, item, search_id)
            for item in data
        )
        return tuple(media for media in results if media)

    def build_landing_url(self, media: Media) -> str:
        if media.media == "video":
            return clips.build_page_url(media.id)
        return f"http://www.shutterstock.com/pic.mhtml?id={percent_encode(media.id)}"

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        if not wire.is_id(media_id):
            return ""
        return (
            clips.build_page_url(media_id)
            if media == "video"
            else pictures.build_page_url(media_id)
        )


def _build_path(media: str) -> str:
    return "/v2/videos" if media == "video" else "/v2/images"


def _build_paging(chunk: int, size: int) -> Params:
    return (("view", "full"), ("page", str(chunk + 1)), ("per_page", str(size)))
