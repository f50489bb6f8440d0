"""Yay Images: http://yaymicro.com/api (its readable parts) and two programs of third parties.

The documentation has the search's parameters, but neither an answer nor an error. The fields of
answers are read in the programs: an old form of yaymicro.com and a new form of api.yayimages.com,
where pictures may be a list or an object. Calls go to the new host; that this host takes the
documented parameters is a guess. ``YAY_URL=https://secure.yaymicro.com/api`` selects the old host.
XML, whose elements are documented nowhere, is never requested.

The key stands in the path, as do the words, of which OR is an operator: a slash in the words
becomes a space. ``filterExplicit`` is documented to *include* adult material. There is no order,
and no total: ``depth`` is our own bound. The address of a picture's page is unknown: links lead to
a search for the title, in the form of a link seen elsewhere, unless the owner's template has
another form. Only HTTP statuses mark a wrong key.
"""

from typing import Any, ClassVar, Final

import msgspec

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters, find_language
from affiliate.agencies.parsing import fit_rendition, read_number
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    Thumbnail,
    clean_id,
    clean_text,
    read_web_address,
)
from affiliate.domain.words import Syntax
from affiliate.errors import RequestRefused
from affiliate.transport.messages import Reply, Request, drop_empty

LANGUAGES = {
    "da": "Dansk",
    "de": "Deutsch",
    "en": "English",
    "nb": "Norsk",
    "nl": "Nederlands",
    "sv": "Svenska",
}
BOX = (3, 2)
THUMBNAIL, PREVIEW = 300, 512
"""Pixels of the longer side, nominally, of renditions without a stated size."""
SEARCH: Final = SiteSearch(
    pictures="https://yayimages.com/search?type=-1&phrase={words}", home="https://yayimages.com/"
)
"""The search of Yay's own site, in the form of a link seen elsewhere."""
YES = (True, 1, "1", "true")


class Image(msgspec.Struct, rename="camel"):
    """A picture in either form; sides may be numbers or text."""

    id: int | str
    title: str | None = None
    thumbnail_path: str | None = msgspec.field(name="thumbnail_path", default=None)
    thumbnail_width: Any = None
    thumbnail_height: Any = None
    preview_path: str | None = msgspec.field(name="preview_path", default=None)
    thumb_url: str | None = msgspec.field(name="thumb_url", default=None)
    username: str | None = None
    width: Any = None
    height: Any = None
    vector: Any = None


class Images(msgspec.Struct):
    """A page of pictures."""

    images: list[Image] | dict[str, Image]


class Yay(Agency):
    """Images of Yay."""

    name = "yay"
    title = "Yay Images"
    api = "https://api.yayimages.com"
    credentials: ClassVar[Credentials] = (("API_KEY",),)
    image_filters: ClassVar[Filters] = {"type": ("vector",)}
    syntax = Syntax(signs="()|*~/\\")
    max_per_call = 100
    depth = 960
    picture_hosts = ("https://*.yayimages.com", "https://*.yaymicro.com", "http://*.yaymicro.com")
    site_search = SEARCH
    link_source = "its blog tells of a program; the form of its links was not found"
    source_quality = "documented by third parties"
    experimental = True

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        params = {
            "search.limit": str(self.chunk_size),
            "search.offset": str(chunk * self.chunk_size),
            "search.vector": "true" if query.type == "vector" else "",
            "search.searchLanguage": find_language(query.lang, LANGUAGES),
            "search.filterExplicit": "false" if query.safe else "true",
        }
        return self._build_call(self.to_plain_query(query).q, params)

    def _build_call(self, words: str, params: dict[str, str]) -> Request:
        if not words.strip(". "):
            raise RequestRefused(self.name, "It can't search for dots and slashes alone.")
        key = self.keys.get("API_KEY", "")
        return Request(
            agency=self.name,
            url=f"{self.url}/search/{percent_encode(key)}/{percent_encode(words)}",
            params=drop_empty({"JSON": "true", **params}),
            secrets=(key,),
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        images = self.decode(reply.json(), Images).images
        entries = images if isinstance(images, list) else images.values()
        return SearchResult(tuple(media for media in map(self._to_media, entries) if media))

    def check_key(self) -> Check:
        self.transport.send(self._build_call("flower", {"search.limit": "1"}))
        return Check("takes the key")

    def _to_media(self, image: Image) -> Media | None:
        thumbnail, media_id = _pick_thumbnail(image), clean_id(str(image.id))
        if thumbnail is None or not media_id:
            return None
        title = clean_text(image.title)
        return Media(
            agency=self.name,
            id=media_id,
            type="vector" if image.vector in YES else None,
            title=title,
            page_url=SEARCH.search_url(title or media_id),
            contributor=clean_text(image.username) or None,
            thumbnail=thumbnail,
            preview=fit_rendition(image.preview_path, thumbnail.width, thumbnail.height, PREVIEW),
        )


def _pick_thumbnail(image: Image) -> Thumbnail | None:
    """Return the old form's thumbnail with its size, or the new form's in the file's ratio."""
    url = read_web_address(image.thumbnail_path)
    width, height = read_number(image.thumbnail_width), read_number(image.thumbnail_height)
    if url and width and height:
        return Thumbnail(url, width, height)
    size = (read_number(image.width), read_number(image.height))
    sides: tuple[float, float] = size if all(size) else BOX
    return fit_rendition(url or image.thumb_url, *sides, THUMBNAIL)
