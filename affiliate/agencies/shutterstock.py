"""Shutterstock, API v2: https://api-reference.shutterstock.com (OpenAPI 1.1.32).

Search takes HTTP Basic (client id and secret) or a Bearer token. ``huge_thumb`` is declared
390x260 while the file is 390x280 with the id in the lowest 20 rows; the declared size is the box
to crop to. How deep pages reach is not documented; ``depth`` is our own bound.

Searches are spell-checked by default (``spellcheck_query``); ``spellcheck_info``, which would say
how, is an object without documented fields, so ``corrected`` stays None. Similar pictures come in
the order of the answer; suggestions take no language.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

import msgspec

from affiliate.agencies.base import SUGGESTIONS, Agency, first_rendition
from affiliate.links import encoded
from affiliate.model import Media, SearchQuery, SearchResult, Size, plain_text
from affiliate.query import AGES, ETHNICITIES, GENDERS, LICENSES, TYPES
from affiliate.transport import Reply, Request

THUMBNAILS = ("huge_thumb", "preview", "mosaic", "large_thumb", "small_thumb")
IDS = r"[1-9][0-9]{0,19}|U[a-zA-Z0-9]{1,40}"
PREVIEWS = ("preview_1000", "preview_1500", "preview")
SIZES = ("small_jpg", "medium_jpg", "huge_jpg", "supersize_jpg", "vector_eps")
MAX_SIDE: Final = 10**6
"""Pixels; a side above this is no side of a picture."""
MAX_COUNT: Final = 10**12
"""A count above this is no count of pictures."""
PARAMETERS = {
    "type": "image_type",
    "orientation": "orientation",
    "color": "color",
    "people": "people_number",
    "age": "people_age",
    "gender": "people_gender",
    "ethnicity": "people_ethnicity",
    "category": "category",
    "contributor": "contributor",
    "license": "license",
    "lang": "language",
    "sort": "sort",
}
"""Our filters and the API's parameters of the same meaning."""


class _Contributor(msgspec.Struct):
    id: str


class _Category(msgspec.Struct):
    name: str = ""


class _Image(msgspec.Struct):
    id: str
    contributor: _Contributor
    assets: dict[str, Any] = {}
    categories: list[_Category] = []
    description: str | None = None
    has_model_release: bool = False
    image_type: str | None = None
    is_editorial: bool = False
    keywords: list[str] = []


class _Results(msgspec.Struct):
    data: list[_Image]
    total_count: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)]


class _Suggestions(msgspec.Struct):
    data: list[str] = []


class Shutterstock(Agency):
    """Images of Shutterstock."""

    name = "shutterstock"
    title = "Shutterstock"
    api = "https://api.shutterstock.com"
    credentials = (("API_TOKEN",), ("CLIENT_ID", "CLIENT_SECRET"))
    expresses: ClassVar[Mapping[str, tuple[str, ...] | None]] = {
        "exclude": None,
        "type": TYPES,
        "orientation": ("horizontal", "vertical"),
        "color": None,
        "people": None,
        "age": AGES,
        "gender": GENDERS,
        "ethnicity": ETHNICITIES,
        "category": None,
        "contributor": None,
        "license": LICENSES,
        "released": None,
        "sort": ("popular", "relevance", "newest", "random"),
    }
    most = 500
    picture_hosts = ("https://*.shutterstock.com", "https://*.picdn.net")
    link_template = "https://shutterstock.7eer.net/c/{affiliate_id}/43068/1305?u={landing}"
    sub_ids = True
    has_similar = True
    suggests = True
    license_url = "https://www.shutterstock.com/license"

    def request(self, query: SearchQuery, chunk: int) -> Request:
        words = _plain_words(query.q) or [query.q]
        excluded = [f"NOT {word}" for word in _plain_words(query.exclude)]
        values = dict(query.pairs()) | {"sort": query.sort}
        params = {
            "query": " ".join([*words, *excluded]).strip(),
            **{theirs: values.get(ours, "") for ours, theirs in PARAMETERS.items()},
            "people_model_released": "true" if query.released else "",
            "safe": "true" if query.safe else "false",
            "keyword_safe_search": "true" if query.safe else "false",
            "view": "full",
            "page": str(chunk + 1),
            "per_page": str(self.chunk_size),
        }
        return self._call("/v2/images/search", _given(params))

    def _call(self, path: str, params: tuple[tuple[str, str], ...]) -> Request:
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

    def parse(self, reply: Reply, query: SearchQuery) -> SearchResult:  # noqa: ARG002 - one shape for all
        results = self.read(reply.json(), _Results)
        found = (self._media(image) for image in results.data)
        return SearchResult(tuple(m for m in found if m), results.total_count)

    def details(self, media_id: str) -> Media:
        if not re.fullmatch(IDS, media_id):
            return super().details(media_id)  # other words behind the path are other calls
        call = self._call(f"/v2/images/{encoded(media_id)}", (("view", "full"),))
        media = self._media(self.read(self.transport.send(call).json(), _Image))
        return media or super().details(media_id)

    def similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not re.fullmatch(IDS, media_id):
            return super().similar(media_id, query, chunk)
        params = {
            "language": query.lang or "",
            "view": "full",
            "page": str(chunk + 1),
            "per_page": str(self.similar_size),
        }
        call = self._call(f"/v2/images/{encoded(media_id)}/similar", _given(params))
        result = self.parse(self.transport.send(call), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return msgspec.structs.replace(result, items=others)

    def suggest(self, words: str, lang: str) -> tuple[str, ...]:
        del lang  # the call takes none
        params = (("query", words), ("limit", str(SUGGESTIONS)))
        call = self._call("/v2/images/search/suggestions", params)
        suggested = self.read(self.transport.send(call).json(), _Suggestions)
        return tuple(plain_text(text) for text in suggested.data[:SUGGESTIONS])

    def _media(self, image: _Image) -> Media | None:
        thumbnail = first_rendition(image.assets, THUMBNAILS)
        if thumbnail is None or not plain_text(image.id):
            return None
        kind = image.image_type if image.image_type in TYPES else None
        return Media(
            agency=self.name,
            id=plain_text(image.id),
            type=kind,
            title=plain_text(image.description),
            keywords=tuple(plain_text(k) for k in image.keywords),
            page_url=f"https://www.shutterstock.com/image-{kind or 'photo'}/{encoded(image.id)}",
            contributor=plain_text(image.contributor.id) or None,
            editorial=image.is_editorial,
            thumbnail=thumbnail,
            preview=first_rendition(image.assets, PREVIEWS),
            sizes=tuple(s for s in (_size(n, image.assets.get(n)) for n in SIZES) if s),
            released=image.has_model_release,
            categories=tuple(n for n in (plain_text(c.name) for c in image.categories) if n),
        )

    def landing(self, media: Media) -> str:
        return f"http://www.shutterstock.com/pic.mhtml?id={encoded(media.id)}"


def _given(params: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The parameters that say something."""
    return tuple((name, value) for name, value in params.items() if value)


def _size(asset: str, details: object) -> Size | None:
    """A size that can be licensed, by the name of its asset; None where its sides aren't said."""
    if not isinstance(details, dict) or details.get("is_licensable") is False:
        return None
    width, height = (_whole(details.get(side), MAX_SIDE) for side in ("width", "height"))
    name, _, suffix = asset.partition("_")
    kind = plain_text(details.get("format")) or suffix
    weight = _whole(details.get("file_size"), MAX_COUNT)
    return Size(name, width, height, kind, weight) if width and height else None


def _whole(value: object, most: int) -> int | None:
    """A number that counts something; None for anything else."""
    return value if type(value) is int and 0 < value <= most else None


def _plain_words(text: str) -> list[str]:
    """The words without the parentheses that the API would take for grouping."""
    return text.replace("(", " ").replace(")", " ").split()
