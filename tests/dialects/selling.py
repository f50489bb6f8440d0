"""Shared parts of agencies that sell licenses: a list of sales, and faults on order."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, NamedTuple

from tests.dialects.serving import Answer, DialectRequest, HungUp

FIRST = 900_001
"""The number of the first of `COUNT` items."""
COUNT = 20
BREAKS: list[int] = []
"""After so many bytes the next files break off."""
GATEWAY = Answer(502, b"<html>Bad gateway</html>", "text/html")


class Sale(NamedTuple):
    """A sold license, with its payment; ``at`` is the number of the sale.

    Each is sold a second after the one before, so that ``moment`` tells them apart.
    """

    media_id: str
    size: str
    plan: str
    at: int
    moment: datetime


@dataclass
class Fault:
    """A fault in the answer to a purchase.

    ``acts`` tells whether it is made all the same. Instead of the proper answer comes ``answer``,
    and without one the connection is closed, unless the fault is ``late``, whose proper answer
    comes in the end. A fault that is ``held`` waits for its release before that. ``reached`` is set
    when a purchase has got there.
    """

    acts: bool = False
    answer: Answer | None = None
    held: bool = False
    late: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


class Shop:
    """An agency; ``sold`` lists its sales, ``faults`` meet purchases one after the other.

    - ``name``, ``keys``: the agency, and all that its account needs.
    - ``public``: the names of keys that are no secrets.
    - ``size``, ``plan``: what the best offer for an item has.
    """

    name: ClassVar[str]
    keys: ClassVar[Mapping[str, str]]
    public: ClassVar[frozenset[str]] = frozenset()
    size: ClassVar[str]
    plan: ClassVar[str] = ""

    def __init__(self) -> None:
        self.sold: list[Sale] = []
        self.faults: deque[Fault] = deque()
        self.url = ""
        self.links: set[str] = set()

    def misbehave(self, fault: Fault) -> Fault:
        self.faults.append(fault)
        return fault

    def buys(self, request: DialectRequest) -> bool:
        """Tell whether a request is a purchase."""
        raise NotImplementedError

    def serve(self, request: DialectRequest) -> Answer:
        """Act on a request, and return its proper answer."""
        raise NotImplementedError

    def refusal(self) -> Answer:
        """Return the refusal to sell an item."""
        raise NotImplementedError

    def withdrawal(self) -> Answer:
        """Return the answer about an item that is gone."""
        raise NotImplementedError

    def answer(self, request: DialectRequest) -> Answer:
        if not self.buys(request) or not self.faults:
            return self.serve(request)
        fault = self.faults.popleft()
        proper = self.serve(request) if fault.acts or fault.late else None
        fault.reached.set()
        if fault.held:
            fault.release.wait(60)
        answer = proper if fault.late else fault.answer
        if answer is None:
            raise HungUp
        return answer

    def sell(self, media_id: str, size: str, plan: str = "", *, days_ago: int = 0) -> Sale:
        """Add a license to the list of sales."""
        at = len(self.sold) + 1
        moment = datetime.now(UTC) - timedelta(days=days_ago) + timedelta(seconds=at)
        sale = Sale(media_id, size, plan, at, moment)
        self.sold.append(sale)
        return sale

    def link(self, path: str) -> str:
        """Return the address of a file, which is a secret."""
        self.links.add(path)
        return self.url + path


def is_item(media_id: str) -> bool:
    return media_id.isdigit() and FIRST <= int(media_id) < FIRST + COUNT


def make_picture(media_id: str) -> bytes:
    """Return the bytes of an item's file, which begin like a JPEG."""
    return b"\xff\xd8\xff\xe0" + media_id.encode() * 5_000


def serve_file(media_id: str, request: DialectRequest) -> Answer:
    """Serve a file, or its rest from the start of a Range."""
    whole = make_picture(media_id)
    headers = {"ETag": f'"{media_id}"', "Accept-Ranges": "bytes"}
    if begin := request.headers.get("range", "").removeprefix("bytes=").removesuffix("-"):
        headers["Content-Range"] = f"bytes {begin}-{len(whole) - 1}/{len(whole)}"
        return Answer(206, whole[int(begin) :], "image/jpeg", headers)
    if BREAKS:
        return Answer(200, whole, "image/jpeg", headers, breaks=BREAKS.pop(0))
    return Answer(200, whole, "image/jpeg", headers)
