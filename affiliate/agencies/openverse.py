"""Openverse, free pictures of many sources: https://api.openverse.org/v1/, whose OpenAPI says all.

Without a key, 20 pictures a call and 240 of a search can be had, in 20 calls a minute and 200 a
day; it is on only when ``AGENCIES`` names it. Links lead to a picture's page at its source, for
there is no affiliate program. Every license but CC0 asks for the attribution, which stands with
the picture. Some forbid changes; whether to cut something off is one is open, so nothing is.

Words take ``-``, quotation marks, ``|``, ``+``, ``*``, ``~`` and parentheses as operators
(https://openverse.org/search-help; Elasticsearch's simple query string syntax): phrases stay, the
rest is taken out, and ``-`` excludes. "Newest" and "oldest" go by the day that Openverse found a
picture, through parameters that it calls unstable. A search by contributor can have no words and
isn't offered. Thumbnails are 600 pixels wide (its settings' default); sizes may be unknown: 3:2
then.
What is related comes in one answer, without pages.
"""

import re
from typing import ClassVar

from affiliate.agencies import openverse_wire as wire
from affiliate.agencies.base import Agency, Check, Filters
from affiliate.agencies.terms import Terms
from affiliate.errors import RequestRefused
from affiliate.health import Limit
from affiliate.messages import Reply, Request, given
from affiliate.model import Media, SearchQuery, SearchResult, web_address
from affiliate.words import Syntax, shortened, terms

IDS = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MAX_WORDS = 200
"""Characters of words that a search takes."""
TYPES = {"photo": "photograph", "illustration": "illustration"}
ASPECTS = {"horizontal": "wide", "vertical": "tall", "square": "square"}
DIRECTIONS = {"newest": "desc", "oldest": "asc"}


class Openverse(Agency):
    """Free pictures that Openverse finds, beside the paid ones."""

    name = "openverse"
    title = "Openverse"
    api = "https://api.openverse.org"
    expresses: ClassVar[Filters] = {
        "exclude": None,
        "type": tuple(TYPES),
        "orientation": tuple(ASPECTS),
        "license": ("commercial",),
        "sort": ("popular", "relevance", *DIRECTIONS),
    }
    loosely: ClassVar[Filters] = {"sort": tuple(DIRECTIONS)}
    syntax = Syntax(signs="()|+*~\\", leading="-")
    limits = (Limit(20, 60), Limit(200, 86400))
    most = 20
    depth = 240
    picture_hosts = ("https://api.openverse.org",)
    license_url = "https://creativecommons.org/licenses/"
    terms = Terms(
        source="the licenses of Creative Commons, which the official documentation names",
        credit=("Openverse", "https://openverse.org/"),
        crop=False,
        show=("attribution",),
    )
    gives = ("title", "keywords", "page_url", "contributor", "attribution", "type")
    has_similar = True

    def request(self, query: SearchQuery, chunk: int) -> Request:
        direction, words = DIRECTIONS.get(query.sort, ""), _words(self.worded(query))
        if not words:
            raise RequestRefused(self.name, "It can't search without words.")
        return self._call(
            "",
            {
                "q": words,
                "category": TYPES.get(query.type or "", ""),
                "aspect_ratio": ASPECTS.get(query.orientation or "", ""),
                "license_type": query.license or "",
                "mature": "false" if query.safe else "true",
                "unstable__sort_by": "indexed_on" if direction else "",
                "unstable__sort_dir": direction,
                "page": str(chunk + 1),
                "page_size": str(self.chunk_size),
            },
        )

    def _call(self, path: str, params: dict[str, str] | None = None) -> Request:
        return Request(
            agency=self.name, url=f"{self.url}/v1/images/{path}", params=given(params or {})
        )

    def parse(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        found = self.read(reply.json(), wire.Images)
        items = (self._media(image) for image in found.results)
        return SearchResult(tuple(media for media in items if media), found.result_count)

    def details(self, media_id: str, media: str = "image") -> Media:
        if not re.fullmatch(IDS, media_id):
            return super().details(media_id, media)
        reply = self.transport.send(self._call(f"{media_id}/"))
        return self._media(self.read(reply.json(), wire.Image)) or super().details(media_id, media)

    def similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not re.fullmatch(IDS, media_id):
            return super().similar(media_id, query, chunk)
        if chunk:
            return SearchResult((), None)
        result = self.parse(self.transport.send(self._call(f"{media_id}/related/")), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return SearchResult(others, len(others))

    def size(self) -> int:
        found = self.read(self.transport.send(self._call("stats/")).json(), list[wire.Source])
        return sum(max(source.media_count, 0) for source in found)

    def check(self) -> Check:
        self.transport.send(self._call("", {"q": "flower", "page_size": "1"}))
        return Check("answers without a key")

    def _media(self, image: wire.Image) -> Media | None:
        page, thumbnail = web_address(image.foreign_landing_url), wire.thumbnail(image)
        attribution = wire.text(image.attribution) or wire.attribution(image)
        if not (page and thumbnail and attribution and re.fullmatch(IDS, image.id)):
            return None
        types = {theirs: ours for ours, theirs in TYPES.items()}
        return Media(
            agency=self.name,
            id=image.id,
            type=types.get(image.category or ""),
            title=wire.text(image.title),
            keywords=wire.tags(image.tags or ()),
            page_url=page,
            contributor=wire.text(image.creator) or None,
            attribution=attribution,
            thumbnail=thumbnail,
        )


def _words(query: SearchQuery) -> str:
    """Return the words of a search behind those it must not find, as many as are taken.

    Nothing where no words are left, which would find everything.
    """
    excluded = "".join(f"-{term} " for term in terms(query.exclude))
    wanted = shortened(query.q, max(MAX_WORDS - len(excluded), 0))
    return excluded + wanted if wanted else ""
