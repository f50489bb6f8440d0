"""Dreamstime, as its own WordPress plugin speaks (version 2.4 of 2015; no documentation is public).

All calls go to one address: JSON with named requests, each a verb, answered under the same names.
The plugin calls over HTTP; this client calls over HTTPS, which is a guess, and keeps HTTPS when the
agency names another address for later calls. Whether the API is still alive is not known.

``Authenticate`` gives a token for an application's id. A process keeps the token until one of the
documented codes says that the token has ended, then gets a new token and repeats the call once. The
meaning of other codes is not known: a refused authentication is taken for a wrong id, a refusal of
details for a picture that is gone, any other refusal for a wrong request.

Neither filters, orders, languages nor safe search are documented, nor page sizes other than the
plugin's 20, nor how deep pages reach: ``depth`` is our own bound. Thumbnails have no size (their
host is known from public pages only): details tell the ratio, a search leaves a 3:2 box. A search
doesn't have the address of a picture's page either; the address is made of title and id, after the
form of a known address.
"""

import json
import re
import time
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, NamedTuple

from msgspec.structs import replace

from affiliate.agencies.base import Agency, Check, Credentials
from affiliate.agencies.dreamstime import schema as wire
from affiliate.agencies.dreamstime.schema import DETAILS, LOGIN, SEARCH, TokenEnded
from affiliate.agencies.parsing import fit_rendition, read_number
from affiliate.agencies.sessions import SharedSession
from affiliate.agencies.site_search import SiteSearch
from affiliate.domain.affiliate_links import percent_encode
from affiliate.domain.media import (
    Media,
    SearchQuery,
    SearchResult,
    clean_id,
    clean_text,
    read_web_address,
)
from affiliate.errors import NotFound, RequestRefused
from affiliate.transport.messages import Reply, Request

BOX = (3, 2)
THUMBNAIL = 300
"""Pixels of a thumbnail's longer side, nominally; only the ratio counts."""


class Session(NamedTuple):
    """A token and the address for calls with the token."""

    token: str
    url: str


class Dreamstime(Agency):
    """Images of Dreamstime."""

    name = "dreamstime"
    title = "Dreamstime"
    api = "https://www.dreamstime.com"
    credentials: ClassVar[Credentials] = (("APPLICATION_ID",),)
    max_per_call = 20
    depth = 1000
    picture_hosts = ("https://*.dreamstime.com", "http://*.dreamstime.com")
    link_template = "{landing_url}#res{affiliate_id}"
    network = "fragment"
    site_search = SiteSearch(  # as public pages link to its searches
        pictures="https://www.dreamstime.com/search.php?srh_field={words}",
        home="https://www.dreamstime.com/",
    )
    link_source = "official plugin of 2015"
    experimental = True

    def set_up(self) -> None:
        self._session = SharedSession[Session](self.name)

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        return self.parse_results(
            self._send_request(SEARCH, self._build_page_params(query, chunk)), query
        )

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        """Return the call of a search, with the known token if there is one."""
        session = self._session.known or Session("", f"{self.url}/api/")
        return self._build_call(SEARCH, self._build_page_params(query, chunk), session)

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        del query
        page = self.decode(self._read_response(reply, SEARCH), wire.Found)
        items = (self._to_media(image, BOX) for image in wire.as_list(page.images))
        return SearchResult(
            tuple(media for media in items if media), int(read_number(page.images_count))
        )

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        if not re.fullmatch("[1-9][0-9]{0,14}", media_id):
            return super().fetch_details(media_id, media)
        try:
            reply = self._send_request(DETAILS, {"ImageId": media_id})
        except RequestRefused:
            raise NotFound(self.name, f"There is no picture {media_id}.") from None
        answer = self.decode(self._read_response(reply, DETAILS), wire.Detailed)
        sizes = wire.list_sold_sizes(answer)
        largest = max(((size.width, size.height) for size in sizes), default=BOX)
        item = self._to_media(answer.image, largest)
        return replace(item, sizes=sizes) if item else super().fetch_details(media_id, media)

    def check_key(self) -> Check:
        self._log_in(self.transport.total_seconds)
        return Check("gives a token")

    def build_landing_url(self, media: Media) -> str:
        """Return the page without a fragment, since the affiliate id takes the fragment's place."""
        return media.page_url.partition("#")[0]

    def _build_page_params(self, query: SearchQuery, chunk: int) -> dict[str, Any]:
        return {
            "Keywords": self.to_plain_query(query).q,
            "PageSize": self.chunk_size,
            "Page": chunk + 1,
        }

    def _send_request(self, verb: str, fields: Mapping[str, Any]) -> Reply:
        """Return the answer to a request, with a new token if needed, in the time of one call.

        Raises:
            AgencyError: BadCredentials where the agency refuses the new token, too.
        """
        seconds_left = partial(self.seconds_left, time.monotonic() + self.transport.total_seconds)
        session = self._session.get(self._log_in, seconds_left)
        try:
            return self.transport.send(self._build_call(verb, fields, session), seconds_left())
        except TokenEnded:
            session = self._session.get(self._log_in, seconds_left, refused=session)
        return self.transport.send(self._build_call(verb, fields, session), seconds_left())

    def _log_in(self, seconds: float) -> Session:
        fields = {"ApplicationId": self.keys.get("APPLICATION_ID", "")}
        call = self._build_call(LOGIN, fields, Session("", f"{self.url}/api/"))
        login = self.decode(
            self._read_response(self.transport.send(call, seconds), LOGIN), wire.Login
        )
        return Session(
            login.auth_token, self._keep_https(read_web_address(login.api_url) or call.url)
        )

    def _keep_https(self, address: str) -> str:
        """Return the address, with HTTPS where the site's own address of the API has HTTPS."""
        return re.sub("^http:", "https:", address) if self.url.startswith("https:") else address

    def _build_call(self, name: str, fields: Mapping[str, Any], session: Session) -> Request:
        verb = name[0].upper() + name[1:]
        token = {"AuthToken": session.token} if session.token else {}
        body = {"APIRequests": {name: {"Verb": verb, **token, **fields}}}
        application = self.keys.get("APPLICATION_ID", "")
        return Request(
            agency=self.name,
            url=session.url,
            method="POST",
            reads=True,
            headers={"Content-Type": "application/json", "User-Agent": application},
            body=json.dumps(body).encode(),
            secrets=(application, session.token),
            judge=wire.judge_login if name == LOGIN else wire.read_error,
        )

    def _read_response(self, reply: Reply, name: str) -> Any:  # noqa: ANN401 - what JSON holds
        """Return the answer to the request of a name."""
        return self.decode(reply.json(), wire.Answers).responses.get(name)

    def _to_media(self, image: wire.Image, sides: tuple[float, float]) -> Media | None:
        thumbnail = fit_rendition(image.thumbnail_url, *sides, THUMBNAIL)
        media_id, title = clean_id(str(image.image_id)), clean_text(image.title)
        if thumbnail is None or not media_id:
            return None
        slug = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-") or "stock-photo"
        return Media(
            agency=self.name,
            id=media_id,
            title=title,
            page_url=read_web_address(image.detail_url)
            or f"https://www.dreamstime.com/{slug}-image{percent_encode(media_id)}",
            contributor=clean_text(image.author) or None,
            thumbnail=thumbnail,
        )
