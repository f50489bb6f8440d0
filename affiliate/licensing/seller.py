"""The protocol of an account that sells licenses, as the purchase service uses it.

`affiliate.licensing.accounts` holds the accounts; `accounts.registry` lists those beside
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
"""Licensing may take longer than a search."""


class Proposer(Protocol):
    """Makes an offer for each item."""

    def make_offer(self, ask: LicenseOptions, media_id: str) -> Offer:
        """Return what to license one item with.

        Raises:
            PurchaseRefused: it can't be licensed so, and why.
            AgencyError: NotFound when the item was withdrawn.
        """
        ...


class Seller(Protocol):
    """An owner's account at ``agency``, whose API is at ``url``.

    ``has_sandbox`` tells whether purchases can be tried for nothing, ``max_per_request`` how many
    items one request buys at most.
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

    def license(self, wanted: Sequence[LicenseRequest]) -> tuple[LicenseResult, ...]:
        """Buy the items in one request, sent once; return the results in the items' order.

        Raises:
            UnclearOutcome: the request was sent, but nobody knows what became of it.
            AgencyError: any other kind: nothing was bought.
        """
        ...

    def list_subscriptions(self) -> tuple[Subscription, ...]:
        """Return what the account has to license with, such as credits; expired ones may be left.

        Raises:
            PurchaseRefused: the agency has no call that tells it.
            AgencyError: it did not say.
        """
        ...

    def iter_history(self, media: MediaKind, *, media_id: str | None = None) -> Iterator[Record]:
        """Return what the agency says was licensed, of all items or of one, newest first.

        Raises:
            AgencyError: it did not say.
        """
        ...

    def request_download_link(self, media: MediaKind, license_id: str, size: str) -> str:
        """Request a new address of a licensed file; the address is a secret.

        Raises:
            AgencyError: there is none.
        """
        ...
