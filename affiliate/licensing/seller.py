"""The protocol of accounts that sell licenses, as used by the purchase service.

`affiliate.licensing.accounts` holds the accounts; `accounts.registry` lists the accounts beside
Shutterstock.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, Protocol

from affiliate.licensing.models import (
    LicenseRequest,
    LicenseResult,
    MediaKind,
    Record,
    Subscription,
)
from affiliate.licensing.offers import LicenseOptions, Offer

LICENSE_CALL_SECONDS: Final = 30.0
"""The time for a call in licensing, which may take longer than a search."""


class Proposer(Protocol):
    """A maker of offers, one for each item."""

    def make_offer(self, options: LicenseOptions, media_id: str) -> Offer:
        """Return the offer for one item.

        Raises:
            PurchaseRefused: the item can't be licensed with these options; tells the reason.
            AgencyError: NotFound when the item was withdrawn.
        """
        ...


class Seller(Protocol):
    """An owner's account at ``agency``, whose API is at ``url``.

    With ``has_sandbox``, purchases can be tried for free; ``max_per_request`` is the maximum number
    of items in one request.
    """

    @property
    def agency(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def has_sandbox(self) -> bool: ...

    @property
    def max_per_request(self) -> int: ...

    def create_proposer(self, *, sandbox: bool, now: Callable[[], datetime]) -> Proposer:
        """Return a proposer for the subscriptions and credits of the account."""
        ...

    def license(self, requests: Sequence[LicenseRequest]) -> tuple[LicenseResult, ...]:
        """Buy the items in one request, sent once; return the results in the items' order.

        Raises:
            UnclearOutcome: the request was sent, but the outcome is unknown.
            AgencyError: with any other error, nothing was bought.
        """
        ...

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Return the account's subscriptions and credits; expired subscriptions may be among them.

        Raises:
            PurchaseRefused: the agency has no call for subscriptions.
            AgencyError: the agency did not answer.
        """
        ...

    def iter_history(self, media: MediaKind, *, media_id: str | None = None) -> Iterator[Record]:
        """Yield the licenses in the agency's history, of all items or of one, newest first.

        Raises:
            AgencyError: the agency did not answer.
        """
        ...

    def request_download_link(self, media: MediaKind, license_id: str, size: str) -> str:
        """Request a new address of a licensed file; the address is a secret.

        Raises:
            AgencyError: the agency gave no address.
        """
        ...
