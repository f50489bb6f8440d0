"""Helpers of accounts that sell one item per request and have no sandbox."""

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
"""Errors of requests that the agency has read and refused; a 404 refuses the item alone."""
MAX_MESSAGE_CHARS: Final = 200
"""Characters of an agency's message that are shown."""


def license_item(
    requests: Sequence[LicenseRequest], send: Callable[[LicenseRequest], LicenseResult]
) -> tuple[LicenseResult, ...]:
    """Send the purchase of the single item; ``send`` does not log in and sends only the purchase.

    Raises:
        UnclearOutcome: the purchase was sent, but the outcome is unknown.
        AgencyError: with any other error, nothing was bought.
    """
    (request,) = requests
    try:
        return (send(request),)
    except NotFound as error:
        return (LicenseResult(id=request.id, error=error.message),)
    except REFUSALS:
        raise
    except AgencyError as error:
        if not error.sent and not isinstance(error, BadAnswer):
            raise
        raise UnclearOutcome(error.agency, error.message) from None


def refuse_unsupported_options(options: LicenseOptions, title: str, *supported: str) -> None:
    """Refuse options that the agency's API can't express, instead of dropping the options.

    Raises:
        PurchaseRefused: names the unsupported option.
    """
    for name, default in msgspec.structs.asdict(LicenseOptions()).items():
        if name not in supported and getattr(options, name) != default:
            wish = f"{name}={options.media}" if name == "media" else f"a {name.replace('_', ' ')}"
            raise PurchaseRefused(f"{title} can't be asked for {wish} here.")
