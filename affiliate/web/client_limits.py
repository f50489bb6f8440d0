"""What the request under way may still cost: the budget of its client, and of the blog it is for.

Counters hold no address: the client is a digest that changes each day.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from flask import current_app, has_request_context, request

from affiliate.agencies.limits import HOUR, Limit
from affiliate.database.clicks import (
    MANY,
    UNSIGNED,
    Click,
)
from affiliate.database.site_key import SiteKey
from affiliate.domain import robots
from affiliate.domain.robots import is_hidden
from affiliate.errors import BudgetSpent
from affiliate.search.client_budget import SEARCH, Budget
from affiliate.search.counters import Counters, Windows
from affiliate.search.service import Patience, SearchOutcome
from affiliate.web.client_address import CUSTOMER_PREFIX_BITS, client_network, is_public_address
from affiliate.web.template_helpers import (
    EMBED_ENDPOINT,
    displaying_site,
)

CLICK_LIMITS: Final = (Limit(120, 60),)
"""More clicks of one client than these say nothing of visitors."""
DAY_SECONDS: Final = 86400
REPEATED_CLICK_LIMITS: Final = (Limit(10, DAY_SECONDS),)
"""The same click of one client more often in a day is a replay of what a page offered once."""
MARKED_CLICK_LIMITS: Final = (Limit(36_000),)
"""Clicks without a visitor, of everybody together, that are kept: 8 MB an hour."""
MAX_CRAWLS: Final = 10
"""The searches, pictures or collections that all crawlers together may ask agencies for in an hour;
fewer where an agency's own limit is small (`CRAWLS_DIVISOR`)."""
CRAWLS_DIVISOR: Final = 10
"""Crawlers may spend one part of so many of an agency's calls in an hour, and at least one."""
CRAWLER_RETRY_SECONDS: Final = 3600.0
"""When crawlers may come again for what is hidden from them."""
SHARED_BUDGET_CLIENTS: Final = 10
"""So many clients' budget the visitors have together of one blog's embeds, or those behind a proxy
that the owner has not named, as on many platforms."""

log = logging.getLogger(__name__)


class ClientLimits:
    """The budgets of those who ask, and of those who click, counted in a store.

    ``limits`` are what a client may cost; without any everybody may cost what they like.
    ``trusts`` says that some proxy's word is taken for the client's address; ``crawls`` is how many
    questions all crawlers together may ask in an hour.
    """

    def __init__(  # noqa: PLR0913 - who counts, and how much
        self,
        counters: Counters,
        limits: Sequence[Limit],
        processes: int,
        key: SiteKey,
        *,
        trusts: bool = False,
        crawls: int = MAX_CRAWLS,
    ) -> None:
        self._budget = Budget(counters, limits, processes)
        self._clicks = Budget(counters, CLICK_LIMITS, processes)
        self._repeated = Budget(counters, REPEATED_CLICK_LIMITS, processes)
        self._marked = Budget(counters, MARKED_CLICK_LIMITS, processes)
        self._crawls = Budget(counters, [Limit(crawls * SEARCH)], processes)
        self._days = Windows()
        self._key = key
        self._trusts = trusts
        self._warned = False

    def spend(self, cost: int) -> float:
        """Take a cost from the budget of who has sent the request under way.

        Return 0 where it may be spent, else the seconds to wait. Outside of a request, as in
        commands, the owner asks. What costs nothing is still not asked for crawlers.
        """
        if not has_request_context():
            return 0.0
        if is_crawler():
            return self._spend_on_crawlers(cost)
        if not cost:
            return 0.0
        address = request.remote_addr or ""
        rest = self._budget.take(self.client_digest(address), cost, self._count_sharers(address))
        if not rest and (customer := self._customer_digest(address)):
            rest = self._budget.take(customer, cost, SHARED_BUDGET_CLIENTS)
        if not rest and request.endpoint == EMBED_ENDPOINT and (blog := displaying_site()):
            rest = self._budget.take(self._digest("blog", blog), cost, SHARED_BUDGET_CLIENTS)
        if rest and not self._warned and self._count_sharers(address) > 1:
            self._warned = True
            log.warning(
                "a proxy's visitors have spent their searches together: set TRUSTED_PROXIES, so"
                " that each of them has searches of their own"
            )
        return rest

    def _spend_on_crawlers(self, cost: int) -> float:
        """Take a cost from the budget of all crawlers; for those that keep to robots.txt alone.

        What is asked behind an answer, which shows nothing to a crawler, is not asked.
        """
        if cost < SEARCH or is_hidden(request.full_path):
            return CRAWLER_RETRY_SECONDS
        return self._crawls.take("crawlers", cost)

    def _count_sharers(self, address: str) -> int:
        """Return how many clients' budget an address has: more for a proxy that was not named.

        That is one with an address of no public network. Elsewhere the header is anybody's text.
        """
        told = not self._trusts and "X-Forwarded-For" in request.headers
        return SHARED_BUDGET_CLIENTS if told and not is_public_address(address) else 1

    def mark_click(self, click: Click, *, shown: bool) -> Click:
        """Return a click with a mark in ``sender`` where it says nothing of visitors.

        ``shown`` says that it belongs to something that a page has shown.

        Raises:
            BudgetSpent: the hour has brought too many such clicks, from everybody together.
        """
        sender = click.sender or ("" if shown else UNSIGNED)
        address = request.remote_addr or ""
        if not sender and (
            self._has_clicked_often(address) or self._is_repeated_click(click, address)
        ):
            sender = MANY
        if sender and (rest := self._marked.take("clicks", 1)):
            raise BudgetSpent(rest, "Too many clicks.")
        return msgspec.structs.replace(click, sender=sender)

    def _has_clicked_often(self, address: str) -> bool:
        """Count a click of a client, and of the customer whose network that is in."""
        client, customer = f"clicks:{self.client_digest(address)}", self._customer_digest(address)
        if self._clicks.take(client, 1, self._count_sharers(address)):
            return True
        return bool(customer and self._clicks.take(f"clicks:{customer}", 1, SHARED_BUDGET_CLIENTS))

    def _is_repeated_click(self, click: Click, address: str) -> bool:
        """Count a click of a customer; tell whether the same click has come too often today."""
        offered = msgspec.structs.replace(click, click_id="", place="", sender="")
        same = self._digest("click", repr(msgspec.structs.astuple(offered)))
        wait = self._repeated.take(
            f"{same}:{self.searcher_digest(address)}", 1, self._count_sharers(address)
        )
        return wait > 0

    def client_digest(self, address: str) -> str:
        """Return what counters call a client today."""
        return self._digest("client", client_network(address))

    def searcher_digest(self, address: str) -> str:
        """Return what counts of searches call somebody today.

        Of IPv6 that is whoever may have the network of a customer: one who has 65,536 addresses is
        no several.
        """
        return self._digest("client", client_network(address, CUSTOMER_PREFIX_BITS))

    def _customer_digest(self, address: str) -> str:
        """Return what counters call the network of a customer today; empty where there is none."""
        network = client_network(address, CUSTOMER_PREFIX_BITS)
        return self._digest("customer", network) if network != client_network(address) else ""

    def _digest(self, kind: str, name: str) -> str:
        day, _ = self._days.under_way(DAY_SECONDS)
        return self._key.digest(kind, str(day), name)[:9].hex()


def limit_crawls(limits: Iterable[Sequence[Limit]]) -> int:
    """Return how many questions crawlers may ask in an hour, by the limits of each agency."""
    hourly = [
        one.calls * HOUR // one.seconds for few in limits for one in few if one.seconds >= HOUR
    ]
    return max(min([MAX_CRAWLS, *(calls // CRAWLS_DIVISOR for calls in hourly)]), 1)


def is_crawler() -> bool:
    """Return whether the request under way is a crawler's."""
    return robots.is_crawler(request.user_agent.string)


def fetch_sitemap_page(
    ask: Callable[[Patience], SearchOutcome], patience: Patience
) -> SearchOutcome:
    """Return a page that the sitemap lists, which ``ask`` gives with some patience.

    A crawler, which runs no script that fills the page, waits for what is not known while all of
    them may cost that; else it sees what is known, never a refusal, after which search engines come
    more seldom.
    """
    if patience is Patience.NONE and is_crawler():
        outcome = ask(Patience.FULL)
        if not outcome.withheld:
            return outcome
    return ask(patience)


def current_client_limits() -> ClientLimits:
    """Return the budgets of the current app."""
    limits: ClientLimits = current_app.extensions["client_limits"]
    return limits
