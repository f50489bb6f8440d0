"""What every agency promises, and what they share."""

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import msgspec

from affiliate.errors import BadAnswer, NotFound
from affiliate.model import Media, SearchQuery, SearchResult, Thumbnail, web_address
from affiliate.transport import Reply, Request, Transport

PAGE_PLACES = 48
CHUNK_PLACES = 240
SUGGESTIONS = 10
"""Suggestions that an agency gives at most; more than are shown, for some are doubles."""

Wire = TypeVar("Wire")


class Agency:
    """One agency: asks for a chunk of its ranking and parses the answer.

    Class attributes say what it is; nothing of them depends on the owner:

    - ``credentials``: sets of setting names (without prefix), any one of which gives access.
    - ``expresses``: the filters that its API can express, each with the values it takes; None
      stands for any. A search that asks for more is *unsupported* here, and the page says so.
    - ``most``: the most items one call gives; ``depth``: the deepest rank that can be reached.
    - ``picture_hosts``: sources for the page's Content-Security-Policy.
    - ``link_template``, ``sub_ids``: the affiliate link when the owner sets only an id.
    - ``fresh_seconds``: how long an answer is fresh where the agency's own terms say so.
    - ``has_similar``: whether it can find pictures like one.
    - ``suggests``: whether it can complete words; without an ``api`` that costs no call.
    - ``license_url``: where the public can read the terms of its licenses.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    api: ClassVar[str] = ""
    credentials: ClassVar[tuple[tuple[str, ...], ...]] = ()
    expresses: ClassVar[Mapping[str, tuple[str, ...] | None]] = {}
    most: ClassVar[int] = 100
    depth: ClassVar[int] = 10_000
    picture_hosts: ClassVar[tuple[str, ...]] = ()
    link_template: ClassVar[str] = "{landing_url}"
    sub_ids: ClassVar[bool] = False
    fresh_seconds: ClassVar[int | None] = None
    has_similar: ClassVar[bool] = False
    suggests: ClassVar[bool] = False
    license_url: ClassVar[str] = ""

    def __init__(
        self,
        transport: Transport,
        *,
        url: str | None = None,
        credentials: Mapping[str, str] | None = None,
    ) -> None:
        self.transport = transport
        self.url = url or self.api
        self.keys = dict(credentials or {})

    @property
    def similar_size(self) -> int:
        """Items a call for similar pictures asks for: no more than a page shows."""
        return min(PAGE_PLACES, self.most)

    @property
    def chunk_size(self) -> int:
        """Items a call asks for: a multiple of a page's places, so pages cut chunks evenly."""
        most = min(CHUNK_PLACES, self.most)
        return most if most < PAGE_PLACES else most - most % PAGE_PLACES

    def unsupported(self, query: SearchQuery) -> tuple[str, ...]:
        """The names of the filters in ``query`` that this agency can't express."""
        asked = query.filters()
        return tuple(
            name
            for name, value in query.pairs()
            if name in asked and value not in self._values(name, value)
        )

    def _values(self, name: str, value: str) -> tuple[str, ...]:
        values = self.expresses.get(name, ())
        return (value,) if values is None else values

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        """The items of ranks ``chunk * chunk_size`` up to the next chunk; runs in any thread.

        Raises:
            AgencyError: the agency did not give them.
        """
        return self.parse(self.transport.send(self.request(query, chunk)), query)

    def request(self, query: SearchQuery, chunk: int) -> Request:
        """The call that asks for one chunk, counted from 0."""
        raise NotImplementedError

    def parse(self, reply: Reply, query: SearchQuery) -> SearchResult:
        """The chunk in a reply.

        Raises:
            BadAnswer: a required field is missing or of another type.
        """
        raise NotImplementedError

    def details(self, media_id: str) -> Media:
        """One picture by its id; runs in any thread.

        Raises:
            AgencyError: NotFound when it is gone, or when the agency has no such call.
        """
        raise NotFound(self.name, f"There is no picture {media_id[:40]!r}.")

    def similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        """Pictures like one, without itself; of ``query`` only the language counts.

        They are those of ranks ``chunk * similar_size`` up to the next chunk; runs in any thread.

        Raises:
            AgencyError: NotFound when the picture is gone, or when the agency has no such call.
        """
        del query, chunk
        raise NotFound(self.name, f"There is nothing like picture {media_id[:40]!r}.")

    def suggest(self, words: str, lang: str) -> tuple[str, ...]:
        """Searches that begin as ``words``, which are canonical, do; the best come first.

        Runs in any thread.

        Raises:
            AgencyError: the agency did not give them.
        """
        del words, lang
        return ()

    def landing(self, media: Media) -> str:
        """The address that an affiliate link leads to."""
        return media.page_url

    def read(self, value: Any, shape: type[Wire]) -> Wire:  # noqa: ANN401 - what JSON holds
        """Parsed JSON in its wire shape; unknown fields are ignored.

        Raises:
            BadAnswer: says which field is missing or of another type, never its content.
        """
        try:
            return msgspec.convert(value, shape)
        except msgspec.ValidationError as error:
            raise BadAnswer(self.name, f"The answer has changed: {error}") from None


def rendition(value: object) -> Thumbnail | None:
    """A ``{url, width, height}`` object as a `Thumbnail`; None where it can't be shown."""
    if not isinstance(value, dict):
        return None
    url = web_address(value.get("url"))
    sides = (value.get("width"), value.get("height"))
    width, height = (s if isinstance(s, int | float) and 0 < s < 1e5 else 0 for s in sides)  # noqa: PLR2004 - pixels
    return Thumbnail(url, width, height) if url and width and height else None


def first_rendition(assets: Mapping[str, Any], names: tuple[str, ...]) -> Thumbnail | None:
    """The first of the named renditions that can be shown."""
    return next((t for t in (rendition(assets.get(n)) for n in names) if t), None)
