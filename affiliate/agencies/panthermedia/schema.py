"""What PantherMedia answers, in JSON or XML: shapes, and what its errors mean.

The JSON mirrors the XML: attributes and elements are fields, all of them text. A list of one
element is that element. Only the fields used are here; required ones have no default, and those
that may be empty elements, which JSON can write in several ways, are of any type.
"""

from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

import msgspec

from affiliate.agencies.parsing import read_number
from affiliate.domain import decoding
from affiliate.domain.media import plain_text
from affiliate.errors import (
    AgencyDown,
    AgencyError,
    BadAnswer,
    BadCredentials,
    Forbidden,
    NotFound,
    RequestRefused,
    TooManyCalls,
)
from affiliate.transport.messages import Refusal, Reply, Request

KINDS: Final[Mapping[int, type[AgencyError]]] = {
    401: BadCredentials,
    403: Forbidden,
    404: NotFound,
    410: NotFound,
    421: TooManyCalls,
    429: TooManyCalls,
    500: AgencyDown,
    501: AgencyDown,
    510: AgencyDown,
}
"""Codes and what the plugin takes them for; all others say that the question is wrong."""


class Item(msgspec.Struct):
    """A picture in a list; the sides are those of the whole file, with ``px`` behind."""

    id: int | str
    thumb: str
    title: Any = None
    preview: Any = None
    width: Any = None
    height: Any = None
    keywords: Any = None
    mimetype: Any = None
    editorial: Any = None
    author: Any = msgspec.field(name="author-username", default=None)


class Items(msgspec.Struct):
    """A page of pictures that were found."""

    total: int | str
    media: list[Item] | Item = []


class Found(msgspec.Struct):
    """The answer to a search."""

    stat: str
    items: Items


class File(msgspec.Struct):
    """The files of a picture."""

    id: int | str
    thumb_170_url: str
    preview_url: Any = None
    preview_url_high: Any = None
    width: Any = None
    height: Any = None
    mime_type: Any = None


class Metadata(msgspec.Struct):
    """What is said of a picture."""

    title: Any = None
    keywords: Any = None
    author_username: Any = None
    editorial: Any = None
    model_release: Any = None


class Detailed(msgspec.Struct):
    """The answer to a question about one picture."""

    stat: str
    media: File
    metadata: Metadata = msgspec.field(default_factory=Metadata)


def as_item(found: Detailed) -> Item:
    """Return a picture's details in the shape that lists have."""
    file, said = found.media, found.metadata
    return Item(
        id=file.id,
        thumb=file.thumb_170_url,
        preview=file.preview_url,
        width=file.width,
        height=file.height,
        mimetype=file.mime_type,
        title=said.title,
        keywords=said.keywords,
        editorial=said.editorial,
        author=said.author_username,
    )


class Problem(msgspec.Struct):
    """What went wrong."""

    code: Any = None
    msg: Any = None


class Failure(msgspec.Struct):
    """An answer that may be a failure."""

    stat: str
    err: Problem = msgspec.field(default_factory=Problem)


def to_json(reply: Reply) -> Any:  # noqa: ANN401 - JSON is any
    """Return an answer in either form as its JSON is.

    Raises:
        BadAnswer: it is neither.
    """
    return _fields(reply.xml()) if reply.body.lstrip().startswith(b"<") else reply.json()


def _fields(root: Element) -> dict[str, Any]:
    """Return the parts of an answer in XML, each with its attributes and elements."""
    found: dict[str, Any] = dict(root.attrib)
    for part in root:
        found[part.tag] = {**part.attrib, **{one.tag: one.text for one in part}}
        if part.tag == "items":
            found[part.tag]["media"] = [dict(one.attrib) for one in part.findall("media")]
    return found


def read_error(status: int, body: bytes) -> Refusal | None:
    """Return the error that an answer stands for; the HTTP status is its code, where it is one."""
    problem = _read_problem(body)
    if problem is None:
        return Refusal(TooManyCalls, "") if status == 421 else None  # noqa: PLR2004 - see KINDS
    code = status if status >= 400 else int(read_number(problem.code))  # noqa: PLR2004 - the range of errors
    return Refusal(KINDS.get(code, RequestRefused), plain_text(problem.msg))


def _read_problem(body: bytes) -> Problem | None:
    """Return what an answer says has failed; None where it has not."""
    try:
        answer = to_json(Reply(Request(agency="panthermedia", url=""), 0, {}, body))
        said = decoding.convert(answer, Failure)
    except (BadAnswer, msgspec.ValidationError, UnicodeError):
        return None
    return said.err if said.stat == "fail" else None
