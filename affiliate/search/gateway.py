"""Calls to agencies by way of the cache, each counted when it is made, none to one that fails."""

import time
from collections.abc import Callable
from functools import partial
from typing import Final, Generic, NamedTuple, TypeVar

from affiliate.agencies.base import PAGE_PLACES
from affiliate.cache.answers import AnswerCache, CachedAnswer, CacheRequest
from affiliate.domain.media import Failure, SearchResult
from affiliate.errors import AgencyError, AgencyTimeout, NotFound
from affiliate.search.chunk_sizes import ChunkSizes
from affiliate.search.fanout import Question
from affiliate.search.federation import EnabledAgency, RankedSource
from affiliate.search.limits import Breaker, Quota, SpentCalls
from affiliate.transport.client import use_gate

PAGE_SECONDS: Final = 3.0
"""How long a visitor waits for agencies; their calls may go on behind the page."""
FOLLOW_SECONDS: Final = 2.0
"""How much longer than a call may last another waits for its answer."""
AGAIN_SECONDS: Final = 1.0
"""Let a call whose connection was lost wait so long for its turn to be sent once more."""

Value = TypeVar("Value")
OnDuration = Callable[[float], None]


class PreparedCall(NamedTuple, Generic[Value]):
    """What is wanted of the cache, the call to an agency that gives it, and how long that lasts."""

    request: CacheRequest[Value]
    fetch: Callable[[], Value]
    seconds: float


class CallCost(NamedTuple):
    """What a call takes of an agency's quota, and whether it speaks for searches.

    It counts as ``calls``; less important ones may have only a ``part`` of the quota.
    """

    calls: int = 1
    part: float = 1.0
    searches: bool = False


OWNER_COST: Final = CallCost()
"""What an owner asks for."""
LOOKUP_PART: Final = 0.75
"""Of the quota, what pictures' and collections' pages may use."""


class AgencyGateway:
    """Makes calls, and answers them from the cache where it can."""

    def __init__(
        self, cache: AnswerCache, quota: Quota, breaker: Breaker, sizes: ChunkSizes
    ) -> None:
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
        """Return the call that gives what is wanted of the cache."""
        # A call may wait for its turn for as long as it may then last.
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
        """Make a call now, and record what it says of the agency's health.

        What an agency answers or refuses without sending anything costs and says nothing. ``took``
        is told the seconds of a call that was answered or came too late, without those in which it
        waited for its turn.

        Raises:
            AgencyError: it gave nothing; Suspended and CallsSpent where it was not even asked.
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
                if on_duration and isinstance(error, AgencyTimeout):
                    on_duration(time.monotonic() - began)
                self._breaker.record_failure(source, error, searches=cost.searches)
            raise
        if began is not None:
            if on_duration:
                on_duration(time.monotonic() - began)
            self._breaker.record_success(source, searches=cost.searches)
        return value

    def get_suspension(self, one: EnabledAgency) -> tuple[float, str] | None:
        """Return for how many seconds more an agency is left alone, and why; None if it is not."""
        return self._breaker.get_suspension(one.agency.source)

    def list_spent_calls(self, one: EnabledAgency) -> list[SpentCalls]:
        """Return what is spent of each limit of an agency's calls."""
        return self._quota.list_spent_calls(one.agency.source)

    def end_suspension(self, one: EnabledAgency) -> None:
        """Forget that an agency is left alone."""
        self._breaker.end_suspension(one.agency.source)

    def prepare_chunk(
        self, ranking: RankedSource, chunk: int, part: float = 1.0
    ) -> PreparedCall[SearchResult]:
        """Return the call for one chunk of a ranking, counted from 0."""
        enabled = ranking.enabled
        request = CacheRequest(ranking.chunk_key(chunk), SearchResult, enabled.policy, _is_empty)
        calls = 2 if ranking.collection else 1  # the ids in it, and the pictures that they are
        part = part if ranking.is_search else min(part, LOOKUP_PART)
        cost = CallCost(calls, part, searches=ranking.is_search)
        small = ranking.chunk_size <= PAGE_PLACES
        record = partial(self.sizes.record_duration, enabled.agency.source, small=small)
        on_duration = record if ranking.is_search else None
        fetch = partial(ranking.fetch_chunk, chunk)
        return self.prepare(
            enabled, request, fetch, cost, on_duration if ranking.is_search else None
        )

    def peek(self, call: PreparedCall[Value]) -> CachedAnswer[Value] | None:
        """Return what the store has; never asks."""
        return self._cache.peek(call.request)

    def cached_or_refresh(
        self, call: PreparedCall[Value], may_refresh: Callable[[], bool] = lambda: True
    ) -> CachedAnswer[Value] | None:
        """Return what the store has; a stale answer is refreshed behind where that ``may`` cost."""
        return self._cache.get_or_refresh(call.request, call.fetch, may_refresh)

    def get_or_call(self, call: PreparedCall[Value]) -> CachedAnswer[Value]:
        """Return what the store has, or else the agency gives, however long its call takes."""
        return self._cache.get_or_fetch(call.request, call.fetch, call.seconds)

    def refresh_within(self, call: PreparedCall[Value], within: float) -> bool:
        """Make the call if its answer will be fresh for less than ``within`` seconds."""
        return self._cache.refresh_now(call.request, call.fetch, within)

    def build_question(self, call: PreparedCall[Value]) -> Question[CachedAnswer[Value]]:
        """The call as one of several that are asked side by side."""
        return Question(call.request.agency, (call.request.key,), lambda: self.get_or_call(call))


def require_value(agency: str, answer: CachedAnswer[Value] | None) -> Value:
    """Return the value of an answer; None stands for an agency that is still asked.

    Raises:
        AgencyError: there is none; NotFound when what was asked for is gone.
    """
    if answer is not None and answer.value is not None:
        return answer.value
    failure = answer.failure if answer else Failure("timeout", "It is still asked.", 1)
    failure = failure or Failure("failed", "No answer.", 5)
    kind = NotFound if failure.kind == NotFound.kind else AgencyError
    raise kind(agency, failure.message, retry_after=failure.retry_after)


def _is_empty(result: SearchResult) -> bool:
    return not result.items
