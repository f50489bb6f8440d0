"""iStock, through version 3 of the API of Getty Images, which owns it.

Its official OpenAPI description (https://developer.gettyimages.com) says how it is asked and
what it answers. An address at iStock stands nowhere but in ``referral_destinations``, under
``istockphoto``; what has none is sold by Getty Images alone and is left out. Which that is depends
on the key: Getty sets what it may find.

Not documented, but read in other people's code: that address's name, the hosts of pictures, the
form of the affiliate link (Impact) with its ad, and that a ``comp`` has 612 pixels and a ``thumb``
170 on its longer side; the ratio is that of ``max_dimensions``, or else 3:2. How deep pages reach
is said nowhere; ``depth`` is our own bound. A search must have words. 3 and 4 people both are its
"group"; Portuguese is that of Brazil, English that of the United States.
"""

import re
from typing import ClassVar

import msgspec

from affiliate.agencies import istock_wire as wire
from affiliate.agencies.base import HEX, Agency, Check, Credentials, Filters, language_of
from affiliate.messages import Params, Reply, Request, given
from affiliate.model import Media, SearchQuery, SearchResult, plain_text

IDS = r"[A-Za-z0-9_-]{1,40}"
FIELDS = (
    "id,title,thumb,comp,max_dimensions,artist,asset_family,graphical_style,referral_destinations"
)


class Istock(Agency):
    """Pictures of iStock."""

    name = "istock"
    title = "iStock"
    api = "https://api.gettyimages.com"
    credentials: ClassVar[Credentials] = (("API_KEY",),)
    buyer = ("API_SECRET", "USERNAME", "PASSWORD")
    expresses: ClassVar[Filters] = {
        "type": tuple(wire.TYPES),
        "orientation": ("horizontal", "vertical", "square"),
        "color": HEX,
        "people": tuple(wire.PEOPLE),
        "age": tuple(wire.AGES),
        "ethnicity": tuple(wire.ETHNICITIES),
        "contributor": None,
        "license": ("commercial",),
        "sort": tuple(wire.SORTS),
    }
    loosely: ClassVar[Filters] = {"people": ("3", "4")}
    most = 100
    depth = 9_600
    picture_hosts = ("https://*.istockphoto.com", "https://*.gettyimages.com")
    link_template = "https://istockphoto.6q33.net/c/{affiliate_id}/258824/4205?u={landing}"
    network = "impact"
    gives = ("title", "page_url", "contributor", "type")
    has_similar = True
    license_url = "https://www.istockphoto.com/legal/license-agreement"

    def unsupported(self, query: SearchQuery) -> tuple[str, ...]:
        """Also what no words stand beside."""
        alone = {"contributor", "color"} & query.filters() if not query.q else set()
        return tuple(dict.fromkeys((*super().unsupported(query), *sorted(alone))))

    def request(self, query: SearchQuery, chunk: int) -> Request:
        params = wire.params(self.worded(query)) + _page(chunk, self.chunk_size)
        return self._call("/v3/search/images/creative", params, query.lang)

    def _call(self, path: str, params: Params, lang: str | None = None) -> Request:
        language = given({"Accept-Language": language_of(lang, wire.LANGUAGES)})
        return Request(
            agency=self.name,
            url=self.url + path,
            params=params,
            headers={"Api-Key": self.keys.get("API_KEY", ""), **dict(language)},
            secrets=tuple(self.keys.values()),
        )

    def parse(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        found = self.read(reply.json(), wire.Images)
        correction = found.auto_corrections or wire.Correction()
        return SearchResult(
            self._medias(found.images),
            found.result_count,
            corrected=plain_text(correction.phrase) or None,
        )

    def details(self, media_id: str, media: str = "image") -> Media:
        if not re.fullmatch(IDS, media_id):
            return super().details(media_id, media)
        call = self._call(f"/v3/images/{media_id}", (("fields", f"{FIELDS},keywords"),))
        found = self._medias(self.read(self.transport.send(call).json(), wire.Details).images)
        return found[0] if found else super().details(media_id, media)

    def similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not re.fullmatch(IDS, media_id):
            return super().similar(media_id, query, chunk)
        params = _page(chunk, self.similar_size)
        call = self._call(f"/v3/images/{media_id}/similar", params, query.lang)
        result = self.parse(self.transport.send(call), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return msgspec.structs.replace(result, items=others)

    def check(self) -> Check:
        params = (("phrase", "flower"), ("fields", "id"), ("page_size", "1"))
        self.transport.send(self._call("/v3/search/images/creative", params))
        return Check("takes the key")

    def _medias(self, images: list[wire.Image] | None) -> tuple[Media, ...]:
        """Those of the pictures that iStock sells and that can be shown."""
        return tuple(media for media in map(self._media, images or ()) if media)

    def _media(self, image: wire.Image) -> Media | None:
        thumbnail, page = wire.thumbnail(image), wire.page_at_istock(image)
        if thumbnail is None or page is None or not image.id:
            return None
        return Media(
            agency=self.name,
            id=plain_text(image.id),
            type=wire.STYLES.get((image.graphical_style or "").casefold()),
            title=plain_text(image.title),
            keywords=tuple(filter(None, (plain_text(one.text) for one in image.keywords or ()))),
            page_url=page,
            contributor=plain_text(image.artist) or None,
            editorial=(image.asset_family or "").casefold() == "editorial",
            thumbnail=thumbnail,
        )


def _page(chunk: int, size: int) -> Params:
    return (("fields", FIELDS), ("page", str(chunk + 1)), ("page_size", str(size)))
