"""What goes to Dreamstime and comes back: named requests, their answers, and its errors.

Only the fields used are here; required ones have no default. An error has HTTP 200 and stands at
the top of an answer or in the answer to one of its requests.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec

from affiliate.agencies.parsing import decode_json, read_number
from affiliate.errors import BadCredentials, RequestRefused
from affiliate.transport.messages import Refusal

SEARCH: Final = "SearchPaidImages"
DETAILS: Final = "GetPaidImage"
LOGIN: Final = "authenticate"
"""Names of requests, which are their verbs too, but for the case of the last."""
TOKEN_CODES: Final = frozenset({200, 201, 202, 204, 205, 206, 207, 208})

One = TypeVar("One")


class TokenEnded(BadCredentials):
    """The token is no longer taken: another one is needed."""


class Answers(msgspec.Struct):
    """The answers to requests, by their names."""

    responses: dict[str, Any] = msgspec.field(name="APIResponses")


class Login(msgspec.Struct, rename="pascal"):
    """A token, and where to go with it."""

    auth_token: str
    api_url: str | None = msgspec.field(name="APIUrl", default=None)


class Image(msgspec.Struct, rename="pascal"):
    """A picture; a search leaves out who made it and where its page is."""

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
    """A size that is sold; its sides may be anything, as for a vector."""

    width: Any = None
    height: Any = None


class Detailed(msgspec.Struct, rename="pascal"):
    """One picture, and the sizes in which it is sold."""

    image: Image
    sizes: list[Size] | dict[str, Size] = []


class Fault(msgspec.Struct, rename="pascal"):
    """What the answer to a request says of itself; an ``Error`` has a code."""

    status: Any = None
    error_code: Any = None
    error_message: str | None = None


class Faults(Fault):
    """What an answer says of itself, and of each request in it."""

    responses: dict[str, Fault] = msgspec.field(name="APIResponses", default={})


def as_list(value: list[One] | dict[str, One]) -> Sequence[One]:
    """Return what may come as a list or, as PHP writes some, as an object with keys."""
    return value if isinstance(value, list) else list(value.values())


def read_error(status: int, body: bytes) -> Refusal | None:
    """Return what an error means; codes other than those of tokens are not documented."""
    fault = _read_fault(status, body)
    if fault is None:
        return None
    ended = read_number(fault.error_code) in TOKEN_CODES
    return Refusal(TokenEnded if ended else RequestRefused, fault.error_message or "")


def judge_login(status: int, body: bytes) -> Refusal | None:
    """Return a refused authentication, whatever its code, is taken for a wrong application id."""
    fault = _read_fault(status, body)
    return Refusal(BadCredentials, fault.error_message or "") if fault else None


def _read_fault(status: int, body: bytes) -> Fault | None:
    """Return the error in an answer; None where there is none, and for what a gateway says."""
    said = decode_json(body, Faults)
    if said is None:
        return None
    found = (one for one in (said, *said.responses.values()) if one.status == "Error")
    return next(found, None) if status < 500 else None  # noqa: PLR2004 - the range of outages
