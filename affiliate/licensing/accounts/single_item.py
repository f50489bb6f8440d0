"""Helpers of accounts that sell one item a request and have no sandbox."""

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from affiliate.errors import (
    AgencyError,
    BadAnswer,
    BadCredentials,
    NotFound,
    PurchaseRefused,
    RequestRefused,
    TooManyCalls,
    UnclearOutcome,
)
from affiliate.licensing.models import LicenseRequest, LicenseResult
from affiliate.licensing.offers import LicenseOptions

REFUSALS: Final = (BadCredentials, RequestRefused, TooManyCalls)
"""The agency read the request and did nothing; 404 is one too, of the item alone."""
MAX_MESSAGE_CHARS: Final = 200
"""Characters of the agency's words that are worth repeating."""


def license_item(
    wanted: Sequence[LicenseRequest], send: Callable[[LicenseRequest], LicenseResult]
) -> tuple[LicenseResult, ...]:
    """Send the purchase of the one item; ``send`` logs in no more, so that all it sends is this.

    Raises:
        UnclearOutcome: it was sent, but nobody knows what became of it.
        AgencyError: any other kind: nothing was bought.
    """
    (one,) = wanted
    try:
        return (send(one),)
    except NotFound as error:
        return (LicenseResult(id=one.id, error=error.message),)
    except REFUSALS:
        raise
    except AgencyError as error:
        if not error.sent and not isinstance(error, BadAnswer):
            raise
        raise UnclearOutcome(error.agency, error.message) from None


def refuse_unsupported_options(ask: LicenseOptions, title: str, *able: str) -> None:
    """Refuse a wish that the agency's API can't express, which would be lost without a word.

    Raises:
        PurchaseRefused: names it.
    """
    for name, default in msgspec.structs.asdict(LicenseOptions()).items():
        if name not in able and getattr(ask, name) != default:
            wish = f"{name}={ask.media}" if name == "media" else f"a {name.replace('_', ' ')}"
            raise PurchaseRefused(f"{title} can't be asked for {wish} here.")
