"""Bigstock, API v2: the account's id stands in the path, and nothing used here is signed.

Official (help.bigstockphoto.com, Shutterstock's own clients and plugin) are the paths, the
envelope, ``q``, ``language``, ``thumb_size``, ids, titles and thumbnails. The other filters, paging
and fields are read in other people's code. Whether the API still runs is unknown.

The answer to a wrong account is not documented: errors are read from ``response_code``, which may
come with HTTP 200, or from ``error.message``. ``exclude`` takes one word. ``editorial`` is left
out, for the only known client with this filter contradicts itself. Answers name no type. ``depth``
is our own bound. A picture without a stated size gets a box of 3:2. No form of an affiliate link is
proven: the ad and campaign of a third party's manual name Shutterstock's campaign, and the one
published link names others; the owner's template decides.
"""

import re
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters, find_language
from affiliate.agencies.parsing import (
    decode_or_none,
    fit_rendition,
    is_number,
    read_number,
    select_densities,
)
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    Thumbnail,
    clean_id,
    clean_text,
    clean_texts,
)
from affiliate.domain.words import to_plain_words
from affiliate.errors import AgencyDown, BadCredentials, NotFound, RequestRefused, TooManyCalls
from affiliate.transport.messages import Params, Refusal, Reply, Request, drop_empty

TYPES = {
    "photo": {"illustrations": "n", "vectors": "n"},
    "illustration": {"illustrations": "y"},
    "vector": {"vectors": "y"},
}
ORIENTATIONS = {"horizontal": "h", "vertical": "v"}
ORDERS = {"popular": "popular", "relevance": "relevant", "newest": "new"}
LANGUAGES = "de en es fr it ja nl pt ru zh".split()
REFUSALS = {401: BadCredentials, 403: BadCredentials, 404: NotFound, 429: TooManyCalls}
BOX = 300
"""Pixels of the longer side of a picture without a stated size."""

Data = TypeVar("Data")


class Category(msgspec.Struct):
    """A category of images."""

    name: str = ""


class Image(msgspec.Struct):
    """One image; commas divide ``keywords``. Sides of its renditions may be missing or text."""

    id: int | str
    title: str | None = None
    keywords: str | None = None
    contributor: str | None = None
    categories: list[Category] = []
    large_thumb: Any = None
    preview: Any = None
    small_thumb: Any = None


class Paging(msgspec.Struct):
    """The number of all images of a search."""

    total_items: int | str


class Images(msgspec.Struct):
    """A page of images."""

    images: list[Image]
    paging: Paging


class One(msgspec.Struct):
    """One image in full."""

    image: Image


class Answer(msgspec.Struct, Generic[Data]):
    """The envelope of every answer."""

    data: Data


class Refused(msgspec.Struct):
    """The envelope of an answer, with the fields that an error may have."""

    response_code: int | str = 0
    message: Any = ""
    error: Any = None


class Bigstock(Agency):
    """Images of Bigstock."""

    name = "bigstock"
    title = "Bigstock"
    api = "https://api.bigstockphoto.com"
    credentials: ClassVar[Credentials] = (("ACCOUNT_ID",),)
    image_filters: ClassVar[Filters] = {
        "exclude": None,
        "type": tuple(TYPES),
        "orientation": tuple(ORIENTATIONS),
        "category": None,
        "contributor": None,
        "sort": tuple(ORDERS),
    }
    max_per_call = 200
    picture_hosts = ("https://*.bigstockphoto.com", "http://*.bigstockphoto.com")
    site_search = SiteSearch(  # as its own pages declare it (SearchAction of schema.org)
        pictures="https://www.bigstockphoto.com/search/{words}/",
        home="https://www.bigstockphoto.com/",
    )
    link_source = (
        "a program at Impact is known from links of old; the numbers of its ad and campaign are not"
        " known for sure, and whether it still runs is unknown"
    )
    expected_fields = ("title", "keywords", "page_url", "contributor", "preview")
    source_quality = "documented by third parties"
    experimental = True
    has_categories = True

    def list_unsupported_filters(self, query: SearchQuery) -> tuple[str, ...]:
        further_names = ("exclude",) if " " in to_plain_words(query.exclude, self.syntax) else ()
        return super().list_unsupported_filters(query) + further_names

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        query = self.to_plain_query(query)
        params = {
            "q": query.q,
            "exclude": query.exclude,
            **TYPES.get(query.type or "", {}),
            "orientation": ORIENTATIONS.get(query.orientation or "", ""),
            "category": query.category or "",
            "contributor": query.contributor or "",
            "safesearch": "y" if query.safe else "n",
            "language": find_language(query.lang, LANGUAGES),
            "order": ORDERS[query.sort],
            "page": str(chunk + 1),
            "limit": str(self.chunk_size),
            "response_detail": "all",
            "thumb_size": "large_thumb,small_thumb",
        }
        return self._build_call("search/", drop_empty(params))

    def _build_call(self, path: str, params: Params = ()) -> Request:
        account = self.keys.get("ACCOUNT_ID", "")
        return Request(
            agency=self.name,
            url=f"{self.url}/2/{percent_encode(account)}/{path}",
            params=params,
            secrets=tuple(self.keys.values()),
            judge=_read_error,
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        page = self.decode(reply.json(), Answer[Images]).data
        items = (self._to_media(image) for image in page.images)
        total = int(read_number(page.paging.total_items))
        return SearchResult(tuple(media for media in items if media), total)

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not re.fullmatch("[1-9][0-9]{0,17}", media_id):
            return super().fetch_details(media_id, media)
        reply = self.transport.send(self._build_call(f"image/{media_id}"))
        image = self.decode(reply.json(), Answer[One]).data.image
        return self._to_media(image) or super().fetch_details(media_id, media)

    def list_categories(self, lang: str, media: str = "image") -> tuple[str, ...]:
        del media
        params = drop_empty({"language": find_language(lang, LANGUAGES)})
        reply = self.transport.send(self._build_call("categories/", params))
        return _list_categories(self.decode(reply.json(), Answer[list[Category]]).data)

    def check_key(self) -> Check:
        self.transport.send(self._build_call("search/", (("q", "flower"), ("limit", "1"))))
        return Check("takes the account")

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        del media
        return _build_page_url(media_id) if is_number(media_id) else ""

    def _to_media(self, image: Image) -> Media | None:
        media_id, thumbnail = clean_id(str(image.id)), _pick_thumbnail(image)
        if not media_id or thumbnail is None:
            return None
        return Media(
            agency=self.name,
            id=media_id,
            title=clean_text(image.title),
            keywords=clean_texts((image.keywords or "").split(",")),
            page_url=_build_page_url(media_id),
            contributor=clean_text(image.contributor) or None,
            thumbnail=thumbnail,
            preview=_read_sized_rendition(image.preview),
            renditions=select_densities(
                _read_sized_rendition(image.large_thumb), _read_sized_rendition(image.preview)
            ),
            categories=_list_categories(image.categories),
        )


def _build_page_url(media_id: str) -> str:
    return f"https://www.bigstockphoto.com/image-{percent_encode(media_id)}/"


def _list_categories(categories: list[Category]) -> tuple[str, ...]:
    return clean_texts(category.name for category in categories)


def _pick_thumbnail(image: Image) -> Thumbnail | None:
    """Return the best rendition with a stated size, else any rendition in a box of 3:2."""
    pictures = (image.large_thumb, image.preview, image.small_thumb)
    boxes = (fit_rendition(p.get("url"), 3, 2, BOX) for p in pictures if isinstance(p, dict))
    return next((t for t in (*map(_read_sized_rendition, pictures), *boxes) if t), None)


def _read_sized_rendition(picture: object) -> Thumbnail | None:
    """Return a rendition in its stated size; None where no size is stated."""
    if not isinstance(picture, dict):
        return None
    width, height = read_number(picture.get("width")), read_number(picture.get("height"))
    return fit_rendition(picture.get("url"), width, height, int(max(width, height)))


def _read_error(status: int, body: bytes) -> Refusal | None:
    """Return the refusal in an envelope; None where the envelope has a code of success."""
    answer = decode_or_none(body, Refused)
    if answer is None:
        return None
    code = int(read_number(answer.response_code)) or status
    if 200 <= code < 300:  # noqa: PLR2004 - the range of success
        return None
    otherwise = AgencyDown if code >= 500 else RequestRefused  # noqa: PLR2004 - the range of server errors
    words = answer.error.get("message") if isinstance(answer.error, dict) else answer.message
    return Refusal(REFUSALS.get(code, otherwise), clean_text(words))
