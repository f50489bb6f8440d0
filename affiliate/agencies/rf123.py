"""123RF through its old XML API, ``api.123rf.com/rest/``, as other people's code uses it.

The old host may be gone. The new JSON API (https://www.123rfapis.com/documentation/) is known but
for the answer to a search: a picture has only ``link_image``, without an id, which leaves its page
and its details unknown. Hence the old API, whose fields are known.

A search has no sizes: pictures (``compings``) stand in a box of 3:2 of 450 pixels, the documented
size of the new API's thumbnails; details have the true ratio. The largest pages seen have 50
pictures; ``depth`` is our own bound. Two clients send ``nudity=1`` by default: that this value
leaves nudity out is a guess. Not expressed are colors and categories, which are numbers of unknown
meaning, ages and ethnicities that are divided otherwise, and pictures without people. Vectors and
illustrations are one type, and editorial pictures another: type and use exclude each other.
The words of errors are not documented: an error that mentions a key is taken for a wrong key, and
any other refusal of details for a picture that is gone. The key travels over plain HTTP.

Affiliate links were the address of a page with ``#`` and the user's name; the program is said to
have moved to Awin, whose form of link isn't known: the owner's template decides.
"""

from typing import ClassVar
from xml.etree.ElementTree import Element

import msgspec

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters, find_language
from affiliate.agencies.parsing import fit_rendition, is_number, read_number
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    Size,
    clean_id,
    clean_text,
)
from affiliate.domain.words import Syntax
from affiliate.errors import BadAnswer, BadCredentials, RequestRefused
from affiliate.transport.messages import Refusal, Reply, Request, drop_empty, parse_xml

TYPES = {"photo": "0", "vector": "1"}
EDITORIAL = "4"
KINDS = {"Photography": "photo", "Illustration": "illustration"}
"""Our types by the types of details."""
ORDERS = {"popular": "most_downloaded", "newest": "latest", "random": "random"}
AGES = {"infants": "1", "children": "2", "teenagers": "3", "older": "5"}
GENDERS = {"male": "1", "female": "2"}
LANGUAGES = {
    **{tag: tag for tag in ("en", "fr", "de", "it", "es", "ru")},
    "ja": "jp",
    "zh": "gb",
}
PICTURES = "https://images.assetsdelivery.com/compings"
SIDE = 450
"""Pixels of the longer side of a picture shown."""


class Image(msgspec.Struct):
    """One picture, as the attributes of its element."""

    id: str
    contributorid: str
    folder: str
    filename: str
    description: str = ""


class Rf123(Agency):
    """Images of 123RF."""

    name = "123rf"
    title = "123RF"
    api = "http://api.123rf.com"
    credentials: ClassVar[Credentials] = (("API_KEY",),)
    image_filters: ClassVar[Filters] = {
        "type": tuple(TYPES),
        "orientation": ("horizontal", "vertical", "square"),
        "people": ("1", "2", "3", "4"),
        "age": tuple(AGES),
        "gender": tuple(GENDERS),
        "ethnicity": ("caucasian", "african_american", "hispanic"),
        "contributor": None,
        "license": ("editorial",),
        "sort": tuple(ORDERS),
    }
    approximate_filters: ClassVar[Filters] = {"type": ("vector",)}
    syntax = Syntax(signs="()|*~,", phrases=False)
    max_per_call = 50
    depth = 4800
    picture_hosts = ("https://images.assetsdelivery.com",)
    site_search = SiteSearch(  # as public pages link to its searches
        pictures="https://www.123rf.com/stock-photo/{words}.html",
        home="https://www.123rf.com/",
        space="_",
    )
    link_source = "a public directory of December 2025 says that the program moved to Awin"
    experimental = True
    expected_fields = ("title", "page_url", "contributor")
    protocol = "XML"
    source_quality = "documented by third parties"

    def list_unsupported_filters(self, query: SearchQuery) -> tuple[str, ...]:
        further_names = ("license",) if query.type and query.license == "editorial" else ()
        return super().list_unsupported_filters(query) + further_names

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        words = ",".join(self.to_plain_query(query).q.split())
        kind = EDITORIAL if query.license == "editorial" else TYPES.get(query.type or "", "all")
        return self._build_call(
            "123rf.images.search",
            {
                "keyword": words,
                "media_type": kind,
                "orientation": query.orientation or "all",
                "people_count": str(query.people or ""),
                "people_age": AGES.get(query.age or "", ""),
                "people_gender": GENDERS.get(query.gender or "", ""),
                "model_preference": query.ethnicity or "",
                "contributorid": query.contributor or "",
                "nudity": "1" if query.safe else "0",
                "language": find_language(query.lang, LANGUAGES),
                "orderby": ORDERS[query.sort],
                "page": str(chunk + 1),
                "perpage": str(self.chunk_size),
            },
        )

    def _build_call(self, method: str, params: dict[str, str]) -> Request:
        call = {"method": method, "apikey": self.keys.get("API_KEY", "")}
        return Request(
            agency=self.name,
            url=f"{self.url}/rest/",
            params=drop_empty({**call, **params}),
            secrets=tuple(self.keys.values()),
            judge=_read_error,
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        images = reply.xml().find("images")
        if images is None:
            raise BadAnswer(self.name, "The answer has changed: there is no list of images.")
        answers = (self.decode(dict(element.attrib), Image) for element in images.findall("image"))
        items = (self._to_media(image, (), "") for image in answers)
        total = int(read_number(images.get("total"))) if images.get("total") else None
        return SearchResult(tuple(media for media in items if media), total)

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not is_number(media_id):
            return super().fetch_details(media_id, media)
        try:
            reply = self.transport.send(
                self._build_call("123rf.images.getInfo.V2", {"imageid": media_id})
            )
        except RequestRefused:
            return super().fetch_details(media_id, media)
        element = reply.xml().find("image")
        if element is None:
            raise BadAnswer(self.name, "The answer has changed: there is no image.")
        contributor = element.find("contributor")
        fields = {"description": element.findtext("description", ""), **element.attrib}
        if contributor is not None:
            fields["contributorid"] = contributor.get("id", "")
        image = self.decode(fields, Image)
        result = self._to_media(image, _list_named_sizes(element), element.get("mediatype", ""))
        return result or super().fetch_details(media_id, media)

    def check_key(self) -> Check:
        self.transport.send(
            self._build_call(
                "123rf.images.search", {"keyword": "flower", "page": "1", "perpage": "1"}
            )
        )
        return Check("takes the key")

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        del media
        return _build_page_url(media_id) if is_number(media_id) else ""

    def _to_media(self, image: Image, sizes: tuple[Size, ...], kind: str) -> Media | None:
        path = [image.contributorid, image.folder, image.filename]
        if not image.id or not all(path):
            return None
        url = f"{PICTURES}/{'/'.join(map(percent_encode, path))}.jpg"
        largest = max(sizes, key=lambda size: size.width, default=Size("", 3, 2, ""))
        thumbnail = fit_rendition(url, largest.width, largest.height, SIDE)
        if thumbnail is None:
            return None
        return Media(
            agency=self.name,
            id=clean_id(image.id),
            type=KINDS.get(kind),
            title=clean_text(image.description),
            page_url=_build_page_url(image.id),
            contributor=clean_text(image.contributorid),
            editorial=kind == "Editorial",
            thumbnail=thumbnail,
            sizes=sizes,
        )


def _build_page_url(media_id: str) -> str:
    return f"https://www.123rf.com/photo_{percent_encode(media_id)}.html"


def _list_named_sizes(image: Element) -> tuple[Size, ...]:
    """Return the sizes in details that have pixels, without others such as sizes of vectors."""
    sizes = (
        Size(
            clean_text(element.get("label")),
            int(read_number(element.get("width"))),
            int(read_number(element.get("height"))),
            clean_text(element.get("format")),
        )
        for element in image.findall("sizes/size")
    )
    return tuple(size for size in sizes if size.width and size.height)


def _read_error(_status: int, body: bytes) -> Refusal | None:
    """Return the refusal in a ``fail``, which comes with HTTP 200: a wrong key or request."""
    root = parse_xml(body)
    if root is None or root.get("stat") != "fail":
        return None
    words = root.findtext("err") or ""
    return Refusal(BadCredentials if "key" in words.casefold() else RequestRefused, words)
