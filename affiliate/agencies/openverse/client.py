"""Openverse, free pictures of many sources: https://api.openverse.org/v1/ (OpenAPI there).

Without a key, a call gives 20 pictures and a search 240, in 20 calls a minute and 200 a day; the
agency is on when ``AGENCIES`` names it. A registered client (``/v1/auth_tokens/register/``, whose
e-mail address must be confirmed) gets tokens for ten hours or so, 100 calls a minute and 10,000 a
day, and larger pages, of which 20 can be had at most (make.wordpress.org/openverse, 2022-08-11).
Gateways refuse hosts of data centers that send no token. Counts end at 240, and at 10,000 with a
token (WordPress/openverse #4474). Links lead to a picture's page at its source, for there is no
affiliate program. Every license but CC0 asks for the attribution, which stands with the picture.
Some licenses forbid changes; whether a crop is a change is open, hence nothing is cropped.

Words take ``-``, quotation marks, ``|``, ``+``, ``*``, ``~`` and parentheses as operators
(https://openverse.org/search-help; Elasticsearch's simple query string syntax): phrases stay, the
other operators are removed, and ``-`` excludes. A call takes 200 characters: more words to exclude
than fit beside 100 characters of other words are unsupported. "Newest" and "oldest" go by the day
that Openverse found a picture, through parameters named unstable. A search by contributor can have
no words and isn't offered. Thumbnails are 600 pixels wide (the default of Openverse's settings); a
picture of unknown size gets a box of 3:2. Related pictures come in one answer, without pages.
"""

import re
import time
from functools import partial
from itertools import accumulate
from typing import ClassVar, Final, NamedTuple
from urllib.parse import urlencode

import msgspec

from affiliate.agencies.base import PAGE_PLACES, Agency, Check, Credentials
from affiliate.agencies.filter_values import Filters
from affiliate.agencies.limits import Limit
from affiliate.agencies.openverse import schema as wire
from affiliate.agencies.parsing import decode_or_none, read_original_sides
from affiliate.agencies.sessions import SharedSession
from affiliate.agencies.site_search import SiteSearch
from affiliate.agencies.terms import Terms
from affiliate.domain.media import Media, SearchQuery, SearchResult, read_web_address
from affiliate.domain.words import Syntax, shorten_words, split_terms, to_plain_words
from affiliate.errors import BadCredentials, Blocked, RequestRefused
from affiliate.transport.messages import Refusal, Reply, Request, drop_empty

IDS = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MAX_WORDS = 200
"""The most characters of words in a search, words to exclude included."""
WORDS_ROOM: Final = 100
"""Characters of `MAX_WORDS` that words to exclude leave to the other words."""
TYPES = {"photo": "photograph", "illustration": "illustration"}
ASPECTS = {"horizontal": "wide", "vertical": "tall", "square": "square"}
LIMITS: Final = (Limit(100, 60), Limit(10_000, 86400))
"""Limits of a registered client whose e-mail address is confirmed."""
CLIENT_PAGE: Final = PAGE_PLACES
"""Pictures of a page for a registered client: as many as a page of this site has places."""
CLIENT_PAGES: Final = 20
COUNTED: Final = 240
"""The largest count in an answer without a token."""
COUNTED_WITH_TOKEN: Final = 10_000
EARLY_SECONDS: Final = 60.0
"""Seconds before the end of a token from which on the token is replaced."""
NOTICE: Final = "This site was made using Openverse but is not endorsed or certified by Openverse."
"""The sentence that the terms of service require in a prominent place, word for word."""
DIRECTIONS = {"newest": "desc", "oldest": "asc"}


class Session(NamedTuple):
    """A token, and its end on the monotonic clock."""

    token: str
    ends: float


class Openverse(Agency):
    """Free pictures that Openverse finds, beside the paid ones."""

    name = "openverse"
    title = "Openverse"
    api = "https://api.openverse.org"
    image_filters: ClassVar[Filters] = {
        "exclude": None,
        "type": tuple(TYPES),
        "orientation": tuple(ASPECTS),
        "license": ("commercial",),
        "sort": ("popular", "relevance", *DIRECTIONS),
    }
    approximate_filters: ClassVar[Filters] = {"sort": tuple(DIRECTIONS)}
    options: ClassVar[Credentials] = (("CLIENT_ID", "CLIENT_SECRET"),)
    syntax = Syntax(signs="()|+*~\\", leading="-")
    limits: tuple[Limit, ...] = (Limit(20, 60), Limit(200, 86400))
    max_per_call = 20
    depth = 240
    picture_hosts = ("https://api.openverse.org",)
    is_free = True
    license_url = "https://creativecommons.org/licenses/"
    site_search = SiteSearch(  # as public pages link to its searches
        pictures="https://openverse.org/search/image?q={words}",
        home="https://openverse.org/",
    )
    terms = Terms(
        source="the licenses of Creative Commons, which the official documentation names",
        credit=("Openverse", "https://openverse.org/"),
        crop=False,
        show=("attribution",),
        notice=NOTICE,
    )
    expected_fields = ("title", "keywords", "page_url", "contributor", "attribution", "type")
    has_similar = True

    def set_up(self) -> None:
        self._session = SharedSession[Session](self.name, _is_over)
        if self.keys:
            self.max_per_call, self.depth = CLIENT_PAGE, CLIENT_PAGE * CLIENT_PAGES
            self.limits = LIMITS

    def list_unsupported_filters(self, query: SearchQuery) -> tuple[str, ...]:
        """Return the names, also ``exclude`` where a call can't take all words to exclude."""
        names = super().list_unsupported_filters(query)
        if not query.exclude:
            return names
        plain_words = query.replace(
            q=to_plain_words(query.q, self.syntax),
            exclude=to_plain_words(query.exclude, self.syntax),
        )
        is_cut = len(_list_excluded_words(plain_words)) < len(split_terms(plain_words.exclude))
        return (*names, "exclude") if is_cut else names

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        return self.parse_results(self._send(self.build_request(query, chunk)), query)

    def _send(self, call: Request) -> Reply:
        """Send a call with the client's token, if there is a client; repeat with a new token.

        Both calls and the log-in share the time of one call.

        Raises:
            AgencyError: BadCredentials where the client is unknown or the new token is refused.
        """
        if not self.keys:
            return self.transport.send(call)
        seconds_left = partial(self.seconds_left, time.monotonic() + self.transport.total_seconds)
        session = self._session.get(self._log_in, seconds_left)
        try:
            return self.transport.send(_with_token(call, session), seconds_left())
        except Blocked:
            raise
        except BadCredentials:
            session = self._session.get(self._log_in, seconds_left, refused=session)
        return self.transport.send(_with_token(call, session), seconds_left())

    def _log_in(self, seconds: float) -> Session:
        client = {"client_id": self.keys["CLIENT_ID"], "client_secret": self.keys["CLIENT_SECRET"]}
        call = Request(
            agency=self.name,
            url=f"{self.url}/v1/auth_tokens/token/",
            method="POST",
            reads=True,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode({"grant_type": "client_credentials", **client}).encode(),
            secrets=tuple(self.keys.values()),
            judge=judge_login,
        )
        token = self.decode(self.transport.send(call, seconds).json(), wire.Token)
        lasts = max(token.expires_in - EARLY_SECONDS, 0.0)
        return Session(token.access_token, time.monotonic() + lasts)

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        direction, words = DIRECTIONS.get(query.sort, ""), _query_words(self.to_plain_query(query))
        if not words:
            raise RequestRefused(self.name, "It can't search without words.")
        return self._build_call(
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

    def _build_call(self, path: str, params: dict[str, str] | None = None) -> Request:
        return Request(
            agency=self.name,
            url=f"{self.url}/v1/images/{path}",
            params=drop_empty(params or {}),
            secrets=tuple(self.keys.values()),
            judge=None if self.keys else judge_stranger,
        )

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        page = self.decode(reply.json(), wire.Images)
        items = (self._to_media(image) for image in page.results)
        counted = COUNTED_WITH_TOKEN if self.keys else COUNTED
        return SearchResult(
            tuple(media for media in items if media),
            page.result_count,
            capped=page.result_count >= counted,
        )

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not re.fullmatch(IDS, media_id):
            return super().fetch_details(media_id, media)
        reply = self._send(self._build_call(f"{media_id}/"))
        return self._to_media(self.decode(reply.json(), wire.Image)) or super().fetch_details(
            media_id, media
        )

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        if not re.fullmatch(IDS, media_id):
            return super().fetch_similar(media_id, query, chunk)
        if chunk:
            return SearchResult((), None)
        result = self.parse_results(self._send(self._build_call(f"{media_id}/related/")), query)
        others = tuple(media for media in result.items if media.id != media_id)
        return SearchResult(others, len(others))

    def count_pictures(self) -> int:
        sources = self.decode(self._send(self._build_call("stats/")).json(), list[wire.Source])
        return sum(max(source.media_count, 0) for source in sources)

    def get_site_title(self, media: Media) -> str:
        return wire.read_site_title(media.page_url) or self.title

    def check_key(self) -> Check:
        self._send(self._build_call("", {"q": "flower", "page_size": "1"}))
        return Check("takes the client" if self.keys else "answers without a key")

    def _to_media(self, image: wire.Image) -> Media | None:
        page, thumbnail = read_web_address(image.foreign_landing_url), wire.to_thumbnail(image)
        attribution = wire.unescape_text(image.attribution) or wire.build_attribution(image)
        if not (page and thumbnail and attribution and re.fullmatch(IDS, image.id)):
            return None
        types = {theirs: ours for ours, theirs in TYPES.items()}
        return Media(
            agency=self.name,
            id=image.id,
            type=types.get(image.category or ""),
            title=wire.unescape_text(image.title),
            keywords=wire.unescape_tags(image.tags or ()),
            page_url=page,
            contributor=wire.unescape_text(image.creator) or None,
            contributor_url=read_web_address(image.creator_url),
            license=wire.license_of(image),
            attribution=attribution,
            thumbnail=thumbnail,
            original=read_original_sides(image.width, image.height),
        )


def _is_over(session: Session) -> bool:
    """Return whether a token has ended by now."""
    return time.monotonic() >= session.ends


def _with_token(call: Request, session: Session) -> Request:
    """Return the call with a token."""
    return msgspec.structs.replace(
        call,
        headers={**call.headers, "Authorization": f"Bearer {session.token}"},
        secrets=(*call.secrets, session.token),
    )


def judge_stranger(status: int, body: bytes) -> Refusal | None:
    """Return Blocked for a refused address, with a remedy; without a key no key can be wrong."""
    del body
    words = "It refuses this server's address; register a client."
    return Refusal(Blocked, words) if status == 403 else None  # noqa: PLR2004 - beside its name


def judge_login(status: int, body: bytes) -> Refusal | None:
    """Return a refused log-in as wrong credentials: OAuth 2 answers 400 or 401 (RFC 6749, 5.2)."""
    failure = decode_or_none(body, wire.Refused)
    is_refused = status in {400, 401} and failure is not None
    words = failure.error_description or failure.error or failure.detail if failure else ""
    return Refusal(BadCredentials, words) if is_refused else None


def _query_words(query: SearchQuery) -> str:
    """Return the excluded words and then the words of a search, cut to `MAX_WORDS`."""
    excluded = _list_excluded_words(query)
    negated = "".join(f"-{term} " for term in excluded)
    return negated + shorten_words(query.q, MAX_WORDS - len(negated)) if query.q else ""


def _list_excluded_words(query: SearchQuery) -> list[str]:
    """Return the first terms to exclude that leave room for the other words."""
    room = MAX_WORDS - min(len(query.q), WORDS_ROOM)
    terms = split_terms(query.exclude)
    ends = accumulate(len(f"-{term} ") for term in terms)
    return [term for term, end in zip(terms, ends, strict=True) if end <= room]
