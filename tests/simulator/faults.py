"""Misbehavior on order: faults for the next N requests of some path.

    order = simulator.misbehave(hang_up("acted"), on="/v2/images/licenses", method="POST")

`Order.reached` is set when a request has got as far as the fault, so that a test can wait for
that moment; `Order.release` lets a held request go on.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from tests.simulator.wire import Answer, SimulatorRequest

Stage = Literal["unread", "read", "acted", "body"]
"""Before the body of the request is read; read, but nothing done; done, but not answered; in the
middle of the answer's body."""


@dataclass(frozen=True)
class Fault:
    """A fault in the answer to a request.

    Args:
        stage: Where the connection is closed, or held when ``hold``; None: nowhere.
        hold: Wait for the order's release at the stage, then go on properly.
        after: Bytes of the body that are sent before the stage "body".
        answer: Given instead of acting on the request.
        call: Run before the request is acted on, to change what there is.
        change: Makes another answer of the proper one.
        delay: Seconds to wait before acting.
        pause: Seconds between single bytes of the body.
        length: Added to the length that the answer declares.
    """

    stage: Stage | None = None
    hold: bool = False
    after: int = 0
    answer: Answer | None = None
    call: Callable[[], object] | None = None
    change: Callable[[Answer], Answer] | None = None
    delay: float = 0
    pause: float = 0
    length: int = 0


def hang_up(stage: Stage, after: int = 0) -> Fault:
    """Close the connection at a stage; in the body after so many bytes."""
    return Fault(stage=stage, after=after)


def hold(stage: Stage, after: int = 0) -> Fault:
    """Keep the client waiting at a stage, until the order is released or the server ends."""
    return Fault(stage=stage, after=after, hold=True)


def answer_late(seconds: float) -> Fault:
    """Answer properly after so many seconds."""
    return Fault(delay=seconds)


def drip(seconds: float = 0.02) -> Fault:
    """Send the body byte after byte."""
    return Fault(pause=seconds)


def declare_wrong_length(by: int) -> Fault:
    """Declare a body longer (or shorter, when negative) than the sent body."""
    return Fault(length=by)


def answer_with(status: int, body: bytes = b"{}", **headers: str) -> Fault:
    """Answer with a status and body without acting; ``Retry_After`` is the header Retry-After."""
    return Fault(answer=Answer(status, body, {k.replace("_", "-"): v for k, v in headers.items()}))


def answer_html(status: int = 200) -> Fault:
    """Answer with a gateway's page instead of JSON."""
    return answer_with(status, b"<!doctype html><h1>Bad gateway</h1>", Content_Type="text/html")


def run_first(call: Callable[[], object]) -> Fault:
    """Call a function before answering, such as a purchase between two pages of the history."""
    return Fault(call=call)


@dataclass
class Order:
    """A fault, the requests that it meets, and a count; ``skip`` matching requests pass before."""

    fault: Fault
    on: str
    method: str | None
    times: int | None
    skip: int
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def claim(self, request: SimulatorRequest) -> bool:
        """Tell whether a request meets the fault, and count the request."""
        if self.method not in {None, request.method} or not fnmatchcase(request.path, self.on):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    @property
    def is_used_up(self) -> bool:
        return self.times == 0


class Orders:
    """The open orders; a request takes the first that fits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[Order] = []
        self._all: list[Order] = []

    def add(self, order: Order) -> Order:
        with self._lock:
            self._open.append(order)
            self._all.append(order)
        return order

    def take(self, request: SimulatorRequest) -> Order | None:
        with self._lock:
            found = next((order for order in self._open if order.claim(request)), None)
            self._open = [order for order in self._open if not order.is_used_up]
        return found

    def clear(self) -> None:
        """End all faults, and release the held requests."""
        with self._lock:
            self._open.clear()
            for order in self._all:
                order.release.set()
