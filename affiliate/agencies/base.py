"""The base class of all agencies: the calls that each answers, and their shared parts.

A module of this package turns a search into a request and a reply into `Media`. Caching, quotas
and circuit breakers are left to `affiliate.search`.
"""

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
from affiliate.domain import words
from affiliate.domain.media import Collection, Contributor, Media, SearchQuery, SearchResult
from affiliate.errors import AgencyTimeout, NotFound, RequestRefused
from affiliate.transport.client import Transport
from affiliate.transport.messages import Reply, Request, convert_answer

PAGE_PLACES = 48
"""Places for pictures on each page of results."""
CHUNK_PLACES = 240
SUGGESTIONS = 10
"""The most suggestions taken from an agency; more than a page shows, since some are doubles."""

Wire = TypeVar("Wire")
Credentials = tuple[tuple[str, ...], ...]
"""Sets of setting names; any one complete set gives access."""


class Check(msgspec.Struct, frozen=True):
    """The result of a check of a key that succeeded, in a few plain words."""

    words: str


class Agency:
    """An agency: requests a chunk of the agency's ranking and parses the answer.

    Class attributes describe the agency; none of them depends on the owner:

    - ``credentials``: sets of setting names (without prefix), any one of which gives access.
    - ``options``: sets of optional setting names that change the requests; of a set all are set or
      none.
    - ``buyer``: the names of settings that buying licenses by command needs beside the credentials.
    - ``account``: the agency whose key, address and affiliate id serve this agency too.
    - ``image_filters``: the filters of pictures. A search with further filters is *unsupported*
      here, and the page says so.
    - ``video_filters``: the filters of footage, ``media`` among them; empty where the agency sells
      no footage.
    - ``approximate_filters``: the filters, with their values, whose meaning at the agency is only
      near ours; pages and the list of agencies say so.
    - ``syntax``: the signs and words that are operators among the words of a search; where the
      agency's documents are silent, the usual operators of search engines.
    - ``limits``: the documented limits of calls; the owner's own setting replaces them.
    - ``max_per_call``: the most items of one call; ``depth``: the deepest rank that can be
      reached.
    - ``picture_hosts``: sources for the page's Content-Security-Policy.
    - ``link_template``, ``footage_template`` (where clips have another), ``network`` (one of
      `affiliate_links.NETWORKS`, or none): the affiliate link when the owner sets only an id.
    - ``link_source``: the source of the form of the affiliate link, or, where no form is proven,
      the known facts about the affiliate program; empty where there is no program.
    - ``site_search``: the form of searches on the agency's own site; None where no form is known.
    - ``terms``: the known rules of the agency's terms.
    - ``expected_fields``: the fields of `Media` that at least one item of any answer fills; a field
      that no item fills any longer means that the API may have changed.
    - ``has_more_details``: whether details have facts about a picture that a search leaves out.
    - ``protocol``, ``source_quality``: the format of answers, and the quality of the sources of
      this module, for the owner to read.
    - ``experimental``: whether no answer of a living API has been seen lately.
    - ``has_similar``: whether the agency can find pictures similar to a picture.
    - ``has_suggestions``: whether the agency can complete words; without an ``api`` a completion
      costs no call.
    - ``has_categories``: whether the agency can list its categories.
    - ``collection_size``: the pictures of a collection that one call requests, a multiple of a
      page's places; 0 where the agency features no collections.
    - ``ids_per_call``: the most ids in one call for several items.
    - ``min_flowers``: the least number of pictures of flowers that a key with access to the whole
      collection finds; 0 where unknown. ``min_flowers_hint`` explains a smaller number.
    - ``is_free``: whether all pictures cost nothing.
    - ``license_url``: the public page with the terms of the agency's licenses.
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
    has_more_details: ClassVar[bool] = False
    protocol: ClassVar[str] = "JSON"
    source_quality: ClassVar[str] = "official documents"
    experimental: ClassVar[bool] = False
    has_similar: ClassVar[bool] = False
    has_suggestions: ClassVar[bool] = False
    has_categories: ClassVar[bool] = False
    collection_size: ClassVar[int] = 0
    ids_per_call: ClassVar[int] = 1
    min_flowers: ClassVar[int] = 0
    min_flowers_hint: ClassVar[str] = ""
    is_free: ClassVar[bool] = False
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
        self._digest = _make_digest(self.url, self.keys)
        self._chunk_places = CHUNK_PLACES
        self.set_up()

    def set_up(self) -> None:
        """Create the state kept between calls; take settings without secrets out of the keys."""

    @property
    def source(self) -> str:
        """The name with a digest of address and key, under which answers and failures are kept."""
        return f"{self.name}:{self._digest}"

    @classmethod
    def find_setting_faults(cls, settings: Mapping[str, str]) -> tuple[str, ...]:
        """Return the faults of the agency's own settings: each with its name and valid values."""
        del settings
        return ()

    @property
    def similar_size(self) -> int:
        """The number of items in a call for similar pictures: no more than a page shows."""
        return min(PAGE_PLACES, self.max_per_call)

    @property
    def chunk_size(self) -> int:
        """The number of items in a call: a multiple of a page's places, for pages to cut evenly."""
        size = min(self._chunk_places, self.max_per_call)
        return size if size < PAGE_PLACES else size - size % PAGE_PLACES

    def with_page_chunks(self) -> Self:
        """Return the agency with chunks of one page, also where a call could bring more."""
        if self.chunk_size <= PAGE_PLACES:
            return self
        agency = copy.copy(self)
        agency._chunk_places = PAGE_PLACES  # noqa: SLF001 - of the same class
        return agency

    def get_filters(self, media: str) -> Filters:
        """Return the filters that the agency can express for pictures or for footage.

        An agency without footage has the filters of pictures alone, without ``media``.
        """
        return self.video_filters if media == "video" and self.video_filters else self.image_filters

    @classmethod
    def is_approximate(cls, name: str, value: str, media: str = "image") -> bool:
        """Return whether a filter's value means only nearly the same as at other agencies.

        An agency that cannot order by popularity uses an order of its own: loose, too.
        """
        if (name, value) == ("sort", "popular"):
            filters = (
                cls.video_filters if media == "video" and cls.video_filters else cls.image_filters
            )
            return not is_among(value, filters.get(name, ()))
        return is_among(value, cls.approximate_filters.get(name, ()))

    def list_unsupported_filters(self, query: SearchQuery) -> tuple[str, ...]:
        """Return the names of the filters in ``query`` that this agency can't express."""
        names, filters = query.list_filters(), self.get_filters(query.media)
        return tuple(
            name
            for name, value in query.to_pairs()
            if name in names and not is_among(value, filters.get(name, ()))
        )

    def search(self, query: SearchQuery, chunk: int) -> SearchResult:
        """Return the items from rank ``chunk * chunk_size`` to the next chunk; runs in any thread.

        Raises:
            AgencyError: the agency did not give the items.
        """
        return self.parse_results(self.transport.send(self.build_request(query, chunk)), query)

    def list_ids_at_hand(self, query: SearchQuery) -> frozenset[str] | None:
        """Return the ids of all items of a search where that needs no call; None elsewhere."""
        del query
        return None

    def to_plain_query(self, query: SearchQuery) -> SearchQuery:
        """Return the search with the words sent to this agency, none of them an operator.

        Words to exclude may be phrases between quotation marks; `words.split_terms` splits them.

        Raises:
            RequestRefused: the words are signs alone, which would find everything.
        """
        plain_words = words.to_plain_words(query.q, self.syntax)
        if query.q and not plain_words:
            raise RequestRefused(self.name, "It can't search for signs alone.")
        return query.replace(
            q=plain_words, exclude=words.to_plain_words(query.exclude, self.syntax)
        )

    def build_request(self, query: SearchQuery, chunk: int) -> Request:
        """Return the call for a chunk; chunks count from 0."""
        raise NotImplementedError

    def parse_results(self, reply: Reply, query: SearchQuery) -> SearchResult:
        """Return the chunk in a reply.

        Raises:
            BadAnswer: a required field is missing or of another type.
        """
        raise NotImplementedError

    def fetch_details(self, media_id: str, media: str = "image") -> Media:
        """Return a picture or clip by its id; runs in any thread.

        Raises:
            AgencyError: NotFound when the item is gone, or when the agency has no such call.
        """
        del media
        raise NotFound(self.name, f"There is no picture {media_id[:40]!r}.")

    def fetch_similar(self, media_id: str, query: SearchQuery, chunk: int) -> SearchResult:
        """Return pictures similar to the picture of an id, without that picture.

        The ranks are those from ``chunk * similar_size`` up to the next chunk; of ``query`` only
        language and media count. Runs in any thread.

        Raises:
            AgencyError: NotFound when the picture is gone, or when the agency has no such call.
        """
        del query, chunk
        raise NotFound(self.name, f"There is nothing like picture {media_id[:40]!r}.")

    def fetch_media(self, ids: Sequence[str], media: str = "image") -> tuple[Media, ...]:
        """Return pictures or clips by their ids, in the order of the ids, without those now gone.

        Raises:
            AgencyError: the agency did not give the items.
        """
        items = []
        for media_id in ids:
            with suppress(NotFound):
                items.append(self.fetch_details(media_id, media))
        return tuple(items)

    def list_categories(self, lang: str, media: str = "image") -> tuple[str, ...]:
        """Return the names of categories, as values of the filter; runs in any thread.

        Raises:
            AgencyError: the agency did not give the names.
        """
        del lang, media
        return ()

    def list_collections(self, media: str = "image") -> tuple[Collection, ...]:
        """Return the featured collections of pictures or clips; runs in any thread.

        Raises:
            AgencyError: the agency did not give the collections.
        """
        del media
        return ()

    def fetch_collection(self, collection_id: str, media: str = "image") -> Collection:
        """Return a featured collection by its id; runs in any thread.

        Raises:
            AgencyError: NotFound when the collection is gone, or when the agency has no such call.
        """
        del media
        raise NotFound(self.name, f"There is no collection {collection_id[:40]!r}.")

    def fetch_collection_chunk(
        self, collection_id: str, chunk: int, media: str = "image"
    ) -> SearchResult:
        """Return a chunk of a featured collection, in the order of the collection.

        The items have the ranks from ``chunk * collection_size`` up to the next chunk; runs in
        any thread. Items that are gone are left out.

        Raises:
            AgencyError: NotFound when the collection is gone, or when the agency has no such call.
        """
        del chunk, media
        raise NotFound(self.name, f"There is no collection {collection_id[:40]!r}.")

    def fetch_contributors(self, ids: Sequence[str]) -> tuple[Contributor, ...]:
        """Return the profiles of contributors by their ids; runs in any thread.

        Raises:
            AgencyError: the agency did not give the profiles.
        """
        del ids
        return ()

    def check_key(self) -> Check:
        """Check the owner's key by the agency's cheapest call; return the success in words.

        Raises:
            AgencyError: the agency refuses the key, or does not answer.
        """
        return Check("needs no key")

    def count_pictures(self) -> int | None:
        """Return the number of pictures in the collection; None where no call has the number.

        Runs in any thread.

        Raises:
            AgencyError: the agency did not give the number.
        """
        return None

    def suggest_searches(self, words: str, lang: str) -> tuple[str, ...]:
        """Return searches that begin with ``words``, which are in lower case; the best come first.

        Runs in any thread.

        Raises:
            AgencyError: the agency did not give the searches.
        """
        del words, lang
        return ()

    def build_landing_url(self, media: Media) -> str:
        """Return the address that an affiliate link leads to."""
        return media.page_url

    def build_search_url(self, query: SearchQuery) -> str:
        """Return the address of the search on the agency's own site.

        A search without words leads to the home page. The address carries no filters, and is
        empty where the form of the site's searches is not known.
        """
        site = self.site_search
        return site.search_url(query.q, query.media) if site else ""

    def build_page_url(self, media_id: str, media: str = "image") -> str:
        """Return the address of the page that sells a picture or clip, from the id alone.

        The address is empty where the id does not suffice, or cannot be an id of the agency.
        """
        del media_id, media
        return ""

    def get_site_title(self, media: Media) -> str:
        """Return the name, for people, of the site with the page of a picture."""
        del media
        return self.title

    def seconds_left(self, deadline: float) -> float:
        """Return the seconds until a deadline on the monotonic clock, for the calls of one answer.

        Raises:
            AgencyTimeout: the deadline has passed.
        """
        seconds = deadline - time.monotonic()
        if seconds <= 0:
            raise AgencyTimeout(self.name, "No answer in time.")
        return seconds

    def decode(self, value: Any, shape: type[Wire]) -> Wire:  # noqa: ANN401 - what JSON holds
        """Return parsed JSON in its wire shape, as `convert_answer` does."""
        return convert_answer(self.name, value, shape)


def _make_digest(url: str, keys: Mapping[str, str]) -> str:
    """Return a digest of an address and keys, from which neither can be read."""
    data = msgspec.json.encode((url.rstrip("/"), sorted(keys.items())))
    return hashlib.blake2b(data, digest_size=5, person=b"source").hexdigest()
