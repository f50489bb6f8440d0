"""Stand-ins for agencies that fail at random, each in its own way and time."""

import random
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Final, Protocol

from tests.dialects import DIALECTS, DialectRequest, Server, serve_dialect
from tests.dialects import Answer as DialectAnswer
from tests.dialects.serving import Answerer, HungUp
from tests.simulator import (
    TOKEN,
    Simulator,
    answer_html,
    answer_late,
    answer_with,
    hang_up,
    standard,
)
from tests.simulator.faults import Fault, Order, Orders
from tests.simulator.wire import SimulatorRequest
from tests.soak.plan import Plan

KINDS: Final = ("503", "429", "pause", "html", "half", "reset", "slow", "hang", "401")
HANG_SECONDS: Final = 9.0
"""Longer than the site waits for an answer."""
TIMEOUT_SECONDS: Final = 4
SLOW_SECONDS: Final = 1.2
STEADY: Final = "adobe-stock"
"""Its key is never refused, which would silence it for minutes."""
SIMULATED: Final = "shutterstock"


class Mood:
    """How one agency fares: well, or with a fault of one kind now and then.

    Args:
        chance: Where chance comes from.
        kinds: The faults that it may have.
    """

    def __init__(self, chance: random.Random, kinds: tuple[str, ...] = KINDS) -> None:
        self._chance = chance
        self._kinds = kinds
        self._lock = threading.Lock()
        self._kind = ""
        self._share = 0.0
        self.ended = threading.Event()
        """Lets go whoever is kept waiting."""

    def change(self) -> str:
        """Take another mood; return the kind of its faults, empty for none."""
        with self._lock:
            self._kind = self._chance.choice((*self._kinds, "", "", ""))
            self._share = self._chance.choice((0.3, 0.6, 1.0))
            return self._kind

    def recover(self) -> None:
        """Be well from now on."""
        with self._lock:
            self._kind = ""

    def fault(self) -> str:
        """Return the kind of fault that the next call meets; empty for none."""
        with self._lock:
            return self._kind if self._kind and self._chance.random() < self._share else ""


FAULTS: Final[Mapping[str, Fault]] = {
    "503": answer_with(503),
    "401": answer_with(401),
    "429": answer_with(429),
    "pause": answer_with(429, Retry_After="2"),
    "html": answer_html(),
    "half": hang_up("body", after=100),
    "reset": hang_up("read"),
    "slow": answer_late(SLOW_SECONDS),
    "hang": answer_late(HANG_SECONDS),
    "lost": hang_up("acted"),
}
"""What each kind is at the simulator; ``lost`` is an answer that never comes of what was done."""


class Moody(Orders):
    """Orders of faults as a mood has them."""

    def __init__(self, mood: Mood) -> None:
        super().__init__()
        self._mood = mood

    def take(self, seen: SimulatorRequest) -> Order | None:
        kind = self._mood.fault()
        return Order(FAULTS[kind], seen.path, None, 1, 0) if kind else None


ANSWERS: Final[Mapping[str, DialectAnswer]] = {
    "503": DialectAnswer(503, b"{}"),
    "401": DialectAnswer(401, b"{}"),
    "429": DialectAnswer(429, b"{}"),
    "pause": DialectAnswer(429, b"{}", headers={"Retry-After": "2"}),
    "html": DialectAnswer(200, b"<!doctype html><h1>Bad gateway</h1>", "text/html"),
}


class Unreliable:
    """A dialect that answers as its mood is."""

    def __init__(self, dialect: Answerer, mood: Mood) -> None:
        self._dialect = dialect
        self._mood = mood

    def answer(self, asked: DialectRequest) -> DialectAnswer:
        """Answer, or fail.

        Raises:
            HungUp: the connection is to be closed without an answer.
        """
        kind = self._mood.fault()
        if kind in ANSWERS:
            return ANSWERS[kind]
        if kind == "reset":
            raise HungUp
        if kind in {"slow", "hang"}:
            self._mood.ended.wait(SLOW_SECONDS if kind == "slow" else HANG_SECONDS)
        given = self._dialect.answer(asked)
        return given._replace(breaks=len(given.body) // 2) if kind == "half" else given


class Counted(Protocol):
    """A stand-in that keeps what it was asked in a list."""

    @property
    def url(self) -> str: ...


class Agencies:
    """The agencies that are searched, and the shop where licenses are bought.

    ``moods`` are by name; that of the shop is ``shop``.
    """

    def __init__(self, plan: Plan, searched: Simulator, others: Mapping[str, Server]) -> None:
        self._plan = plan
        self._searched = searched
        self._others = others
        self.moods: dict[str, Mood] = {}

    def settings(self, shop: Simulator) -> dict[str, str]:
        """Return the settings of a site that searches and buys there."""
        found = {
            "AGENCIES": ",".join(name for name, _ in self._plan.calls),
            "SHUTTERSTOCK_API_TOKEN": TOKEN,
            "SHUTTERSTOCK_URL": self._searched.url,
            "SHUTTERSTOCK_LICENSE_URL": shop.url,
        }
        for name, calls in self._plan.calls:
            before = name.upper().replace("-", "_")
            found[f"{before}_CALLS_PER_HOUR"] = str(calls)
            found[f"{before}_TIMEOUT_SECONDS"] = str(TIMEOUT_SECONDS)
        for name, server in self._others.items():
            before = name.upper().replace("-", "_")
            found[f"{before}_URL"] = server.url
            found |= {f"{before}_{key}": value for key, value in _keys(name).items()}
        return found

    def calls(self) -> dict[str, int]:
        """Return how many calls each agency has had."""
        made = {name: len(server.requests) for name, server in self._others.items()}
        return {SIMULATED: len(self._searched.requests), **made}

    def recover(self) -> None:
        """Have all of them well."""
        for mood in self.moods.values():
            mood.recover()


def secrets() -> list[str]:
    """Return the keys of the agencies, which no line of log may hold."""
    keys = [v for name in DIALECT_NAMES for k, v in _keys(name).items() if k != "PRODUCT"]
    return [TOKEN, *keys]


DIALECT_NAMES: Final = ("adobe-stock", "depositphotos", "pixabay")


def _keys(name: str) -> Mapping[str, str]:
    return next(one.keys for one in DIALECTS if one.name == name)


@contextmanager
def agencies(plan: Plan) -> Iterator[tuple[Agencies, Simulator]]:
    """Run the agencies and the shop."""
    with ExitStack() as stack:
        moods = {name: Mood(plan.chance(name), _kinds(name)) for name, _ in plan.calls}
        moods["shop"] = Mood(plan.chance("shop"), ("503", "html", "half", "slow", "reset", "lost"))
        servers = {
            one.name: stack.enter_context(serve_dialect(Unreliable(one(), moods[one.name])))
            for one in DIALECTS
            if one.name in DIALECT_NAMES
        }
        searched = stack.enter_context(_simulator(moods[SIMULATED]))
        shop = stack.enter_context(_simulator(moods["shop"]))
        shop.subscribe(standard(limit=100_000))
        made = Agencies(plan, searched, servers)
        made.moods = moods
        try:
            yield made, shop
        finally:
            for mood in moods.values():
                mood.recover()
                mood.ended.set()


def _kinds(name: str) -> tuple[str, ...]:
    return tuple(kind for kind in KINDS if kind != "401" or name != STEADY)


@contextmanager
def _simulator(mood: Mood) -> Iterator[Simulator]:
    with Simulator(400) as server:
        server.orders = Moody(mood)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stop()
            thread.join()


def hours(began: float) -> int:
    """Return how many hours of the clock there were since a Unix time, this one included."""
    return int(time.time() // 3600) - int(began // 3600) + 1
