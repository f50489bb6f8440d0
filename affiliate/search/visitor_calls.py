"""Calls to agencies on behalf of a visitor, who waits for answers and pays from a budget."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from affiliate.cache.answers import CachedAnswer
from affiliate.errors import BudgetSpent
from affiliate.search.client_budget import BESIDE_COST, SEARCH_COST
from affiliate.search.fanout import FanOut, Question
from affiliate.search.federation import EnabledAgency
from affiliate.search.gateway import PAGE_SECONDS, AgencyGateway, PreparedCall

Value = TypeVar("Value")


class LookupAnswer(NamedTuple, Generic[Value]):
    """The values that several agencies have given; ``late`` if some agencies are still asked."""

    values: tuple[Value, ...]
    late: bool


class Spend(Protocol):
    """Takes a cost from the budget of the current visitor.

    Returns the seconds to wait where the budget has no room, and 0 where it has. ``page`` names
    the page of results that the cost is for. A visitor who has paid ``ahead``, when the page was
    opened, pays nothing for the requests that the page sends.
    """

    def __call__(self, cost: int, page: str = "", *, ahead: bool = False) -> float: ...


def spend_nothing(cost: int, page: str = "", *, ahead: bool = False) -> float:  # noqa: ARG001 - as Spend
    """Return 0, as visitors without a budget have room for everything."""
    return 0.0


class VisitorCalls:
    """The calls through a gateway for which visitors wait, in the fan-out of a process."""

    def __init__(self, gateway: AgencyGateway, spend: Spend = spend_nothing) -> None:
        self.gateway = gateway
        self._spend = spend
        self._fanout = FanOut()

    def ask(
        self,
        questions: Mapping[int, Question[Value]],
        seconds: float,
        *,
        shows: Callable[[Value], bool] | None = None,
    ) -> dict[int, Value]:
        """Return the answers that come in time; see `FanOut.ask`."""
        return self._fanout.ask(questions, seconds, shows=shows)

    def charge(
        self,
        questions: Iterable[tuple[EnabledAgency, Question[Value]]],
        cost: int,
        *,
        page: str = "",
        ahead: bool = False,
    ) -> float:
        """Take one cost for all questions; return the seconds to wait where there is no room.

        Fetches that are under way, and agencies without an API, cost nothing. With ``ahead`` the
        visitor pays for all requests of a ``page``, which other processes may answer.
        """
        costs = any(
            enabled.agency.api and not self._fanout.is_under_way(question)
            for enabled, question in questions
        )
        return self._spend(cost, page, ahead=ahead) if costs else 0.0

    def fetch_answer(
        self, enabled: EnabledAgency, call: PreparedCall[Value]
    ) -> CachedAnswer[Value] | None:
        """Return the answer of a call if it comes in the time of a page; the call goes on.

        Raises:
            BudgetSpent: the visitor's budget has no room.
        """
        question = self.gateway.build_question(call)
        if rest := self.charge([(enabled, question)], SEARCH_COST):
            raise BudgetSpent(rest)
        return self._fanout.ask({0: question}, PAGE_SECONDS).get(0)

    def fetch_in_background(self, enabled: EnabledAgency, call: PreparedCall[Value]) -> None:
        """Begin a call for which nobody waits, where the visitor's budget has room."""
        question = self.gateway.build_question(call)
        if not self.charge([(enabled, question)], BESIDE_COST):
            self.begin_in_background(question)

    def begin_in_background(self, question: Question[CachedAnswer[Value]]) -> None:
        """Begin a fetch for which nobody waits, at no cost for the visitor."""
        self._fanout.begin_in_background(question)

    def cached_or_refresh(
        self, enabled: EnabledAgency, call: PreparedCall[Value]
    ) -> CachedAnswer[Value] | None:
        """Return the cached answer; the visitor pays for the refresh of a stale answer."""
        may_refresh = self._may_refresh if enabled.agency.api else _always
        return self.gateway.cached_or_refresh(call, may_refresh)

    def gather_values(
        self,
        calls: Sequence[PreparedCall[tuple[Value, ...]]],
        seconds: float,
        cost: int | None = None,
    ) -> LookupAnswer[Value]:
        """Return the values that calls give within ``seconds``; later values are cached.

        Without a ``cost`` the calls are made for every visitor, else for visitors whose budget has
        room for the cost.
        """
        end = time.monotonic() + seconds
        may_refresh = _always if cost is None else lambda: not self._spend(cost)
        cached = [self.gateway.cached_or_refresh(call, may_refresh) for call in calls]
        missing = {
            i: self.gateway.build_question(calls[i])
            for i, answer in enumerate(cached)
            if answer is None
        }
        if missing and cost is not None and self._spend(cost):
            missing = {}
        fetched = self._fanout.ask(missing, max(end - time.monotonic(), 0))
        answers = [answer or fetched.get(i) for i, answer in enumerate(cached)]
        values = tuple(value for answer in answers if answer for value in answer.value or ())
        return LookupAnswer(values, late=None in answers)

    def _may_refresh(self) -> bool:
        return not self._spend(BESIDE_COST)


def _always() -> bool:
    return True
