"""Shapes of PantherMedia's answers, in JSON or XML, and readers of errors.

The JSON mirrors the XML: attributes and elements are fields, all of them text. A list of a single
element is written as the element. Only the fields used are here; required fields have no default.
Fields for elements that may be empty, which JSON can write in several ways, are of any type.
"""

from collections.abc import Mapping
from typing import Any, Final
from xml.etree.ElementTree import Element

import msgspec

from affiliate.agencies.parsing import read_number
from affiliate.domain.media import clean_text
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
from affiliate.transport.messages import Refusal, Reply, Request, convert_answer

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
"""Errors by code, as the plugin reads the codes; all other codes are `RequestRefused`."""


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
    """A page of pictures of a search."""

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
    """The metadata of a picture."""

    title: Any = None
    keywords: Any = None
    author_username: Any = None
    editorial: Any = None
    model_release: Any = None


class Detailed(msgspec.Struct):
    """The answer to a request for the details of a picture."""

    stat: str
    media: File
    metadata: Metadata = msgspec.field(default_factory=Metadata)


def as_item(answer: Detailed) -> Item:
    """Convert a picture's details to the shape of an item in a list."""
    file, metadata = answer.media, answer.metadata
    return Item(
        id=file.id,
        thumb=file.thumb_170_url,
        preview=file.preview_url,
        width=file.width,
        height=file.height,
        mimetype=file.mime_type,
        title=metadata.title,
        keywords=metadata.keywords,
        editorial=metadata.editorial,
        author=metadata.author_username,
    )


class Problem(msgspec.Struct):
    """The code and message of an error."""

    code: Any = None
    msg: Any = None


class Failure(msgspec.Struct):
    """An answer that may be a failure."""

    stat: str
    err: Problem = msgspec.field(default_factory=Problem)


def to_json(reply: Reply) -> Any:  # noqa: ANN401 - JSON is any
    """Return an answer in JSON or XML in the form of parsed JSON.

    Raises:
        BadAnswer: the answer is neither JSON nor XML.
    """
    return _read_fields(reply.xml()) if reply.body.lstrip().startswith(b"<") else reply.json()


def _read_fields(root: Element) -> dict[str, Any]:
    """Return the parts of an answer in XML, each with its attributes and elements."""
    fields: dict[str, Any] = dict(root.attrib)
    for part in root:
        fields[part.tag] = {**part.attrib, **{child.tag: child.text for child in part}}
        if part.tag == "items":
            fields[part.tag]["media"] = [dict(child.attrib) for child in part.findall("media")]
    return fields


def read_error(status: int, body: bytes) -> Refusal | None:
    """Return the refusal in an answer; an HTTP status of an error is the code, else the body's."""
    problem = _read_problem(body)
    if problem is None:
        return Refusal(TooManyCalls, "") if status == 421 else None  # noqa: PLR2004 - see KINDS
    code = status if status >= 400 else int(read_number(problem.code))  # noqa: PLR2004 - the range of errors
    return Refusal(KINDS.get(code, RequestRefused), clean_text(problem.msg))


def _read_problem(body: bytes) -> Problem | None:
    """Return the problem in an answer that is a failure; None for other answers."""
    try:
        answer = to_json(Reply(Request(agency="panthermedia", url=""), 0, {}, body))
        failure = convert_answer("panthermedia", answer, Failure)
    except BadAnswer:
        return None
    return failure.err if failure.stat == "fail" else None
