"""What every agency promises, and what they share."""

import copy
import hashlib
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Self, TypeVar

import msgspec

from affiliate.agencies.filter_values import Filters, is_among
from affiliate.agencies.limits import Limit
from affiliate.agencies.site_search import SiteSearch
from affiliate.agencies.terms import Terms
from affiliate.domain import decoding, words
from affiliate.domain.media import (
    Collection,
    Contributor,
    Media,
    SearchQuery,
    SearchResult,
)
from affiliate.errors import AgencyTimeout, BadAnswer, NotFound, RequestRefused
from affiliate.transport.client import Transport
from affiliate.transport.messages import Reply, Request

PAGE_PLACES = 48
CHUNK_PLACES = 240
SUGGESTIONS = 10
"""Suggestions that an agency gives at most; more than are shown, for some are doubles."""

Wire = TypeVar("Wire")
Credentials = tuple[tuple[str, ...], ...]
"""Sets of names of settings, any one of which gives access."""


class Check(msgspec.Struct, frozen=True):
    """That an agency answers: in a few plain words, with what it took."""

    words: str


class Agency:
    """One agency: asks for a chunk of its ranking and parses the answer.

    Class attributes say what it is; nothing of them depends on the owner:

    - ``credentials``: sets of setting names (without prefix), any one of which gives access.
    - ``options``: sets of setting names that change how it is asked and need not be set; of a set
      all are set or none.
    - ``buyer``: the names of settings that buying licenses there by command needs beside them.
    - ``account``: the agency whose key, address and affiliate id serve this one too.
    - ``image_filters``: the filters of pictures. A search that asks for more is *unsupported* here,
      and the page says so.
    - ``video_filters``: the filters of footage, ``media`` among them; none where it sells no
      footage.
    - ``approximate_filters``: those of them, with their values, whose meaning there is only near
      ours; pages and the list of agencies say so.
    - ``syntax``: the signs and words that are operators among the words of a search; what its
      documents don't tell is as search engines usually have it.
    - ``limits``: how many calls it documents that it takes; the owner's own setting replaces them.
    - ``max_per_call``: the most items one call gives; ``depth``: the deepest rank that can be
      reached.
    - ``picture_hosts``: sources for the page's Content-Security-Policy.
    - ``link_template``, ``footage_template`` (where clips have another), ``network`` (one of
      `links.NETWORKS`, or none): the affiliate link when the owner sets only an id.
    - ``link_source``: what the form of that link rests on, or, where no form is proven, what is
      known of the affiliate program; empty where there is no program.
    - ``site_search``: how its own site is searched; None where no form is known.
    - ``terms``: what its terms ask for, as far as it is known.
    - ``expected_fields``: the fields of `Media` that at least one item of any answer fills; where
      one no longer does, the API may have changed.
    - ``tells_more``: whether details tell of a picture what a search leaves out.
    - ``protocol``, ``source_quality``: how it speaks, and what this module rests on, for the owner
      to read.
    - ``experimental``: whether no answer of a living API has been seen lately.
    - ``has_similar``: whether it can find pictures like one.
    - ``suggests``: whether it can complete words; without an ``api`` that costs no call.
    - ``categorizes``: whether it can list its categories.
    - ``collection_size``: how many pictures of a collection one call asks for, a multiple of a
      page's places; 0 where the agency features no collections.
    - ``ids_at_once``: how many ids one call for several takes.
    - ``least``: how many pictures of flowers a key that finds the whole collection finds at least,
      where it is known; ``least_means`` says what fewer mean.
    - ``license_url``: where the public can read the terms of its licenses.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    api: ClassVar[str] = ""
    credentials: ClassVar[Credentials] = ()
    options: ClassVar[Credentials] = ()
    buyer: ClassVar[tuple[str, ...]] = ()
    account: ClassVar[str] = ""
    image_filters: ClassVar[Filters] = {}
    video_filters: ClassVar[Filters] = {}
    approximate_filters: ClassVar[Filters] = {}
    syntax: ClassVar[words.Syntax] = words.Syntax()
    limits: tuple[Limit, ...] = ()
    max_per_call: int = 100
    depth: int = 10_000
    picture_hosts: ClassVar[tuple[str, ...]] = ()
    link_template: ClassVar[str] = "{landing_url}"
    footage_template: ClassVar[str] = ""
    network: ClassVar[str] = ""
    link_source: ClassVar[str] = ""
    site_search: ClassVar[SiteSearch | None] = None
    terms: ClassVar[Terms] = Terms()
    expected_fields: tuple[str, ...] = ("title", "page_url")
    tells_more: ClassVar[bool] = False
    protocol: ClassVar[str] = "JSON"
    source_quality: ClassVar[str] = "official documents"
    experimental: ClassVar[bool] = False
    has_similar: ClassVar[bool] = False
    suggests: ClassVar[bool] = False
    categorizes: ClassVar[bool] = False
    collection_size: ClassVar[int] = 0
    ids_at_once: ClassVar[int] = 1
    least: ClassVar[int] = 0
    least_means: ClassVar[str] = ""
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
        self._digest = _digest(self.url, self.keys)
        self._chunk_places = CHUNK_PLACES
        self.set_up()

    def set_up(self) -> None:
        """Make what the agency keeps between calls; settings that are no secrets leave the keys."""

    @property
    def source(self) -> str:
        """The name with a digest of the address and key: under it answers and failures are kept."""
        return f"{self.name}:{self._digest}"

    @classmethod
    def setting_faults(cls, settings: Mapping[str, str]) -> tuple[str, ...]:
        """Return what is wrong with settings of its own: the name of each and what it must be."""
        del settings
        return ()

    @property
    def similar_size(self) -> int:
        """Items a call for similar pictures asks for: no more than a page shows."""
        return min(PAGE_PLACES, self.max_per_call)

    @property
    def chunk_size(self) -> int:
        """Items a call asks for: a multiple of a page's places, so pages cut chunks evenly."""
        most = min(self._chunk_places, self.max_per_call)
        return most if most < PAGE_PLACES else most - most % PAGE_PLACES

    def in_pages(self) -> Self:
        """Return the agency with chunks of a page's places, where a call could bring more."""
        if self.chunk_size <= PAGE_PLACES:
            return self
        other = copy.copy(self)
        other._chunk_places = PAGE_PLACES  # noqa: SLF001 - of the same class
        return other

    def expresses_for(self, media: str) -> Filters:
        """Return the filters that can be expressed for pictures or for footage.

        Where no footage is sold they are those of pictures, among which ``media`` is not.
        """
        return self.video_filters if media == "video" and self.video_filters else self.image_filters

    @classmethod
    def is_loose(cls, name: str, value: str, media: str = "image") -> bool:
        """Return whether a filter's value means only nearly the same there as at other agencies.

        So does popularity where the agency has an order of its own instead.
        """
        if (name, value) == ("sort", "popular"):
            able = (
                cls.video_filters if media == "video" and cls.video_filters else cls.image_filters
            )
            return not is_among(value, able.get(name, ()))
        return is_among(value, cls.approximate_filters.get(name, ()))

    def unsupported(self, query: SearchQuery) -> tuple[str, ...]:
        """Return the names of the filters in ``query`` that this agency can't express."""
        asked, able = query.filters(), self.expresses_for(query.media)
        return tuple(
            name
            for name, value in query.pairs()
            if name in asked and not is_among(value, able.get(name, ()))
        )

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        """Return the items from rank ``chunk * chunk_size`` to the next chunk; runs in any thread.

        Raises:
            AgencyError: the agency did not give them.
        """
        return self.parse_results(self.transport.send(self.request(query, chunk)), query)

    def plain_query(self, query: SearchQuery) -> SearchQuery:
        """Return the search with its words as this agency is sent them, none of them an operator.

        Words to exclude may be phrases between quotation marks; `words.terms` takes them apart.

        Raises:
            RequestRefused: nothing but signs was typed, which would find everything.
        """
        asked = words.to_plain_words(query.q, self.syntax)
        if query.q and not asked:
            raise RequestRefused(self.name, "It can't search for signs alone.")
        return query.replace(q=asked, exclude=words.to_plain_words(query.exclude, self.syntax))

    def request(self, query: SearchQuery, chunk: int) -> Request:
        """Return the call that asks for one chunk, counted from 0."""
        raise NotImplementedError

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        """Return the chunk in a reply.

        Raises:
            BadAnswer: a required field is missing or of another type.
        """
        raise NotImplementedError

    def details(self, media_id: str, media: str = "image") -> Media:
        """One picture or clip by its id; runs in any thread.

        Raises:
            AgencyError: NotFound when it is gone, or when the agency has no such call.
        """
        del media
        raise NotFound(self.name, f"There is no picture {media_id[:40]!r}.")

    def similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        """Pictures like one, without itself; of ``query`` language and media count.

        They are those of ranks ``chunk * similar_size`` up to the next chunk; runs in any thread.

        Raises:
            AgencyError: NotFound when the picture is gone, or when the agency has no such call.
        """
        del query, chunk
        raise NotFound(self.name, f"There is nothing like picture {media_id[:40]!r}.")

    def media_by_ids(self, ids: Sequence[str], media: str = "image") -> tuple[Media, ...]:
        """Pictures or clips by their ids, in that order; those that are gone are left out.

        Raises:
            AgencyError: the agency did not give them.
        """
        found = []
        for one in ids:
            with suppress(NotFound):
                found.append(self.details(one, media))
        return tuple(found)

    def list_categories(self, lang: str, media: str = "image") -> tuple[str, ...]:
        """Return the names of its categories, as the filter takes them; runs in any thread.

        Raises:
            AgencyError: the agency did not give them.
        """
        del lang, media
        return ()

    def list_collections(self, media: str = "image") -> tuple[Collection, ...]:
        """Return the collections of pictures or clips that it features; runs in any thread.

        Raises:
            AgencyError: the agency did not give them.
        """
        del media
        return ()

    def about_collection(self, collection_id: str, media: str = "image") -> Collection:
        """Return a collection that the agency features, by its id; runs in any thread.

        Raises:
            AgencyError: NotFound when it is gone, or when the agency has no such call.
        """
        del media
        raise NotFound(self.name, f"There is no collection {collection_id[:40]!r}.")

    def collection_chunk(
        self, collection_id: str, chunk: int, media: str = "image"
    ) -> SearchResult:
        """Return what is left of a featured collection, in its order.

        They are those of ranks ``chunk * collection_size`` up to the next chunk; runs in any
        thread.

        Raises:
            AgencyError: NotFound when it is gone, or when the agency has no such call.
        """
        del chunk, media
        raise NotFound(self.name, f"There is no collection {collection_id[:40]!r}.")

    def contributors_by_ids(self, ids: Sequence[str]) -> tuple[Contributor, ...]:
        """Return what it says of its contributors, by their ids; runs in any thread.

        Raises:
            AgencyError: the agency did not give them.
        """
        del ids
        return ()

    def check_key(self) -> Check:
        """Ask it as cheaply as can be whether it takes the owner's key.

        Raises:
            AgencyError: it does not, or does not answer.
        """
        return Check("needs no key")

    def count_pictures(self) -> int | None:
        """Pictures in its collection, where a call says so; runs in any thread.

        Raises:
            AgencyError: the agency did not say.
        """
        return None

    def suggest_searches(self, words: str, lang: str) -> tuple[str, ...]:
        """Return searches that begin as ``words``, in small letters, do; the best come first.

        Runs in any thread.

        Raises:
            AgencyError: the agency did not give them.
        """
        del words, lang
        return ()

    def landing_url(self, media: Media) -> str:
        """Return the address that an affiliate link leads to."""
        return media.page_url

    def search_landing(self, query: SearchQuery) -> str:
        """Return the same search on the agency's own site; its home page where there are no words.

        Filters stay behind. The address is empty where the form of the site's is not known.
        """
        site = self.site_search
        return site.search_url(query.q, query.media) if site else ""

    def page_of(self, media_id: str, media: str = "image") -> str:
        """Return the page where a picture or clip is sold, from its id alone.

        The address is empty where the id does not tell, or can be none of the agency's.
        """
        del media_id, media
        return ""

    def place_of(self, media: Media) -> str:
        """Return the name of the site that has the page of a picture, for people."""
        del media
        return self.title

    def seconds_left(self, deadline: float) -> float:
        """Return the seconds until a deadline on the monotonic clock, for the calls of one answer.

        Raises:
            AgencyTimeout: there are none left.
        """
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise AgencyTimeout(self.name, "No answer in time.")
        return seconds

    def decode(self, value: Any, shape: type[Wire]) -> Wire:  # noqa: ANN401 - what JSON holds
        """Return parsed JSON in its wire shape; unknown fields are ignored.

        Raises:
            BadAnswer: says which field is missing or of another type, never its content.
        """
        try:
            return decoding.convert(value, shape)
        except msgspec.ValidationError as error:
            raise BadAnswer(self.name, f"The answer has changed: {error}") from None
        except UnicodeError:  # half a character, where no text should be
            raise BadAnswer(self.name, "The answer can't be read.") from None


def _digest(url: str, keys: Mapping[str, str]) -> str:
    """Return a digest of an address and keys; nothing of them can be read from it."""
    made = msgspec.json.encode((url.rstrip("/"), sorted(keys.items())))
    return hashlib.blake2b(made, digest_size=5, person=b"source").hexdigest()
