"""The reading side: shares a page among agencies, asks them side by side, puts it together."""

import enum
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Final

import msgspec

from affiliate.agencies.base import PAGE_PLACES
from affiliate.cache import Answer, Cache, Wanted, details_key, search_key
from affiliate.errors import AgencyError, BadQuery, NotFound
from affiliate.health import Quota
from affiliate.links import affiliate_link
from affiliate.model import (
    AgencyStatus,
    Failure,
    Media,
    SearchPage,
    SearchQuery,
    SearchResult,
    Seller,
)
from affiliate.query import MAX_NAME
from affiliate.slices import Listed, Part, Slice, interleave, pages_of, part_of, share, total_of

PAGE_SECONDS: Final = 3.0
LINGER_SECONDS: Final = 0.8
"""How long a page waits for the others after the first agency has answered."""
FETCHERS: Final = 64
WAITERS: Final = 64
"""Requests that may wait for agencies at once: half of a process's threads, so hits go on."""


class Patience(enum.Enum):
    """How long a page may take: what the cache has, the quick answers, or all that come."""

    NONE = "none"
    LINGER = "linger"
    FULL = "full"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """A page, the seconds for which it stays true, and whether anyone was waited for."""

    page: SearchPage
    lifetime: float
    waited: bool


class Search:
    """Searches all agencies that are on."""

    def __init__(self, listed: Sequence[Listed], cache: Cache, quota: Quota) -> None:
        self.listed = tuple(listed)
        self._cache = cache
        self._quota = quota
        self._fetchers = ThreadPoolExecutor(FETCHERS, thread_name_prefix="fetch")
        self._under_way: dict[tuple[str, str], Future[Part]] = {}
        self._lock = threading.Lock()
        self._waiters = threading.BoundedSemaphore(WAITERS)

    def page(self, query: SearchQuery, patience: Patience, *, site: str = "") -> Outcome:
        """One page of results; late and failed agencies are part of it, as data.

        ``site`` is the host name of the site that shows it, for the links.

        Raises:
            BadQuery: ``agency`` names one that is not on.
        """
        chosen = self._chosen(query)
        able = [one for one in chosen if not one.agency.unsupported(query)]
        shares = share(PAGE_PLACES, [one.weight for one in able])
        slices = [
            Slice(listed=one, first=(query.page - 1) * places, last=query.page * places)
            for one, places in zip(able, shares, strict=True)
        ]
        parts, waited = self._gather(query, slices, patience)
        items = interleave([part.items for part in parts], shares)
        items = tuple(self._linked(m, query.q, site) for m in items)
        statuses = [_status(one, part) for one, part in zip(able, parts, strict=True)]
        statuses += [_unsupported(one, query) for one in chosen if one not in able]
        page = SearchPage(
            query=query,
            page=query.page,
            pages=pages_of(slices, parts),
            total=total_of(part.total for part in parts),
            items=items,
            agencies=tuple(statuses),
        )
        return Outcome(
            page=page, lifetime=min((p.lifetime for p in parts), default=0), waited=waited
        )

    def details(self, agency: str, media_id: str, *, site: str = "") -> Media:
        """One picture by its id, from the cache or its agency.

        Raises:
            AgencyError: NotFound when it is gone; else the agency did not answer.
        """
        one = next((o for o in self.listed if o.agency.name == agency), None)
        if one is None or len(media_id) > MAX_NAME:
            raise NotFound(agency, "There is no such picture here.")
        wanted = Wanted(details_key(agency, media_id), Media, one.policy, lambda _: False)

        def fetch() -> Media:
            self._quota.take(agency)
            return one.agency.details(media_id)

        answer = self._cache.peek(wanted)
        if answer is None:
            answer = self._waited(wanted, fetch)
        elif answer.status == "stale":
            answer = self._cache.through(wanted, fetch, PAGE_SECONDS)  # which refreshes behind
        if answer.value is None:
            failure = answer.failure or Failure("failed", "No answer.", 5)
            kind = NotFound if failure.kind == NotFound.kind else AgencyError
            raise kind(agency, failure.message, retry_after=failure.retry_after)
        return self._linked(answer.value, "", site)

    def _waited(self, wanted: Wanted[Media], fetch: Callable[[], Media]) -> Answer[Media]:
        """What the agency says of a picture, unless too many requests wait already."""
        if not self._waiters.acquire(blocking=False):
            failure = Failure("busy", "Too many ask just now.", 1)
            return Answer(status="failed", lifetime=1, failure=failure)
        try:
            return self._cache.through(wanted, fetch, PAGE_SECONDS)
        finally:
            self._waiters.release()

    def warm(self, query: SearchQuery, within: float) -> int:
        """Fetch the first chunks that will be fresh for less than ``within`` seconds; how many."""
        asked = query.replace(page=1, agency=())
        return sum(
            self._cache.renew(self._wanted(asked, one, 0), self._fetch(asked, one, 0), within)
            for one in self._chosen(asked)
            if not one.agency.unsupported(asked)
        )

    def peek(self, query: SearchQuery, one: Listed) -> Answer[SearchResult] | None:
        """What the store has of an agency's first chunk; never asks."""
        return self._cache.peek(self._wanted(query, one, 0))

    def _chosen(self, query: SearchQuery) -> list[Listed]:
        names = [one.agency.name for one in self.listed]
        if unknown := set(query.agency) - set(names):
            raise BadQuery(
                "agency", f"{min(unknown)} is not searched here; use {', '.join(names)}."
            )
        return [o for o in self.listed if not query.agency or o.agency.name in query.agency]

    def _gather(
        self, query: SearchQuery, slices: list[Slice], patience: Patience
    ) -> tuple[list[Part], bool]:
        """What the store has, then what the agencies give in time; True when any was asked."""
        parts = {i: self._cached(query, one, patience) for i, one in enumerate(slices)}
        missing = [i for i, part in parts.items() if part is None]
        waits = bool(missing) and patience is not Patience.NONE
        if waits:
            answered = len(missing) < len(slices)
            limit = LINGER_SECONDS if answered and patience is Patience.LINGER else PAGE_SECONDS
            linger = patience is Patience.LINGER
            found = self._ask({i: slices[i] for i in missing}, query, limit, linger=linger)
            parts.update(found)
        late = Part(status="late", lifetime=0)
        return [parts[i] or late for i in range(len(slices))], waits

    def _ask(
        self, slices: Mapping[int, Slice], query: SearchQuery, limit: float, *, linger: bool
    ) -> dict[int, Part]:
        """What the agencies give of the slices within ``limit`` seconds."""
        if not self._waiters.acquire(blocking=False):
            return {}  # so many wait already that this one must not; the page asks again
        try:
            futures = {i: self._join(query, one) for i, one in slices.items()}
            done = self._await([f for f in futures.values() if f], limit, linger=linger)
        finally:
            self._waiters.release()
        return {i: f.result() for i, f in futures.items() if f in done and f}

    def _join(self, query: SearchQuery, one: Slice) -> Future[Part] | None:
        """The fetch of a slice, begun or already under way; None when too many are."""
        key = (one.listed.agency.name, f"{one.last - one.first} {query.canonical()}")
        with self._lock:
            future = self._under_way.get(key)
            if future is None and len(self._under_way) < FETCHERS:
                future = self._fetchers.submit(self._fetched, query, one)
                self._under_way[key] = future
                future.add_done_callback(lambda _: self._under_way.pop(key, None))
            return future

    @staticmethod
    def _await(futures: Sequence[Future[Part]], limit: float, *, linger: bool) -> set[Future[Part]]:
        """The futures done within ``limit`` seconds; with ``linger`` soon after the first."""
        if futures:
            end = time.monotonic() + limit
            done, pending = wait(futures, limit, FIRST_COMPLETED)
            while pending and (left := end - time.monotonic()) > 0:
                if linger:
                    end = min(end, time.monotonic() + LINGER_SECONDS)
                    linger = False
                    continue
                more, pending = wait(pending, left, FIRST_COMPLETED)
                done |= more
            return done
        return set()

    def _cached(self, query: SearchQuery, one: Slice, patience: Patience) -> Part | None:
        """The slice from the store; None when any chunk of it must be fetched.

        A stale one is refreshed behind, but for a page that may ask no agency.
        """
        answers = []
        for chunk in one.chunks():
            answer = self._peek(query, one.listed, chunk)
            if answer is None:
                return None
            if answer.status == "stale" and patience is not Patience.NONE:
                answer = self._through(query, one.listed, chunk)
            answers.append((chunk, answer))
        if not answers and (first := self._peek(query, one.listed, 0)):
            answers.append((0, first))  # past the depth: nothing to show, but the total is known
        return part_of(one, answers)

    def _fetched(self, query: SearchQuery, one: Slice) -> Part:
        """The slice, fetched where the store has none of it; runs in a thread of its own."""
        return part_of(one, [(c, self._through(query, one.listed, c)) for c in one.chunks()])

    def _through(self, query: SearchQuery, one: Listed, chunk: int) -> Answer[SearchResult]:
        asked = query.replace(page=1, agency=())
        wanted = self._wanted(query, one, chunk)
        return self._cache.through(wanted, self._fetch(asked, one, chunk), PAGE_SECONDS)

    def _fetch(self, asked: SearchQuery, one: Listed, chunk: int) -> Callable[[], SearchResult]:
        def fetch() -> SearchResult:
            self._quota.take(one.agency.name)
            return one.agency.search(asked, chunk)

        return fetch

    def _peek(self, query: SearchQuery, one: Listed, chunk: int) -> Answer[SearchResult] | None:
        """What the store knows of a chunk: its answer, or that the ranking ends before it."""
        answer = self._cache.peek(self._wanted(query, one, chunk))
        if answer is not None or chunk == 0:
            return answer
        first = self._cache.peek(self._wanted(query, one, 0))
        total = first.value.total if first and first.value else None
        if first is None or total is None or chunk * one.agency.chunk_size < total:
            return None
        return msgspec.structs.replace(first, value=SearchResult((), total))

    def _wanted(self, query: SearchQuery, one: Listed, chunk: int) -> Wanted[SearchResult]:
        key = search_key(one.agency.name, query, chunk)
        return Wanted(key, SearchResult, one.policy, _is_empty)

    def _linked(self, media: Media, words: str, site: str) -> Media:
        one = next(o for o in self.listed if o.agency.name == media.agency)
        landing = one.agency.landing(media)
        link = affiliate_link(one.link, media, landing, site=site, query=words)
        seller = Seller(media.agency, media.id, link)
        return msgspec.structs.replace(media, link=link, sellers=(seller,))


def _status(one: Listed, part: Part) -> AgencyStatus:
    return AgencyStatus(
        agency=one.agency.name,
        status=part.status,
        total=part.total,
        fetched_at=part.fetched_at,
        error=part.failure,
    )


def _unsupported(one: Listed, query: SearchQuery) -> AgencyStatus:
    values = dict(query.pairs())
    names = ", ".join(
        f"{values[name]} {name}" if one.agency.expresses.get(name) else name
        for name in one.agency.unsupported(query)
    )
    failure = Failure("unsupported", f"It can't search by {names}.", 0)
    return AgencyStatus(agency=one.agency.name, status="unsupported", error=failure)


def _is_empty(result: SearchResult) -> bool:
    return not result.items
