"""PantherMedia: http://rest.panthermedia.net (v1.2 of search, v1.0 of the rest), last seen in 2023.

Each call is a signed form: ``access_key`` is the hexadecimal HMAC-SHA1, with the secret as its key,
of timestamp, API key and nonce. Requests ask for JSON; XML, which is the API's own default, is read
too. The names of filters are in the official plugin; their values for type, orientation, people and
gender, license, color and order are known from other people's code only, which has no values for
illustrations, vectors, ages and the safe search: the safe search can't be sent. Exclusion is the
API's minus, before which all words must match; four people or more are the API's four and five.

Thumbnails have 170 pixels at most, larger previews an unknown size; both have the ratio of the
whole file, or 3:2 where vectors have none. The address of a picture's page is built as in the
official plugin; an affiliate program was not found. The API is "available for non-commercial use by
third-party developers"; others need an agreement. How deep pages reach is not documented: ``depth``
is our own.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import ClassVar
from urllib.parse import urlencode

import msgspec

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.filter_values import HEX, Filters, find_language
from affiliate.agencies.panthermedia.schema import (
    Detailed,
    Found,
    Item,
    as_item,
    read_error,
    to_json,
)
from affiliate.agencies.parsing import fit_rendition, read_number
from affiliate.agencies.terms import Terms
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    clean_id,
    clean_text,
    clean_texts,
)
from affiliate.transport.client import Transport
from affiliate.transport.messages import Reply, Request, drop_empty

LANGUAGES = ("da", "de", "en", "es", "it", "pl", "pt")
ORDERS = {"popular": "buy", "relevance": "rel", "newest": "date"}
PEOPLE = {n: f"people_{n}" for n in range(4)} | {4: "people_4,people_5"}
GENDERS = {"female": "f", "male": "m"}
EXTRAS = "title,preview,width,height,keywords,mimetype,editorial,author_username"
BOX = (3, 2)
THUMBNAIL, PREVIEW = 170, 450
"""Pixels of the longer side; the preview's number is nominal."""
TITLE_WORDS = 5
"""Keywords that stand for a missing title, as in the official plugin."""


def _read_clock() -> datetime:
    return datetime.now(UTC)


def _make_nonce() -> str:
    return str(secrets.randbelow(900_000) + 100_000)


class PantherMedia(Agency):
    """Images of PantherMedia; ``clock`` and ``nonce`` supply parts of the signatures."""

    name = "panthermedia"
    title = "PantherMedia"
    api = "https://rest.panthermedia.net"
    credentials: ClassVar[Credentials] = (("API_KEY", "API_SECRET"),)
    image_filters: ClassVar[Filters] = {
        "exclude": None,
        "type": ("photo",),
        "orientation": ("horizontal", "vertical", "square"),
        "color": HEX,
        "people": None,
        "gender": tuple(GENDERS),
        "license": ("commercial", "editorial"),
        "sort": tuple(ORDERS),
    }
    max_per_call = 100
    depth = 4800
    picture_hosts = ("https://*.panthermedia.net", "http://*.panthermedia.net")
    terms = Terms(source="rest.panthermedia.net: non-commercial use, or an agreement")
    expected_fields = ("title", "keywords", "page_url", "contributor", "preview")
    link_source = "no affiliate program was found"
    protocol = "JSON or XML, signed"
    experimental = True
    has_similar = True

    def __init__(
        self,
        transport: Transport,
        *,
        url: str | None = None,
        credentials: Mapping[str, str] | None = None,
        clock: Callable[[], datetime] = _read_clock,
        nonce: Callable[[], str] = _make_nonce,
    ) -> None:
        super().__init__(transport, url=url, credentials=credentials)
        self._clock = clock
        self._nonce = nonce

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        params = {
            "q": _query_words(self.to_plain_query(query)),
            "filters": _filter_expression(query),
        }
        return self._build_call(
            "search", "1.2", {**params, **self._build_page_params(query, chunk, self.chunk_size)}
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        page = self.decode(to_json(reply), Found).items
        entries = page.media if isinstance(page.media, list) else [page.media]
        items = tuple(media for media in map(self._to_media, entries) if media)
        return SearchResult(items, int(read_number(page.total)))

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not _is_id(media_id):
            return super().fetch_details(media_id, media)
        reply = self.transport.send(
            self._build_call("get-media-info", "1.0", {"id_media": media_id})
        )
        answer = self.decode(to_json(reply), Detailed)
        return self._to_media(as_item(answer)) or super().fetch_details(media_id, media)

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not _is_id(media_id):
            return super().fetch_similar(media_id, query, chunk)
        params = {"id_media": media_id, **self._build_page_params(query, chunk, self.similar_size)}
        result = self.parse_results(
            self.transport.send(self._build_call("search-similar", "1.0", params)), query
        )
        others = tuple(media for media in result.items if media.id != media_id)
        return msgspec.structs.replace(result, items=others)

    def check_key(self) -> Check:
        self.transport.send(self._build_call("host-info", "1.0", {}))
        return Check("takes the key and its signature")

    def _build_page_params(self, query: SearchQuery, chunk: int, size: int) -> dict[str, str]:
        lang = find_language(query.lang, LANGUAGES)
        page = {"page": str(chunk + 1), "limit": str(size)}
        return {**page, "lang": lang, "extra_info": EXTRAS}

    def _build_call(self, method: str, version: str, params: Mapping[str, str]) -> Request:
        signed = self._build_auth_params()
        form = {**signed, "content_type": "application/json", **params}
        return Request(
            agency=self.name,
            url=f"{self.url}/{method}",
            method="POST",
            reads=True,
            headers={
                "Accept-Version": version,
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(drop_empty(form)).encode(),
            secrets=(*self.keys.values(), signed["access_key"]),
            judge=read_error,
        )

    def _build_auth_params(self) -> dict[str, str]:
        """Return the signed parameters that identify the key, new for each call."""
        key, secret = self.keys.get("API_KEY", ""), self.keys.get("API_SECRET", "")
        moment = format_datetime(self._clock().astimezone(UTC), usegmt=True)
        timestamp, nonce = moment.replace("GMT", "UTC"), self._nonce()
        text = f"{timestamp}{key}{nonce}"
        access = hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()
        identity = {"api_key": key, "access_key": access}
        return {**identity, "timestamp": timestamp, "nonce": nonce, "algo": "sha1"}

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        del media
        return _build_page_url(media_id) if _is_id(media_id) else ""

    def _to_media(self, item: Item) -> Media | None:
        size = (read_number(item.width), read_number(item.height))
        sides: tuple[float, float] = size if all(size) else BOX
        thumbnail = fit_rendition(item.thumb, *sides, THUMBNAIL)
        media_id = clean_id(str(item.id))
        if thumbnail is None or not media_id:
            return None
        text = item.keywords if isinstance(item.keywords, str) else ""
        keywords = clean_texts(text.split(","))
        return Media(
            agency=self.name,
            id=media_id,
            type="vector" if item.mimetype == "image/eps" else None,
            title=clean_text(item.title) or ", ".join(keywords[:TITLE_WORDS]),
            keywords=keywords,
            page_url=_build_page_url(media_id),
            contributor=clean_text(item.author) or None,
            editorial=item.editorial == "yes",
            thumbnail=thumbnail,
            preview=fit_rendition(item.preview, *sides, PREVIEW),
        )


def _build_page_url(media_id: str) -> str:
    return f"https://stockagency.panthermedia.net/m/stock-photos/{percent_encode(media_id)}"


def _query_words(query: SearchQuery) -> str:
    """Return the words, then the words to exclude behind one minus; phrases are split."""
    excluded = " ".join(query.exclude.replace('"', " ").split())
    return f"{query.q} -{excluded}".strip() if excluded else query.q


def _filter_expression(query: SearchQuery) -> str:
    """Return the filters as the API writes them, ``name:value;name:value,value;``."""
    people = "" if query.people is None else PEOPLE[query.people]
    values = {
        "sort": ORDERS[query.sort],
        "type": "photos" if query.type == "photo" else "",
        "orientation": query.orientation or "",
        "license": query.license or "",
        "color": (query.color or "").upper(),
        "people_number": people,
        "people_gender": GENDERS.get(query.gender or "", ""),
    }
    return "".join(f"{name}:{value};" for name, value in drop_empty(values))


def _is_id(media_id: str) -> bool:
    return re.fullmatch("[A-Z]?[1-9][0-9]{0,14}", media_id) is not None
