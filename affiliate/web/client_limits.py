"""Budgets of agency calls and clicks: of each client, each blog, and all crawlers together.

Counters contain no address: a client's key is a digest that changes each day.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from flask import current_app, has_request_context, request

from affiliate.agencies.limits import HOUR, Limit
from affiliate.database.clicks import (
    TOO_MANY,
    UNSIGNED,
    Click,
)
from affiliate.database.site_key import SiteKey
from affiliate.domain import robots
from affiliate.domain.robots import is_disallowed
from affiliate.domain.times import DAY_SECONDS
from affiliate.errors import BudgetSpent
from affiliate.search.client_budget import SEARCH_COST, Budget
from affiliate.search.counters import Counters, Windows
from affiliate.search.patience import Patience
from affiliate.search.service import SearchOutcome
from affiliate.web.client_address import CUSTOMER_PREFIX_BITS, client_network, is_public_address
from affiliate.web.prefetches import is_prefetch
from affiliate.web.request_context import EMBED_ENDPOINT
from affiliate.web.template_helpers import displaying_site

CLICK_LIMITS: Final = (Limit(120, 60),)
"""Clicks of a client above these limits say nothing about visitors."""
REPEATED_CLICK_LIMITS: Final = (Limit(10, DAY_SECONDS),)
"""Repetitions of a click by a client above these limits are replays of one offer of a page."""
MARKED_CLICK_LIMITS: Final = (Limit(36_000),)
"""Recorded clicks with a mark, of all clients together: 8 MB an hour."""
MAX_CRAWLS: Final = 10
"""Searches, pictures or collections that all crawlers together may request from agencies in an
hour; fewer where an agency's own limit is small (`CRAWLS_DIVISOR`)."""
CRAWLS_DIVISOR: Final = 10
"""Crawlers may spend an agency's hourly calls divided by this number, and at least one call."""
CRAWLER_RETRY_SECONDS: Final = 3600.0
"""Retry-After in seconds for answers that are hidden from crawlers."""
PREFETCH_RETRY_SECONDS: Final = 1.0
"""Seconds to wait for a prefetch, which is refused any call."""
PAID_AHEAD_SECONDS: Final = 30
"""Seconds in which a page's request for pictures costs nothing, as the page has paid for it."""
SHARED_BUDGET_CLIENTS: Final = 10
"""Budget, in clients, of all visitors of a blog's embeds, of a customer's network, or behind a
proxy missing from TRUSTED_PROXIES, as on many platforms."""

log = logging.getLogger(__name__)


class ClientLimits:
    """The budgets of searches and of clicks, counted in a store.

    ``limits`` bound the cost of a client; without limits clients have no budget. ``trusts`` says
    that a proxy's header is trusted for the client's address; ``crawls`` is the most questions of
    all crawlers together in an hour.
    """

    def __init__(  # noqa: PLR0913 - the counters and the limits
        self,
        counters: Counters,
        limits: Sequence[Limit],
        processes: int,
        key: SiteKey,
        *,
        trusts: bool = False,
        crawls: int = MAX_CRAWLS,
    ) -> None:
        self._counters = counters
        self._has_budget = bool(limits)
        self._budget = Budget(counters, limits, processes)
        self._clicks = Budget(counters, CLICK_LIMITS, processes)
        self._repeated = Budget(counters, REPEATED_CLICK_LIMITS, processes)
        self._marked = Budget(counters, MARKED_CLICK_LIMITS, processes)
        self._crawls = Budget(counters, [Limit(crawls * SEARCH_COST)], processes)
        self._days = Windows()
        self._key = key
        self._trusts = trusts
        self._has_warned = False

    def spend(self, cost: int, page: str = "", *, ahead: bool = False) -> float:
        """Take a cost from the budget of the current request's client.

        Return 0 where the budget has room, else the seconds to wait. Outside of a request, as in
        the owner's commands, the cost is free. Prefetches and crawlers are refused calls without a
        cost, too.
        ``page`` names the page of results that the cost is for. A client that has paid for a page
        ``ahead``, when the page was opened, pays nothing for the requests that the page sends,
        which another process may answer.
        """
        if not has_request_context():
            return 0.0
        if is_prefetch():
            return PREFETCH_RETRY_SECONDS
        if is_crawler():
            return self._spend_on_crawlers(cost)
        if not cost:
            return 0.0
        address = request.remote_addr or ""
        if not ahead and page and self._has_budget and self._has_paid_ahead(address, page):
            return 0.0
        wait = self._budget.take(self.client_digest(address), cost, self._count_sharers(address))
        if not wait and (customer := self._customer_digest(address)):
            wait = self._budget.take(customer, cost, SHARED_BUDGET_CLIENTS)
        if not wait and request.endpoint == EMBED_ENDPOINT and (blog := displaying_site()):
            wait = self._budget.take(self._digest("blog", blog), cost, SHARED_BUDGET_CLIENTS)
        if wait and not self._has_warned and self._count_sharers(address) > 1:
            self._has_warned = True
            log.warning(
                "a proxy's visitors have spent their searches together: set TRUSTED_PROXIES, so"
                " that each of them has searches of their own"
            )
        if ahead and self._has_budget and not wait:
            self._counters.incr(self._paid_key(address, page), 1, PAID_AHEAD_SECONDS)
        return wait

    def _has_paid_ahead(self, address: str, page: str) -> bool:
        """Return whether a client has paid for a page of results when the page was opened."""
        return bool(self._counters.incr(self._paid_key(address, page), 0, PAID_AHEAD_SECONDS))

    def _paid_key(self, address: str, page: str) -> str:
        return f"paid:{self._digest('paid', f'{client_network(address)} {page}')}"

    def _spend_on_crawlers(self, cost: int) -> float:
        """Take a cost from the budget of all crawlers that obey robots.txt.

        Calls cheaper than a search are refused: their results come behind an answer, unseen by
        crawlers.
        """
        if cost < SEARCH_COST or is_disallowed(request.full_path):
            return CRAWLER_RETRY_SECONDS
        return self._crawls.take("crawlers", cost)

    def _count_sharers(self, address: str) -> int:
        """Return the number of clients whose budget an address has: several for an unnamed proxy.

        An unnamed proxy has a private address: any public client may send X-Forwarded-For.
        """
        is_forwarded = not self._trusts and "X-Forwarded-For" in request.headers
        return SHARED_BUDGET_CLIENTS if is_forwarded and not is_public_address(address) else 1

    def mark_click(self, click: Click, *, was_shown: bool) -> Click:
        """Return a click, with a mark in ``sender`` where the click says nothing about visitors.

        ``was_shown`` says that a page of this site offered the click.

        Raises:
            BudgetSpent: the marked clicks of all clients have reached the limit of the hour.
        """
        sender = click.sender or ("" if was_shown else UNSIGNED)
        address = request.remote_addr or ""
        if not sender and (
            self._has_clicked_often(address) or self._is_repeated_click(click, address)
        ):
            sender = TOO_MANY
        if sender and (wait := self._marked.take("clicks", 1)):
            raise BudgetSpent(wait, "Too many clicks.")
        return msgspec.structs.replace(click, sender=sender)

    def _has_clicked_often(self, address: str) -> bool:
        """Count a click of a client and of its customer's network; return whether over a limit."""
        client, customer = f"clicks:{self.client_digest(address)}", self._customer_digest(address)
        if self._clicks.take(client, 1, self._count_sharers(address)):
            return True
        return bool(customer and self._clicks.take(f"clicks:{customer}", 1, SHARED_BUDGET_CLIENTS))

    def _is_repeated_click(self, click: Click, address: str) -> bool:
        """Count a click of a customer; return whether the same click came too often today."""
        offer = msgspec.structs.replace(click, click_id="", place="", sender="")
        digest = self._digest("click", repr(msgspec.structs.astuple(offer)))
        wait = self._repeated.take(
            f"{digest}:{self.searcher_digest(address)}", 1, self._count_sharers(address)
        )
        return wait > 0

    def client_digest(self, address: str) -> str:
        """Return the client's key in today's counters."""
        return self._digest("client", client_network(address))

    def searcher_digest(self, address: str) -> str:
        """Return the searcher's key in today's counts of searches.

        An IPv6 searcher is a customer's network: 65,536 networks of one customer are one searcher.
        """
        return self._digest("client", client_network(address, CUSTOMER_PREFIX_BITS))

    def _customer_digest(self, address: str) -> str:
        """Return the key of a customer's IPv6 network in today's counters; empty for others."""
        network = client_network(address, CUSTOMER_PREFIX_BITS)
        return self._digest("customer", network) if network != client_network(address) else ""

    def _digest(self, kind: str, name: str) -> str:
        day, _ = self._days.current_window(DAY_SECONDS)
        return self._key.digest(kind, str(day), name)[:9].hex()


def limit_crawls(limits: Iterable[Sequence[Limit]]) -> int:
    """Return the most questions of crawlers in an hour, given the limits of each agency."""
    hourly = [
        limit.calls * HOUR // limit.seconds
        for agency_limits in limits
        for limit in agency_limits
        if limit.seconds >= HOUR
    ]
    return max(min([MAX_CRAWLS, *(calls // CRAWLS_DIVISOR for calls in hourly)]), 1)


def is_crawler() -> bool:
    """Return whether a crawler sent the current request."""
    return robots.is_crawler(request.user_agent.string)


def is_visit() -> bool:
    """Return whether a person has just opened the page of the current request.

    Browsers tell by Fetch Metadata (https://www.w3.org/TR/fetch-metadata/): the address bar, a link
    or a form. Safari sends no ``Sec-Fetch-User``, so that a navigation within the site counts, too.
    Prefetches and programs are no visits.
    """
    headers = request.headers
    by_person = headers.get("Sec-Fetch-User") == "?1"
    return (
        headers.get("Sec-Fetch-Mode") == "navigate"
        and headers.get("Sec-Fetch-Dest") == "document"
        and (by_person or headers.get("Sec-Fetch-Site") == "same-origin")
        and not is_prefetch()
        and not robots.is_program(request.user_agent.string)
    )


def takes_preloads() -> bool:
    """Return whether the browser of a visit uses a preloaded fragment for its script's request.

    WebKit requests the fragment a second time (seen in WebKitGTK 2.50), whatever ``crossorigin``
    says; it is the engine that sends no ``Sec-Fetch-User``.
    """
    return is_visit() and request.headers.get("Sec-Fetch-User") == "?1"


def fetch_sitemap_page(
    fetch: Callable[[Patience], SearchOutcome], patience: Patience
) -> SearchOutcome:
    """Fetch a page listed in the sitemap; ``fetch`` returns the page for a given patience.

    A crawler runs no script that fills the page, and therefore waits for the agencies within the
    crawlers' budget. Beyond the budget a crawler gets the cached answers instead of a refusal,
    after which search engines would visit less often.
    """
    if patience is Patience.NONE and is_crawler():
        outcome = fetch(Patience.FULL)
        if not outcome.withheld:
            return outcome
    return fetch(patience)


def current_client_limits() -> ClientLimits:
    """Return the budgets of the current app."""
    limits: ClientLimits = current_app.extensions["client_limits"]
    return limits
