"""Calls to agencies by way of the cache, each counted when it is made, none to one that fails."""

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from affiliate.cache import Answer, Cache, Wanted
from affiliate.errors import AgencyError, NotFound
from affiliate.fanout import Question
from affiliate.health import Breaker, Quota
from affiliate.model import Failure, SearchResult
from affiliate.slices import Listed, Ranking

PAGE_SECONDS: Final = 3.0

Value = TypeVar("Value")


class Call(NamedTuple, Generic[Value]):
    """What is wanted of the cache, and the call to an agency that gives it."""

    wanted: Wanted[Value]
    fetch: Callable[[], Value]


class Calls:
    """Makes calls, and answers them from the cache where it can."""

    def __init__(self, cache: Cache, quota: Quota, breaker: Breaker) -> None:
        self._cache = cache
        self._quota = quota
        self._breaker = breaker

    def to(
        self,
        one: Listed,
        wanted: Wanted[Value],
        ask: Callable[[], Value],
        part: float = 1.0,
        *,
        calls: int = 1,
    ) -> Call[Value]:
        """A call to an agency that takes ``calls`` of its quota, or of a ``part`` of that."""
        return Call(wanted, lambda: self.made(one, ask, part, calls=calls))

    def made(
        self, one: Listed, ask: Callable[[], Value], part: float = 1.0, *, calls: int = 1
    ) -> Value:
        """What a call gives that is made now, and what it says of the agency's health.

        Raises:
            AgencyError: it gave nothing; Suspended and TooManyCalls where it was not even asked.
        """
        self._breaker.admit(one.agency.name)
        for _ in range(calls):
            self._quota.take(one.agency.name, part)
        try:
            value = ask()
        except AgencyError as error:
            self._breaker.failed(error)
            raise
        self._breaker.answered(one.agency.name)
        return value

    def chunk(self, ranking: Ranking, chunk: int) -> Call[SearchResult]:
        """The call for one chunk of a ranking, counted from 0."""
        one = ranking.listed
        wanted = Wanted(ranking.key(chunk), SearchResult, one.policy, _is_empty)
        calls = 2 if ranking.collection else 1  # the ids in it, and the pictures that they are
        return self.to(one, wanted, lambda: ranking.ask(chunk), calls=calls)

    def peek(self, call: Call[Value]) -> Answer[Value] | None:
        """What the store has; never asks."""
        return self._cache.peek(call.wanted)

    def kept(self, call: Call[Value]) -> Answer[Value] | None:
        """What the store has; a stale answer is refreshed behind."""
        answer = self.peek(call)
        return self.through(call) if answer and answer.status == "stale" else answer

    def through(self, call: Call[Value]) -> Answer[Value]:
        """What the store has, or the agency gives in the time of a page."""
        return self._cache.through(call.wanted, call.fetch, PAGE_SECONDS)

    def renew(self, call: Call[Value], within: float) -> bool:
        """Make the call if its answer will be fresh for less than ``within`` seconds."""
        return self._cache.renew(call.wanted, call.fetch, within)

    def question(self, call: Call[Value]) -> Question[Answer[Value]]:
        """The call as one of several that are asked side by side."""
        return Question((call.wanted.key,), lambda: self.through(call))


def value_of(agency: str, answer: Answer[Value] | None) -> Value:
    """The value of an answer; None is that too many ask.

    Raises:
        AgencyError: there is none; NotFound when what was asked for is gone.
    """
    if answer is not None and answer.value is not None:
        return answer.value
    failure = answer.failure if answer else Failure("busy", "Too many ask just now.", 1)
    failure = failure or Failure("failed", "No answer.", 5)
    kind = NotFound if failure.kind == NotFound.kind else AgencyError
    raise kind(agency, failure.message, retry_after=failure.retry_after)


def _is_empty(result: SearchResult) -> bool:
    return not result.items
