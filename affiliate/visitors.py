"""What the request under way may still cost: the budget of its client, and of the blog it is for.

Counters hold no address: the client is a digest that changes each day.
"""

import logging
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from flask import current_app, has_request_context, request

from affiliate.budget import Budget
from affiliate.counts import Counters
from affiliate.errors import BudgetSpent
from affiliate.health import Limit
from affiliate.ledger import MANY, UNSIGNED, Click
from affiliate.page import EMBEDDED, shown_on
from affiliate.proxies import network_of
from affiliate.site_key import SiteKey

ROBOTS: Final = re.compile(
    r"(?<!cu)bots?(\b|_)|crawl|spider|slurp|facebookexternalhit|scrapy", re.IGNORECASE
)
"""Names in the User-Agent of crawlers, which see what is known and have nothing asked for."""
CLICKS: Final = (Limit(120, 60),)
"""More clicks of one client than these say nothing of visitors."""
MARKED: Final = (Limit(36_000),)
"""Clicks without a visitor, of everybody together, that are kept: 8 MB an hour."""
ROBOT_SECONDS: Final = 3600.0
"""When crawlers may come again for what is not known."""
BLOG_CLIENTS: Final = 10
"""So many clients' budget the visitors of one blog's embeds have together."""

log = logging.getLogger(__name__)


class Visitors:
    """The budgets of those who ask, and of those who click, counted in a store.

    ``limits`` are what a client may cost; without any everybody may cost what they like.
    ``trusts`` says that some proxy's word is taken for the client's address.
    """

    def __init__(
        self,
        counters: Counters,
        limits: Sequence[Limit],
        processes: int,
        key: SiteKey,
        *,
        trusts: bool = False,
    ) -> None:
        self._budget = Budget(counters, limits, processes)
        self._clicks = Budget(counters, CLICKS, processes)
        self._marked = Budget(counters, MARKED, processes)
        self._key = key
        self._warns = not trusts

    def spend(self, cost: int) -> float:
        """Take a cost from the budget of who has sent the request under way.

        Return 0 where it may be spent, else the seconds to wait. Outside of a request, as in
        commands, the owner asks.
        """
        if not has_request_context():
            return 0.0
        if ROBOTS.search(request.user_agent.string):
            return ROBOT_SECONDS
        rest = self._budget.take(self.client(request.remote_addr or ""), cost)
        if not rest and request.endpoint == EMBEDDED and (blog := shown_on()):
            rest = self._budget.take(self._digest("blog", blog), cost, BLOG_CLIENTS)
        if rest and self._warns and request.headers.get("X-Forwarded-For"):
            self._warns = False
            log.warning(
                "a client has spent its searches, and may be a proxy: if one stands in front of the"
                " site, set TRUSTED_PROXIES, or all of its visitors are taken for one"
            )
        return rest

    def marked(self, click: Click, *, shown: bool) -> Click:
        """Return a click with a mark in ``sender`` where it says nothing of visitors.

        ``shown`` says that it belongs to something that a page has shown.

        Raises:
            BudgetSpent: the hour has brought too many such clicks, from everybody together.
        """
        sender = click.sender or ("" if shown else UNSIGNED)
        client = f"clicks:{self.client(request.remote_addr or '')}"
        if not sender and self._clicks.take(client, 1):
            sender = MANY
        if sender and (rest := self._marked.take("clicks", 1)):
            raise BudgetSpent(rest, "Too many clicks.")
        return msgspec.structs.replace(click, sender=sender)

    def client(self, address: str) -> str:
        """Return what counters call a client today."""
        return self._digest("client", network_of(address))

    def _digest(self, kind: str, name: str) -> str:
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        return self._key.digest(kind, day, name)[:9].hex()


def visitors_of_app() -> Visitors:
    """Return the budgets of the current app."""
    visitors: Visitors = current_app.extensions["visitors"]
    return visitors
