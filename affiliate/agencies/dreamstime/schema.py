"""Names of Dreamstime's requests, shapes of the answers, and readers of errors.

Only the fields used are here; required ones have no default. An error has HTTP 200 and stands at
the top of an answer or in the answer to one of its requests.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec

from affiliate.agencies.parsing import decode_or_none, read_credits, read_number
from affiliate.domain import media
from affiliate.errors import BadCredentials, RequestRefused
from affiliate.transport.messages import Refusal

SEARCH: Final = "SearchPaidImages"
DETAILS: Final = "GetPaidImage"
LOGIN: Final = "authenticate"
"""Names of requests; each is the request's verb too, but for the case of the last name."""
TOKEN_CODES: Final = frozenset({200, 201, 202, 204, 205, 206, 207, 208})

One = TypeVar("One")


class TokenEnded(BadCredentials):
    """The token has ended: a new token is needed."""


class Answers(msgspec.Struct):
    """The answers to requests, by their names."""

    responses: dict[str, Any] = msgspec.field(name="APIResponses")


class Login(msgspec.Struct, rename="pascal"):
    """A token, and the address for calls with the token."""

    auth_token: str
    api_url: str | None = msgspec.field(name="APIUrl", default=None)


class Image(msgspec.Struct, rename="pascal"):
    """A picture; a search leaves out the author and the address of the page."""

    image_id: int | str
    thumbnail_url: str
    title: str | None = None
    author: str | None = None
    detail_url: str | None = None


class Found(msgspec.Struct, rename="pascal"):
    """A page of a search."""

    images: list[Image] | dict[str, Image]
    images_count: int | str


class Size(msgspec.Struct, rename="pascal"):
    """A size for sale by its name; the sides may be of any type, as for a vector."""

    size: Any = None
    width: Any = None
    height: Any = None


class Detailed(msgspec.Struct, rename="pascal"):
    """A picture, the sizes for sale, and the price of each size with each license.

    A price has the fields Size, Price and PriceUnit, which is Credit or Subscription; a picture
    with prices of another form is shown without.
    """

    image: Image
    sizes: list[Size] | dict[str, Size] = []
    prices: Any = None


class Fault(msgspec.Struct, rename="pascal"):
    """The status of the answer to a request; the status ``Error`` has a code."""

    status: Any = None
    error_code: Any = None
    error_message: str | None = None


class Faults(Fault):
    """The status of a whole answer, and of the answer to each request."""

    responses: dict[str, Fault] = msgspec.field(name="APIResponses", default={})


def as_list(value: list[One] | dict[str, One]) -> Sequence[One]:
    """Return the values of a list, or of an object with keys, as PHP writes some lists."""
    return value if isinstance(value, list) else list(value.values())


def list_sold_sizes(answer: Detailed) -> tuple[media.Size, ...]:
    """Return the sizes that have pixels, each with the price of the cheapest license in credits."""
    all_prices = as_list(answer.prices) if isinstance(answer.prices, list | dict) else []
    prices = [price for price in all_prices if isinstance(price, dict)]
    sizes = (
        media.Size(
            media.clean_text(size.size),
            int(read_number(size.width)),
            int(read_number(size.height)),
            "",
            credits=_find_lowest_price(prices, size),
        )
        for size in as_list(answer.sizes)
    )
    return tuple(size for size in sizes if size.width and size.height)


def _find_lowest_price(prices: Iterable[Mapping[str, Any]], size: Size) -> int | None:
    """Return the lowest price of a size in credits; None without a price."""
    found = (
        read_credits(price.get("Price"))
        for price in prices
        if (price.get("Size"), price.get("PriceUnit")) == (size.size, "Credit")
    )
    return min(filter(None, found), default=None)


def read_error(status: int, body: bytes) -> Refusal | None:
    """Return the refusal in an answer; only codes of ended tokens are documented."""
    fault = _read_fault(status, body)
    if fault is None:
        return None
    ended = read_number(fault.error_code) in TOKEN_CODES
    return Refusal(TokenEnded if ended else RequestRefused, fault.error_message or "")


def judge_login(status: int, body: bytes) -> Refusal | None:
    """Return BadCredentials for an error of any code: the application id counts as wrong."""
    fault = _read_fault(status, body)
    return Refusal(BadCredentials, fault.error_message or "") if fault else None


def _read_fault(status: int, body: bytes) -> Fault | None:
    """Return the error in an answer; None without an error, and for answers of a gateway."""
    answer = decode_or_none(body, Faults)
    if answer is None:
        return None
    faults = (fault for fault in (answer, *answer.responses.values()) if fault.status == "Error")
    return next(faults, None) if status < 500 else None  # noqa: PLR2004 - the range of outages
