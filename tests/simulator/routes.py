"""The table of calls: method, path, required scopes, and handler."""

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import unquote

from tests.simulator.accounts import Accounts
from tests.simulator.wire import Answer, Problem, SimulatorRequest

ANYBODY = ("anybody",)
"""No credentials are needed, yet wrong ones are refused; see `Route.scopes`."""


class Route(NamedTuple):
    """One call.

    ``scopes``: None when the application's own name and secret are enough, a tuple of what a
    user's token must have, `ANYBODY` when nobody needs to say who asks.
    """

    method: str
    path: str
    scopes: tuple[str, ...] | None
    answer: Callable[..., Answer]

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\\\{\w+\\\}", "([^/]+)", re.escape(self.path)))


class Routes:
    """A finder of a request's call; plain paths go before paths with parameters."""

    def __init__(self, routes: Iterable[Route]) -> None:
        ordered = sorted(routes, key=lambda route: route.path.count("{"))
        self.all = tuple(ordered)
        self._table = [(route, route.pattern) for route in ordered]

    def find(self, request: SimulatorRequest, path: str) -> tuple[Route, tuple[str, ...]]:
        """Return the call and the parameters in its path.

        Raises:
            Problem: 404 for a path that is not there, 405 for a method it has not.
        """
        there = False
        for route, pattern in self._table:
            found = pattern.fullmatch(path)
            if found and route.method == request.method:
                return route, found.groups()
            there = there or found is not None
        raise Problem(405 if there else 404, "Not Found")

    def answer(self, request: SimulatorRequest, accounts: Accounts) -> Answer:
        """Make the call of a request, if its sender may.

        Raises:
            Problem: what is answered instead.
        """
        if "user-agent" not in request.headers:
            raise Problem(403, "Set a User-Agent")
        try:
            route, ids = self.find(request, request.path)
        except Problem:
            accounts.check(request, None)
            raise
        if route.scopes is not ANYBODY:
            grant = accounts.check(request, route.scopes)
        else:
            grant = accounts.check(request, None) if "authorization" in request.headers else None
        return route.answer(request, grant, *map(unquote, ids))
