"""Calls to agencies through the cache, within the quota and past the circuit breaker."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

from affiliate.agencies.base import PAGE_PLACES
from affiliate.cache.answers import AnswerCache, CachedAnswer, CacheRequest
from affiliate.domain.media import Failure, SearchResult
from affiliate.errors import AgencyError, AgencyTimeout, NotFound
from affiliate.search.chunk_sizes import ChunkSizes
from affiliate.search.fanout import Question
from affiliate.search.federation import EnabledAgency, RankedSource
from affiliate.search.limits import Breaker, Quota, SpentCalls
from affiliate.search.stored_chunks import decode_places
from affiliate.transport.client import use_gate

PAGE_SECONDS: Final = 3.0
"""Seconds that a visitor waits for agencies; calls may go on behind the page."""
FOLLOW_SECONDS: Final = 2.0
"""Seconds beyond a call's timeout that other requests wait for its answer."""
AGAIN_SECONDS: Final = 1.0
"""Seconds that a call whose connection was lost waits for its turn to be sent again."""

Value = TypeVar("Value")
OnDuration = Callable[[float], None]


class OnCall(Protocol):
    """A function that counts a call that an agency has got; ``failure`` is the kind of an error."""

    def __call__(self, agency: str, seconds: float, *, failure: str = "") -> None: ...


def _ignore_call(agency: str, seconds: float, *, failure: str = "") -> None:
    """Count nothing."""


class PreparedCall(NamedTuple, Generic[Value]):
    """A request to the cache, the call that answers it, and the longest time of the call."""

    request: CacheRequest[Value]
    fetch: Callable[[], Value]
    seconds: float


class CallCost(NamedTuple):
    """The cost of a call in an agency's quota, and whether the call speaks for searches.

    A call counts as ``calls``; less important calls may use only a ``part`` of the quota.
    """

    calls: int = 1
    part: float = 1.0
    searches: bool = False


OWNER_COST: Final = CallCost()
"""The cost of a call for the owner."""
LOOKUP_PART: Final = 0.75
"""The part of the quota for pages of pictures and collections; the rest is for searches."""


class AgencyGateway:
    """Cache, quota and circuit breaker around the calls to agencies."""

    def __init__(
        self,
        cache: AnswerCache,
        quota: Quota,
        breaker: Breaker,
        sizes: ChunkSizes,
        on_call: OnCall = _ignore_call,
    ) -> None:
        self._on_call = on_call
        self._cache = cache
        self._quota = quota
        self._breaker = breaker
        self.sizes = sizes

    def prepare(
        self,
        enabled: EnabledAgency,
        request: CacheRequest[Value],
        fetch: Callable[[], Value],
        cost: CallCost = OWNER_COST,
        on_duration: OnDuration | None = None,
    ) -> PreparedCall[Value]:
        """Return the call that answers a request to the cache."""
        # A call may wait for its turn as long as its timeout.
        seconds = 2 * enabled.agency.transport.total_seconds + FOLLOW_SECONDS
        request = request._replace(agency=enabled.agency.name)
        return PreparedCall(
            request, lambda: self.call_now(enabled, fetch, cost, on_duration), seconds
        )

    def call_now(
        self,
        enabled: EnabledAgency,
        fetch: Callable[[], Value],
        cost: CallCost = OWNER_COST,
        on_duration: OnDuration | None = None,
    ) -> Value:
        """Make a call now, and record its success or failure for the circuit breaker.

        An answer or refusal of an agency that sent nothing costs nothing and is not recorded.
        ``on_duration`` gets the seconds of a call that was answered or came too late, without the
        wait for the call's turn.

        Raises:
            AgencyError: the agency gave nothing; Suspended and CallsSpent where it was not asked.
        """
        source, patience = enabled.agency.source, enabled.agency.transport.total_seconds
        began: float | None = None

        def admit(*, again: bool = False) -> None:
            nonlocal began
            if again:
                self._quota.take(source, cost.part, AGAIN_SECONDS)
            elif began is None:
                self._breaker.admit(source, patience, searches=cost.searches)
                self._quota.take(source, cost.part, patience, calls=cost.calls)
                began = time.monotonic()

        try:
            with use_gate(admit):
                value = fetch()
        except AgencyError as error:
            if began is not None and error.was_asked:
                self._on_call(enabled.agency.name, time.monotonic() - began, failure=error.kind)
                if on_duration and isinstance(error, AgencyTimeout):
                    on_duration(time.monotonic() - began)
                self._breaker.record_failure(source, error, searches=cost.searches)
            raise
        if began is not None:
            self._on_call(enabled.agency.name, time.monotonic() - began)
            if on_duration:
                on_duration(time.monotonic() - began)
            self._breaker.record_success(source, searches=cost.searches)
        return value

    @contextmanager
    def count_calls(self, enabled: EnabledAgency) -> Iterator[None]:
        """Count the calls of this block in an agency's quota, even of a suspended agency.

        Raises:
            CallsSpent: the quota has no calls left.
        """
        source, patience = enabled.agency.source, enabled.agency.transport.total_seconds

        def admit(*, again: bool = False) -> None:
            self._quota.take(source, OWNER_COST.part, AGAIN_SECONDS if again else patience)

        with use_gate(admit):
            yield

    def get_suspension(self, enabled: EnabledAgency) -> tuple[float, str] | None:
        """Return the seconds that an agency is suspended, and the reason; None if it is not."""
        return self._breaker.get_suspension(enabled.agency.source)

    def read_failure(self, enabled: EnabledAgency) -> str | None:
        """Return the kind of error for which an agency was last suspended; None after a success."""
        return self._breaker.read_failure(enabled.agency.source)

    def list_spent_calls(self, enabled: EnabledAgency) -> list[SpentCalls]:
        """Return the spent calls of each limit of an agency."""
        return self._quota.list_spent_calls(enabled.agency.source)

    def end_suspension(self, enabled: EnabledAgency) -> None:
        """End an agency's suspension, so that the next search asks the agency."""
        self._breaker.end_suspension(enabled.agency.source)

    def prepare_chunk(
        self,
        ranking: RankedSource,
        chunk: int,
        part: float = 1.0,
        places: slice | None = None,
    ) -> PreparedCall[SearchResult]:
        """Return the call for one chunk of a ranking, counted from 0.

        With ``places``, a cached answer has only the items at these places of the chunk.
        """
        enabled = ranking.enabled
        request = CacheRequest(
            ranking.chunk_key(chunk),
            SearchResult,
            enabled.policy,
            _has_no_items,
            decode_part=partial(decode_places, places=places) if places else None,
        )
        calls = 2 if ranking.collection else 1  # the ids of a collection, and their pictures
        part = part if ranking.is_search else min(part, LOOKUP_PART)
        cost = CallCost(calls, part, searches=ranking.is_search)
        small = ranking.chunk_size <= PAGE_PLACES
        record = partial(self.sizes.record_duration, enabled.agency.source, small=small)
        on_duration = record if ranking.is_search else None
        fetch = partial(ranking.fetch_chunk, chunk)
        return self.prepare(enabled, request, fetch, cost, on_duration)

    def peek(self, call: PreparedCall[Value]) -> CachedAnswer[Value] | None:
        """Return the cached answer; never call the agency."""
        return self._cache.peek(call.request)

    def cached_or_refresh(
        self, call: PreparedCall[Value], may_refresh: Callable[[], bool] = lambda: True
    ) -> CachedAnswer[Value] | None:
        """Return the cached answer; refresh a stale answer behind where ``may_refresh`` allows."""
        return self._cache.get_or_refresh(call.request, call.fetch, may_refresh)

    def get_or_call(self, call: PreparedCall[Value]) -> CachedAnswer[Value]:
        """Return the cached answer, or the agency's, however long the call takes."""
        return self._cache.get_or_fetch(call.request, call.fetch, call.seconds)

    def refresh_within(self, call: PreparedCall[Value], within: float) -> bool:
        """Make the call if the answer is fresh for less than ``within`` seconds; return whether."""
        return self._cache.refresh_now(call.request, call.fetch, within)

    def build_question(self, call: PreparedCall[Value]) -> Question[CachedAnswer[Value]]:
        """Return a call as a question for the fan-out."""
        return Question(call.request.agency, (call.request.key,), lambda: self.get_or_call(call))


def require_value(agency: str, answer: CachedAnswer[Value] | None) -> Value:
    """Return the value of an answer; None stands for an agency that has not answered yet.

    Raises:
        AgencyError: there is no value; NotFound when the picture or collection is gone.
    """
    if answer is not None and answer.value is not None:
        return answer.value
    failure = answer.failure if answer else Failure("timeout", "It is still asked.", 1)
    failure = failure or Failure("failed", "No answer.", 5)
    kind = NotFound if failure.kind == NotFound.kind else AgencyError
    raise kind(agency, failure.message, retry_after=failure.retry_after)


def _has_no_items(result: SearchResult) -> bool:
    return not result.items
